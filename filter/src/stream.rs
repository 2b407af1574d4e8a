//! One request and its response. One decision a stream: long gRPC streams and uploads are decided
//! when they begin.

use std::rc::Rc;

use stepgate_decision::permit::{Reply, scrub, scrub_request_trailers};
use stepgate_decision::verdict::AuditContext;
use stepgate_decision::{Denial, Verdict, inbound};

use crate::headers::Headers;
use crate::host::{Host, Level, Part};
use crate::known::Known;
use crate::request::{Peer, Request};
use crate::response::{Response, may_be_grpc};
use crate::station::{Outcome, Station};
use crate::store::SharedData;
use crate::{lines, refuse};

/// Where the access log finds the instance: `%FILTER_STATE(wasm.stepgate.instance:PLAIN)%`.
const INSTANCE: &str = "stepgate.instance";
/// Longest name of an instance that it is told, in bytes; a gate draws names of 22.
const MAX_INSTANCE: usize = 64;

/// Whether the proxy goes on with what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Next {
    Continue,
    Stop,
}

enum State {
    /// No decision yet. A response in this state is not the application's: some filter before this
    /// one refused.
    Undecided,
    /// The request went on.
    Passing(Response),
    /// The request was refused.
    Refused,
    /// The request went on, and its response could not be cleaned.
    BrokenOff,
}

/// One stream.
pub(crate) struct Stream {
    station: Rc<Station>,
    state: State,
    /// Kept to the end: a response that is broken off wants a name too.
    known: Known,
}

impl Stream {
    pub(crate) fn new(station: Rc<Station>) -> Self {
        Self { station, state: State::Undecided, known: Known::default() }
    }

    /// Decides.
    pub(crate) fn request_headers(&mut self, host: &dyn Host) -> Next {
        match self.decide(host) {
            Ok(response) => {
                self.state = State::Passing(response);
                Next::Continue
            }
            Err(denial) => self.refuse(host, &denial),
        }
    }

    /// The response to a request that may go on, its headers changed.
    ///
    /// What is known is noted before anything can fail: a permit that cannot be applied is a refusal too.
    fn decide(&mut self, host: &dyn Host) -> Result<Response, Denial> {
        let peer = Peer::of(host, &self.station.peer_source());
        let present = host.headers(Part::RequestHeaders);
        self.known = match &present {
            Ok(present) => Known::of(present, peer.proved()),
            Err(_) => Known::without_list(host, peer.proved()),
        };
        if !matches!(self.state, State::Undecided) {
            return Err(Denial::Internal("a second request on one stream"));
        }
        let present = present.map_err(Denial::Internal)?;
        // Every request has one: a list without it is not the request's, and what is not in it stays uncleaned.
        if !present.iter().any(|(name, _)| name == ":method") {
            return Err(Denial::Internal("the proxy's headers are of no request"));
        }
        let grpc = may_be_grpc(&present);
        let request = Request::gather(host, peer, present).map_err(Denial::Internal)?;
        let facts = request.facts(self.station.replica(host));
        let verdict = inbound(self.station.gate(), &facts, &self.station.crypto(host), &mut SharedData(host));
        let mut headers = Headers::of(host, Part::RequestHeaders);
        let reply = match verdict {
            Verdict::Permitted(permit) => {
                self.learn(host, permit.audit());
                let reply = permit.apply(&mut headers)?;
                self.station.permitted(host, &self.known.audit);
                reply
            }
            Verdict::Exempt(pass) => {
                pass.apply(&mut headers)?;
                self.station.exempted(host);
                Reply::default()
            }
            Verdict::Observed(refusal, pass) => {
                self.learn(host, refusal.audit());
                pass.apply(&mut headers)?;
                self.station.denied(host, refusal.denial(), &self.known, Outcome::Observed);
                return Ok(Response::watched(grpc));
            }
            Verdict::Denied(refusal) => {
                self.learn(host, refusal.audit());
                return Err(refusal.denial().clone());
            }
        };
        Ok(Response::new(reply, grpc))
    }

    /// Keeps what the decision found, and hands the instance to the access log.
    fn learn(&mut self, host: &dyn Host, found: &AuditContext) {
        self.known.learn(found);
        let instance = found.instance.as_deref().filter(|instance| is_plain(instance));
        if let Some(why) = instance.and_then(|instance| host.tell(INSTANCE, instance).err()) {
            host.log(Level::Error, &lines::trouble("the access log is not told of the instance", why));
        }
    }

    /// The body of a request goes where its headers went; of one that is refused, or not yet decided, nowhere.
    pub(crate) fn request_body(&self) -> Next {
        match self.state {
            State::Passing(_) => Next::Continue,
            State::Undecided | State::Refused | State::BrokenOff => Next::Stop,
        }
    }

    /// A step in the trailers would reach the application beside the one that was decided on.
    pub(crate) fn request_trailers(&mut self, host: &dyn Host) -> Next {
        let (Some(gate), State::Passing(response)) = (self.station.gate(), &self.state) else {
            return self.request_body();
        };
        let mut trailers = Headers::of(host, Part::RequestTrailers);
        let present = host.headers(Part::RequestTrailers).map_err(Denial::Internal);
        let scrubbed = present.and_then(|present| match response.watched {
            true => scrub(gate, &present, &mut trailers),
            false => scrub_request_trailers(gate, &present, &mut trailers),
        });
        match scrubbed {
            Ok(()) => Next::Continue,
            Err(denial) => self.refuse(host, &denial),
        }
    }

    /// Cleans the response and adds what the permit brings.
    pub(crate) fn response_headers(&mut self, host: &dyn Host) -> Next {
        let (Some(gate), State::Passing(response)) = (self.station.gate(), &mut self.state) else {
            return self.rest_of_response();
        };
        let done = response.headers(gate, host);
        self.or_reset(host, done)
    }

    /// Cleans the trailers; a gRPC performer says only here that it did its work.
    pub(crate) fn response_trailers(&mut self, host: &dyn Host) -> Next {
        let (Some(gate), State::Passing(response)) = (self.station.gate(), &mut self.state) else {
            return self.rest_of_response();
        };
        let done = response.trailers(gate, host);
        self.or_reset(host, done)
    }

    /// A response that was broken off stays so; any other that this gate does not clean is the proxy's own.
    fn rest_of_response(&self) -> Next {
        match self.state {
            State::BrokenOff => Next::Stop,
            State::Undecided | State::Passing(_) | State::Refused => Next::Continue,
        }
    }

    fn refuse(&mut self, host: &dyn Host, denial: &Denial) -> Next {
        self.state = State::Refused;
        self.station.denied(host, denial, &self.known, Outcome::Refused);
        if let Err(why) = host.respond(&refuse::response(denial.code(), self.known.grpc)) {
            host.log(Level::Error, &lines::trouble("a denial could not be answered", why));
        }
        Next::Stop
    }

    /// A response that cannot be cleaned could leak a token: it is broken off.
    fn or_reset(&mut self, host: &dyn Host, done: Result<(), Denial>) -> Next {
        match done {
            Ok(()) => Next::Continue,
            Err(denial) => {
                self.state = State::BrokenOff;
                host.log(Level::Error, &lines::broken_off(&denial, &self.known));
                host.reset_response();
                Next::Stop
            }
        }
    }
}

/// Whether a log of plain text can show it. A rogue gate signs what it likes, and shall not write lines of
/// its own.
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
