//! Step tokens: compact JWS (RFC 7515) with typed claims, and who may sign them.

mod claims;
mod compact;
mod jws;
mod mint;
mod object;
mod verify;

pub(crate) use claims::start_name;
pub use claims::{Claims, Forks, MAX_PARENTS, Performers, StepClaim, TOKEN_VERSION, TokenType, Visits};
pub use compact::{Compact, MAX_TOKEN};
pub use jws::Jws;
pub(crate) use mint::for_library;
pub use mint::unsigned;
pub use verify::{Verified, verify};
