//! What the tests of running Envoys share: steps, answers, a plugin that is not ours.

mod answer;
mod load;
mod mint;
mod neighbour;

pub use answer::Answer;
pub use load::{Load, Sent, Times, under_load};
pub use mint::{Mint, now};
pub use neighbour::neighbour;
