//! A case's request as it is sent, and those that come before it.

use stepgate_config::workflow::Workflow;
use stepgate_decision::record::Entry;
use stepgate_decision::{Header, UnixTime};

use crate::corpus::{Corpus, Whole};
use crate::steps::{INSTANCE, Mint, identity};

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
    /// Whether it comes over HTTP/2.
    pub http2: bool,
    /// Whether it goes out, not in.
    pub outbound: bool,
}

impl Prepared {
    /// Resolves and mints. `salt` makes the instances of this run their own.
    ///
    /// # Errors
    /// In words.
    pub fn of(corpus: &Corpus, whole: &Whole, now: UnixTime, salt: &str) -> Result<Self, String> {
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
        let mint =
            Mint { config: file.config.as_ref(), environment: &corpus.environment, peer: &resolve(peer), now, salt };
        let mut headers = mint.headers(&whole.case.given, &when.headers)?;
        if grpc {
            headers.extend([("content-type".into(), "application/grpc".into()), ("te".into(), "trailers".into())]);
        }
        Ok(Self {
            peer: (peer != "none").then(|| resolve(peer)),
            own: resolve(own),
            method: when.method.clone().unwrap_or_else(|| "POST".into()),
            path: when.path.clone().unwrap_or_else(|| "/".into()),
            host: when.host.clone(),
            headers,
            http2: grpc || when.http2.unwrap_or(false),
            outbound: when.outbound.unwrap_or(false),
        })
    }

    /// The request headers as a proxy holds them.
    pub fn proxy_headers(&self) -> Vec<Header> {
        let host = self.host.as_deref().unwrap_or("self");
        let own = [(":method", self.method.as_str()), (":path", &self.path), (":authority", host)];
        let others = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        own.into_iter().chain(others).map(|(name, value)| (name.to_lowercase(), value.as_bytes().to_vec())).collect()
    }
}

/// All requests of a case, the last of which is the one that counts; those before are to be permitted.
///
/// # Errors
/// In words.
pub fn requests(corpus: &Corpus, whole: &Whole, now: UnixTime, salt: &str) -> Result<Vec<Prepared>, String> {
    let mut requests = Vec::new();
    for instance in crowd(corpus, whole, salt)? {
        let mut other = whole.clone();
        if let Some(step) = other.case.given.steps.first_mut() {
            step.instance = Some(instance);
        }
        requests.push(Prepared::of(corpus, &other, now, salt)?);
    }
    for _ in 0..whole.case.given.taken {
        requests.push(Prepared::of(corpus, whole, now, salt)?);
    }
    requests.push(Prepared::of(corpus, whole, now, salt)?);
    Ok(requests)
}

/// Instances whose transition from the case's step falls into the same bucket of the record.
fn crowd(corpus: &Corpus, whole: &Whole, salt: &str) -> Result<Vec<String>, String> {
    if whole.case.given.crowd == 0 {
        return Ok(Vec::new());
    }
    let step = whole.case.given.steps.first().ok_or("a crowd wants a step")?;
    let config = corpus.gate(whole)?.config.as_ref().ok_or("a crowd wants a gate")?;
    let workflow = config.workflows.first().ok_or("a crowd wants a workflow")?;
    let own = whole.when.own.as_deref().unwrap_or_default();
    let transition = workflow
        .transitions
        .iter()
        .find(|t| t.from.name.as_str() == step.task && t.to.performer.name.as_str() == own)
        .ok_or("a crowd wants a transition")?;
    let bucket = |instance: &str| {
        let parent = format!("{instance}.{}.-", step.task);
        Entry::new(&workflow.name, &parent, &transition.to_string(), UnixTime::MAX, 1).key()
    };
    let full = bucket(&format!("{INSTANCE}{salt}"));
    // One in 4,096 falls there.
    Ok((0_u32..)
        .map(|n| format!("crowd-{n}"))
        .filter(|name| bucket(name) == full)
        .take(whole.case.given.crowd)
        .collect())
}
