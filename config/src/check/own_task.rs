//! A task of its own for an actor that is to call without a receipt: with the arrival there it calls by itself.

use super::in_turn::asks_who_calls;
use crate::PEOPLE;
use crate::document::{Draft, TransitionDraft};
use crate::proposal;

/// Most tasks that are proposed.
const MOST: usize = 4;

/// In place of a transition from an initial task that `caller` calls: the initial task's actor calls the caller's own task.
pub(super) fn after_start(draft: &Draft, transition: &TransitionDraft, caller: usize) -> Option<String> {
    if !PEOPLE {
        return None;
    }
    let own = name(draft, caller, 0);
    let called = proposal::arrow(&proposal::from(draft, transition), &own, None);
    let calls = proposal::transition(transition, (&proposal::scalar(&own), draft.task_name(transition.to)), None);
    Some(words!("tasks:{}\ntransitions:{}", task(draft, (caller, &own), transition.from), lines(&called, &calls, &own)))
}

/// In place of the calls of a task by `others`: they call the caller's own tasks, and it makes the calls. None: a guard asks
/// who calls, and that would be another actor.
pub(super) fn before(
    draft: &Draft,
    (transition, caller): (&TransitionDraft, usize),
    others: &[&TransitionDraft],
) -> Option<String> {
    if !PEOPLE || others.len() > MOST || others.iter().any(|call| asks_who_calls(call)) {
        return None;
    }
    let (mut tasks, mut transitions) = (String::new(), String::new());
    for (number, call) in others.iter().enumerate() {
        let own = name(draft, caller, number);
        let via = call.via.map(|(actor, _)| draft.actor_name(actor));
        let called = proposal::arrow(&proposal::from(draft, call), &own, via);
        let calls = proposal::transition(call, (&proposal::scalar(&own), draft.task_name(call.to)), None);
        tasks.push_str(&task(draft, (caller, &own), call.to));
        transitions.push_str(&lines(&called, &calls, &own));
    }
    let ends = (&*proposal::from(draft, transition), draft.task_name(transition.to));
    let later = proposal::transition(transition, ends, Some(draft.actor_name(caller)));
    Some(words!("tasks:{tasks}\ntransitions:{transitions}\n  - {later}"))
}

fn name(draft: &Draft, caller: usize, number: usize) -> String {
    let base = match number {
        0 => words!("{}-task", draft.actor_name(caller)),
        more => words!("{}-task-{}", draft.actor_name(caller), more.saturating_add(1)),
    };
    proposal::fresh(&base, |name| draft.tasks.iter().any(|task| task.name.as_str() == name))
}

/// The task. Beside a task on a cycle it is on one.
fn task(draft: &Draft, (caller, own): (usize, &str), beside: usize) -> String {
    let visits = draft.task(beside).and_then(|task| task.max_visits);
    let visits = visits.map(|(visits, _)| words!(", max_visits: {visits}")).unwrap_or_default();
    let actor = proposal::scalar(draft.actor_name(caller));
    words!("\n  {}: {{actor: {actor}, requests: POST /{own}{visits}}}", proposal::scalar(own))
}

/// The call of the own task and the call from there: one chain, where neither says more.
fn lines(called: &str, calls: &str, own: &str) -> String {
    match (called.strip_suffix(own), calls.strip_prefix(own)) {
        (Some(before), Some(after)) if before.ends_with("-> ") => words!("\n  - {before}{own}{after}"),
        _ => words!("\n  - {called}\n  - {calls}"),
    }
}
