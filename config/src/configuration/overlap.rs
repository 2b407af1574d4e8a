//! Exemptions that also match requests of a task.

use std::borrow::Cow;

use crate::bounds::MAX_OVERLAPS;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Context, Document, Draft, TaskDraft};
use crate::gate::Exemption;
use crate::report::{listed, quote};
use crate::spiffe::SpiffeId;
use crate::workflow::{Domain, RequestPattern};

/// Most tasks that one warning names.
const MAX_NAMED: usize = 8;

/// Warns of each exemption that has requests in common with tasks, whatever hosts and headers they name: callers choose
/// these.
/// `own` is the gate's identity, where it is configured: the tasks of other workloads are not called here.
pub(super) fn check(
    exempt: &[(Exemption, Span)],
    documents: &[Document],
    own: Option<&SpiffeId>,
    context: &mut Context<'_>,
) {
    let tasks: Vec<(&TaskDraft, Vec<RequestPattern>)> = documents
        .iter()
        .flat_map(|document| called(&document.draft, own))
        .map(|task| (task, RequestPattern::listed(&task.requests).iter().map(RequestPattern::of_any_host).collect()))
        .collect();
    let mut left = MAX_OVERLAPS;
    for (exemption, span) in exempt {
        let exempted = exemption.request.of_any_host();
        let mut found: Vec<&TaskDraft> = Vec::new();
        // Whether it takes requests away from one of these tasks.
        let mut narrower = false;
        for (task, requests) in &tasks {
            let steps = requests.iter().map(|request| exempted.steps(request)).fold(0, usize::saturating_add);
            let Some(remaining) = left.checked_sub(steps) else {
                let message = "this exemption was not compared with all requests of tasks";
                let label = words!("at most {MAX_OVERLAPS} steps to compare pairs of them");
                return context.report.push(Diagnostic::new(Code::ExemptsTask, *span, message).label(label));
            };
            left = remaining;
            let mut both = requests.iter().filter(|request| exempted.overlaps(request)).peekable();
            if both.peek().is_some() {
                found.push(task);
                narrower |= both.any(|request| request.contains(&exempted) && !exempted.contains(request));
            }
        }
        if let Some(first) = found.first() {
            context.report.push(warning(*span, &found, narrower).also(
                first.requests_span.unwrap_or(first.span),
                words!("the requests of {}", quote(first.name.as_str())),
            ));
        }
    }
}

fn warning(span: Span, tasks: &[&TaskDraft], narrower: bool) -> Diagnostic {
    let names = listed(tasks.iter().map(|task| task.name.as_str()), MAX_NAMED, "and");
    let noun = if tasks.len() == 1 { "task" } else { "tasks" };
    let warning =
        Diagnostic::new(Code::ExemptsTask, span, words!("this exemption also matches requests of {noun} {names}"));
    match narrower {
        true => warning.label("these requests pass without a step, since the task accepts more"),
        false => warning.label("such a request is the task's, and needs a step"),
    }
    .help(
        "change the exemption's `path`, `methods` or `port` so that it matches no request of a task; a `host`, `headers` and a \
         `/` at the end are no difference, because the caller chooses them",
    )
}

/// The tasks that a transition leads to; only those of the gate's actor, where it is known.
fn called<'d>(draft: &'d Draft, own: Option<&SpiffeId>) -> impl Iterator<Item = &'d TaskDraft> {
    let domain = draft.trust_domain.clone().map(|name| Domain::new(name, draft.aliases.clone()));
    let documented = |own| domain.as_ref().map_or(Cow::Borrowed(own), |domain| domain.canonical(own)).into_owned();
    let own = own.map(documented);
    let is_called = |index: usize| draft.transitions.iter().any(|transition| transition.to == index);
    let performs = move |task: &TaskDraft| {
        let actor = task.performer.and_then(|index| draft.actors.get(index));
        own.as_ref().is_none_or(|own| {
            actor.is_none_or(|actor| {
                actor.spiffe.iter().any(|(id, _)| id == own) || actor.open.iter().any(|(open, _)| open.matches(own))
            })
        })
    };
    let tasks = draft.tasks.iter().enumerate();
    tasks.filter(move |(index, task)| performs(task) && is_called(*index)).map(|(_, task)| task)
}
