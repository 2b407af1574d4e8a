//! Times that are valid and have no effect, or not the one that they say.

use std::time::Duration;

use super::times::default_leeway;
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Draft, TransitionDraft};
use crate::duration::written;
use crate::graph::Graph;
use crate::report::{Report, quote};

/// `leeway` is that of the gate; none for a document alone.
pub(super) fn check(draft: &Draft, graph: &Graph, leeway: Option<Duration>, report: &mut Report) {
    if !PEOPLE || !draft.has_tokens() {
        return;
    }
    unused(draft, graph, report);
    if let (Some(ttl), Some(deadline), Some(span)) = (draft.task_ttl, draft.deadline, draft.task_ttl_span)
        && ttl > deadline
    {
        let message = words!("no token lives {}: each instance ends after {}", written(ttl), written(deadline));
        let idle = Diagnostic::new(Code::NoEffect, span, message).label("longer than the `deadline`");
        report.push(idle.help("write a longer `deadline`, or a shorter `task_ttl`"));
    }
    let Some(leeway) = leeway.or_else(default_leeway) else { return };
    let mut bounds: Vec<(&str, Duration, Span)> = Vec::new();
    bounds.extend(draft.deadline.zip(draft.deadline_span).map(|(time, span)| ("deadline", time, span)));
    bounds.extend(draft.task_ttl.zip(draft.task_ttl_span).map(|(time, span)| ("task_ttl", time, span)));
    bounds.extend(draft.tasks.iter().filter_map(|task| task.ttl).map(|(time, span)| ("ttl", time, span)));
    bounds.extend(draft.transitions.iter().filter_map(|t| t.within).map(|(time, span)| ("within", time, span)));
    for (key, time, span) in bounds.into_iter().filter(|(_, time, _)| *time < leeway) {
        let (time, lasts) = (written(time), written(time.saturating_add(leeway)));
        let message =
            words!("this `{key}` of {time} lasts up to {lasts}: gates give a leeway of {} to it", written(leeway));
        let short = Diagnostic::new(Code::Outweighed, span, message).label("shorter than the leeway");
        report.push(short.help("write a longer time, or a smaller `leeway` in the gate's configuration"));
    }
}

/// The life of tokens that no request shows.
fn unused(draft: &Draft, graph: &Graph, report: &mut Report) {
    for (number, task) in draft.tasks.iter().enumerate() {
        let Some((_, span)) = task.ttl else { continue };
        let why = if graph.successors(number).is_empty() {
            "no transition leaves it"
        } else if task.initial && graph.predecessors(number).is_empty() && is_left_once(draft, number) {
            "an instance begins in it without a token"
        } else {
            continue;
        };
        let message = words!("`ttl` has no effect: no request shows a token of {}", quote(task.name.as_str()));
        report.push(Diagnostic::new(Code::NoEffect, span, message).label(why).help("remove it"));
    }
}

/// Whether one request leaves the task. The answer to the first brings a start token, which the next ones show.
fn is_left_once(draft: &Draft, task: usize) -> bool {
    let leaves = |transition: &&TransitionDraft| {
        let join = draft.task(transition.from).map(|from| from.sources.as_slice()).unwrap_or_default();
        transition.from == task || join.contains(&task)
    };
    draft.transitions.iter().filter(leaves).map(|transition| transition.uses).sum::<u32>() < 2
}
