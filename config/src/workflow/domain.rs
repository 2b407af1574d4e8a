//! The trust domain of a workflow, under all its names.

use std::borrow::Cow;

use crate::open_id::OpenId;
use crate::sorted::SortedSet;
use crate::spiffe::{SpiffeId, TrustDomain};

/// A trust domain, and the names that it also has while it is being renamed. They hold for one document only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Domain {
    name: TrustDomain,
    aliases: SortedSet<TrustDomain>,
}

impl Domain {
    pub(crate) fn new(name: TrustDomain, aliases: SortedSet<TrustDomain>) -> Self {
        Self { name, aliases }
    }

    /// Its other names.
    pub fn aliases(&self) -> impl Iterator<Item = &TrustDomain> {
        self.aliases.iter()
    }

    /// The canonical ID: with the trust domain's own name in place of an alias. Only canonical IDs are compared.
    pub fn canonical<'i>(&self, id: &'i SpiffeId) -> Cow<'i, SpiffeId> {
        let is_alias = self.aliases.iter().any(|alias| alias.as_str() == id.trust_domain());
        // An ID that would be too long is none of the document's.
        let renamed = is_alias.then(|| SpiffeId::within(&self.name, id.path()).ok()).flatten();
        renamed.map_or(Cow::Borrowed(id), Cow::Owned)
    }

    /// Whether both are IDs of one workload.
    pub fn is_same(&self, one: &SpiffeId, other: &SpiffeId) -> bool {
        one == other || self.canonical(one) == self.canonical(other)
    }

    /// Most bytes of an ID that fits the open segment, under each name of the trust domain.
    pub(crate) fn longest(&self, open: &OpenId) -> impl Iterator<Item = usize> {
        let own = open.longest();
        let domain = open.trust_domain().len();
        let renamed = self.aliases.iter().filter(|_| open.trust_domain() == self.name.as_str());
        let renamed = renamed.map(move |alias| own.saturating_sub(domain).saturating_add(alias.as_str().len()));
        std::iter::once(own).chain(renamed)
    }

    /// A canonical ID under all names of its trust domain, itself first.
    pub(crate) fn ids<'d>(&'d self, id: &'d SpiffeId) -> impl Iterator<Item = Cow<'d, SpiffeId>> {
        let aliases = self.aliases.iter().filter(|_| id.trust_domain() == self.name.as_str());
        let renamed = aliases.filter_map(|alias| SpiffeId::within(alias, id.path()).ok());
        std::iter::once(Cow::Borrowed(id)).chain(renamed.map(Cow::Owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> SpiffeId {
        SpiffeId::try_from(text.as_bytes()).unwrap()
    }

    #[test]
    fn only_an_alias_is_replaced_and_only_once() {
        let domain = |name: &str| TrustDomain::try_from(name).unwrap();
        let of = Domain::new(domain("new"), [domain("old"), domain("older")].into());
        for (given, canonical) in [
            ("spiffe://old/ns/a/sa/b", "spiffe://new/ns/a/sa/b"),
            ("spiffe://older/ns/a/sa/b", "spiffe://new/ns/a/sa/b"),
            ("spiffe://new/ns/a/sa/b", "spiffe://new/ns/a/sa/b"),
            ("spiffe://oldest/ns/a/sa/b", "spiffe://oldest/ns/a/sa/b"),
            ("spiffe://ol/d/ns/a/sa/b", "spiffe://ol/d/ns/a/sa/b"),
        ] {
            assert_eq!(of.canonical(&id(given)).as_str(), canonical);
        }
        assert!(of.is_same(&id("spiffe://old/x"), &id("spiffe://older/x")));
        assert!(!of.is_same(&id("spiffe://old/x"), &id("spiffe://old/y")));
        let long = id(&format!("spiffe://old/{}", "x".repeat(crate::spiffe::MAX_SPIFFE_ID - "spiffe://old/".len())));
        assert_eq!(*Domain::new(domain("longer"), [domain("old")].into()).canonical(&long), long);
        let given = id("spiffe://new/x");
        let names: Vec<String> = of.ids(&given).map(|id| id.to_string()).collect();
        assert_eq!(names, ["spiffe://new/x", "spiffe://old/x", "spiffe://older/x"]);
        assert_eq!(of.ids(&id("spiffe://other/x")).count(), 1);
    }
}
