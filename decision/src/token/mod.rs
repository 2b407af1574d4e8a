//! Step tokens: compact JWS (RFC 7515) with typed claims, read strictly, verified and minted.

mod claims;
mod compact;
mod head;
mod mint;
mod object;
mod quick;
mod unverified;
mod verify;
mod write;

pub(crate) use claims::start_jti;
pub use claims::{Claims, Forks, MAX_PARENTS, Performers, StepClaim, TOKEN_VERSION, TokenType, Visits};
pub use compact::Compact;
pub(crate) use compact::MAX_HEADER;
pub(crate) use head::Heads;
pub(crate) use mint::for_library;
pub use mint::{signed, unsigned};
pub use unverified::UnverifiedToken;
pub use verify::{VerifiedToken, verify};
