//! The calls that an actor would have to make itself, so that it has the receipt of a task: those that lead there from the
//! last task that it calls or performs.

use std::collections::BTreeSet;

use crate::document::{Draft, TransitionDraft};

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
