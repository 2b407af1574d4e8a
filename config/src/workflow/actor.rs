//! Actors: the workloads that perform tasks.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Domain;
use crate::name::ActorName;
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
    pub attributes: BTreeMap<String, Attribute>,
    /// The facts about single workloads as this actor, by SPIFFE ID; [`Actor::attribute`] reads them.
    pub own: BTreeMap<SpiffeId, BTreeMap<String, Attribute>>,
    /// The authorities by which others call it.
    pub hosts: Vec<String>,
}

impl Actor {
    /// Whether the workload `id` may act for this actor.
    pub fn includes(&self, id: &SpiffeId) -> bool {
        self.spiffe.contains(&*self.domain.canonical(id))
    }

    /// Its SPIFFE IDs under all names of the trust domain.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, SpiffeId>> {
        self.spiffe.iter().flat_map(|id| self.domain.names(id))
    }

    /// The attribute `name` of the workload `id` as this actor: its own, else the actor's.
    pub fn attribute(&self, id: &SpiffeId, name: &str) -> Option<&Attribute> {
        let own = self.own.get(&*self.domain.canonical(id)).and_then(|attributes| attributes.get(name));
        own.or_else(|| self.attributes.get(name))
    }
}
