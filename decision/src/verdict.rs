//! What the decision says of a request.

use stepgate_config::name::{TaskName, WorkflowName};
use stepgate_config::spiffe::SpiffeId;

use crate::denial::{Code, Denial};
use crate::permit::{Pass, Permit};
use crate::request::Request;

/// Longest path that a trail keeps, in bytes.
const MAX_TRAIL_PATH: usize = 256;

/// The decision on one request. Only [`crate::inbound`] makes one, and only its permits and passes
/// can change headers.
#[must_use]
#[derive(Debug)]
pub enum Verdict {
    /// The request is a transition of its workflow.
    Permitted(Permit),
    /// The request belongs to no workflow and is exempt.
    Exempt(Pass),
    /// The request would be refused, but the gate only observes.
    Observed(Refusal, Pass),
    /// The request is refused.
    Refused(Refusal),
}

/// A refusal: why, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    denial: Denial,
    trail: Trail,
}

impl Refusal {
    pub(crate) fn new(denial: Denial, trail: Trail) -> Self {
        Self { denial, trail }
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
    pub fn trail(&self) -> &Trail {
        &self.trail
    }
}

/// What is known of a request, for the log and the audit. Instance and step are there only once a
/// signature has proved them; at level `identity` the step is what the peer says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Trail {
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

impl Trail {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        Self::begun(request.method, request.target)
    }

    /// A trail that has come no further than the request's own line; `target` is the path, query and all.
    pub fn begun(method: &str, target: &str) -> Self {
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        Self {
            method: method.chars().take(32).collect(),
            path: path.char_indices().take_while(|(at, _)| *at < MAX_TRAIL_PATH).map(|(_, c)| c).collect(),
            ..Self::default()
        }
    }
}
