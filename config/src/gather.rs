//! Maps and sets, gathered without a sort.
//!
//! `collect` sorts before it builds a map or a set, and the compiled module would have a copy of the sort for each type of
//! entry: a tenth of its code.

/// Gathers items.
pub trait Gather: Iterator + Sized {
    /// The items as a map or a set. Of two with the same key the later one counts.
    fn gather<C: Default + Extend<Self::Item>>(self) -> C {
        let mut gathered = C::default();
        gathered.extend(self);
        gathered
    }
}

impl<I: Iterator> Gather for I {}
