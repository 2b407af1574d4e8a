//! A case as written in the corpus: facts in, verdict out. `tests/corpus/README.md` explains each key.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A file of cases that share a gate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// `gates/NAME.yaml`.
    pub gate: String,
    /// Defaults for the cases of the chapter.
    #[serde(default)]
    pub when: When,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The behaviour that the case shows, as a sentence.
    pub name: String,
    /// A gate other than the chapter's.
    pub gate: Option<String>,
    /// The state before the request.
    #[serde(default)]
    pub given: Given,
    /// The request.
    #[serde(default)]
    pub when: When,
    /// The verdict.
    pub then: Then,
}

/// The state before the request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The tokens that the request carries.
    #[serde(default)]
    pub steps: Vec<GivenStep>,
    /// The lines of the step header; `$N` is the N-th token. Default: all tokens in one line.
    pub lines: Option<Vec<String>>,
    /// Other requests that were made, and permitted, first.
    #[serde(default)]
    pub before: Vec<Before>,
    /// How often the same request was made, and permitted, before this one.
    #[serde(default)]
    pub taken: u32,
    /// How often the same request was made before those, and permitted, while there was no application.
    #[serde(default)]
    pub undelivered: u32,
    /// The number of other live entries in the record's bucket.
    #[serde(default)]
    pub bucket_load: usize,
}

/// An earlier request of the same instance.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// Its tokens. Default: those of the case.
    pub steps: Option<Vec<GivenStep>>,
    /// What differs from the case's own request.
    #[serde(default)]
    pub when: When,
}

/// A token. Its defaults are those of a token that the peer rightfully holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenStep {
    /// The task reached.
    pub task: String,
    /// The actor or SPIFFE ID that may present it. Default: the peer.
    pub holder: Option<String>,
    /// Its workflow. Default: the gate's first.
    pub workflow: Option<String>,
    /// Its instance. Default: `i-1`.
    pub instance: Option<String>,
    /// `arrival` (default), `receipt` or `departure`.
    #[serde(rename = "type")]
    pub token_type: Option<String>,
    /// At a join: the source that it comes from.
    pub from: Option<String>,
    /// The task to which a departure leads.
    pub to: Option<String>,
    /// The `kid` in the header; default: the workflow's signing key.
    pub kid: Option<String>,
    /// The variable with the key that signs. Default: the one of `kid`. `forged`: a key that no gate has.
    pub signed_by: Option<String>,
    /// When it was issued, relative to now.
    pub issued: Option<String>,
    /// When it ends, relative to now.
    pub expires: Option<String>,
    /// When its instance ends, relative to now.
    pub deadline: Option<String>,
    /// Claims that replace the usual ones; `null` leaves one out.
    #[serde(default)]
    pub claims: BTreeMap<String, Value>,
    /// Members of the JOSE header, likewise.
    #[serde(default)]
    pub header: BTreeMap<String, Value>,
    /// A change to the finished token, see [`crate::tamper`].
    pub tamper: Option<Value>,
}

/// The request and its connection.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// An actor, any URI, or `none` for a connection without a client certificate.
    pub peer: Option<String>,
    /// The actor (or URI) whose gate gets the request.
    #[serde(rename = "self")]
    pub own: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The path with its query.
    pub path: Option<String>,
    /// The authority.
    pub host: Option<String>,
    /// The workload's port on which the request arrives; 0: the proxy does not say.
    pub port: Option<u16>,
    /// Further header lines.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The number of further headers, and the bytes of each value.
    pub padding: Option<(usize, usize)>,
    /// Bytes of the body.
    pub body: Option<usize>,
    /// Whether the body is sent without a length.
    pub chunked: Option<bool>,
    /// Trailers.
    #[serde(default)]
    pub trailers: Vec<(String, String)>,
    /// Whether it is a gRPC call, over HTTP/2.
    pub grpc: Option<bool>,
    /// The version of HTTP: gRPC is always over 2.
    pub http: Option<Http>,
    /// The proxy's path normalisation, before the gate.
    pub normalization: Option<Normalization>,
    /// The request that the gate gets, where the proxy changes it first.
    pub gets: Option<Gets>,
    /// Whether the request leaves through the actor's own outbound listener instead.
    pub outbound: Option<bool>,
    /// The cluster that the proxy has chosen for it.
    pub cluster: Option<String>,
    /// The time, RFC 3339: only for subjects whose clock can be set.
    pub at: Option<String>,
}

