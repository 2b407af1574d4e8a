//! The workflows of a gate: their revisions, and which revisions are open.

use std::sync::Arc;

use crate::PEOPLE;
use crate::check::check_matched;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{self, Context, Document};
use crate::name::WorkflowName;
use crate::report::quote;
use crate::schema::Fields;
use crate::sorted::SortedMap;
use crate::workflow::{Assurance, MixedLevels, Mode, Workflow};

pub(super) fn read(fields: Fields<'_, '_>, context: &mut Context<'_>) -> Vec<Document> {
    let inner = fields.items("workflows").iter().filter_map(|node| fields.inner("workflows", node));
    let documents: Vec<Document> = inner.map(|fields| document::read(fields, context)).collect();
    if let Some(field) = fields.get("workflows").filter(|field| field.node.items().is_empty())
        && matches!(field.node.kind, crate::syntax::Kind::List(_))
    {
        let label = "every request that is not exempt is denied";
        context.report.add(Code::NoWorkflows, field.key_span, "this gate has no workflows", label);
    }
    if let [_, .., last] = documents.as_slice() {
        let workflows = documents.iter().filter_map(|document| document.workflow.as_ref());
        check_matched(workflows, last.draft.span, &mut context.report);
    }
    revisions(&documents, context);
    levels(&documents, context);
    documents
}

/// At level `identity` any performer of a task may claim to be at it: such a revision would be a way around a higher
/// level of the same workflow.
fn levels(documents: &[Document], context: &mut Context<'_>) {
    let mut first: SortedMap<&WorkflowName, (Assurance, Span)> = SortedMap::new();
    for draft in documents.iter().map(|document| &document.draft) {
        let (Some(name), Some(assurance)) = (&draft.name, draft.assurance) else { continue };
        let (other, span) = *first.entry(name).or_insert((assurance, draft.span));
        if let Some(mixed) = MixedLevels::among([(name, other), (name, assurance)]) {
            let found = Diagnostic::new(Code::MixedLevels, draft.span, words!("{mixed}"));
            context.report.push(found.label("one level").also(span, "another level").help(MixedLevels::HELP));
        }
    }
}

fn revisions(documents: &[Document], context: &mut Context<'_>) {
    let mut seen: SortedMap<(&WorkflowName, u32), Span> = SortedMap::new();
    let mut open: SortedMap<&WorkflowName, Span> = SortedMap::new();
    for draft in documents.iter().map(|document| &document.draft) {
        let (Some(name), Some(revision)) = (&draft.name, draft.revision) else { continue };
        if let Some(first) = seen.get(&(name, revision)) {
            let message = words!("revision {revision} of {} appears twice", quote(name.as_str()));
            let duplicate = Diagnostic::new(Code::Duplicate, draft.span, message).label("again here");
            let help = "give each document a `revision` of its own: an instance stays in one revision";
            let named = documents.iter().filter(|other| other.draft.name.as_ref() == Some(name));
            let last = named.filter_map(|other| other.draft.revision).max().unwrap_or(revision);
            let next = PEOPLE.then(|| last.checked_add(1)).flatten().map(|next| words!("revision: {next}"));
            context.report.push(duplicate.also(*first, "first here").help(help).maybe_example(next));
        }
        seen.entry((name, revision)).or_insert(draft.span);
        let Some(span) = draft.open_span.filter(|_| draft.open == Some(true)) else { continue };
        if let Some(first) = open.get(name) {
            let message = words!("two revisions of {} are open", quote(name.as_str()));
            let second = Diagnostic::new(Code::OneOnly, span, message).label("open, too").also(*first, "open");
            let help =
                "set `open: true` in one revision: new instances begin in it, and other revisions only finish theirs";
            context.report.push(second.help(help));
        }
        open.entry(name).or_insert(span);
    }
}

/// Warns where a workflow is to observe and its gate enforces: the stricter mode applies.
pub(super) fn check_modes(documents: &[Document], gate: Option<Mode>, context: &mut Context<'_>) {
    for draft in documents.iter().map(|document| &document.draft) {
        let (Some(Mode::Enforce), Some(Mode::Observe), Some(span)) = (gate, draft.mode, draft.mode_span) else {
            continue;
        };
        let message = "`mode: observe` has no effect: this gate enforces all its workflows";
        let ineffective = Diagnostic::new(Code::Overridden, span, message);
        let help = "to observe one workflow only, set `mode: observe` for the gate and `mode: enforce` for its other workflows";
        context.report.push(ineffective.label("the stricter mode applies").help(help));
    }
}

/// The workflows with their `open`: the revision with `open: true` is open, else the highest without `open: false`.
pub(super) fn with_open_revisions(documents: Vec<Document>) -> Option<Vec<Arc<Workflow>>> {
    let mut chosen: SortedMap<WorkflowName, (bool, u32)> = SortedMap::new();
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
