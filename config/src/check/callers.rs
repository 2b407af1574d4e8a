//! Whether the actor that `via` names can have the receipt that it must show, for the task before.

use super::in_turn;
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
                        "give {caller_name} a task, which the initial task's actor calls; it then calls by itself"
                    ))
                    .example(with_own_task(draft, transition, transition.from)),
            );
            continue;
        }
        // The caller of a request gets the receipt. Where another actor may call `from`, this caller has none.
        let other = incoming.get(&transition.from).into_iter().flatten().find(|before| {
            let before = draft.caller(before);
            before.is_some() && before != Some(caller)
        });
        if let Some(before) = other {
            let in_turn = if PEOPLE { in_turn::calls(draft, caller, transition.from) } else { None };
            let (help, example) = match in_turn {
                Some(calls) => (
                    words!(
                        "let {caller_name} make each of these calls: write `via` at them, too, since the caller gets the receipt"
                    ),
                    by_via(draft, caller, &calls),
                ),
                None => (
                    words!(
                        "let {caller_name} call {from_name}, too: give it a task before, and write `via` at the later calls only"
                    ),
                    with_own_task(draft, transition, before.from),
                ),
            };
            let other = draft.caller(before).map(|actor| quote(draft.actor_name(actor))).unwrap_or_default();
            let message = words!("{caller_name} has no receipt for {from_name}: {other} calls that task");
            report.push(
                Diagnostic::new(Code::BadVia, span, message)
                    .label("this actor must show the receipt")
                    .also(before.span, words!("called by {other}"))
                    .help(help)
                    .example(example),
            );
        }
    }
}

/// A task of the actor that `via` names, between `before` and what it calls: each request then shows that of the task before.
fn with_own_task(draft: &Draft, transition: &TransitionDraft, before: usize) -> String {
    if !PEOPLE {
        return String::new();
    }
    let actor = transition.via.map(|(actor, _)| draft.actor_name(actor)).unwrap_or_default();
    let [before, from, to] = [before, transition.from, transition.to].map(|task| draft.task_name(task));
    let own = words!("{actor}-task");
    let task = words!("tasks:\n  {own}: {{actor: {actor}, requests: POST /{own}}}");
    if before == from {
        return words!("{task}\ntransitions:\n  - {from} -> {own} -> {to}");
    }
    words!("{task}\ntransitions:\n  - {before} -> {own} -> {from}\n  - {{from: {from}, to: {to}, via: {actor}}}")
}

/// These transitions, called by the actor.
fn by_via(draft: &Draft, actor: usize, calls: &[&TransitionDraft]) -> String {
    let line = |call: &&TransitionDraft| {
        let [from, to] = [call.from, call.to].map(|task| draft.task_name(task));
        words!("\n  - {{from: {from}, to: {to}, via: {}}}", draft.actor_name(actor))
    };
    words!("transitions:{}", calls.iter().map(line).collect::<String>())
}
