//! A case's request as it is sent, and the requests before it.

use stepgate_config::workflow::Workflow;
use stepgate_decision::replay_record::Entry;
use stepgate_decision::{Header, UnixTime};

use crate::case::Http;
use crate::corpus::{Corpus, Whole};
use crate::steps::{INSTANCE, Mint, identity};

/// A case's request, its actors resolved and its tokens minted.
#[derive(Debug)]
pub struct Prepared {
    /// The peer's URI; none without a certificate.
    pub peer: Option<String>,
    /// The URI of the gate's own certificate.
    pub own: String,
    /// The request that is sent.
    pub sent: Message,
    /// The request that the gate gets.
    pub got: Message,
    /// Bytes of the body.
    pub body: usize,
    /// Whether the body is sent without a length.
    pub chunked: bool,
    /// Trailers.
    pub trailers: Vec<Line>,
    /// The version of HTTP.
    pub http: Http,
    /// Whether it is outbound.
    pub outbound: bool,
    /// The cluster that the proxy has chosen.
    pub cluster: Option<String>,
    /// Whether there is no application to deliver it to.
    pub undelivered: bool,
    /// The workload's port; none where the case names none, or the proxy does not say.
    pub port: Option<u16>,
}

/// Marks a request that cannot be delivered.
pub const UNDELIVERED: &str = "x-lab-undelivered";

/// A header line, unchanged.
pub type Line = (Vec<u8>, Vec<u8>);

/// A request's head.
#[derive(Debug, Clone)]
pub struct Message {
    /// The method.
    pub method: Vec<u8>,
    /// The path, or the text in its place.
    pub path: Vec<u8>,
    /// The authority, if the case gives one; `Some` of an empty text: the request has none.
    pub host: Option<Vec<u8>>,
    /// All other headers.
    pub headers: Vec<Line>,
}

impl Prepared {
    /// Resolves and mints. `salt` keeps the instances of this run apart from those of others.
    ///
    /// # Errors
    /// Returns a message that says what failed.
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
        let tokens = mint.tokens(&whole.case.given)?;
        let lines = |own: &[(String, String)]| {
            let (many, long) = when.padding.unwrap_or_default();
            let padding = (0..many).map(|n| (format!("x-padding-{n}"), "p".repeat(long)));
            let steps = tokens.lines.iter().map(|line| ("x-workflow-step".to_owned(), line.clone()));
            let grpc = [("content-type", "application/grpc"), ("te", "trailers")].into_iter().filter(|_| grpc);
            let grpc = grpc.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let own = own.iter().map(|(name, value)| (name.clone(), tokens.fill(value)));
            own.chain(steps).chain(grpc).chain(padding).map(|(name, value)| (bytes(&name), bytes(&value))).collect()
        };
        let sent = Message {
            method: bytes(when.method.as_deref().unwrap_or("POST")),
            path: bytes(when.path.as_deref().unwrap_or("/")),
            host: when.host.as_deref().map(host),
            headers: lines(&when.headers),
        };
        let got = when.gets.clone().unwrap_or_default();
        let got = Message {
            method: got.method.map_or_else(|| sent.method.clone(), |method| bytes(&method)),
            path: got.path.map_or_else(|| sent.path.clone(), |path| bytes(&path)),
            host: got.host.as_deref().map(host).or_else(|| sent.host.clone()),
            headers: got.headers.map_or_else(|| sent.headers.clone(), |headers| lines(&headers)),
        };
        let trailers = when.trailers.iter().map(|(name, value)| (bytes(name), bytes(&tokens.fill(value))));
        let http = when.http.unwrap_or(if grpc { Http::Two } else { Http::OneOne });
        Ok(Self {
            peer: (peer != "none").then(|| resolve(peer)),
            own: resolve(own),
            sent,
            got,
            // An uncompressed message of no bytes (gRPC over HTTP/2, "Length-Prefixed-Message").
            body: when.body.unwrap_or(if grpc { 5 } else { 0 }),
            chunked: when.chunked.unwrap_or(false),
            trailers: trailers.collect(),
            http,
            outbound: when.outbound.unwrap_or(false),
            cluster: when.cluster.clone().filter(|cluster| cluster != "none"),
            undelivered: false,
            port: when.port.filter(|port| *port > 0),
        })
    }

    /// The same request while there is no application: a proxy recognises it by a header.
    fn undelivered(self) -> Self {
        let mark = |message: Message| {
            let headers = message.headers.into_iter().chain([(UNDELIVERED.into(), b"1".into())]).collect();
            Message { headers, ..message }
        };
        Self { undelivered: true, sent: mark(self.sent), got: mark(self.got), ..self }
    }

    /// The request headers as a proxy holds them.
    pub fn proxy_headers(&self) -> Vec<Header> {
        let got = &self.got;
        let host = got.host.clone().unwrap_or_else(|| b"self".to_vec());
        let own = [(":method", got.method.clone()), (":path", got.path.clone()), (":authority", host)];
        // A CONNECT has no path, an old request no authority: the header is then absent, not empty.
        let own = own.into_iter().filter(|(_, value)| !value.is_empty());
        let own = own.map(|(name, value)| (name.to_owned(), value));
        own.chain(proxy_lines(&got.headers)).collect()
    }

    /// The trailers as a proxy holds them.
    pub fn proxy_trailers(&self) -> Vec<Header> {
        proxy_lines(&self.trailers).collect()
    }
}

