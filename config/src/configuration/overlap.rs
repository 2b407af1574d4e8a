//! Exemptions that also match requests of a task: an exempt request is not asked for its step.

use crate::bounds::MAX_OVERLAPS;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Context, Document, Draft, TaskDraft};
use crate::gate::Exemption;
use crate::report::quote;
use crate::spiffe::SpiffeId;
use crate::workflow::RequestPattern;

/// Warns of each exemption once, for the first task that it overlaps. `own` is the gate's identity, where it is
/// configured: the tasks of other workloads are not called here.
pub(super) fn check(
    exempt: &[(Exemption, Span)],
    documents: &[Document],
    own: Option<&SpiffeId>,
    context: &mut Context<'_>,
) {
    let tasks: Vec<&TaskDraft> = documents.iter().flat_map(|document| called(&document.draft, own)).collect();
    let mut left = MAX_OVERLAPS;
    for (exemption, span) in exempt {
        for task in &tasks {
            let Some(remaining) = left.checked_sub(task.requests.len()) else {
                let message = "this exemption was not compared with all requests of tasks";
                let label = format!("at most {MAX_OVERLAPS} pairs are compared");
                return context.report.push(Diagnostic::new(Code::ExemptsTask, *span, message).label(label));
            };
            left = remaining;
            if task.requests.iter().any(|request| overlap(&exemption.request, request)) {
                let message = format!("this exempts requests of task {}", quote(task.name.as_str()));
                let found =
                    Diagnostic::new(Code::ExemptsTask, *span, message).label("these requests pass without a step");
                let found = found.also(task.requests_span.unwrap_or(task.span), "the requests of the task");
                context.report.push(found.help(
                    "change the exemption's `path`, `methods` or `host` so that it matches no request of a task",
                ));
                break;
            }
        }
    }
}

/// The tasks that a transition leads to; only those of the gate's actor, where it is known.
fn called<'d>(draft: &'d Draft, own: Option<&'d SpiffeId>) -> impl Iterator<Item = &'d TaskDraft> {
    let is_called = |index: usize| draft.transitions.iter().any(|transition| transition.to == index);
    let performs = move |task: &TaskDraft| {
        let actor = task.performer.and_then(|index| draft.actors.get(index));
        own.is_none_or(|own| actor.is_none_or(|actor| actor.spiffe.iter().any(|(id, _)| id == own)))
    };
    let tasks = draft.tasks.iter().enumerate();
    tasks.filter(move |(index, task)| performs(task) && is_called(*index)).map(|(_, task)| task)
}

/// Whether some request matches both. A pattern without a path has a warning of its own.
fn overlap(exempt: &RequestPattern, request: &RequestPattern) -> bool {
    exempt.path.is_some() && request.path.is_some() && exempt.overlaps(request)
}
