//! Actors: the workloads that perform tasks.

use std::borrow::Cow;
use std::sync::Arc;

use super::Domain;
use crate::name::ActorName;
use crate::open_id::OpenId;
use crate::sorted::SortedMap;
use crate::spiffe::SpiffeId;

/// A fact about an actor that guards may read.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
}

/// One or more workloads that perform tasks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Actor {
    /// Its name in the document.
    pub name: ActorName,
    /// The trust domain of the workflow.
    pub(crate) domain: Arc<Domain>,
    /// The workloads that may act for it, by their canonical IDs. A workload may be of several actors.
    pub spiffe: Vec<SpiffeId>,
    /// Facts for guards.
    pub attributes: SortedMap<String, Attribute>,
    /// The workloads whose IDs fit an open segment, too. No ID fits an open segment of one actor and is of another.
    pub open: Vec<OpenId>,
    /// Its SPIFFE IDs; for each open segment also two that fit, as examples for people and tests.
    pub examples: Vec<SpiffeId>,
    /// The facts about single workloads as this actor, by SPIFFE ID; [`Actor::attribute`] reads them.
    pub own: SortedMap<SpiffeId, SortedMap<String, Attribute>>,
    /// The facts about the workloads of an open segment.
    pub own_open: SortedMap<OpenId, SortedMap<String, Attribute>>,
    /// The authorities by which others call it.
    pub hosts: Vec<String>,
}

impl Actor {
    /// Whether the workload `id` may act for this actor.
    pub fn includes(&self, id: &SpiffeId) -> bool {
        let id = self.domain.canonical(id);
        self.spiffe.contains(&*id) || self.open.iter().any(|open| open.matches(&id))
    }

    /// Whether only an open segment makes the workload `id` this actor.
    pub fn is_open_to(&self, id: &SpiffeId) -> bool {
        self.open_segment(&self.domain.canonical(id)).is_some()
    }

    /// The open segment that makes the workload this actor; none if its ID is listed.
    fn open_segment(&self, canonical: &SpiffeId) -> Option<&OpenId> {
        self.open.iter().find(|open| open.matches(canonical)).filter(|_| !self.spiffe.contains(canonical))
    }

    /// The name under which the starts of the workload `id` are counted. All workloads of one open segment are one: their
    /// number has no bound.
    pub fn starter(&self, id: &SpiffeId) -> String {
        let id = self.domain.canonical(id);
        self.open_segment(&id).map_or_else(|| id.to_string(), ToString::to_string)
    }

    /// Whether some workload may act for both.
    pub fn shares(&self, other: &Self) -> bool {
        let covered = |one: &Self, other: &Self| one.ids().any(|id| other.includes(&id));
        // An alias may make one of two trust domains.
        let aliases = self.domain.aliases().chain(other.domain.aliases()).next().is_some();
        let both = |one: &OpenId, theirs: &OpenId| {
            one.overlaps_in_path(theirs) && (aliases || one.trust_domain() == theirs.trust_domain())
        };
        covered(self, other)
            || covered(other, self)
            || self.open.iter().any(|one| other.open.iter().any(|theirs| both(one, theirs)))
    }

    /// Its SPIFFE IDs under all names of the trust domain.
    pub fn ids(&self) -> impl Iterator<Item = Cow<'_, SpiffeId>> {
        self.spiffe.iter().flat_map(|id| self.domain.ids(id))
    }

    /// The attribute `name` of the workload `id` as this actor: its own, else the actor's.
    pub fn attribute(&self, id: &SpiffeId, name: &str) -> Option<&Attribute> {
        let id = self.domain.canonical(id);
        let open = || self.own_open.iter().find(|(open, _)| open.matches(&id)).map(|(_, attributes)| attributes);
        let own = self.own.get(&*id).or_else(open).and_then(|attributes| attributes.get(name));
        own.or_else(|| self.attributes.get(name))
    }
}
