//! Maps and sets in the order of their keys, small in a compiled module.
//!
//! The standard library compiles a B-tree for each type of entry: an eighth of the module's code. Here the entries lie in
//! the order in which they came, and the order of their keys is a list of numbers, whose code all types share.

mod map;
mod order;
mod set;

pub use map::{Entry, IntoIter, Iter, Keys, SortedMap, Values};
pub use set::SortedSet;
