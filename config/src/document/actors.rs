//! The actors of a document.

use super::{ActorDraft, Context, Draft, identities};
use crate::name::ActorName;
use crate::schema::Fields;
use crate::sorted::SortedMap;
use crate::syntax::Node;

pub(super) fn read(fields: Fields<'_, '_>, draft: &mut Draft, context: &mut Context<'_>) {
    for entry in fields.entries("actors") {
        let (Ok(name), Some(of)) = (ActorName::try_from(&*entry.key), fields.inner("actors", &entry.value)) else {
            draft.complete = false;
            continue;
        };
        let mut actor = ActorDraft {
            name,
            span: entry.key_span,
            spiffe: Vec::new(),
            open: Vec::new(),
            attributes: identities::attributes(of),
            own: SortedMap::new(),
            own_open: SortedMap::new(),
            hosts: of.items("hosts").iter().filter_map(Node::text).map(str::to_owned).collect(),
        };
        identities::read(of, draft.trust_domain.as_ref(), &mut actor, context);
        draft.actors.push(actor);
    }
}
