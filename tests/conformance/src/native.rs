//! The first subject: the decision as a Rust function.

use stepgate_decision::keys::RustCrypto;
use stepgate_decision::permit::{HeaderMap, scrub, scrub_request_trailers};
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, Listener, Needs, ProxyError, UnixTime, Verdict, inbound};

use crate::corpus::{Corpus, Whole};
use crate::outcome::Outcome;
use crate::prepared::{Prepared, requests};

/// Whether the case involves a gate at all.
pub fn can_run(whole: &Whole) -> bool {
    whole.case.then.refused.is_none() || whole.case.then.deny.is_some()
}

/// Runs one case at the given time.
///
/// # Errors
/// If the case cannot be run.
pub fn run(corpus: &Corpus, whole: &Whole, now: UnixTime) -> Result<Outcome, String> {
    let file = corpus.gate(whole)?;
    let gate = file
        .config
        .clone()
        .and_then(|config| Gate::new(config, &|name| corpus.environment.get(name)).ok())
        .map(|(gate, _)| gate);
    let mut store = MemoryStore::default();
    let requests = requests(corpus, whole, now, "")?;
    let (last, before) = requests.split_last().ok_or("no request")?;
    for (at, request) in (0..=u8::MAX).cycle().zip(before) {
        let outcome = decide(gate.as_ref(), request, (now, at), &mut store);
        outcome.check_before(request)?;
    }
    Ok(decide(gate.as_ref(), last, (now, u8::MAX), &mut store))
}

fn decide(gate: Option<&Gate>, request: &Prepared, (now, random): (UnixTime, u8), store: &mut MemoryStore) -> Outcome {
    let headers = request.proxy_headers();
    let mut seen =
        Seen(headers.iter().map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())).collect());
    // The randomness is fixed, since it is not part of any case; each start of a case has its own.
    let mut facts = Facts::received(request.peer.as_deref(), &request.own, headers, now, [random; 32]);
    facts.port = request.port;
    facts.listener = if request.outbound { Listener::Outbound } else { Listener::Inbound };
    if let Some(gate) = gate {
        forget(&mut facts, gate.needs());
    }
    let mut outcome = Outcome::default();
    let applied = match inbound(gate, &facts, &RustCrypto, store) {
        Verdict::Permitted(permit) if request.undelivered => {
            permit.apply(&mut seen).and_then(|reply| reply.give_back(store, now).map(drop))
        }
        Verdict::Permitted(permit) => permit.apply(&mut seen).map(|reply| {
            outcome.start = reply.start().map(str::to_owned);
            outcome.receipt = reply.receipt().filter(|_| answers_well(request)).map(str::to_owned);
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
            let watched = outcome.observed.is_some();
            outcome.trailers = gate.map(|gate| trailers(gate, request, watched)).unwrap_or_default();
        }
        Err(denial) => outcome.denied = Some(denial.code().to_string()),
    }
    outcome
}

/// Forgets the facts for which a proxy is not asked.
fn forget(facts: &mut Facts, needs: &Needs) {
    facts.listener = if needs.listener { facts.listener } else { Listener::Unknown };
    facts.own = facts.own.take().filter(|_| needs.own);
    facts.port = facts.port.filter(|_| needs.port);
    facts.random = facts.random.filter(|_| needs.randomness(&facts.headers));
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
