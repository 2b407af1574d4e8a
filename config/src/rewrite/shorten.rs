//! The edits that write a document in its short form.

use std::collections::BTreeMap;

use super::edits::{Edits, replaceable};
use super::entries::{add_namespace, entry, removable};
use super::source::{Source, quoted, range};
use crate::schema::spiffe_id;
use crate::spiffe::TrustDomain;
use crate::syntax::{Entry, Node};

/// The longest chain and list that are written in one line, in bytes.
const MAX_LINE: usize = 96;

pub(super) fn document(document: &Node<'_>, source: &Source<'_>, edits: &mut Edits<'_, '_>) {
    actors(document, source, edits);
    let tasks = document.get("tasks").map(Node::entries).unwrap_or_default();
    tasks.iter().filter_map(|task| entry(&task.value, "requests")).for_each(|own| requests(own, source, edits));
    let items = document.get("transitions").map(Node::items).unwrap_or_default();
    transitions(items, source, edits);
}

fn requests(own: &Entry<'_>, source: &Source<'_>, edits: &mut Edits<'_, '_>) {
    let items = own.value.items();
    if let [only] = items
        && let Some(text) = only.text().map(str::to_owned).or_else(|| request(only))
        && replaceable(own, source).is_some()
    {
        return edits.replace_value(own, &quoted(&text));
    }
    for item in items.iter().filter(|item| !source.has_comment(range(item.span))) {
        if let Some(text) = request(item) {
            edits.replace(range(item.span), quoted(&text));
        }
    }
}

/// The short form of a request with no other keys than methods and a path.
fn request(node: &Node<'_>) -> Option<String> {
    let path = node.get("path").and_then(Node::text)?;
    match (node.entries().len(), node.get("methods")) {
        (1, _) => Some(path.to_owned()),
        (2, Some(methods)) => {
            let methods: Vec<&str> = methods.items().iter().map(Node::text).collect::<Option<_>>()?;
            Some(format!("{} {path}", methods.join(",")))
        }
        _ => None,
    }
}

/// Transitions one after the other that form a chain, with nothing but a line feed between them. A chain names no task
/// twice: it would read like an order in which an instance enters them.
fn transitions(items: &[Node<'_>], source: &Source<'_>, edits: &mut Edits<'_, '_>) {
    let mut chain: Option<(std::ops::Range<usize>, Vec<&str>)> = None;
    for item in items {
        let part = range(item.span);
        let ends = ends(item).filter(|_| !source.has_comment(part.clone()));
        if let (Some((so_far, tasks)), Some([from, to])) = (&mut chain, ends) {
            let between = so_far.end..part.start;
            let is_close = source.at(between.clone()).matches('\n').count() < 2 && !source.has_comment(between);
            let length: usize = tasks.iter().map(|task| task.len().saturating_add(4)).sum();
            if tasks.last() == Some(&from)
                && !tasks.contains(&to)
                && is_close
                && length.saturating_add(to.len()) <= MAX_LINE
            {
                so_far.end = part.end;
                tasks.push(to);
                continue;
            }
        }
        let next = ends.map(|ends| (part, ends.to_vec()));
        if let Some((part, tasks)) = std::mem::replace(&mut chain, next) {
            edits.replace(part, source.scalar(&tasks.join(" -> ")));
        }
    }
    if let Some((part, tasks)) = chain {
        edits.replace(part, source.scalar(&tasks.join(" -> ")));
    }
}

/// The tasks of a transition with no other keys.
fn ends<'n>(node: &'n Node<'_>) -> Option<[&'n str; 2]> {
    let end = |key| node.get(key).and_then(Node::text);
    (node.entries().len() == 2).then_some([end("from")?, end("to")?])
}

/// Actors whose SPIFFE ID is that of their name in the namespace.
fn actors(document: &Node<'_>, source: &Source<'_>, edits: &mut Edits<'_, '_>) {
    let domain = document.get("trust_domain").and_then(Node::text).and_then(|text| TrustDomain::try_from(text).ok());
    let (Some(domain), Some(all)) = (domain, entry(document, "actors")) else { return };
    let given = document.get("namespace").and_then(Node::text);
    let own: Vec<Option<String>> =
        all.value.entries().iter().map(|actor| own_namespace(actor, &domain, source)).collect();
    let Some(namespace) = given.or_else(|| most_frequent(&own)) else { return };
    let is_own = |at: usize| own.get(at).is_some_and(|own| own.as_deref() == Some(namespace));
    let entries = || all.value.entries().iter().enumerate();
    let is_empty = |(at, actor): (usize, &Entry<'_>)| match actor.value.entries().len() {
        0 => true,
        1 => is_own(at),
        _ => false,
    };
    let added = given.is_none();
    if entries().next().is_some() && entries().all(is_empty) && replaceable(all, source).is_some() {
        edits.replace_value(all, &list(all, source));
    } else {
        for (_, actor) in entries().filter(|(at, _)| is_own(*at)) {
            match removable(&actor.value, "spiffe", source) {
                Some(part) => edits.replace(part, String::new()),
                None => edits.replace_value(actor, "{}"),
            }
        }
    }
    if added {
        add_namespace(document, namespace, source, edits);
    }
}

/// The namespace without which and without `spiffe` the actor would be the same, if `spiffe` can be removed.
fn own_namespace(actor: &Entry<'_>, domain: &TrustDomain, source: &Source<'_>) -> Option<String> {
    let [only] = actor.value.get("spiffe")?.items() else { return None };
    let id = spiffe_id(only.text()?, Some(domain)).ok()?;
    let path = id.as_str().strip_prefix("spiffe://")?.strip_prefix(domain.as_str())?;
    let account = path.strip_prefix("/ns/")?.strip_suffix(&*actor.key)?;
    let namespace = account.strip_suffix("/sa/")?;
    let is_removable = match actor.value.entries() {
        [_] => replaceable(actor, source).is_some(),
        _ => removable(&actor.value, "spiffe", source).is_some(),
    };
    (crate::schema::is_namespace(namespace) && is_removable).then(|| namespace.to_owned())
}

/// The namespace of most actors, of at least two.
fn most_frequent(all: &[Option<String>]) -> Option<&str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    all.iter().flatten().for_each(|one| *counts.entry(one).or_default() = count(all, one));
    let most = counts.values().copied().max().filter(|most| *most > 1)?;
    all.iter().flatten().map(String::as_str).find(|one| counts.get(one) == Some(&most))
}

fn count(all: &[Option<String>], namespace: &str) -> usize {
    all.iter().flatten().filter(|one| *one == namespace).count()
}

/// The names of the actors as a list, in several lines if one would be too long.
fn list(all: &Entry<'_>, source: &Source<'_>) -> String {
    let names: Vec<&str> = all.value.entries().iter().map(|actor| source.at(range(actor.key_span))).collect();
    let line = format!("[{}]", names.join(", "));
    if line.len() <= MAX_LINE {
        return line;
    }
    let new_line = format!("{}  ", source.new_line(range(all.key_span).start));
    let lines: Vec<String> = names.iter().map(|name| format!("{new_line}{name}")).collect();
    format!("[{}{}]", lines.join(","), source.new_line(range(all.key_span).start))
}
