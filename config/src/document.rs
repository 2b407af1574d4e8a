//! From the tree of a document to its draft: names resolved, forms parsed, places kept.
//!
//! A draft may have errors, which are then in the report; the parts with errors are left out of it.

mod actors;
mod aliases;
mod build;
mod canonical;
mod constraints;
mod context;
mod draft;
mod guards;
mod identities;
mod levels;
mod names;
mod several;
mod tasks;
mod transitions;

pub(crate) use context::Context;
pub(crate) use draft::{ActorDraft, ConstraintDraft, Draft, TaskDraft, TransitionDraft};
pub(crate) use tasks::request;

use crate::PEOPLE;
use crate::bypass;
use crate::check;
use crate::diagnostic::Span;
use crate::entries;
use crate::exact;
use crate::name::{TaskName, WorkflowName};
use crate::room;
use crate::schema::Fields;
use crate::sizes;
use crate::sorted::{SortedMap, SortedSet};
use crate::soundness;
use crate::spiffe::TrustDomain;
use crate::unmeant;
use crate::workflow::{Assurance, Mode, Workflow};

/// A document that was read: its draft, also where it has errors, and its workflow where it has none.
pub(crate) struct Document {
    pub(crate) draft: Draft,
    pub(crate) workflow: Option<Workflow>,
}

/// Reads one document; `fields` has been checked against the schema.
pub(crate) fn read(fields: Fields<'_, '_>, context: &mut Context<'_>) -> Document {
    let before = context.report.errors();
    let mut draft = draft(fields, context);
    let analysis = check::check(&draft, context.leeway, &mut context.report);
    let valid = context.report.errors() == before;
    let workflow = analysis.filter(|_| valid).and_then(|analysis| build::build(&draft, &analysis));
    if !PEOPLE {
        // They are the most of a draft, and a gate has no further use for them.
        draft.transitions = Vec::new();
    }
    let workflow = workflow.map(|workflow| Workflow { digest: canonical::digest(&workflow), ..workflow });
    if let Some(workflow) = &workflow {
        sizes::check(workflow, draft.span, &mut context.report);
        let tasks = draft.tasks_span.unwrap_or(draft.span);
        let place =
            |name: &TaskName| draft.tasks.iter().find(|task| task.name == *name).map_or(tasks, |task| task.span);
        exact::check(workflow, place, &mut context.report);
        // A gate has no use for what only warns.
        if PEOPLE {
            let most = entries::most(workflow);
            let named: SortedMap<&TaskName, Span> = draft.tasks.iter().map(|task| (&task.name, task.span)).collect();
            let place = |task: &TaskName| named.get(task).copied().unwrap_or(tasks);
            let bypassed = bypass::report(workflow, &mut context.report);
            check::check_branches(&draft, &bypassed, &mut context.report);
            unmeant::report(workflow, most.as_ref(), tasks, place, &mut context.report);
            soundness::report(workflow, tasks, place, &mut context.markings, &mut context.report);
            if let Some(most) = most.filter(|_| context.report.errors() == before) {
                room::check(workflow, &most, tasks, &mut context.report);
            }
        }
    }
    Document { draft, workflow }
}

fn draft(fields: Fields<'_, '_>, context: &mut Context<'_>) -> Draft {
    let trust_domain = fields.text("trust_domain").and_then(|text| TrustDomain::try_from(text).ok());
    let mut draft = Draft {
        span: fields.text_and_span("workflow").map_or(fields.head_span(), |(_, span)| span),
        name: fields.text("workflow").and_then(|text| WorkflowName::try_from(text).ok()),
        revision: fields.u32("revision"),
        assurance: fields.text("assurance").and_then(assurance),
        deadline: fields.duration("deadline"),
        task_ttl: fields.duration("task_ttl"),
        deadline_span: fields.get("deadline").map(|field| field.key_span),
        task_ttl_span: fields.get("task_ttl").map(|field| field.key_span),
        open: fields.flag("open"),
        open_span: fields.get("open").map(|field| field.key_span),
        mode: fields.text("mode").and_then(mode),
        mode_span: fields.get("mode").map(|field| field.key_span),
        tasks_span: fields.get("tasks").map(|field| field.key_span),
        trust_domain,
        aliases: SortedSet::new(),
        actors: Vec::new(),
        tasks: Vec::new(),
        transitions: Vec::new(),
        constraints: Vec::new(),
        complete: true,
    };
    levels::check(fields, draft.assurance, &mut context.report);
    actors::read(fields, &mut draft, context);
    draft.aliases = aliases::read(fields, &draft, context);
    tasks::read(fields, &mut draft, context);
    transitions::read(fields, &mut draft, context);
    constraints::read(fields, &mut draft, context);
    draft
}

fn assurance(word: &str) -> Option<Assurance> {
    match word {
        "identity" => Some(Assurance::Identity),
        "signed" => Some(Assurance::Signed),
        "once" => Some(Assurance::Once),
        _ => None,
    }
}

/// The mode with this name.
pub(crate) fn mode(word: &str) -> Option<Mode> {
    match word {
        "enforce" => Some(Mode::Enforce),
        "observe" => Some(Mode::Observe),
        _ => None,
    }
}
