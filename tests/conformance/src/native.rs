//! The first subject: the decision as a Rust function.

use stepgate_config::workflow::Assurance;
use stepgate_decision::keys::RustCrypto;
use stepgate_decision::permit::{HeaderMap, scrub, scrub_request_trailers};
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, Header, Listener, ProxyError, UnixTime, Verdict, scrub_answer};

use crate::corpus::{Corpus, Whole};
use crate::outcome::Outcome;
use crate::prepared::{Prepared, requests};
use crate::steps::REPLICA;

/// Whether the case involves a gate at all.
pub fn can_run(whole: &Whole) -> bool {
    whole.case.then.refused.is_none() || whole.case.then.deny.is_some()
}

/// Runs one case at the given time.
///
/// # Errors
/// If the case cannot be run.
pub fn run(corpus: &Corpus, whole: &Whole, now: UnixTime) -> Result<Outcome, String> {
    let (last, gate, mut store) = before_the_last(corpus, whole, now)?;
    Ok(decide(gate.as_ref(), &last, (now, u8::MAX), &mut store))
}

/// The last request of a case, to be decided by itself.
pub struct Last {
    gate: Option<Gate>,
    facts: Facts,
    store: MemoryStore,
}

impl Last {
    /// Plays the case up to its last request.
    ///
    /// # Errors
    /// If the case cannot be run.
    pub fn of(corpus: &Corpus, whole: &Whole, now: UnixTime) -> Result<Self, String> {
        let (last, gate, store) = before_the_last(corpus, whole, now)?;
        let facts = facts(gate.as_ref(), &last, (now, u8::MAX));
        Ok(Self { gate, facts, store })
    }

    /// Decides it.
    pub fn decide(&mut self) -> Verdict {
        stepgate_decision::decide(self.gate.as_ref(), &self.facts, &RustCrypto, &mut self.store)
    }
}

/// The last request of a case, with its gate and the record after all requests before.
fn before_the_last(
    corpus: &Corpus,
    whole: &Whole,
    now: UnixTime,
) -> Result<(Prepared, Option<Gate>, MemoryStore), String> {
    let config = corpus.gate(whole)?.config.clone();
    let gate = config.and_then(|config| Gate::new(config, &|name| corpus.environment.get(name)).ok());
    let gate = gate.map(|(gate, _)| gate);
    let mut store = MemoryStore::default();
    let mut requests = requests(corpus, whole, now, "")?;
    let last = requests.pop().ok_or("no request")?;
    for (at, request) in (0..=u8::MAX).cycle().zip(&requests) {
        let outcome = decide(gate.as_ref(), request, (now, at), &mut store);
        outcome.check_before(request)?;
    }
    Ok((last, gate, store))
}

/// The facts of a request, without those for which a proxy is not asked. The randomness is fixed, since it is not part of
/// any case; each start of a case has its own.
fn facts(gate: Option<&Gate>, request: &Prepared, (now, random): (UnixTime, u8)) -> Facts {
    let (peer, headers) = (request.peer.as_deref(), request.proxy_headers());
    let mut facts = Facts::received(peer, &request.own, headers, now, [random; 32]);
    facts.port = request.port;
    // Only at `once` does it matter which replica the gate is.
    let once = |gate: &&Gate| gate.config().workflows.iter().any(|workflow| workflow.assurance == Assurance::Once);
    facts.replica = gate.filter(once).map(|_| REPLICA.to_owned());
    facts.cluster.clone_from(&request.cluster);
    facts.listener = if request.outbound { Listener::Outbound } else { Listener::Inbound };
    if let Some(needs) = gate.map(Gate::needs) {
        facts.listener = if needs.listener { facts.listener } else { Listener::Unknown };
        facts.own = facts.own.take().filter(|_| needs.own);
        facts.port = facts.port.filter(|_| needs.port);
        facts.cluster = facts.cluster.filter(|_| needs.cluster);
        facts.random = facts.random.filter(|_| needs.randomness(&facts.headers));
    }
    facts
}

