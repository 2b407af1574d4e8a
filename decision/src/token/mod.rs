//! Step tokens: compact JWS (RFC 7515) with typed claims, read strictly, verified and minted.

mod claims;
mod compact;
mod mint;
mod object;
mod unverified;
mod verify;

pub(crate) use claims::start_jti;
pub use claims::{Claims, Forks, MAX_PARENTS, Performers, StepClaim, TOKEN_VERSION, TokenType, Visits};
pub(crate) use compact::MAX_HEADER;
pub use compact::{Compact, MAX_TOKEN};
pub(crate) use mint::for_library;
pub use mint::unsigned;
pub use unverified::UnverifiedToken;
pub use verify::{VerifiedToken, verify};
