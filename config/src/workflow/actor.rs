//! Actors: the workloads that perform tasks.

use std::collections::BTreeMap;

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
    /// The workloads that may act for it. A workload may be of several actors.
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
        self.spiffe.contains(id)
    }

    /// The attribute `name` of the workload `id` as this actor: its own, else the actor's.
    pub fn attribute(&self, id: &SpiffeId, name: &str) -> Option<&Attribute> {
        let own = self.own.get(id).and_then(|attributes| attributes.get(name));
        own.or_else(|| self.attributes.get(name))
    }
}