impl When {
    /// This request, completed with the chapter's defaults.
    #[must_use]
    pub fn or(&self, chapter: &Self) -> Self {
        let mut headers = chapter.headers.clone();
        headers.extend(self.headers.iter().cloned());
        Self {
            peer: self.peer.clone().or_else(|| chapter.peer.clone()),
            own: self.own.clone().or_else(|| chapter.own.clone()),
            method: self.method.clone().or_else(|| chapter.method.clone()),
            path: self.path.clone().or_else(|| chapter.path.clone()),
            host: self.host.clone().or_else(|| chapter.host.clone()),
            port: self.port.or(chapter.port),
            headers,
            padding: self.padding.or(chapter.padding),
            body: self.body.or(chapter.body),
            chunked: self.chunked.or(chapter.chunked),
            trailers: if self.trailers.is_empty() { chapter.trailers.clone() } else { self.trailers.clone() },
            grpc: self.grpc.or(chapter.grpc),
            http: self.http.or(chapter.http),
            normalization: self.normalization.or(chapter.normalization),
            gets: self.gets.clone().or_else(|| chapter.gets.clone()),
            outbound: self.outbound.or(chapter.outbound),
            cluster: self.cluster.clone().or_else(|| chapter.cluster.clone()),
            at: self.at.clone().or_else(|| chapter.at.clone()),
        }
    }
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Http {
    /// HTTP/1.0.
    #[serde(rename = "1.0")]
    One,
    /// HTTP/1.1.
    #[default]
    #[serde(rename = "1.1")]
    OneOne,
    /// HTTP/2.
    #[serde(rename = "2")]
    Two,
}

/// The proxy's path normalisation, with the values of Istio's `pathNormalization`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalization {
    /// Nothing.
    #[default]
    None,
    /// Dot segments, `\`.
    Base,
    /// Also `//`.
    MergeSlashes,
    /// Also `%2F` and `%5C`.
    DecodeAndMergeSlashes,
}

/// The parts of the request that the gate gets in place of those that were sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gets {
    /// The method.
    pub method: Option<String>,
    /// The path with its query.
    pub path: Option<String>,
    /// The authority.
    pub host: Option<String>,
    /// The case's own header lines.
    pub headers: Option<Vec<(String, String)>>,
}

/// The verdict: exactly one of `permit`, `deny`, `exempt`, `observed`, or `refused`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// The task reached.
    pub permit: Option<String>,
    /// The code. Beside `refused`: the code of a gate that gets the request anyway.
    pub deny: Option<String>,
    /// The status with which the proxy rejects it before any gate; 0 if the proxy ends the stream or the connection.
    pub refused: Option<u16>,
    /// Let through, as a request outside of every workflow.
    #[serde(default)]
    pub exempt: bool,
    /// Let through, although the gate would deny it with this code if it enforced.
    pub observed: Option<String>,
    /// Claims that the application's token has, among others; `null`: the token has no such claim.
    #[serde(default)]
    pub claims: BTreeMap<String, Value>,
    /// Whether the caller gets a start token.
    #[serde(default)]
    pub start: bool,
    /// Whether the caller gets a receipt.
    #[serde(default)]
    pub receipt: bool,
    /// Header lines that the application sees (`null`: lines that it does not see).
    #[serde(default)]
    pub sees: BTreeMap<String, Option<String>>,
    /// The same for the trailers.
    #[serde(default)]
    pub sees_trailers: BTreeMap<String, Option<String>>,
}
