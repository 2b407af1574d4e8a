//! What the decision says of a request.

use stepgate_config::name::{TaskName, WorkflowName};
use stepgate_config::spiffe::SpiffeId;

use crate::denial::{Code, Denial};
use crate::permit::{PassThrough, Permit};
use crate::request::Request;

/// Longest path that an audit context keeps, in bytes.
const MAX_AUDIT_PATH: usize = 256;

/// The decision on one request. Only [`crate::inbound`] makes one, and only its permits and passes
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

/// A refusal: why, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    denial: Denial,
    audit: AuditContext,
}

impl Denied {
    pub(crate) fn new(denial: Denial, audit: AuditContext) -> Self {
        Self { denial, audit }
    }

    /// The code that the caller is given.
    pub fn code(&self) -> Code {
        self.denial.code()
    }

    /// Why.
    pub fn denial(&self) -> &Denial {
        &self.denial
    }

    /// Of what.
    pub fn audit(&self) -> &AuditContext {
        &self.audit
    }
}

/// What is known of a request, for the log and the audit. Instance and step are there only once a
/// signature has proved them; at level `identity` the step is what the peer says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AuditContext {
    /// The request's method.
    pub method: String,
    /// The request's path without its query, cut after 256 bytes.
    pub path: String,
    /// The peer.
    pub peer: Option<SpiffeId>,
    /// The workflow and its revision.
    pub workflow: Option<(WorkflowName, u32)>,
    /// The instance.
    pub instance: Option<String>,
    /// The step that it had reached.
    pub at: Option<TaskName>,
    /// The transition, `FROM -> TO`.
    pub transition: Option<String>,
}

impl AuditContext {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        Self::begun(request.method, request.target)
    }

    /// An audit context that has come no further than the request's own line; `target` is the path, query and all.
    pub fn begun(method: &str, target: &str) -> Self {
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        Self {
            method: method.chars().take(32).collect(),
            path: path.char_indices().take_while(|(at, _)| *at < MAX_AUDIT_PATH).map(|(_, c)| c).collect(),
            ..Self::default()
        }
    }
}
