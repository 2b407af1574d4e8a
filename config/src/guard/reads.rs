//! The parts of a request that a guard reads.

use crate::sorted::SortedSet;

/// The parts of a request that a guard reads, found when the guard is checked. A gate reads exactly these, strictly, before
/// it evaluates the guard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reads {
    /// The headers, lower case, for their value or their presence.
    pub headers: SortedSet<String>,
    /// The parameters of the query, for their value or their presence.
    pub parameters: SortedSet<String>,
    /// Whether it reads `request.method`.
    pub method: bool,
    /// Whether it reads `request.path`.
    pub path: bool,
    /// Whether it reads `request.host`.
    pub host: bool,
    /// Whether it reads `instance`, which level `identity` does not have.
    pub instance: bool,
    /// The functions that it calls, each with the type of its first argument.
    pub calls: SortedSet<(&'static str, &'static str)>,
}

impl Reads {
    /// Whether it reads any part of `request`.
    pub fn any_of_request(&self) -> bool {
        !self.headers.is_empty() || !self.parameters.is_empty() || self.method || self.path || self.host
    }
}
