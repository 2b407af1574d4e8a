//! The decision of Stepgate: facts go in, a permit or a denial comes out.
//!
//! Pure: no clock, no randomness, no log, no call to a proxy. Time and randomness are facts,
//! signatures go through [`keys::Crypto`], and what was taken is remembered by a [`replay_record::Store`].
//!
//! [`inbound`] is where to begin reading.

mod facts;
mod gate;
mod guard;
mod inbound;
mod path;
mod request;
mod step;
mod time;
mod unsafe_headers;

pub mod denial;
pub mod keys;
pub mod permit;
pub mod replay_record;
pub mod synthetic;
pub mod token;
pub mod verdict;

pub use denial::{Code, Denial};
pub use facts::{Facts, Header, Listener, MAX_HEADERS, Randomness};
pub use gate::{Gate, GateError};
pub use inbound::inbound;
pub use path::CanonicalPath;
pub use time::UnixTime;
pub use verdict::Verdict;
