//! The decision on a request.

pub use crate::audit::AuditContext;
use crate::denial::{Code, Denial};
use crate::permit::{PassThrough, Permit};

/// The decision on one request. Only [`crate::inbound`] makes one, and only its permits and pass-throughs
/// can change headers.
#[must_use]
#[derive(Debug)]
pub enum Verdict {
    /// The request is a transition of its workflow.
    Permitted(Permit),
    /// The request belongs to no workflow and is exempt.
    Exempt(PassThrough),
    /// The request would be refused, but the gate only observes.
    Observed(Denied, PassThrough),
    /// The request is refused.
    Denied(Denied),
}

/// A denial with the request that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    denial: Denial,
    audit: AuditContext,
}

impl Denied {
    pub(crate) fn new(denial: Denial, audit: AuditContext) -> Self {
        Self { denial, audit }
    }

    /// The code that the caller gets.
    pub fn code(&self) -> Code {
        self.denial.code()
    }

    /// The reason.
    pub fn denial(&self) -> &Denial {
        &self.denial
    }

    /// The request.
    pub fn audit(&self) -> &AuditContext {
        &self.audit
    }
}
