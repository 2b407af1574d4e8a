//! Whether whoever `via` names can hold what it has to show: a receipt for the task before.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TransitionDraft};
use crate::report::{Report, quote};

pub(super) fn check(draft: &Draft, report: &mut Report) {
    let mut incoming: BTreeMap<usize, Vec<&TransitionDraft>> = BTreeMap::new();
    for transition in &draft.transitions {
        incoming.entry(transition.to).or_default().push(transition);
    }
    for transition in &draft.transitions {
        let Some((caller, span)) = transition.via else { continue };
        let (Some(from), caller_name) = (draft.task(transition.from), quote(draft.actor_name(caller))) else {
            continue;
        };
        let from_name = quote(from.name.as_str());
        if from.initial {
            let message = format!("{caller_name} cannot carry what leaves the initial task {from_name}");
            report.push(Diagnostic::new(Code::BadVia, span, message).label("a start has no receipt to show").help(
                format!(
                    "let {caller_name} perform the initial task: what it calls first, it calls as that task's actor"
                ),
            ));
            continue;
        }
        // A receipt goes to whoever brought the request. Where somebody else may have brought it,
        // the caller has none.
        let other = incoming.get(&transition.from).into_iter().flatten().find(|before| {
            let brings = draft.caller(before);
            brings.is_some() && brings != Some(caller)
        });
        if let Some(before) = other {
            let brings = draft.caller(before).map(|actor| quote(draft.actor_name(actor))).unwrap_or_default();
            let message = format!("{caller_name} holds no receipt for {from_name}: {brings} carries the request there");
            report.push(
                Diagnostic::new(Code::BadVia, span, message)
                    .label("it has nothing to show")
                    .also(before.span, format!("carried by {brings}"))
                    .help(format!("add `via: {}` there, or leave it out here", draft.actor_name(caller))),
            );
        }
    }
}
