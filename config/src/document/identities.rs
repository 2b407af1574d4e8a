//! The SPIFFE IDs of an actor, and the attributes of single ones.

use super::{ActorDraft, Context};
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::open_id::OpenId;
use crate::proposal;
use crate::report::{Report, quote};
use crate::schema::{Fields, spiffe_id};
use crate::sorted::SortedMap;
use crate::spiffe::{SpiffeId, TrustDomain};
use crate::syntax::{Kind, Node};
use crate::workflow::Attribute;

/// Reads the IDs of the actor, whose fields these are, into its draft.
pub(super) fn read(
    of: Fields<'_, '_>,
    domain: Option<&TrustDomain>,
    actor: &mut ActorDraft,
    context: &mut Context<'_>,
) {
    let mut seen: SortedMap<SpiffeId, Span> = SortedMap::new();
    let mut again = Vec::new();
    for node in of.items("spiffe") {
        let with = of.inner("spiffe", node);
        let text = with.map_or(node.text().map(|text| (text, node.span)), |with| with.text_and_span("id"));
        let Some((text, span)) = text else { continue };
        let own = with.map(attributes).unwrap_or_default();
        if text.contains('{') {
            let Ok(open) = OpenId::parse(text, domain) else { continue };
            if let Some((_, first)) = actor.open.iter().find(|(other, _)| other.overlaps(&open)) {
                let message = words!("two open segments of {} cover one ID", quote(actor.name.as_str()));
                let twice = Diagnostic::new(Code::Duplicate, span, message).label("this one").also(*first, "the other");
                context.report.push(twice.help("remove one of them, or let them differ in a further segment"));
                continue;
            }
            if !own.is_empty() {
                actor.own_open.insert(open.clone(), own);
            }
            actor.open.push((open, span));
            continue;
        }
        let Ok(id) = spiffe_id(text, domain) else { continue };
        if let Some(first) = seen.get(&id) {
            again.push((id, span, *first, own));
            continue;
        }
        seen.insert(id.clone(), span);
        if !own.is_empty() {
            actor.own.insert(id.clone(), own);
        }
        actor.spiffe.push((id, span));
    }
    for (id, span, first, own) in again {
        twice(actor, &id, (span, first), own, &mut context.report);
    }
}

/// An ID that the actor has twice. Of two IDs with attributes, only the author knows which is meant.
fn twice(
    actor: &mut ActorDraft,
    id: &SpiffeId,
    (span, first): (Span, Span),
    own: SortedMap<String, Attribute>,
    report: &mut Report,
) {
    let message = words!("the SPIFFE ID {} of {} appears twice", quote(id.as_str()), quote(actor.name.as_str()));
    let again = Diagnostic::new(Code::Duplicate, span, message).label("again here").also(first, "first here");
    let differ = !own.is_empty() && actor.own.get(id).is_some_and(|other| *other != own);
    if !own.is_empty() && !differ {
        actor.own.insert(id.clone(), own);
    }
    let example = (PEOPLE && !differ).then(|| {
        let open = actor.open.iter().map(|(open, _)| proposal::open(actor, open, &open.to_string()));
        let all: Vec<String> = actor.spiffe.iter().map(|(id, _)| proposal::id(actor, id)).chain(open).collect();
        words!("actors:\n  {}: {{spiffe: [{}]}}", proposal::scalar(actor.name.as_str()), all.join(", "))
    });
    let help = if differ { "remove one: they have different attributes" } else { "remove one" };
    report.push(again.help(help).maybe_example(example));
}

/// The attributes of an actor, or of one of its IDs.
pub(super) fn attributes(of: Fields<'_, '_>) -> SortedMap<String, Attribute> {
    let entries = of.entries("attributes").iter();
    entries.filter_map(|entry| Some((entry.key.clone().into_owned(), attribute(&entry.value)?))).collect()
}

fn attribute(node: &Node<'_>) -> Option<Attribute> {
    match &node.kind {
        Kind::Bool(value) => Some(Attribute::Bool(*value)),
        Kind::Int(value) => Some(Attribute::Int(*value)),
        Kind::Float(value) => Some(Attribute::Float(*value)),
        Kind::Text(value) => Some(Attribute::Text(value.clone().into_owned())),
        Kind::Null | Kind::List(_) | Kind::Map(_) | Kind::Broken => None,
    }
}