/// Decides one request, with the time and a number that makes its randomness.
pub fn decide(
    gate: Option<&Gate>,
    request: &Prepared,
    (now, random): (UnixTime, u8),
    store: &mut MemoryStore,
) -> Outcome {
    let headers = request.proxy_headers();
    let mut seen =
        Seen(headers.iter().map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())).collect());
    let facts = facts(gate, request, (now, random));
    let mut outcome = Outcome::default();
    let mut left = None;
    let applied = match stepgate_decision::decide(gate, &facts, &RustCrypto, store) {
        Verdict::Permitted(permit) if request.undelivered => {
            permit.apply(&mut seen).and_then(|reply| reply.give_back(store, now).map(drop))
        }
        Verdict::Permitted(permit) => permit.apply(&mut seen).map(|reply| {
            outcome.start = reply.start().map(str::to_owned);
            outcome.receipt = reply.receipt().filter(|_| answers_well(request)).map(str::to_owned);
            left = Some(reply);
        }),
        Verdict::Exempt(pass) => pass.apply(&mut seen),
        Verdict::Observed(refusal, pass) => {
            outcome.observed = Some(refusal.code().to_string());
            pass.apply(&mut seen)
        }
        Verdict::Denied(refusal) => Err(refusal.denial().clone()),
    };
    match applied {
        Ok(()) => {
            outcome.seen = (!request.undelivered).then_some(seen.0);
            if let Some(gate) = gate.filter(|gate| gate.is_outbound(facts.listener) && outcome.observed.is_none()) {
                let mut answer = answer(request);
                let present: Vec<Header> = answer.0.iter().map(|(n, v)| (n.clone(), v.clone().into_bytes())).collect();
                let reply = left.unwrap_or_default();
                let scrubbed = scrub_answer(gate, reply.onward(), &present, (&RustCrypto, now), &mut answer);
                if let Err(denial) = scrubbed.and_then(|_| reply.apply_start(&mut answer)) {
                    outcome.denied = Some(denial.code().to_string());
                }
                let brought = |name: &str| answer.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
                outcome.start = brought("x-workflow-step-start");
                outcome.receipt = brought("x-workflow-step");
            }
            let watched = outcome.observed.is_some();
            outcome.trailers = gate.map(|gate| trailers(gate, request, watched)).unwrap_or_default();
        }
        Err(denial) => outcome.denied = Some(denial.code().to_string()),
    }
    outcome
}

/// The part of the request's trailers that goes on.
fn trailers(gate: &Gate, request: &Prepared, watched: bool) -> Vec<(String, String)> {
    let present = request.proxy_trailers();
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let mut seen = Seen(present.iter().map(|(name, value)| (name.clone(), text(value))).collect());
    let scrubbed = match watched {
        true => scrub(gate, &present, &mut seen),
        false => scrub_request_trailers(gate, &present, &mut seen),
    };
    match scrubbed {
        Ok(()) => seen.0,
        Err(denial) => vec![("error".to_owned(), denial.to_string())],
    }
}

/// The headers of the answer that a request specifies.
fn answer(request: &Prepared) -> Seen {
    let lines = request.got.headers.iter().filter(|(name, _)| name == b"x-lab-response-header");
    let text = lines.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
    Seen(
        text.filter_map(|line| Some((line.split_once(':')?.0.trim().into(), line.split_once(':')?.1.trim().into())))
            .collect(),
    )
}

/// The application's answer, which the request specifies (see the mesh's small service).
fn answers_well(request: &Prepared) -> bool {
    request.got.headers.iter().all(|(name, value)| match name.as_slice() {
        b"x-lab-status" => value.starts_with(b"2"),
        b"x-lab-grpc-status" => value == b"0",
        _ => true,
    })
}

/// Headers as the application would see them.
struct Seen(Vec<(String, String)>);

impl HeaderMap for Seen {
    fn remove(&mut self, name: &str) -> Result<(), ProxyError> {
        self.0.retain(|(n, _)| n != name);
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), ProxyError> {
        self.remove(name)?;
        self.0.push((name.to_owned(), value.to_owned()));
        Ok(())
    }
}
