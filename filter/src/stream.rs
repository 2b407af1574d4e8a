//! One request and its response. One decision a stream: long gRPC streams and uploads are decided
//! when they begin.

use std::rc::Rc;

use stepgate_decision::keys::RustCrypto;
use stepgate_decision::permit::{Reply, scrub};
use stepgate_decision::verdict::Trail;
use stepgate_decision::{Denial, Verdict, inbound};

use crate::headers::Headers;
use crate::host::{Host, Level, Part};
use crate::refuse::is_grpc;
use crate::request::Request;
use crate::response::Response;
use crate::station::{Outcome, Station};
use crate::store::SharedData;
use crate::{lines, refuse};

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
}

/// One stream.
pub(crate) struct Stream {
    station: Rc<Station>,
    state: State,
}

impl Stream {
    pub(crate) fn new(station: Rc<Station>) -> Self {
        Self { station, state: State::Undecided }
    }

    /// Decides.
    pub(crate) fn request_headers(&mut self, host: &dyn Host) -> Next {
        let (mut trail, mut grpc) = (Trail::default(), false);
        match self.decide(host, &mut trail, &mut grpc) {
            Ok(reply) => {
                self.state = State::Passing(Response::new(reply, grpc));
                Next::Continue
            }
            Err(denial) => self.refuse(host, &denial, &trail, grpc),
        }
    }

    /// The reply of a request that may go on, its headers changed.
    ///
    /// `trail` and `grpc` are for the refusal: a permit that cannot be applied is one too.
    fn decide(&self, host: &dyn Host, trail: &mut Trail, grpc: &mut bool) -> Result<Reply, Denial> {
        if !matches!(self.state, State::Undecided) {
            return Err(Denial::Internal("a second request on one stream"));
        }
        let present = host.headers(Part::RequestHeaders).map_err(Denial::Internal)?;
        *grpc = is_grpc(&present);
        let request = Request::gather(host, &self.station, present).map_err(Denial::Internal)?;
        let facts = request.facts(self.station.replica(host));
        let verdict = inbound(self.station.gate(), &facts, &RustCrypto, &mut SharedData(host));
        let mut headers = Headers::of(host, Part::RequestHeaders);
        match verdict {
            Verdict::Permitted(permit) => {
                trail.clone_from(permit.trail());
                let reply = permit.apply(&mut headers)?;
                self.station.permitted(host, trail);
                Ok(reply)
            }
            Verdict::Exempt(pass) => {
                pass.apply(&mut headers)?;
                self.station.exempted(host);
                Ok(Reply::default())
            }
            Verdict::Observed(refusal, pass) => {
                trail.clone_from(refusal.trail());
                pass.apply(&mut headers)?;
                self.station.denied(host, refusal.denial(), trail, Outcome::Observed);
                Ok(Reply::default())
            }
            Verdict::Refused(refusal) => {
                trail.clone_from(refusal.trail());
                Err(refusal.denial().clone())
            }
        }
    }

    /// The body of a refused request goes nowhere.
    pub(crate) fn request_body(&self) -> Next {
        match self.state {
            State::Refused => Next::Stop,
            State::Undecided | State::Passing(_) => Next::Continue,
        }
    }

    /// A step in the trailers would reach the application beside the one that was decided on.
    pub(crate) fn request_trailers(&mut self, host: &dyn Host) -> Next {
        let (Some(gate), State::Passing(_)) = (self.station.gate(), &self.state) else { return self.request_body() };
        let scrubbed = host
            .headers(Part::RequestTrailers)
            .map_err(Denial::Internal)
            .and_then(|present| scrub(gate, &present, &mut Headers::of(host, Part::RequestTrailers)));
        match scrubbed {
            Ok(()) => Next::Continue,
            Err(denial) => self.refuse(host, &denial, &Trail::default(), false),
        }
    }

    /// Cleans the response and adds what the permit brings.
    pub(crate) fn response_headers(&mut self, host: &dyn Host) -> Next {
        let (Some(gate), State::Passing(response)) = (self.station.gate(), &mut self.state) else {
            return Next::Continue;
        };
        let done = response.headers(gate, host);
        or_reset(host, done)
    }

    /// Cleans the trailers; a gRPC performer says only here that it did its work.
    pub(crate) fn response_trailers(&mut self, host: &dyn Host) -> Next {
        let (Some(gate), State::Passing(response)) = (self.station.gate(), &mut self.state) else {
            return Next::Continue;
        };
        let done = response.trailers(gate, host);
        or_reset(host, done)
    }

    fn refuse(&mut self, host: &dyn Host, denial: &Denial, trail: &Trail, grpc: bool) -> Next {
        self.state = State::Refused;
        self.station.denied(host, denial, trail, Outcome::Refused);
        if let Err(why) = host.respond(&refuse::response(denial.code(), grpc)) {
            host.log(Level::Error, &lines::trouble("a denial could not be answered", why));
        }
        Next::Stop
    }
}

/// A response that cannot be cleaned could leak a token: it is broken off.
fn or_reset(host: &dyn Host, done: Result<(), Denial>) -> Next {
    match done {
        Ok(()) => Next::Continue,
        Err(denial) => {
            host.log(Level::Error, &lines::trouble("a response could not be cleaned", &denial.to_string()));
            host.reset_response();
            Next::Stop
        }
    }
}
