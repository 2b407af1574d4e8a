//! A gate whose workload is no actor of its workflows.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Context, Document};
use crate::report::quote;
use crate::schema::Fields;
use crate::spiffe::SpiffeId;

/// Warns of a `self` that no actor has: only of workflows without errors. Only for people.
pub(super) fn check(fields: Fields<'_, '_>, documents: &[Document], own: Option<&SpiffeId>, context: &mut Context<'_>) {
    let Some((own, field)) = own.zip(fields.get("self")) else { return };
    let workflows: Option<Vec<_>> = documents.iter().map(|document| document.workflow.as_ref()).collect();
    let Some(workflows) = workflows.filter(|workflows| !workflows.is_empty()) else { return };
    if workflows.iter().any(|workflow| workflow.roles(own).next().is_some()) {
        return;
    }
    let known: Vec<String> = workflows
        .iter()
        .flat_map(|workflow| workflow.actors.values())
        .flat_map(|actor| &actor.spiffe)
        .map(ToString::to_string)
        .collect();
    let near = context.report.did_you_mean(own.as_str(), known.iter().map(String::as_str));
    let message = words!("no actor of these workflows is {}", quote(own.as_str()));
    let stranger = Diagnostic::new(Code::Stranger, field.node.span, message);
    let stranger = stranger.label("a gate for this workload denies every request that is not exempt");
    context.report.push(
        stranger
            .help("correct the SPIFFE ID, or give this gate the workflows in which its workload takes part")
            .maybe_help(near),
    );
}