fn proxy_lines(lines: &[Line]) -> impl Iterator<Item = Header> {
    lines.iter().map(|(name, value)| (String::from_utf8_lossy(name).to_lowercase(), value.clone()))
}

fn host(text: &str) -> Vec<u8> {
    if text == "none" { Vec::new() } else { bytes(text) }
}

/// A text of the corpus, in which `\xNN` is a byte.
fn bytes(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.split_at_checked(2).map(|(number, rest)| (u8::from_str_radix(number, 16), rest)) {
            Some((Ok(byte), rest)) => {
                bytes.push(byte);
                bytes.extend(rest.as_bytes());
            }
            _ => {
                bytes.extend(b"\\x");
                bytes.extend(part.as_bytes());
            }
        }
    }
    bytes
}

/// All requests of a case. The last one is judged; those before it must be permitted.
///
/// # Errors
/// Returns a message that says what failed.
pub fn requests(corpus: &Corpus, whole: &Whole, now: UnixTime, salt: &str) -> Result<Vec<Prepared>, String> {
    let mut requests = Vec::new();
    for instance in bucket_load(corpus, whole, salt)? {
        let mut other = whole.clone();
        if let Some(step) = other.case.given.steps.first_mut() {
            step.instance = Some(instance);
        }
        requests.push(Prepared::of(corpus, &other, now, salt)?);
    }
    requests.extend(before(corpus, whole, now, salt)?);
    for _ in 0..whole.case.given.undelivered {
        requests.push(Prepared::of(corpus, whole, now, salt)?.undelivered());
    }
    for _ in 0..whole.case.given.taken {
        requests.push(Prepared::of(corpus, whole, now, salt)?);
    }
    requests.push(Prepared::of(corpus, whole, now, salt)?);
    Ok(requests)
}

/// The other requests that a case's instance has made first.
///
/// # Errors
/// Returns a message that says what failed.
pub fn before(corpus: &Corpus, whole: &Whole, now: UnixTime, salt: &str) -> Result<Vec<Prepared>, String> {
    let earlier = whole.case.given.before.iter().map(|before| {
        let mut other = whole.clone();
        other.when = before.when.or(&whole.when);
        if let Some(steps) = &before.steps {
            other.case.given.steps.clone_from(steps);
            other.case.given.lines = None;
        }
        Prepared::of(corpus, &other, now, salt)
    });
    earlier.collect()
}

/// Instances whose transition from the case's step falls into the same bucket of the record.
fn bucket_load(corpus: &Corpus, whole: &Whole, salt: &str) -> Result<Vec<String>, String> {
    if whole.case.given.bucket_load == 0 {
        return Ok(Vec::new());
    }
    let step = whole.case.given.steps.first().ok_or("`bucket_load` needs a step")?;
    let config = corpus.gate(whole)?.config.as_ref().ok_or("`bucket_load` needs a gate")?;
    let workflow = config.workflows.first().ok_or("`bucket_load` needs a workflow")?;
    let own = whole.when.own.as_deref().unwrap_or_default();
    let transition = workflow
        .transitions
        .iter()
        .find(|t| t.from.name.as_str() == step.task && t.to.performer.name.as_str() == own)
        .ok_or("`bucket_load` needs a transition")?;
    let bucket = |instance: &str| {
        let parent = format!("{instance}.{}.-", step.task);
        Entry::new(workflow, &parent, &transition.to_string(), UnixTime::MAX, 1).key()
    };
    let full = bucket(&format!("{INSTANCE}{salt}"));
    // One in 4,096 falls there.
    Ok((0_u32..)
        .map(|n| format!("load-{n}"))
        .filter(|name| bucket(name) == full)
        .take(whole.case.given.bucket_load)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_may_hold_any_bytes() {
        assert_eq!(bytes("a\\x00b\\xffc"), b"a\0b\xffc");
        assert_eq!(bytes("\\x\\xzz\\x4"), b"\\x\\xzz\\x4");
    }
}
