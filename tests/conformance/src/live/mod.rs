//! Shared parts of the tests with running Envoys: steps, answers, a foreign plugin.

mod answer;
mod load;
mod mint;
mod neighbour;
mod parcels;

pub use answer::Answer;
pub use load::{Load, Sent, Times, under_load};
pub use mint::{Mint, now};
pub use neighbour::neighbour;
pub use parcels::{PARCELS, Parcel, Replicas, begun, no_instance_notices};
