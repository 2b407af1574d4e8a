//! The actors of a document.

use std::collections::BTreeMap;

use super::{ActorDraft, Context, Draft};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::gather::Gather as _;
use crate::name::ActorName;
use crate::report::quote;
use crate::schema::{Fields, spiffe_id};
use crate::spiffe::SpiffeId;
use crate::syntax::{Kind, Node};
use crate::workflow::Attribute;

pub(super) fn read(fields: Fields<'_, '_>, draft: &mut Draft, context: &mut Context<'_>) {
    let mut owners: BTreeMap<SpiffeId, (String, Span)> = BTreeMap::new();
    for entry in fields.entries("actors") {
        let (Ok(name), Some(of)) = (ActorName::try_from(&*entry.key), fields.inner("actors", &entry.value)) else {
            draft.complete = false;
            continue;
        };
        let mut spiffe = Vec::new();
        for node in of.items("spiffe") {
            let Some(id) = node.text().and_then(|text| spiffe_id(text, draft.trust_domain.as_ref()).ok()) else {
                continue;
            };
            match owners.get(&id) {
                // A peer with this ID could be either actor.
                Some((owner, first)) => context.report.push(
                    Diagnostic::new(
                        Code::Duplicate,
                        node.span,
                        words!("the SPIFFE ID {} appears twice", quote(id.as_str())),
                    )
                    .label("again here")
                    .also(*first, words!("first here, for {}", quote(owner)))
                    .help("remove one: a workload acts for one actor only, which may perform many tasks")
                    .example(words!(
                        "actors:\n  {owner}: {{spiffe: [\"{id}\"]}}\ntasks:\n  one: {{actor: {owner}}}\n  two: {{actor: {owner}}}"
                    )),
                ),
                None => {
                    owners.insert(id.clone(), (entry.key.clone().into_owned(), node.span));
                    spiffe.push((id, node.span));
                }
            }
        }
        let attributes = of
            .entries("attributes")
            .iter()
            .filter_map(|entry| Some((entry.key.clone().into_owned(), attribute(&entry.value)?)));
        draft.actors.push(ActorDraft {
            name,
            span: entry.key_span,
            spiffe,
            attributes: attributes.gather(),
            hosts: of.items("hosts").iter().filter_map(Node::text).map(str::to_owned).collect(),
        });
    }
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
