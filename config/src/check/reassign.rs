//! Other performers for the tasks of a constraint, as messages propose them: with them the constraint holds, and all its
//! tasks keep it.

use super::in_turn::asks_who_calls;
use crate::PEOPLE;
use crate::document::{ActorDraft, ConstraintDraft, Draft};
use crate::proposal;
use crate::spiffe::SpiffeId;

/// The actor with as many SPIFFE IDs as it performs tasks; or a further actor for each task but one, where its IDs are not
/// known.
pub(super) fn with_ids(draft: &Draft, actor: &ActorDraft, tasks: &[usize]) -> Option<String> {
    if !PEOPLE {
        return None;
    }
    if let Some((open, _)) = actor.open.first() {
        let is_initial = |task: &&usize| draft.task(**task).is_some_and(|task| task.initial);
        let kept = tasks.iter().find(is_initial).or_else(|| tasks.first());
        let further = tasks.iter().filter(|task| Some(*task) != kept).map(|task| {
            let text = proposal::own_segment(open, draft.task_name(*task));
            (*task, vec![proposal::open(actor, open, &text)])
        });
        return performers(draft, further.collect());
    }
    let own = || actor.spiffe.iter().map(|(id, _)| id);
    let more = further_ids(draft, own().next_back()?).take(tasks.len().saturating_sub(own().count()));
    let all: String = own().map(|id| proposal::id(actor, id)).chain(more).map(|id| words!("\n      - {id}")).collect();
    Some(words!("actors:\n  {}:\n    spiffe:{all}", proposal::scalar(actor.name.as_str())))
}

/// Actors that share no SPIFFE ID, for two tasks on different branches.
pub(super) fn apart(draft: &Draft, first: usize, other: usize) -> Option<String> {
    let performer = |task: usize| draft.actors.get(draft.task(task)?.performer?);
    let (one, two) = (performer(first)?, performer(other)?);
    if !PEOPLE || !one.open.is_empty() || !two.open.is_empty() {
        return None;
    }
    let with = |actor: &ActorDraft, ids: &[&SpiffeId]| ids.iter().map(|id| proposal::id(actor, id)).collect::<Vec<_>>();
    if one.name == two.name {
        let ids: Vec<&SpiffeId> = one.spiffe.iter().map(|(id, _)| id).collect();
        let (head, rest) = ids.split_first()?;
        let rest = if rest.is_empty() { further_ids(draft, head).take(1).collect() } else { with(one, rest) };
        return performers(draft, vec![(first, with(one, &[head])), (other, rest)]);
    }
    let only = |actor: &ActorDraft, apart: &ActorDraft| {
        let own = actor.spiffe.iter().filter(|(id, _)| apart.spiffe.iter().all(|(other, _)| id != other));
        Some(own.map(|(id, _)| proposal::id(actor, id)).collect::<Vec<String>>()).filter(|own| !own.is_empty())
    };
    let new = only(two, one).map(|ids| (other, ids)).or_else(|| only(one, two).map(|ids| (first, ids)))?;
    performers(draft, vec![new])
}

/// Actors with one SPIFFE ID, which their actors have in common, for all tasks of a constraint.
pub(super) fn together(draft: &Draft, constraint: &ConstraintDraft) -> Option<String> {
    if !PEOPLE {
        return None;
    }
    let tasks = || constraint.tasks.iter().map(|(task, _)| *task);
    let performer = |task: usize| draft.actors.get(draft.task(task)?.performer?);
    let has = |id: &SpiffeId, actor: &ActorDraft| actor.spiffe.iter().any(|(own, _)| own == id);
    let first = performer(tasks().next()?)?;
    let common = |id: &&SpiffeId| tasks().all(|task| performer(task).is_some_and(|actor| has(id, actor)));
    let id = first.spiffe.iter().map(|(id, _)| id).find(common)?;
    let of = |task| Some((task, vec![proposal::id(performer(task)?, id)]));
    performers(draft, tasks().map(of).collect::<Option<_>>()?)
}

/// New actors for these tasks, each like the one that performs it, but with these SPIFFE IDs. Tasks of one actor with the
/// same IDs have one new actor. None: a list of tasks, or a guard, depends on who performs them.
fn performers(draft: &Draft, tasks: Vec<(usize, Vec<String>)>) -> Option<String> {
    let (mut actors, mut performed) = (String::new(), String::new());
    let mut new: Vec<(usize, Vec<String>, String)> = Vec::new();
    for (task, ids) in tasks {
        let performer = draft.task(task)?.performer?;
        let like = draft.actors.get(performer)?;
        if is_fixed(draft, task) {
            return None;
        }
        let known = new.iter().find(|(actor, with, _)| (actor, with) == (&performer, &ids));
        let name = if let Some((_, _, name)) = known {
            name.clone()
        } else {
            let base = words!("{}-{}", like.name.as_str(), draft.task_name(task));
            let taken = |name: &str| draft.actor_index(name).is_some() || new.iter().any(|(_, _, other)| other == name);
            let name = proposal::fresh(&base, taken);
            actors.push_str(&words!("\n  {}: {}", proposal::scalar(&name), proposal::actor(like, &ids)));
            new.push((performer, ids, name.clone()));
            name
        };
        performed.push_str(&line(draft, task, &name));
    }
    Some(words!("actors:{actors}\ntasks:{performed}"))
}

/// All tasks of a constraint for one of their actors: the one that performs an initial task, or the first. None: a task that
/// would move is initial, or depends on its performer.
pub(super) fn of_one_actor(draft: &Draft, constraint: &ConstraintDraft) -> Option<String> {
    if !PEOPLE {
        return None;
    }
    let tasks = || constraint.tasks.iter().map(|(task, _)| *task);
    let is_initial = |task: &usize| draft.task(*task).is_some_and(|task| task.initial);
    let performer = draft.task(tasks().find(is_initial).or_else(|| tasks().next())?)?.performer?;
    let moved: Vec<usize> =
        tasks().filter(|task| draft.task(*task).is_some_and(|of| of.performer != Some(performer))).collect();
    if moved.iter().any(|task| is_initial(task) || is_fixed(draft, *task)) {
        return None;
    }
    let moved: String = moved.into_iter().map(|task| line(draft, task, draft.actor_name(performer))).collect();
    Some(words!("tasks:{moved}"))
}

fn line(draft: &Draft, task: usize, actor: &str) -> String {
    words!("\n  {}: {{actor: {}}}", proposal::scalar(draft.task_name(task)), proposal::scalar(actor))
}

/// Whether a list of tasks has this task, or a guard may read who performs it.
fn is_fixed(draft: &Draft, task: usize) -> bool {
    draft.tasks.iter().any(|join| join.sources.contains(&task))
        || draft.transitions.iter().any(|transition| {
            let names = |guard: &str| guard.contains("task.actor");
            let guard = transition.when.as_ref().map(|guard| guard.source());
            (transition.from == task && asks_who_calls(transition))
                || (transition.to == task && guard.is_some_and(names))
        })
}

/// SPIFFE IDs that no actor has, like this one.
fn further_ids(draft: &Draft, like: &SpiffeId) -> impl Iterator<Item = String> {
    let is_new =
        |id: &String| !draft.actors.iter().any(|actor| actor.spiffe.iter().any(|(other, _)| other.as_str() == id));
    (2..=u32::MAX).map(move |number| words!("{}-{number}", like.as_str())).filter(is_new)
}
