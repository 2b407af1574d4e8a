//! One stream: a request and its response. There is one decision a stream: long gRPC streams and uploads are decided
//! when they begin.

use std::rc::Rc;

use proxy_wasm::types::{Action, MapType};
use stepgate_config::workflow::Mode;
use stepgate_decision::permit::{Reply, scrub, scrub_request_trailers};
use stepgate_decision::verdict::AuditContext;
use stepgate_decision::{Denial, Gate, Header, UnixTime, Verdict, decide};

use crate::delivery::Delivery;
use crate::headers::{self, Headers, check_bounds, internal};
use crate::host::Host;
use crate::local_reply::{self, is_grpc};
use crate::log_context::LogContext;
use crate::log_events;
use crate::plugin_state::PluginState;
use crate::request::{self, Drawn, Peer, seconds};
use crate::response::{Response, may_be_grpc};
use crate::shared_data::SharedData;

/// The access log shows the instance as `%FILTER_STATE(wasm.stepgate.instance:PLAIN)%`.
const INSTANCE: &str = "stepgate.instance";
/// Longest name of an instance that is set, in bytes; a gate generates names of 22.
const MAX_INSTANCE: usize = 64;

enum State {
    /// No decision yet. A response in this state is not the application's: a filter before this one
    /// refused the request.
    Undecided,
    /// The request went on.
    Forwarded(Response),
    /// The request was denied.
    Denied,
    /// The request went on, and was denied after that. Its response may be the application's.
    Cut,
    /// The request went on, and its response could not be scrubbed.
    Reset,
    /// The request went on, and the stream has ended.
    Ended,
}

/// One stream.
pub(crate) struct Stream {
    plugin: Rc<PluginState>,
    state: State,
    /// Kept to the end: an event about a response that is reset names the request too.
    log_context: LogContext,
    /// Whether Envoy takes the request for gRPC, and a denial has the form of gRPC.
    grpc: bool,
}

impl Stream {
    pub(crate) fn new(plugin: Rc<PluginState>) -> Self {
        Self { plugin, state: State::Undecided, log_context: LogContext::default(), grpc: false }
    }

    /// Decides.
    pub(crate) fn request_headers(&mut self, host: &dyn Host) -> Action {
        match self.decide(host) {
            Ok(response) => {
                self.state = State::Forwarded(response);
                Action::Continue
            }
            Err(denial) => self.deny(host, &denial),
        }
    }

