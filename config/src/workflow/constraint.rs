//! Constraints between the performers of tasks.

use crate::name::TaskName;

/// What must hold between performers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// No SPIFFE ID performs two of them in one instance (separation of duty).
    Separate,
    /// One SPIFFE ID performs them all in one instance (binding of duty).
    Bind,
}

/// A constraint: two or more tasks of one workflow and what holds between their performers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Constraint {
    /// What must hold.
    pub relation: Relation,
    /// Between whom.
    pub tasks: Vec<TaskName>,
}
