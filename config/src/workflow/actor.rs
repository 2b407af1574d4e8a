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
    /// The workloads that may act for it. No two actors of a workflow share one.
    pub spiffe: Vec<SpiffeId>,
    /// Facts for guards.
    pub attributes: BTreeMap<String, Attribute>,
    /// The authorities by which others call it.
    pub hosts: Vec<String>,
}

impl Actor {
    /// Whether the workload `id` may act for this actor.
    pub fn includes(&self, id: &SpiffeId) -> bool {
        self.spiffe.contains(id)
    }
}
