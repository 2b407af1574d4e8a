//! What may be done to a request that goes on.

use std::fmt;

use stepgate_config::gate::Carrier;

use crate::denial::Denial;
use crate::facts::{Facts, Header};
use crate::gate::Gate;
use crate::step::{BAGGAGE, rewritten_baggage};
use crate::unsafe_headers::{FOR_APPLICATIONS, FOR_ROUTERS};
use crate::verdict::AuditContext;

/// The header that proves to the mesh's own policy that a gate has let a request through.
pub const INTERLOCK_HEADER: &str = "x-stepgate-permit";

/// The headers of a request or response, as a proxy lets them be changed.
pub trait HeaderMap {
    /// Removes every line of a header.
    ///
    /// # Errors
    /// Where the proxy refuses.
    fn remove(&mut self, name: &str) -> Result<(), &'static str>;

    /// Sets a header to one value, whatever it was.
    ///
    /// # Errors
    /// Where the proxy refuses.
    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str>;
}

/// The tokens that a permit brings.
pub(crate) struct Grant {
    pub(crate) step: String,
    pub(crate) start: Option<String>,
    pub(crate) receipt: Option<String>,
}

/// Proof that a request is a transition of its workflow.
#[must_use]
pub struct Permit {
    pass: PassThrough,
    step: (String, String),
    reply: Reply,
    audit: AuditContext,
}

impl Permit {
    pub(crate) fn new(gate: &Gate, facts: &Facts<'_>, grant: Grant, audit: AuditContext) -> Self {
        let step = match gate.config.carrier {
            Carrier::Header => (gate.config.header.clone(), grant.step),
            Carrier::Baggage => {
                let baggage = rewritten_baggage(facts.headers, &[&grant.step]).unwrap_or_default();
                (BAGGAGE.to_owned(), baggage)
            }
        };
        let reply = Reply {
            start: grant.start.map(|token| (gate.start_header.clone(), token)),
            receipt: grant.receipt.map(|token| (gate.config.header.clone(), token)),
        };
        Self { pass: PassThrough::new(gate, facts), step, reply, audit }
    }

    /// Changes the request: every carrier of steps is cleaned, the new step and the interlock are set.
    ///
    /// # Errors
    /// [`Denial::Internal`] where the proxy refuses; the request must then not go on.
    pub fn apply(self, request: &mut impl HeaderMap) -> Result<Reply, Denial> {
        self.pass.apply(request)?;
        let (name, value) = &self.step;
        request.set(name, value).map_err(Denial::Internal)?;
        Ok(self.reply)
    }

    /// What was permitted.
    pub fn audit(&self) -> &AuditContext {
        &self.audit
    }

    /// The step that the application will see.
    pub fn step(&self) -> &str {
        &self.step.1
    }

    /// What the response will bring.
    pub fn reply(&self) -> &Reply {
        &self.reply
    }
}

impl fmt::Debug for Permit {
    /// Without tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({:?})", self.audit)
    }
}

/// Leave to go on without a step: for what is exempt, and for what is only observed.
#[must_use]
pub struct PassThrough {
    edits: Edits,
    interlock: Option<String>,
}

impl PassThrough {
    /// For what goes on because it may: it stays the request that was decided on.
    pub(crate) fn new(gate: &Gate, facts: &Facts<'_>) -> Self {
        let mut pass = Self::watched(gate, facts);
        pass.edits.remove_all(&FOR_APPLICATIONS, facts.headers);
        pass.edits.remove_all(&FOR_ROUTERS, facts.headers);
        pass
    }

    /// For what goes on though it may not, because the gate only watches.
    pub(crate) fn watched(gate: &Gate, facts: &Facts<'_>) -> Self {
        Self { edits: Edits::of(gate, facts.headers), interlock: gate.interlock.first().cloned() }
    }

