//! Whether each request matches one task only.

use std::collections::BTreeMap;

use crate::bounds::MAX_OVERLAPS;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TaskDraft, TransitionDraft};
use crate::report::{Report, quote};
use crate::workflow::RequestPattern;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    any_request(draft, report);
    // The transitions among which one gate chooses, for requests from one task and one caller.
    let mut candidates: BTreeMap<(usize, usize, usize), Vec<Candidate<'_>>> = BTreeMap::new();
    for transition in &draft.transitions {
        let to = draft.task(transition.to);
        let performer = to.and_then(|task| task.performer);
        if let (Some(to), Some(performer), Some(caller)) = (to, performer, draft.caller(transition)) {
            candidates.entry((transition.from, performer, caller)).or_default().push((transition, to));
        }
    }
    // And for requests without a token: all transitions with which one actor may begin an instance.
    let mut starts: BTreeMap<(usize, usize), Vec<Candidate<'_>>> = BTreeMap::new();
    for transition in &draft.transitions {
        let initiator = draft.task(transition.from).filter(|from| from.initial).and_then(|from| from.performer);
        let to = draft.task(transition.to);
        if let (Some(initiator), Some(to), Some(performer)) = (initiator, to, to.and_then(|to| to.performer)) {
            starts.entry((initiator, performer)).or_default().push((transition, to));
        }
    }
    // The transitions from a single initial task are compared already, as its candidates.
    let starts = starts
        .into_values()
        .filter(|starts| starts.iter().any(|(t, _)| Some(t.from) != starts.first().map(|s| s.0.from)));
    let groups: Vec<Vec<Candidate<'_>>> = candidates.into_values().chain(starts).collect();
    let mut left = MAX_OVERLAPS;
    for group in &groups {
        let mut rest = group.as_slice();
        while let Some((first, others)) = rest.split_first() {
            rest = others;
            for other in others {
                let pairs = first.1.requests.len().max(1).saturating_mul(other.1.requests.len().max(1));
                let Some(remaining) = left.checked_sub(pairs) else {
                    let message = "too many `requests` of one actor to compare";
                    let label = format!("at most {MAX_OVERLAPS} pairs are compared in one document");
                    report.push(Diagnostic::new(Code::TooMany, first.0.span, message).label(label));
                    return;
                };
                left = remaining;
                if overlap(&first.1.requests, &other.1.requests) {
                    ambiguous(draft, *first, *other, report);
                }
            }
        }
    }
}

fn any_request(draft: &Draft, report: &mut Report) {
    let mut reached = vec![false; draft.tasks.len()];
    for transition in &draft.transitions {
        if let Some(reached) = reached.get_mut(transition.to) {
            *reached = true;
        }
    }
    for (task, reached) in draft.tasks.iter().zip(reached) {
        let label = match task.requests_span {
            None => "it has no `requests`",
            // A pattern with errors has been reported.
            Some(_) if report.errors() == 0 && task.requests.contains(&RequestPattern::default()) => {
                "one of its `requests` has no keys"
            }
            Some(_) => continue,
        };
        if reached {
            let message = format!("any request matches task {}", quote(task.name.as_str()));
            report.push(
                Diagnostic::new(Code::AnyRequest, task.span, message)
                    .label(label)
                    .help("restrict them, such as by `requests: [{methods: [POST], path: /…}]`"),
            );
        }
    }
}

/// Whether some request matches both; an empty list matches any request.
fn overlap(a: &[RequestPattern], b: &[RequestPattern]) -> bool {
    a.is_empty() || b.is_empty() || a.iter().any(|a| b.iter().any(|b| a.overlaps(b)))
}

/// A transition, and the task to which it leads.
type Candidate<'c> = (&'c TransitionDraft, &'c TaskDraft);

fn ambiguous(draft: &Draft, first: Candidate<'_>, other: Candidate<'_>, report: &mut Report) {
    let from = quote(draft.task_name(first.0.from));
    let actor = first.1.performer.map(|actor| quote(draft.actor_name(actor))).unwrap_or_default();
    let (message, help) = if first.0.from == other.0.from {
        let (one, two) = (quote(first.1.name.as_str()), quote(other.1.name.as_str()));
        let message = format!("from {from}, one request to {actor} could match both {one} and {two}");
        (message, "change their `requests` so that no request matches both")
    } else {
        let also = quote(draft.task_name(other.0.from));
        let message = format!("one request to {actor} could begin an instance at {from} or at {also}");
        (message, "give the tasks that they lead to different `requests`, or make only one of them initial")
    };
    report.push(
        Diagnostic::new(Code::Ambiguous, other.0.to_span, message)
            .label("the gate could not decide between the two")
            .also(first.0.to_span, "the other task")
            .help(help),
    );
}