    /// The response to a request that may go on, its headers changed.
    ///
    /// The log context is set before anything can fail: a permit that cannot be applied is a denial too.
    fn decide(&mut self, host: &dyn Host) -> Result<Response, Denial> {
        let peer = Peer::new(host, &self.plugin.peer_source());
        let (headers, unread) = match host.headers(MapType::HttpRequestHeaders) {
            Ok(headers) => (headers, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        self.grpc = is_grpc(&headers);
        let drawn = match unread.map_or(Ok(()), |why| Err(internal(why))).and_then(|()| self.draw(host, &headers)) {
            Ok(drawn) => drawn,
            Err(denial) => {
                self.log_context = LogContext::new(&headers, peer.proved());
                return Err(denial);
            }
        };
        let grpc = may_be_grpc(&headers);
        let known = (self.plugin.gate().map(Gate::needs), self.plugin.replica(host));
        let facts = request::facts(host, peer, headers, drawn, known);
        let verdict = decide(self.plugin.gate(), &facts, &self.plugin.crypto(host), &mut SharedData(host));
        // A permit has found all of it.
        if !matches!(verdict, Verdict::Permitted(_)) {
            self.log_context = LogContext::new(&facts.headers, request::proved(&facts));
        }
        let outbound = self.plugin.gate().is_some_and(|gate| gate.is_outbound(facts.listener));
        let mut headers = Headers::new(host, MapType::HttpRequestHeaders, &facts.headers);
        let reply = match verdict {
            Verdict::Permitted(permit) => {
                self.learn(host, permit.audit());
                let reply = permit.apply(&mut headers)?;
                self.plugin.permitted(host, &self.log_context.audit);
                reply
            }
            Verdict::Exempt(pass) => {
                pass.apply(&mut headers)?;
                self.plugin.exempted(host);
                Reply::default()
            }
            Verdict::Observed(denied, pass) => {
                self.learn(host, denied.audit());
                pass.apply(&mut headers)?;
                self.plugin.denied(host, denied.denial(), &self.log_context, Mode::Observe);
                return Ok(Response::observed(grpc).to(&[], outbound));
            }
            Verdict::Denied(denied) => {
                self.learn(host, denied.audit());
                return Err(denied.denial().clone());
            }
        };
        Ok(Response::new(reply, grpc).to(&facts.headers, outbound))
    }

    /// Checks that a request can be decided, and draws what its decision needs.
    fn draw(&self, host: &dyn Host, headers: &[Header]) -> Result<Drawn, Denial> {
        if !matches!(self.state, State::Undecided) {
            return Err(Denial::Internal("a second request on one stream"));
        }
        check_bounds(headers)?;
        // Every request has a method: a list without it is not the request's, and its headers stay unscrubbed.
        if !headers.iter().any(|(name, _)| name == ":method") {
            return Err(Denial::Internal("the proxy's headers have no method"));
        }
        Drawn::of(host, self.plugin.gate().map(Gate::needs), headers).map_err(internal)
    }

    /// Keeps the findings of the decision, and sets the instance for the access log.
    fn learn(&mut self, host: &dyn Host, found: &AuditContext) {
        self.log_context.update(found);
        let is_wanted = self.plugin.gate().is_some_and(|gate| gate.config().log.instances);
        let instance = found.instance.as_deref().filter(|instance| is_wanted && is_plain(instance));
        if let Some(why) = instance.and_then(|instance| host.set_filter_state(INSTANCE, instance).err()) {
            log_events::trouble("the access log does not get the instance", &why.to_string());
        }
    }

    /// The body of a request goes where its headers went. That of a denied or undecided request stays here.
    ///
    /// Bytes behind an upgrade may only come once the application has agreed (RFC 9110, section 7.8). One that refuses
    /// would read them as the next request of its connection, which no gate has judged: Envoy 1.36 holds such bytes back
    /// for `websocket` and CONNECT only.
    pub(crate) fn request_body(&mut self, host: &dyn Host, size: usize) -> Action {
        match &self.state {
            State::Forwarded(response) if response.awaits_upgrade && size > 0 => {
                self.deny(host, &Denial::Upgrade("bytes come before the application has agreed"))
            }
            State::Forwarded(_) => Action::Continue,
            State::Undecided | State::Denied | State::Cut | State::Reset | State::Ended => Action::Pause,
        }
    }

    /// A step in the trailers would reach the application beside the one that was decided on.
    pub(crate) fn request_trailers(&mut self, host: &dyn Host) -> Action {
        let (Some(gate), State::Forwarded(response)) = (self.plugin.gate(), &self.state) else {
            return self.request_body(host, 0);
        };
        let scrubbed = headers::read(host, MapType::HttpRequestTrailers).and_then(|present| {
            let mut trailers = Headers::new(host, MapType::HttpRequestTrailers, &present);
            let scrub = if response.observed { scrub } else { scrub_request_trailers };
            scrub(gate, &present, &mut trailers)
        });
        match scrubbed {
            Ok(()) => Action::Continue,
            Err(denial) => self.deny(host, &denial),
        }
    }

    /// Scrubs the response and adds the tokens that the permit grants.
    pub(crate) fn response_headers(&mut self, host: &dyn Host) -> Action {
        let (Some(gate), State::Forwarded(response)) = (self.plugin.gate(), &mut self.state) else {
            return self.other_response(host, MapType::HttpResponseHeaders);
        };
        let done = response.headers(gate, host, &self.plugin.crypto(host));
        if let Some(why) = response.removed.take() {
            self.plugin.removed(host, &why, &self.log_context);
        }
        self.or_reset(host, done)
    }

    /// A response to no request that went on; or to one that was cut off, and then no step leaves with it.
    fn other_response(&mut self, host: &dyn Host, map: MapType) -> Action {
        let (Some(gate), State::Cut) = (self.plugin.gate(), &self.state) else { return self.response_body() };
        let scrubbed =
            headers::read(host, map).and_then(|present| scrub(gate, &present, &mut Headers::new(host, map, &present)));
        self.or_reset(host, scrubbed)
    }

    /// The body of a response that was reset stays here. Any other holds no steps, or is the proxy's own.
    pub(crate) fn response_body(&self) -> Action {
        match self.state {
            State::Reset | State::Ended => Action::Pause,
            State::Undecided | State::Forwarded(_) | State::Denied | State::Cut => Action::Continue,
        }
    }

    /// Scrubs the trailers. A gRPC performer reports only here whether it did its work.
    pub(crate) fn response_trailers(&mut self, host: &dyn Host) -> Action {
        let (Some(gate), State::Forwarded(response)) = (self.plugin.gate(), &mut self.state) else {
            return self.other_response(host, MapType::HttpResponseTrailers);
        };
        let done = response.trailers(gate, host, &self.plugin.crypto(host));
        if let Some(why) = response.removed.take() {
            self.plugin.removed(host, &why, &self.log_context);
        }
        self.or_reset(host, done)
    }

    /// The stream has ended. If nobody behind the gate got the request, it may be made again. Two things must say so:
    /// the response when it began, which then brought no token, and the stream now that Envoy is done with it.
    pub(crate) fn ended(&mut self, host: &dyn Host) {
        if !matches!(self.state, State::Forwarded(_)) {
            return;
        }
        let State::Forwarded(response) = std::mem::replace(&mut self.state, State::Ended) else { return };
        if !response.undelivered || Delivery::of(host) != Delivery::Undelivered {
            return;
        }
        let now = seconds(host).map(UnixTime::from_seconds).map_err(internal);
        match now.and_then(|now| response.reply.give_back(&mut SharedData(host), now)) {
            Ok(true) => self.plugin.undelivered(host, &self.log_context.audit),
            Ok(false) => {}
            Err(why) => log_events::trouble("a use was not given back", &why.to_string()),
        }
    }

    fn deny(&mut self, host: &dyn Host, denial: &Denial) -> Action {
        self.state = match self.state {
            State::Undecided | State::Denied => State::Denied,
            State::Forwarded(_) | State::Cut => State::Cut,
            // A response that is held stays held.
            State::Reset => State::Reset,
            State::Ended => State::Ended,
        };
        self.plugin.denied(host, denial, &self.log_context, Mode::Enforce);
        if let Err(why) = host.send_local_reply(&local_reply::denied(denial.code(), self.grpc)) {
            log_events::trouble("a denial could not be answered", &why.to_string());
        }
        Action::Pause
    }

    /// A response that cannot be scrubbed could leak a token: it is reset.
    fn or_reset(&mut self, host: &dyn Host, done: Result<(), Denial>) -> Action {
        match done {
            Ok(()) => Action::Continue,
            Err(denial) => {
                self.state = State::Reset;
                log_events::response_reset(&denial, &self.log_context);
                host.reset_response();
                Action::Pause
            }
        }
    }
}

/// Whether a plain-text log can show a name. A rogue gate signs any name, and must not write lines of its own.
fn is_plain(instance: &str) -> bool {
    instance.len() <= MAX_INSTANCE && instance.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_an_instance_writes_a_line() {
        assert!(is_plain("8Vf1u2rhnpT5cfeXyX2hFg") && is_plain(&"x".repeat(64)));
        for odd in ["a\nb", "a b", "\u{1b}[2J", "é", "a\"", &"x".repeat(65)] {
            assert!(!is_plain(odd), "{odd:?}");
        }
    }
}
