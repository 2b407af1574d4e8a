//! Exemptions that are requests of a task, too: what is exempt is not asked for its step.

use crate::bounds::MAX_OVERLAPS;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Context, Document, Draft, TaskDraft};
use crate::gate::Exemption;
use crate::report::quote;
use crate::spiffe::SpiffeId;
use crate::workflow::RequestPattern;

/// Warns of each exemption once, by the first task that it meets. `own` is the gate's identity, where it is said:
/// tasks of others are not called here.
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
                let message = "too many requests of tasks to hold this exemption against";
                let label = format!("at most {MAX_OVERLAPS} pairs are compared in one configuration");
                return context.report.push(Diagnostic::new(Code::ExemptsTask, *span, message).label(label));
            };
            left = remaining;
            if task.requests.iter().any(|request| meets(&exemption.request, request)) {
                let message = format!("this exempts requests of the task {}", quote(task.name.as_str()));
                let found = Diagnostic::new(Code::ExemptsTask, *span, message).label("they pass without a step");
                let found = found.also(task.requests_span.unwrap_or(task.span), "which are these");
                context.report.push(found.help("give the exemption a path, methods or a host that no task has"));
                break;
            }
        }
    }
}

/// The tasks to which a transition leads, of this gate's actor where it is known.
fn called<'d>(draft: &'d Draft, own: Option<&'d SpiffeId>) -> impl Iterator<Item = &'d TaskDraft> {
    let is_called = |index: usize| draft.transitions.iter().any(|transition| transition.to == index);
    let performs = move |task: &TaskDraft| {
        let actor = task.performer.and_then(|index| draft.actors.get(index));
        own.is_none_or(|own| actor.is_none_or(|actor| actor.spiffe.iter().any(|(id, _)| id == own)))
    };
    let tasks = draft.tasks.iter().enumerate();
    tasks.filter(move |(index, task)| performs(task) && is_called(*index)).map(|(_, task)| task)
}

/// Whether some request is both. Without a path on either side another warning says so already.
fn meets(exempt: &RequestPattern, request: &RequestPattern) -> bool {
    exempt.path.is_some() && request.path.is_some() && exempt.overlaps(request)
}
