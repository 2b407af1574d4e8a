//! The changes to a request that goes on, and to its response.

use std::fmt;

use stepgate_config::gate::Carrier;
use stepgate_config::workflow::sends_back;

use crate::audit::AuditContext;
use crate::baggage::{self, BAGGAGE};
use crate::denial::Denial;
use crate::edits::Edits;
pub use crate::edits::{HeaderMap, INTERLOCK_HEADER};
use crate::facts::{Header, same_variable};
use crate::gate::Gate;
use crate::outbound::Onward;
use crate::replay_record::{Entry, Store, give_back};
use crate::time::UnixTime;
use crate::unsafe_headers::{FOR_APPLICATIONS, FOR_ROUTERS, is_for_envoy};

/// The steps that a permit brings, minted, and the use of the transition that it has consumed.
#[derive(Default)]
pub(crate) struct Minted {
    pub(crate) step: String,
    /// The receipts that go on beside a departure.
    pub(crate) beside: Vec<String>,
    pub(crate) start: Option<String>,
    pub(crate) receipt: Option<String>,
    /// None at level `identity`, which has no replay record.
    pub(crate) consumed: Option<Entry>,
}

/// With 0, Envoy makes a request once, whatever its route says of retries.
const MAX_RETRIES: &str = "x-envoy-max-retries";

/// Proof that a request is a transition of its workflow.
#[must_use]
pub struct Permit {
    pass: PassThrough,
    /// The header that carries the new step; none for a request that keeps its own.
    header: Option<(String, String)>,
    /// Whether the proxy may make the request only once.
    once: bool,
    step: String,
    reply: Reply,
    audit: AuditContext,
}

impl Permit {
    pub(crate) fn new(gate: &Gate, headers: &[Header], minted: Minted, audit: AuditContext) -> Self {
        Self::minted(gate, headers, PassThrough::permitted(gate, headers), minted, audit)
    }

    /// For a request of the application that leaves with a departure in place of its steps.
    pub(crate) fn departing(
        gate: &Gate,
        headers: &[Header],
        (minted, onward): (Minted, Onward),
        audit: AuditContext,
    ) -> Self {
        let mut permit = Self::minted(gate, headers, PassThrough::egress(gate, headers), minted, audit);
        permit.once = true;
        permit.reply.onward = Some(Box::new(onward));
        permit
    }

    fn minted(gate: &Gate, headers: &[Header], mut pass: PassThrough, minted: Minted, audit: AuditContext) -> Self {
        let steps = || -> Vec<&str> { minted.beside.iter().chain([&minted.step]).map(String::as_str).collect() };
        let header = match gate.config.carrier {
            Carrier::Header if minted.beside.is_empty() => (gate.config.header.clone(), minted.step.clone()),
            Carrier::Header => (gate.config.header.clone(), steps().join(",")),
            Carrier::Baggage => (BAGGAGE.to_owned(), baggage::with_steps(headers, &steps())),
        };
        let reply = Reply {
            start: minted.start.map(|token| (gate.start_header.clone(), token)),
            receipt: minted.receipt.map(|token| (gate.config.header.clone(), token)),
            consumed: minted.consumed,
            onward: None,
        };
        pass.edits.leave(&header.0);
        Self { pass, header: Some(header), once: false, step: minted.step, reply, audit }
    }

    /// For a request of the application that leaves with the steps that it has.
    pub(crate) fn onward(gate: &Gate, headers: &[Header], onward: Onward, audit: AuditContext) -> Self {
        let mut pass = PassThrough::egress(gate, headers);
        pass.edits.leave(match gate.config.carrier {
            Carrier::Header => &gate.config.header,
            Carrier::Baggage => BAGGAGE,
        });
        Self {
            pass,
            header: None,
            once: false,
            step: String::new(),
            reply: Reply { onward: Some(Box::new(onward)), ..Reply::default() },
            audit,
        }
    }

    /// Changes the request: every step is removed, the new step and the interlock are set.
    ///
    /// # Errors
    /// [`Denial::Internal`] where the proxy refuses; the request must then not go on.
    pub fn apply(self, request: &mut impl HeaderMap) -> Result<Reply, Denial> {
        self.pass.apply(request)?;
        if let Some((name, value)) = &self.header {
            request.set(name, value)?;
        }
        if self.once {
            // A retry could deliver one departure to two replicas, and each would take it.
            request.set(MAX_RETRIES, "0")?;
        }
        Ok(self.reply)
    }

    /// The request that is permitted.
    pub fn audit(&self) -> &AuditContext {
        &self.audit
    }

    /// The new step, for the application.
    pub fn step(&self) -> &str {
        &self.step
    }

    /// The tokens for the response.
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

/// Lets a request go on without a step: for requests that are exempt or only observed.
#[must_use]
pub struct PassThrough {
    edits: Edits,
    interlock: Option<String>,
}

impl PassThrough {
    /// For a request that goes on because it may. It stays the request that was decided on.
    pub(crate) fn permitted(gate: &Gate, headers: &[Header]) -> Self {
        let mut pass = Self::observed(gate, headers);
        pass.edits.remove_all(&FOR_APPLICATIONS, headers);
        pass.edits.remove_all(&FOR_ROUTERS, headers);
        pass
    }

