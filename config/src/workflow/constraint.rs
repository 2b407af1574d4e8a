//! Constraints between the performers of tasks.

use std::fmt;

use crate::name::TaskName;

/// The relation of performers that a constraint requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// No SPIFFE ID performs two of the tasks in one instance (separation of duty).
    Separate,
    /// One SPIFFE ID performs all of the tasks in one instance (binding of duty).
    Bind,
}

/// A constraint on the performers of two or more tasks of one workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Constraint {
    /// The required relation.
    pub relation: Relation,
    /// The tasks, in the order of the document.
    pub tasks: Vec<TaskName>,
}

impl Relation {
    /// The word for it in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Separate => "separate",
            Self::Bind => "bind",
        }
    }
}

impl fmt::Display for Constraint {
    /// `` `separate: [a, b]` ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks: Vec<&str> = self.tasks.iter().map(TaskName::as_str).collect();
        write!(f, "`{}: [{}]`", self.relation.as_str(), tasks.join(", "))
    }
}
