//! The tasks of a document.

use super::names::Names;
use super::{Context, Draft, TaskDraft, levels};
use crate::name::TaskName;
use crate::report::quote;
use crate::schema::Fields;
use crate::syntax::Node;
use crate::workflow::{JoinKind, Method, PathPattern, RequestPattern, Split};

pub(super) fn read(fields: Fields<'_, '_>, draft: &mut Draft, context: &mut Context<'_>) {
    let actors = Names::of(fields.entries("actors"), draft.actors.iter().map(|actor| actor.name.as_str()));
    draft.tasks.reserve_exact(fields.entries("tasks").len());
    for entry in fields.entries("tasks") {
        let (Ok(name), Some(of)) = (TaskName::try_from(&*entry.key), fields.inner("tasks", &entry.value)) else {
            draft.complete = false;
            continue;
        };
        levels::check(of, draft.assurance, &mut context.report);
        let performer = of.text_and_span("actor").and_then(|(actor, span)| {
            let performed = words!("task {} is performed by", quote(&entry.key));
            actors.actor(actor, span, &performed, &mut context.report)
        });
        draft.tasks.push(TaskDraft {
            name,
            span: entry.key_span,
            performer,
            requests: of.items("requests").iter().filter_map(|node| of.inner("requests", node)).map(request).collect(),
            requests_span: of.get("requests").map(|field| field.key_span),
            initial: of.flag("initial").unwrap_or_default(),
            join: if of.text("join") == Some("all") { JoinKind::All } else { JoinKind::Any },
            join_span: of.get("join").map(|field| field.key_span),
            split: of.text("split").and_then(split).zip(of.get("split").map(|field| field.key_span)),
            upgrade: of.items("upgrade").iter().filter_map(Node::text).map(str::to_owned).collect(),
            max_visits: of.u32("max_visits").zip(of.get("max_visits").map(|field| field.key_span)),
            ttl: of.duration_and_span("ttl"),
        });
    }
}

fn split(word: &str) -> Option<Split> {
    [Split::All, Split::One, Split::Any].into_iter().find(|split| split.as_str() == word)
}

/// One request pattern, of a task or of an exemption.
pub(crate) fn request(fields: Fields<'_, '_>) -> RequestPattern {
    RequestPattern {
        methods: fields.items("methods").iter().filter_map(|node| Method::try_from(node.text()?).ok()).collect(),
        host: fields.text("host").map(str::to_owned),
        port: fields.integer("port").and_then(|port| u16::try_from(port).ok()),
        path: fields.text("path").and_then(|text| PathPattern::try_from(text).ok()),
        headers: fields
            .entries("headers")
            .iter()
            .filter_map(|entry| Some((entry.key.to_string(), entry.value.text()?.into())))
            .collect(),
    }
}