    /// For a request that goes on though it may not, because the gate only observes. One that asks to be sent back must
    /// not bring its sender the interlock.
    pub(crate) fn observed(gate: &Gate, headers: &[Header]) -> Self {
        let interlock = gate.interlock.first().filter(|_| !asks_to_be_sent_back(headers));
        let mut edits = Edits::of(gate, headers);
        if interlock.is_some() {
            edits.leave(INTERLOCK_HEADER);
        }
        Self { edits, interlock: interlock.cloned() }
    }

    /// For a request that a gate observes at a listener that is not, or may not be, its workload's: the request may be for
    /// others, who must not get the interlock.
    pub(crate) fn observed_elsewhere(gate: &Gate, headers: &[Header]) -> Self {
        Self { edits: Edits::of(gate, headers), interlock: None }
    }

    /// For a request of the application that leaves without a step. Nothing in it steers the proxy.
    pub(crate) fn egress(gate: &Gate, headers: &[Header]) -> Self {
        let mut pass = Self { edits: Edits::of(gate, headers), interlock: None };
        pass.edits.remove_all(&FOR_APPLICATIONS, headers);
        pass.edits.remove_each(headers, is_for_envoy);
        pass
    }

    /// For a request of the application that leaves as it is, because its gate only observes. The gates of receivers still
    /// check its steps. The secret of this workload does not leave.
    pub(crate) fn unchanged(headers: &[Header]) -> Self {
        let mut edits = Edits::none();
        edits.remove_all(&[INTERLOCK_HEADER], headers);
        Self { edits, interlock: None }
    }

    /// Changes the request: every step is removed, the interlock is set.
    ///
    /// # Errors
    /// [`Denial::Internal`] where the proxy refuses; the request must then not go on.
    pub fn apply(self, request: &mut impl HeaderMap) -> Result<(), Denial> {
        self.edits.apply(request)?;
        match &self.interlock {
            Some(secret) => Ok(request.set(INTERLOCK_HEADER, secret)?),
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

/// The tokens that the response to a permitted request brings its caller, and the use that the request consumed.
#[derive(PartialEq, Eq, Default)]
pub struct Reply {
    start: Option<(String, String)>,
    receipt: Option<(String, String)>,
    consumed: Option<Entry>,
    onward: Option<Box<Onward>>,
}

impl Reply {
    /// The instance of a request that has left: its answer may bring tokens of it.
    pub fn onward(&self) -> Option<&Onward> {
        self.onward.as_deref()
    }

    /// Whether there is no token to bring, and no use to give back.
    pub fn is_empty(&self) -> bool {
        !self.brings_token() && self.consumed.is_none()
    }

    /// Whether there is a token to bring.
    pub fn brings_token(&self) -> bool {
        self.start.is_some() || self.receipt.is_some()
    }

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

    /// Sets the receipt, if any. To be called only where the performer itself answered 2xx, for gRPC with status 0, or
    /// 101 to an upgrade.
    ///
    /// # Errors
    /// [`Denial::Internal`] where the proxy refuses.
    pub fn apply_receipt(&self, response: &mut impl HeaderMap) -> Result<(), Denial> {
        put(self.receipt.as_ref(), response)
    }

    /// Frees the use of the transition, so that the request can be made again. To be called only where the request
    /// certainly reached nobody behind the gate; the response then brings no token. Says whether there was a use.
    ///
    /// # Errors
    /// As [`give_back`]: the use then stays consumed.
    pub fn give_back(self, store: &mut dyn Store, now: UnixTime) -> Result<bool, Denial> {
        match &self.consumed {
            Some(entry) => give_back(store, entry, now).map(|()| true),
            None => Ok(false),
        }
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
        Some((name, token)) => Ok(map.set(name, token)?),
        None => Ok(()),
    }
}

/// The same for a request's trailers, which some servers read as headers. Like its headers, they may not name another
/// method or path; and they may not bring a header that a guard reads, in any spelling, since the guard has not seen it.
/// To be called only for a request that goes on because it may.
///
/// # Errors
/// [`Denial::Internal`] where the proxy refuses.
pub fn scrub_request_trailers(gate: &Gate, present: &[Header], map: &mut impl HeaderMap) -> Result<(), Denial> {
    let mut edits = Edits::of(gate, present);
    edits.remove_all(&FOR_APPLICATIONS, present);
    edits.remove_each(present, |name| gate.guarded_headers.same_variable(name).is_some());
    edits.apply(map)
}

/// Removes every step from headers or trailers of either direction, so that no token
/// comes in beside an honest request and none leaks out.
///
/// # Errors
/// [`Denial::Internal`] where the proxy refuses.
pub fn scrub(gate: &Gate, present: &[Header], map: &mut impl HeaderMap) -> Result<(), Denial> {
    Edits::of(gate, present).apply(map)
}

/// Whether the method, or a header that some frameworks take it from, asks for the request itself.
fn asks_to_be_sent_back(headers: &[Header]) -> bool {
    headers.iter().any(|(name, value)| {
        let may_name_the_method = |own: &&str| same_variable(name, own);
        (name == ":method" || FOR_APPLICATIONS.iter().any(may_name_the_method))
            && std::str::from_utf8(value).is_ok_and(|value| sends_back(value.trim()))
    })
}
