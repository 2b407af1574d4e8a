//! The aliases of the trust domain, which a gate's configuration gives beside a document.

use super::{Context, Draft};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::report::quote;
use crate::schema::Fields;
use crate::sorted::SortedSet;
use crate::spiffe::TrustDomain;

/// The aliases. One that is the trust domain of an ID of the document would make two workloads one.
pub(super) fn read(fields: Fields<'_, '_>, draft: &Draft, context: &mut Context<'_>) -> SortedSet<TrustDomain> {
    let mut aliases = SortedSet::new();
    // In a document alone the key is an error of its own.
    if !fields.has_key("trust_domain_aliases") {
        return aliases;
    }
    for node in fields.items("trust_domain_aliases") {
        let Some(alias) = node.text().and_then(|text| TrustDomain::try_from(text).ok()) else { continue };
        let ids = draft.actors.iter().flat_map(|actor| &actor.spiffe);
        let mut ids =
            ids.filter(|(id, _)| id.trust_domain() == alias.as_str()).map(|(id, span)| (id.to_string(), *span));
        let open = draft.actors.iter().flat_map(|actor| &actor.open);
        let mut open =
            open.filter(|(id, _)| id.trust_domain() == alias.as_str()).map(|(id, span)| (id.to_string(), *span));
        let id = ids.next().or_else(|| open.next());
        let own = draft.trust_domain.as_ref() == Some(&alias);
        if id.is_none() && !own {
            aliases.insert(alias);
            continue;
        }
        let message = words!("the alias {} is a trust domain of this workflow", quote(alias.as_str()));
        let error = Diagnostic::new(Code::BadValue, node.span, message);
        let error = match id.filter(|_| !own) {
            Some((id, span)) => error.label("an ID of the document has it").also(span, quote(&id)),
            None => error.label("this is `trust_domain`"),
        };
        context.report.push(error.help("an alias is another name of `trust_domain`, which no ID of the document has"));
    }
    aliases
}
