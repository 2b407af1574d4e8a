//! A case as it stands in the corpus: facts in, verdict out. `tests/corpus/README.md` says what each key means.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A file of cases that share a gate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// `gates/NAME.yaml`.
    pub gate: String,
    /// What every case of the chapter begins with, where it does not say otherwise.
    #[serde(default)]
    pub when: When,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows, as a sentence.
    pub name: String,
    /// Another gate than the chapter's.
    pub gate: Option<String>,
    /// What came before.
    #[serde(default)]
    pub given: Given,
    /// The request.
    #[serde(default)]
    pub when: When,
    /// The verdict.
    pub then: Then,
}

/// What came before the request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The tokens that the request carries.
    #[serde(default)]
    pub steps: Vec<GivenStep>,
    /// The lines of the step header; `$N` is the N-th token. Default: all tokens in one line.
    pub lines: Option<Vec<String>>,
    /// How often the same request was made, and permitted, before.
    #[serde(default)]
    pub taken: u32,
    /// How many other live entries are in the record's bucket.
    #[serde(default)]
    pub crowd: usize,
}

/// A token: that of a rightful holder, but for what is said here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenStep {
    /// The task reached.
    pub task: String,
    /// Who may present it: an actor or a SPIFFE ID. Default: the peer.
    pub holder: Option<String>,
    /// Of which workflow; default: the gate's first.
    pub workflow: Option<String>,
    /// Of which instance; default: `i-1`.
    pub instance: Option<String>,
    /// `arrival` (default), `departure` or `receipt`.
    #[serde(rename = "type")]
    pub token_type: Option<String>,
    /// At a join, from which source it comes.
    pub from: Option<String>,
    /// The `kid` in the header; default: the workflow's signing key.
    pub kid: Option<String>,
    /// The variable with the key that signs; default: the one of `kid`. `forged`: a key of nobody's.
    pub signed_by: Option<String>,
    /// When it was issued, from now.
    pub issued: Option<String>,
    /// When it ends, from now.
    pub expires: Option<String>,
    /// When its instance ends, from now.
    pub deadline: Option<String>,
    /// Claims that replace what would stand there; `null` leaves one out.
    #[serde(default)]
    pub claims: BTreeMap<String, Value>,
    /// Members of the JOSE header, likewise.
    #[serde(default)]
    pub header: BTreeMap<String, Value>,
    /// Changes to the finished text: `truncate`, `pad`, `flip-signature`, `zero-signature`.
    pub mangle: Option<Value>,
}

/// The request and its connection.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// An actor, any URI, or `none` for a connection without a client certificate.
    pub peer: Option<String>,
    /// The actor (or URI) behind whose gate the request arrives.
    #[serde(rename = "self")]
    pub own: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The path with its query.
    pub path: Option<String>,
    /// The authority.
    pub host: Option<String>,
    /// Further header lines.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Whether it is a gRPC call, over HTTP/2.
    pub grpc: Option<bool>,
    /// Whether it comes over HTTP/2; gRPC always does.
    pub http2: Option<bool>,
    /// Whether it leaves through the actor's own outbound listener instead.
    pub outbound: Option<bool>,
    /// The time, RFC 3339: only for subjects whose clock can be set.
    pub at: Option<String>,
}

impl When {
    /// This, and what the chapter says where this says nothing.
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
            headers,
            grpc: self.grpc.or(chapter.grpc),
            http2: self.http2.or(chapter.http2),
            outbound: self.outbound.or(chapter.outbound),
            at: self.at.clone().or_else(|| chapter.at.clone()),
        }
    }
}

/// The verdict: exactly one of `permit`, `deny`, `exempt`, `observed`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// The task reached.
    pub permit: Option<String>,
    /// The code.
    pub deny: Option<String>,
    /// Let through, as of no workflow.
    #[serde(default)]
    pub exempt: bool,
    /// Let through, though it would be denied with this code.
    pub observed: Option<String>,
    /// Claims that the application's token has, among others; `null`: it has none of that name.
    #[serde(default)]
    pub claims: BTreeMap<String, Value>,
    /// Whether the caller is answered a start token.
    #[serde(default)]
    pub start: bool,
    /// Whether the caller is answered a receipt.
    #[serde(default)]
    pub receipt: bool,
    /// Header lines that the application sees (`null`: that it does not see).
    #[serde(default)]
    pub sees: BTreeMap<String, Option<String>>,
}
