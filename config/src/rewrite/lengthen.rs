//! The edits that write a document in its long form.

use super::edits::{Edits, replaceable};
use super::entries::{entry, removable};
use super::source::{Source, quoted, range};
use crate::syntax::{Entry, Node};

/// `long` is the same document with its short forms written out.
pub(super) fn document(document: &Node<'_>, long: &Node<'_>, source: &Source<'_>, edits: &mut Edits<'_, '_>) {
    if let (Some(own), Some(long)) = (entry(document, "actors"), long.get("actors")) {
        actors((own, source.is_flow(document)), long, source, edits);
    }
    let tasks = document.get("tasks").map(Node::entries).unwrap_or_default();
    let long_tasks = long.get("tasks").map(Node::entries).unwrap_or_default();
    for (own, long) in tasks.iter().zip(long_tasks) {
        if let (Some(own), Some(long)) = (entry(&own.value, "requests"), long.value.get("requests")) {
            requests(own, long, source, edits);
        }
    }
    if let (Some(own), Some(long)) = (document.get("transitions"), long.get("transitions")) {
        transitions(own, long, source, edits);
    }
    if let Some(part) = removable(document, "namespace", source) {
        edits.replace(part, String::new());
    }
}

fn requests(own: &Entry<'_>, long: &Node<'_>, source: &Source<'_>, edits: &mut Edits<'_, '_>) {
    if own.value.text().is_some() {
        let all: Vec<String> = long.items().iter().map(|long| request(long, source)).collect();
        return edits.replace_value(own, &format!("[{}]", all.concat()));
    }
    for (item, long) in own.value.items().iter().zip(long.items()).filter(|(item, _)| item.text().is_some()) {
        edits.replace(range(item.span), request(long, source));
    }
}

fn request(long: &Node<'_>, source: &Source<'_>) -> String {
    let path = long.get("path").and_then(Node::text).unwrap_or_default();
    let path = format!("{}: {}", source.key("path"), quoted(path));
    let Some(methods) = long.get("methods") else { return format!("{{{path}}}") };
    let methods: Vec<String> = methods.items().iter().filter_map(Node::text).map(|text| source.scalar(text)).collect();
    format!("{{{}: [{}], {path}}}", source.key("methods"), methods.join(", "))
}

fn transitions(own: &Node<'_>, long: &Node<'_>, source: &Source<'_>, edits: &mut Edits<'_, '_>) {
    let mut rest = long.items();
    for item in own.items() {
        let arrows = item.text().map_or(1, |text| text.matches("->").count());
        let Some((these, others)) = rest.split_at_checked(arrows) else { return };
        rest = others;
        if item.text().is_none() {
            continue;
        }
        let part = range(item.span);
        let between = match dash(item, source).filter(|_| !source.is_flow(own)) {
            Some(dash) => format!("{}- ", source.new_line(dash)),
            None => source.comma(part.start),
        };
        let end = |long: &Node<'_>, key: &str| {
            format!("{}: {}", source.key(key), source.scalar(long.get(key).and_then(Node::text).unwrap_or_default()))
        };
        let all: Vec<String> =
            these.iter().map(|long| format!("{{{}, {}}}", end(long, "from"), end(long, "to"))).collect();
        edits.replace(part, all.join(&between));
    }
}

/// The place of the dash before an item.
fn dash(item: &Node<'_>, source: &Source<'_>) -> Option<usize> {
    let before = source.at(0..range(item.span).start).trim_end();
    before.ends_with('-').then(|| before.len().saturating_sub(1))
}

fn actors((own, is_in_flow): (&Entry<'_>, bool), long: &Node<'_>, source: &Source<'_>, edits: &mut Edits<'_, '_>) {
    let spiffe = |long: &Entry<'_>| {
        let id = long.value.get("spiffe").and_then(|ids| ids.items().first()).and_then(Node::text);
        id.map(|id| format!("{}: [{}]", source.key("spiffe"), source.scalar(id)))
    };
    let items = own.value.items();
    if !items.is_empty() {
        let named: Option<Vec<String>> = items
            .iter()
            .zip(long.entries())
            .map(|(item, long)| Some(format!("{}: {{{}}}", source.at(range(item.span)), spiffe(long)?)))
            .collect();
        return named.into_iter().for_each(|named| listed((own, is_in_flow), &named, source, edits));
    }
    for (actor, long) in own.value.entries().iter().zip(long.entries()) {
        let Some(spiffe) = spiffe(long).filter(|_| actor.value.get("spiffe").is_none()) else { continue };
        match actor.value.entries().first() {
            None => edits.replace_value(actor, &format!("{{{spiffe}}}")),
            Some(first) if source.is_flow(&actor.value) => {
                let at = range(first.key_span).start;
                edits.insert(at, format!("{spiffe}{}", source.comma(at)));
            }
            Some(first) => {
                let at = range(first.key_span).start;
                edits.insert(at, format!("{spiffe}{}", source.new_line(at)));
            }
        }
    }
}

/// A list of actors as a mapping with these entries.
fn listed((own, is_in_flow): (&Entry<'_>, bool), named: &[String], source: &Source<'_>, edits: &mut Edits<'_, '_>) {
    let all = range(own.value.span);
    let key = range(own.key_span).start;
    let new_line = format!("{}  ", source.new_line(key));
    if source.is_flow(&own.value) && !is_in_flow && replaceable(own, source).is_some() {
        let lines: String = named.iter().map(|actor| format!("{new_line}{actor}")).collect();
        edits.replace(range(own.key_span).end..all.end, format!(":{lines}"));
        return;
    }
    for (item, actor) in own.value.items().iter().zip(named) {
        let part = range(item.span);
        match dash(item, source).filter(|_| !source.is_flow(&own.value)) {
            // A list may begin in the column of its key, a mapping may not.
            Some(dash) if source.new_line(dash).len() < new_line.len() => {
                edits.replace(dash..part.end, format!("  {actor}"));
            }
            Some(dash) => edits.replace(dash..part.end, actor.clone()),
            None => edits.replace(part, actor.clone()),
        }
    }
    if source.is_flow(&own.value) {
        edits.replace(all.start..all.start.saturating_add(1), "{".to_owned());
        edits.replace(all.end.saturating_sub(1)..all.end, "}".to_owned());
    }
}
