//! Joins whose arrivals all come from one caller: their author perhaps means one call.

use std::collections::BTreeSet;
use std::time::Duration;

use super::AnalyzedJoin;
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Draft, TaskDraft, TransitionDraft};
use crate::guard::Guard;
use crate::proposal;
use crate::report::{Report, listed, quote};
use crate::workflow::JoinKind;

/// Most tasks that a message names.
const SHOWN: usize = 4;

/// Warns of a join that one actor calls from each of its sources, unless the actor performs the join itself.
pub(super) fn check(draft: &Draft, joins: &[AnalyzedJoin], report: &mut Report) {
    // A gate has no use for what only warns.
    for join in joins.iter().filter(|join| PEOPLE && join.sources.len() > 1) {
        let Some(task) = draft.task(join.task).filter(|task| task.sources.is_empty()) else { continue };
        let mut callers = draft.edges().filter(|edge| edge.to == join.task).map(|edge| edge.caller);
        let Some(Some(caller)) = callers.next() else { continue };
        if task.performer == Some(caller) || callers.any(|other| other != Some(caller)) {
            continue;
        }
        let name = quote(task.name.as_str());
        let sources = listed(join.sources.iter().map(|source| draft.task_name(*source)), SHOWN, "and");
        let leaving = draft.edges().filter(|edge| edge.from == join.task).map(|edge| draft.task_name(edge.to));
        let leaving = listed(leaving, SHOWN, "and");
        let called_by = caller;
        let caller = quote(draft.actor_name(caller));
        let message = words!("{name} is called once from each of {sources}, each time by {caller}");
        let one = Diagnostic::new(Code::OneCaller, task.join_span.unwrap_or(task.span), message)
            .label(words!("what leaves it ({leaving}) needs all of these calls"));
        let once = words!("if {caller} is to call {name} only once, with what it has of all these tasks, ");
        let calls: Vec<&TransitionDraft> = draft.transitions.iter().filter(|call| call.to == join.task).collect();
        let one = calls.iter().fold(one, |one, call| one.also(call.span, "one of these calls"));
        report.push(match together(draft, join, (called_by, &calls)) {
            Some(example) => {
                one.help(words!("{once}write one transition in place of these, and no `join`")).example(example)
            }
            None => one.help(words!("{once}let the tasks before it follow one another, and remove the `join`")),
        });
    }
}

/// The transition from all sources of the join by this caller, if there can be one.
fn together(draft: &Draft, join: &AnalyzedJoin, (caller, calls): (usize, &[&TransitionDraft])) -> Option<String> {
    let sources = || join.sources.iter().filter_map(|source| draft.task(*source));
    let can_be_left = |task: &TaskDraft| !task.initial && task.join == JoinKind::Any && task.sources.is_empty();
    let has_one_id = draft.actors.get(caller).is_some_and(|actor| actor.spiffe.len() == 1 && actor.open.is_empty());
    if !has_one_id || !sources().all(can_be_left) {
        return None;
    }
    let mut own = sources().map(|task| task.performer == Some(caller));
    let first = own.next()?;
    if own.any(|other| other != first) {
        return None;
    }
    let (head, rest) = calls.split_first()?;
    let same = |call: &&TransitionDraft| {
        let time = |time: Option<(Duration, Span)>| time.map(|(time, _)| time);
        let of = |call: &TransitionDraft| (call.uses, time(call.after), time(call.within));
        of(call) == of(head)
    };
    if !rest.iter().all(same) {
        return None;
    }
    let guards: BTreeSet<&str> = calls.iter().filter_map(|call| call.when.as_ref()).map(Guard::source).collect();
    let when = match guards.len() {
        0 | 1 => guards.first().map(|guard| (*guard).to_owned()),
        _ => Some(guards.iter().map(|guard| words!("({guard})")).collect::<Vec<_>>().join(" && ")),
    };
    let from: Vec<String> = sources().map(|task| proposal::scalar(task.name.as_str())).collect();
    let (from, to) = (words!("[{}]", from.join(", ")), draft.task_name(join.task));
    let via = (!first).then(|| draft.actor_name(caller));
    let one = proposal::guarded(head, (&from, to), via, when);
    Some(words!("tasks:\n  {}: {{join: any}}\ntransitions:\n  - {one}", proposal::scalar(to)))
}
