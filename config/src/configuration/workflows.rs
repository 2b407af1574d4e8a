//! The workflows of a gate: their revisions, and which of them are open.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{self, Context, Document};
use crate::name::WorkflowName;
use crate::report::quote;
use crate::schema::Fields;
use crate::workflow::{Mode, Workflow};

pub(super) fn read(fields: Fields<'_, '_>, context: &mut Context<'_>) -> Vec<Document> {
    let documents: Vec<Document> = fields
        .items("workflows")
        .iter()
        .filter_map(|node| fields.inner("workflows", node))
        .map(|fields| document::read(fields, context))
        .collect();
    if let Some(given) = fields.get("workflows").filter(|given| given.node.items().is_empty())
        && matches!(given.node.kind, crate::syntax::Kind::List(_))
    {
        let none = Diagnostic::new(Code::NoWorkflows, given.key_span, "this gate has no workflows");
        context.report.push(none.label("all that is not exempt is denied"));
    }
    revisions(&documents, context);
    documents
}

fn revisions(documents: &[Document], context: &mut Context<'_>) {
    let mut seen: BTreeMap<(&WorkflowName, u32), Span> = BTreeMap::new();
    let mut open: BTreeMap<&WorkflowName, Span> = BTreeMap::new();
    for draft in documents.iter().map(|document| &document.draft) {
        let (Some(name), Some(revision)) = (&draft.name, draft.revision) else { continue };
        if let Some(first) = seen.get(&(name, revision)) {
            let message = format!("revision {revision} of {} stands twice", quote(name.as_str()));
            let twice =
                Diagnostic::new(Code::Duplicate, draft.span, message).label("again here").also(*first, "first here");
            context
                .report
                .push(twice.help("two documents are two revisions: an instance must know which one it runs in"));
        }
        seen.entry((name, revision)).or_insert(draft.span);
        let Some(span) = draft.open_span.filter(|_| draft.open == Some(true)) else { continue };
        if let Some(first) = open.get(name) {
            let message = format!("two revisions of {} are open", quote(name.as_str()));
            let twice = Diagnostic::new(Code::Duplicate, span, message).label("open too").also(*first, "open already");
            context.report.push(twice.help("new instances begin in one revision; the others only end theirs"));
        }
        open.entry(name).or_insert(span);
    }
}

/// A workflow cannot be laxer than its gate.
pub(super) fn check_modes(documents: &[Document], gate: Option<Mode>, context: &mut Context<'_>) {
    for draft in documents.iter().map(|document| &document.draft) {
        let (Some(Mode::Enforce), Some(Mode::Observe), Some(span)) = (gate, draft.mode, draft.mode_span) else {
            continue;
        };
        let laxer = Diagnostic::new(Code::NoEffect, span, "this gate enforces, whatever a workflow of it says");
        let help = "to observe one workflow, let the gate observe and the other workflows enforce";
        context.report.push(laxer.label("the stricter of the two wins").help(help));
    }
}

/// The workflows, with `open` decided: the revision that says so, else the highest that is not closed.
pub(super) fn opened(documents: Vec<Document>) -> Option<Vec<Arc<Workflow>>> {
    let mut chosen: BTreeMap<WorkflowName, (bool, u32)> = BTreeMap::new();
    for draft in documents.iter().map(|document| &document.draft) {
        if draft.open == Some(false) {
            continue;
        }
        // An explicit `open: true` goes before any revision without it.
        let candidate = (draft.open == Some(true), draft.revision?);
        let best = chosen.entry(draft.name.clone()?).or_insert(candidate);
        *best = candidate.max(*best);
    }
    let open = |workflow: Workflow| {
        let open = chosen.get(&workflow.name).is_some_and(|(_, revision)| *revision == workflow.revision);
        Arc::new(Workflow { open, ..workflow })
    };
    documents.into_iter().map(|document| document.workflow.map(open)).collect()
}
