//! Compares the gates that run in a mesh with the gates that its workflows require. It reads the admin interfaces of
//! proxies and the debug interface of istiod, and changes nothing.
//!
//! [`examine`] reads each proxy (`proxy`, `istiod`: over `http`, into `config_dump` and `stats`), compares it with the
//! [`ExpectedState`] (`checks`), and puts the [`Finding`]s into a [`Report`].

mod checks;
mod config_dump;
mod examine;
mod expected;
mod finding;
mod http;
mod istiod;
mod proxy;
mod report;
mod stats;

pub use examine::{ExamineError, examine};
pub use expected::ExpectedState;
pub use finding::{Finding, Kind, UnknownKind};
pub use http::{Endpoint, EndpointError, HttpError};
pub use proxy::ProxyReport;
pub use report::{ExpectedWorkflow, Report};