    /// Changes the request: every carrier of steps is cleaned, the interlock is set.
    ///
    /// # Errors
    /// [`Denial::Internal`] where the proxy refuses; the request must then not go on.
    pub fn apply(self, request: &mut impl HeaderMap) -> Result<(), Denial> {
        self.edits.apply(request)?;
        match &self.interlock {
            Some(secret) => request.set(INTERLOCK_HEADER, secret).map_err(Denial::Internal),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for PassThrough {
    /// Without the interlock's secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassThrough")
    }
}

/// What the response to a permitted request brings its caller.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Reply {
    start: Option<(String, String)>,
    receipt: Option<(String, String)>,
}

impl Reply {
    /// The token with which an initiator takes further transitions of the instance it began.
    pub fn start(&self) -> Option<&str> {
        self.start.as_ref().map(|(_, token)| token.as_str())
    }

    /// The token with which a caller makes its next call, once the performer has answered well.
    pub fn receipt(&self) -> Option<&str> {
        self.receipt.as_ref().map(|(_, token)| token.as_str())
    }

    /// Sets the start token, if any.
    ///
    /// # Errors
    /// [`Denial::Internal`] where the proxy refuses.
    pub fn apply_start(&self, response: &mut impl HeaderMap) -> Result<(), Denial> {
        put(self.start.as_ref(), response)
    }

    /// Sets the receipt, if any. To be called only where the performer answered 2xx, for gRPC with status 0.
    ///
    /// # Errors
    /// [`Denial::Internal`] where the proxy refuses.
    pub fn apply_receipt(&self, response: &mut impl HeaderMap) -> Result<(), Denial> {
        put(self.receipt.as_ref(), response)
    }
}

impl fmt::Debug for Reply {
    /// Without tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply(start: {}, receipt: {})", self.start.is_some(), self.receipt.is_some())
    }
}

fn put(header: Option<&(String, String)>, map: &mut impl HeaderMap) -> Result<(), Denial> {
    match header {
        Some((name, token)) => map.set(name, token).map_err(Denial::Internal),
        None => Ok(()),
    }
}

/// The same of a request's trailers, which some servers read as headers: what its headers may not say of another
/// method or path, its trailers may not say either. To be called only of a request that goes on because it may.
///
/// # Errors
/// [`Denial::Internal`] where the proxy refuses.
pub fn scrub_request_trailers(gate: &Gate, present: &[Header], map: &mut impl HeaderMap) -> Result<(), Denial> {
    let mut edits = Edits::of(gate, present);
    edits.remove_all(&FOR_APPLICATIONS, present);
    edits.apply(map)
}

/// Removes every carrier of steps from headers or trailers of either direction, so that no token
/// rides in beside an honest request and none leaks out.
///
/// # Errors
/// [`Denial::Internal`] where the proxy refuses.
pub fn scrub(gate: &Gate, present: &[Header], map: &mut impl HeaderMap) -> Result<(), Denial> {
    Edits::of(gate, present).apply(map)
}

/// Some servers make one variable of `x_a` and `x-a`.
fn matches_ignoring_underscores(name: &str, own: &str) -> bool {
    let same = |(a, b): (u8, u8)| a.eq_ignore_ascii_case(&b) || (a == b'_' && b == b'-');
    name.len() == own.len() && name.bytes().zip(own.bytes()).all(same)
}

/// What must go from a set of headers. Only what is there is named: each removal is a call to the proxy.
struct Edits {
    remove: Vec<String>,
    baggage: Option<String>,
}

impl Edits {
    fn of(gate: &Gate, present: &[Header]) -> Self {
        let mut edits = Self { remove: Vec::new(), baggage: rewritten_baggage(present, &[]) };
        edits.remove_all(&[gate.config.header.as_str(), gate.start_header.as_str(), INTERLOCK_HEADER], present);
        edits
    }

    fn remove_all(&mut self, names: &[&str], present: &[Header]) {
        for (name, _) in present {
            if names.iter().any(|own| matches_ignoring_underscores(name, own)) && !self.remove.contains(name) {
                self.remove.push(name.clone());
            }
        }
    }

    fn apply(&self, map: &mut impl HeaderMap) -> Result<(), Denial> {
        for name in &self.remove {
            map.remove(name).map_err(Denial::Internal)?;
        }
        match self.baggage.as_deref() {
            None => Ok(()),
            Some("") => map.remove(BAGGAGE).map_err(Denial::Internal),
            Some(kept) => map.set(BAGGAGE, kept).map_err(Denial::Internal),
        }
    }
}
