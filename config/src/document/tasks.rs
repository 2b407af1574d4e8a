//! What is done.

use std::collections::BTreeMap;

use super::{Context, Draft, TaskDraft, levels};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::name::TaskName;
use crate::report::{Report, quote};
use crate::schema::Fields;
use crate::syntax::{Entry, Node};
use crate::workflow::{JoinKind, Method, PathPattern, RequestPattern, Split};

pub(super) fn read(fields: Fields<'_, '_>, draft: &mut Draft, context: &mut Context<'_>) {
    let names: Vec<&Entry<'_>> = fields.entries("actors").iter().collect();
    let known: BTreeMap<String, usize> =
        draft.actors.iter().enumerate().map(|(index, actor)| (actor.name.to_string(), index)).collect();
    for entry in fields.entries("tasks") {
        let (Ok(name), Some(of)) = (TaskName::try_from(&*entry.key), fields.inner("tasks", &entry.value)) else {
            draft.complete = false;
            continue;
        };
        levels::check(of, draft.assurance, &mut context.report);
        let performer = of.text_and_span("actor").and_then(|(actor, span)| {
            let index = known.get(actor).copied();
            if index.is_none() {
                unknown_actor(
                    &format!("task {} is performed by", quote(&entry.key)),
                    actor,
                    span,
                    &names,
                    &mut context.report,
                );
            }
            index
        });
        draft.tasks.push(TaskDraft {
            name,
            span: entry.key_span,
            performer,
            requests: of.items("requests").iter().filter_map(|node| of.inner("requests", node)).map(request).collect(),
            requests_span: of.get("requests").map(|given| given.key_span),
            initial: of.flag("initial").unwrap_or_default(),
            join: if of.text("join") == Some("all") { JoinKind::All } else { JoinKind::Any },
            join_span: of.get("join").map(|given| given.key_span),
            split: if of.text("split") == Some("one") { Split::One } else { Split::Any },
            upgrade: of.items("upgrade").iter().filter_map(Node::text).map(str::to_owned).collect(),
            max_visits: of.u32("max_visits").zip(of.get("max_visits").map(|given| given.key_span)),
        });
    }
}

/// Reports an actor that is none; not where its entry is there, but wrong in itself.
pub(super) fn unknown_actor(what: &str, actor: &str, span: Span, names: &[&Entry<'_>], report: &mut Report) {
    if names.iter().any(|entry| entry.key == actor) {
        return;
    }
    let known = names.iter().map(|entry| (&*entry.key, entry.key_span));
    let help = report.did_you_mean_at(actor, known);
    let message = format!("{what} unknown actor {}", quote(actor));
    report.push(Diagnostic::new(Code::UnknownActor, span, message).label("no actor has this name").maybe_help(help));
}

/// One kind of request; also that of an exemption.
pub(crate) fn request(fields: Fields<'_, '_>) -> RequestPattern {
    RequestPattern {
        methods: fields.items("methods").iter().filter_map(|node| Method::try_from(node.text()?).ok()).collect(),
        host: fields.text("host").map(str::to_owned),
        path: fields.text("path").and_then(|text| PathPattern::try_from(text).ok()),
    }
}
