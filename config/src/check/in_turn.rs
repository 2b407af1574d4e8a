//! The calls that an actor would have to make itself, so that it has the receipt of a task: those that lead there from the
//! last task that it calls or performs.

use std::collections::BTreeSet;

use crate::document::{Draft, TransitionDraft};
use crate::proposal;

/// Most calls that are listed.
const MOST: usize = 8;

/// The transitions that need `via: caller`, so that it has a receipt for `task`. None: one of them leaves an initial task,
/// where there is no receipt, or is another actor's by `via`, or there are too many.
pub(super) fn calls(draft: &Draft, caller: usize, task: usize) -> Option<Vec<&TransitionDraft>> {
    let (mut calls, mut seen, mut open) = (Vec::new(), BTreeSet::from([task]), vec![task]);
    while let Some(task) = open.pop() {
        let mut leading = draft.transitions.iter().filter(|transition| transition.to == task).peekable();
        leading.peek()?;
        for transition in leading.filter(|transition| draft.caller(transition) != Some(caller)) {
            let from = draft.task(transition.from)?;
            if from.initial || transition.via.is_some() || calls.len() >= MOST {
                return None;
            }
            calls.push(transition);
            if seen.insert(transition.from) {
                open.push(transition.from);
            }
        }
    }
    calls.reverse();
    Some(calls)
}

/// These calls with `via: caller`, and the one that needs them. None: a guard asks who calls, and that would be another actor.
pub(super) fn written(
    draft: &Draft,
    (needing, caller): (&TransitionDraft, usize),
    calls: &[&TransitionDraft],
) -> Option<String> {
    if calls.iter().any(|call| asks_who_calls(call)) {
        return None;
    }
    let line = |call: &TransitionDraft| {
        let ends = (&*proposal::from(draft, call), draft.task_name(call.to));
        words!("\n  - {}", proposal::transition(call, ends, Some(draft.actor_name(caller))))
    };
    let all: String = calls.iter().copied().chain([needing]).map(line).collect();
    Some(words!("transitions:{all}"))
}

/// Whether the guard may read the peer.
pub(super) fn asks_who_calls(transition: &TransitionDraft) -> bool {
    transition.when.as_ref().is_some_and(|guard| guard.source().contains("peer"))
}
