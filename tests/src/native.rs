//! The first subject: the decision as a Rust function.

use stepgate_config::workflow::Workflow;
use stepgate_decision::keys::RustCrypto;
use stepgate_decision::permit::HeaderMap;
use stepgate_decision::record::{Entry, MemoryStore, take};
use stepgate_decision::{Facts, Gate, Header, Listener, UnixTime, Verdict, inbound};

use crate::corpus::{Corpus, Whole};
use crate::outcome::Outcome;
use crate::steps::{Mint, identity};

/// Runs one case at the given time.
///
/// # Errors
/// In words, where the case cannot be run.
pub fn run(corpus: &Corpus, whole: &Whole, now: UnixTime) -> Result<Outcome, String> {
    let file = corpus.gate(whole)?;
    let gate = file
        .config
        .clone()
        .and_then(|config| Gate::new(config, &|name| corpus.environment.get(name)).ok())
        .map(|(gate, _)| gate);
    let request = Prepared::of(corpus, whole, now)?;
    let mut store = MemoryStore::default();
    crowd(whole, &request, &mut store)?;
    for _ in 0..whole.case.given.taken {
        let before = decide(gate.as_ref(), &request, now, &mut store);
        if before.denied.is_some() {
            return Err(format!("the request before was denied: {before:?}"));
        }
    }
    Ok(decide(gate.as_ref(), &request, now, &mut store))
}

/// A case's request, its actors resolved and its tokens minted.
#[derive(Debug)]
pub struct Prepared {
    /// The peer's URI; none without a certificate.
    pub peer: Option<String>,
    /// The URI of the gate's own certificate.
    pub own: String,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The authority, where the case says one.
    pub host: Option<String>,
    /// All other headers.
    pub headers: Vec<(String, String)>,
    /// Whether it is a gRPC call.
    pub grpc: bool,
    /// Whether it goes out, not in.
    pub outbound: bool,
    /// The workflow whose record the case fills, where it does.
    crowded: Option<(stepgate_config::name::WorkflowName, String)>,
}

impl Prepared {
    /// Resolves and mints.
    ///
    /// # Errors
    /// In words.
    pub fn of(corpus: &Corpus, whole: &Whole, now: UnixTime) -> Result<Self, String> {
        let file = corpus.gate(whole)?;
        let workflows: &[std::sync::Arc<Workflow>] = file.config.as_ref().map_or(&[], |config| &config.workflows);
        let resolve = |name: &str| {
            let known = workflows.iter().find(|workflow| workflow.actors.contains_key(name));
            known.map_or_else(|| name.to_owned(), |workflow| identity(workflow, name))
        };
        let when = &whole.when;
        let peer = when.peer.as_deref().ok_or("no `peer`")?;
        let own = when.own.as_deref().ok_or("no `self`")?;
        let grpc = when.grpc.unwrap_or(false);
        let mint = Mint { config: file.config.as_ref(), environment: &corpus.environment, peer: &resolve(peer), now };
        let mut headers = mint.headers(&whole.case.given, &when.headers)?;
        if grpc {
            headers.extend([("content-type".into(), "application/grpc".into()), ("te".into(), "trailers".into())]);
        }
        let crowded = workflows.first().zip(whole.case.then.deny.as_ref()).map(|(workflow, _)| {
            let leaving = workflow.transitions.iter().find(|t| {
                whole.case.given.steps.first().is_some_and(|step| step.task == t.from.name.as_str())
            });
            (workflow.name.clone(), leaving.map(ToString::to_string).unwrap_or_default())
        });
        Ok(Self {
            peer: (peer != "none").then(|| resolve(peer)),
            own: resolve(own),
            method: when.method.clone().unwrap_or_else(|| "POST".into()),
            path: when.path.clone().unwrap_or_else(|| "/".into()),
            host: when.host.clone(),
            headers,
            grpc,
            outbound: when.outbound.unwrap_or(false),
            crowded,
        })
    }

