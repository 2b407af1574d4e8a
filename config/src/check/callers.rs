//! Whether the actor that `via` names can have the receipt that it must show, for the task before.

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
            let message = words!("{caller_name} cannot call from the initial task {from_name}: it has no receipt");
            report.push(
                Diagnostic::new(Code::BadVia, span, message)
                    .label("an instance that begins in this task has no receipt for it")
                    .help(words!(
                        "let {caller_name} perform the initial task: it then makes the first calls as that task's actor"
                    )),
            );
            continue;
        }
        // The caller of a request gets the receipt. Where another actor may call `from`, this caller has none.
        let other = incoming.get(&transition.from).into_iter().flatten().find(|before| {
            let before = draft.caller(before);
            before.is_some() && before != Some(caller)
        });
        if let Some(before) = other {
            let other = draft.caller(before).map(|actor| quote(draft.actor_name(actor))).unwrap_or_default();
            let message = words!("{caller_name} has no receipt for {from_name}: {other} calls that task");
            report.push(
                Diagnostic::new(Code::BadVia, span, message)
                    .label("this actor must show the receipt")
                    .also(before.span, words!("called by {other}"))
                    .help(words!(
                        "add `via: {}` to that transition, too, or remove it from this one",
                        draft.actor_name(caller)
                    )),
            );
        }
    }
}
