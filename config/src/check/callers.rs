//! Whether the actor that `via` names can have the receipt that it must show, for the task before.

use super::{in_turn, own_task};
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TransitionDraft};
use crate::report::{Report, quote};
use crate::sorted::SortedMap;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    let mut incoming: SortedMap<usize, Vec<&TransitionDraft>> = SortedMap::new();
    for transition in &draft.transitions {
        incoming.entry(transition.to).or_default().push(transition);
    }
    for transition in &draft.transitions {
        for source in draft.sources(transition) {
            check_receipt(draft, transition, source, &incoming, report);
        }
    }
}

/// Whether the caller has a receipt of this task.
fn check_receipt(
    draft: &Draft,
    transition: &TransitionDraft,
    source: usize,
    incoming: &SortedMap<usize, Vec<&TransitionDraft>>,
    report: &mut Report,
) {
    let Some((caller, span)) = transition.via else { return };
    let (Some(from), caller_name) = (draft.task(source), quote(draft.actor_name(caller))) else { return };
    let from_name = quote(from.name.as_str());
    // Of several tasks these are other errors.
    let is_other = from.initial || from.performer == Some(caller);
    if source != transition.from && is_other {
        return;
    }
    if from.initial {
        let message = words!("{caller_name} cannot call from the initial task {from_name}: it has no receipt");
        report.push(
            Diagnostic::new(Code::BadVia, span, message)
                .label("an instance that begins in this task has no receipt for it")
                .help(words!(
                    "give {caller_name} a task, which the initial task's actor calls; it then calls by itself"
                ))
                .maybe_example(own_task::after_start(draft, transition, caller)),
        );
        return;
    }
    // The caller of a request gets the receipt. Where another actor may call `from`, this caller has none.
    let called_by = |before: &&&TransitionDraft| draft.caller(before).is_some_and(|other| other != caller);
    let others: Vec<&TransitionDraft> =
        incoming.get(&source).into_iter().flatten().filter(called_by).copied().collect();
    let Some(first) = others.first() else { return };
    let in_turn = if PEOPLE { in_turn::calls(draft, caller, source) } else { None };
    let (help, example) = match &in_turn {
        Some(calls) => (
            words!(
                "let {caller_name} make each of these calls: write `via` at them, too, since the caller gets the receipt"
            ),
            in_turn::written(draft, (transition, caller), calls),
        ),
        None => (
            words!(
                "let {caller_name} call {from_name}, too: give it a task before, and write `via` at the later calls only"
            ),
            own_task::before(draft, (transition, caller), &others),
        ),
    };
    let by =
        |call: &TransitionDraft| draft.caller(call).map(|actor| quote(draft.actor_name(actor))).unwrap_or_default();
    let message = words!("{caller_name} has no receipt for {from_name}: {} calls that task", by(first));
    let mut without = Diagnostic::new(Code::BadVia, span, message).label("this actor must show the receipt");
    for call in in_turn.as_ref().unwrap_or(&others) {
        without = without.also(call.span, words!("called by {}", by(call)));
    }
    report.push(without.help(help).maybe_example(example));
}