    /// The request headers as a proxy holds them.
    fn headers(&self) -> Vec<Header> {
        let host = self.host.as_deref().unwrap_or("self");
        let own = [(":method", self.method.as_str()), (":path", &self.path), (":authority", host)];
        let others = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        own.into_iter().chain(others).map(|(name, value)| (name.to_lowercase(), value.as_bytes().to_vec())).collect()
    }
}

/// Other tokens whose transitions fall into the bucket of the case's own: their `jti`s.
///
/// # Errors
/// Where the case has no token whose bucket could be filled.
pub fn crowding(whole: &Whole, request: &Prepared, wanted: usize) -> Result<Vec<String>, String> {
    let (workflow, transition) = request.crowded.clone().ok_or("a crowd wants a denial")?;
    let step = whole.case.given.steps.first().ok_or("a crowd wants a step")?;
    let entry = |parent: &str| Entry::new(&workflow, parent, &transition, UnixTime::MAX, 1);
    let instance = step.instance.as_deref().unwrap_or("i-1");
    let own = entry(&format!("{instance}.{}.-", step.task)).key();
    // One in 4,096 falls there.
    let found = (0_u32..).map(|n| format!("crowd-{n}")).filter(|name| entry(&format!("{name}.{}.-", step.task)).key() == own);
    Ok(found.take(wanted).collect())
}

fn crowd(whole: &Whole, request: &Prepared, store: &mut MemoryStore) -> Result<(), String> {
    if whole.case.given.crowd == 0 {
        return Ok(());
    }
    let (workflow, transition) = request.crowded.clone().ok_or("a crowd wants a denial")?;
    let step = whole.case.given.steps.first().ok_or("a crowd wants a step")?;
    for name in crowding(whole, request, whole.case.given.crowd)? {
        let parent = format!("{name}.{}.-", step.task);
        let entry = Entry::new(&workflow, &parent, &transition, UnixTime::MAX, 1);
        take(store, &entry, UnixTime::from_seconds(0)).map_err(|denial| denial.to_string())?;
    }
    Ok(())
}

fn decide(gate: Option<&Gate>, request: &Prepared, now: UnixTime, store: &mut MemoryStore) -> Outcome {
    let headers = request.headers();
    let facts = Facts {
        listener: if request.outbound { Listener::Outbound } else { Listener::Inbound },
        mtls: request.peer.is_some(),
        peer: request.peer.as_deref().map(str::as_bytes),
        own: Some(request.own.as_bytes()),
        headers: &headers,
        now,
        // Fixed: what is drawn is no part of any case.
        random: [7; 32],
        replica: None,
    };
    let mut seen = Seen(headers.iter().map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())).collect());
    let mut outcome = Outcome::default();
    let applied = match inbound(gate, &facts, &RustCrypto, store) {
        Verdict::Permitted(permit) => permit.apply(&mut seen).map(|reply| {
            outcome.start = reply.start().map(str::to_owned);
            outcome.receipt = reply.receipt().map(str::to_owned);
        }),
        Verdict::Exempt(pass) => pass.apply(&mut seen),
        Verdict::Observed(refusal, pass) => {
            outcome.observed = Some(refusal.code().to_string());
            pass.apply(&mut seen)
        }
        Verdict::Refused(refusal) => Err(refusal.denial().clone()),
    };
    match applied {
        Ok(()) => outcome.seen = Some(seen.0),
        Err(denial) => outcome.denied = Some(denial.code().to_string()),
    }
    outcome
}

/// Headers as the application would see them.
struct Seen(Vec<(String, String)>);

impl HeaderMap for Seen {
    fn remove(&mut self, name: &str) -> Result<(), &'static str> {
        self.0.retain(|(n, _)| n != name);
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        self.remove(name)?;
        self.0.push((name.to_owned(), value.to_owned()));
        Ok(())
    }
}
