//! What is known of the values that a guard reads, before a request comes.

use super::{Entry, Scalar, Variable};

/// A value that a request brings.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Leaf<'c> {
    /// A variable.
    Variable(Variable),
    /// An entry of a table.
    Entry(Entry, &'c str),
}

/// A value that a request may bring; none: it is absent.
pub(crate) type Possible = Option<Scalar<'static>>;

/// What is known of the values of requests beforehand.
pub(crate) trait Known {
    /// All values that it can have, where these are known.
    fn values(&self, leaf: Leaf<'_>) -> Option<Vec<Possible>>;
    /// Whether it may be this text, where its values are not known.
    fn may_be(&self, leaf: Leaf<'_>, text: &str) -> bool;
    /// Whether it begins with this text, where that is the same on every request.
    fn begins(&self, leaf: Leaf<'_>, text: &str) -> Option<bool>;
}

/// Nothing is known.
pub(crate) struct Nothing;

impl Known for Nothing {
    fn values(&self, _: Leaf<'_>) -> Option<Vec<Possible>> {
        None
    }

    fn may_be(&self, _: Leaf<'_>, _: &str) -> bool {
        true
    }

    fn begins(&self, _: Leaf<'_>, _: &str) -> Option<bool> {
        None
    }
}
