//! The SPIFFE IDs of an actor, and the attributes of single ones.

use super::{ActorDraft, Context};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::open_id::OpenId;
use crate::report::quote;
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
            let message =
                words!("the SPIFFE ID {} of {} appears twice", quote(id.as_str()), quote(actor.name.as_str()));
            let again = Diagnostic::new(Code::Duplicate, span, message).label("again here").also(*first, "first here");
            let example = words!("actors:\n  {}: {{spiffe: [\"{id}\"]}}", actor.name.as_str());
            context.report.push(again.help("remove one").example(example));
            continue;
        }
        seen.insert(id.clone(), span);
        if !own.is_empty() {
            actor.own.insert(id.clone(), own);
        }
        actor.spiffe.push((id, span));
    }
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
