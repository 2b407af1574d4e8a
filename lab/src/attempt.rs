//! One request of the lab: who sends what to whom, with which step.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use stepgate_config::workflow::{RequestPattern, Task};
use stepgate_decision::UnixTime;

use super::cast::Member;
use super::setting::HEADER;
use stepgate_mesh::{Request, Response};

/// Who sends.
#[derive(Debug, Clone)]
pub(super) enum Sender {
    Member(Arc<Member>),
    /// A workload of the mesh that is no actor, by its identity.
    Stranger(String),
    /// Somebody without a certificate.
    Nobody,
}

impl Sender {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Member(member) => &member.name,
            Self::Stranger(id) => id,
            Self::Nobody => "nobody",
        }
    }

    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Member(member) => Some(member.id.as_str()),
            Self::Stranger(id) => Some(id),
            Self::Nobody => None,
        }
    }

    pub(super) fn member(&self) -> Option<&Arc<Member>> {
        match self {
            Self::Member(member) => Some(member),
            Self::Stranger(_) | Self::Nobody => None,
        }
    }
}

/// A request, before it is sent.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) from: Sender,
    pub(super) to: Arc<Member>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) host: Option<String>,
    /// The values of the step header, one line.
    pub(super) steps: Vec<String>,
    /// Further header lines.
    pub(super) headers: Vec<(String, String)>,
    /// A gRPC call as plain HTTP/1.1, without the headers of one.
    pub(super) plain: bool,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The code of a denial.
    pub(super) code: Option<String>,
    /// The step that the application saw, where it was reached, under any name that some server takes for the header.
    pub(super) step: Option<String>,
    /// The start token that came back.
    pub(super) start: Option<String>,
    /// The receipt that came back.
    pub(super) receipt: Option<String>,
    /// Whether the application was reached.
    pub(super) reached: bool,
    /// The path that the application saw, where it was reached.
    pub(super) path: Option<String>,
    /// Whether somebody before the gate refused it. Only where the lab did not start the gates can there be such.
    pub(super) before_the_gate: bool,
}

impl Attempt {
    /// A request to a workload that is this task, without a step.
    pub(super) fn of(from: Sender, to: &Arc<Member>, task: &Task) -> Self {
        let (method, path, host) = request_of(task);
        Self { from, to: Arc::clone(to), method, path, host, steps: Vec::new(), headers: Vec::new(), plain: false }
    }

    /// Whether it is a gRPC call: a path `/package.Service/Method`, posted.
    pub(super) fn grpc(&self) -> bool {
        let mut segments = self.path.split('/').skip(1);
        let service = segments.next().is_some_and(|service| service.contains('.'));
        let called = service && segments.next().is_some() && segments.next().is_none();
        called && self.method == "POST" && !self.plain
    }

    /// The header lines that it has, its step the last of them.
    pub(super) fn lines(&self) -> Vec<(String, String)> {
        let grpc: &[(&str, &str)] =
            if self.grpc() { &[("content-type", "application/grpc"), ("te", "trailers")] } else { &[] };
        let step = (!self.steps.is_empty()).then(|| (HEADER.to_owned(), self.steps.join(",")));
        let grpc = grpc.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        grpc.chain(self.headers.iter().cloned()).chain(step).collect()
    }

    /// The authority by which the receiver is called.
    pub(super) fn authority(&self) -> &str {
        self.host.as_deref().unwrap_or(&self.to.authority)
    }

    /// As the mesh sends it.
    pub(super) fn request(&self) -> Request {
        let mut request = if self.grpc() {
            Request::grpc(self.path.clone())
        } else {
            Request::new(self.method.clone(), self.path.clone())
        };
        // A gRPC request brings its own.
        let own = if self.grpc() { 2 } else { 0 };
        for (name, value) in self.lines().into_iter().skip(own) {
            request = request.header(name, value);
        }
        request.header("host", self.authority())
    }
}

impl Answer {
    pub(super) fn of(response: &Response) -> Self {
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let seen = response.seen();
        let code = match response.grpc_status() {
            Some(7) => text(response.header("grpc-message").or(response.trailer("grpc-message"))),
            Some(_) => None,
            None => problem_code(response),
        };
        let folded = |name: &str| name.replace('_', "-") == HEADER;
        let step = seen.as_ref().and_then(|seen| seen.headers.iter().find(|(name, _)| folded(name)));
        Self {
            status: response.status,
            code,
            step: step.map(|(_, value)| value.clone()),
            start: text(response.header("x-workflow-step-start")),
            receipt: text(response.header(HEADER).or(response.trailer(HEADER))),
            reached: seen.is_some(),
            path: seen.map(|seen| seen.path),
            before_the_gate: false,
        }
    }
}

/// The code of a denial over plain HTTP (RFC 9457).
fn problem_code(response: &Response) -> Option<String> {
    let problem: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
    (response.status == 403).then(|| problem.get("code")?.as_str().map(str::to_owned)).flatten()
}

/// A path that the pattern accepts: each `{name}` is 7, a tail is `a/b`.
pub(super) fn path_for(pattern: &RequestPattern) -> String {
    let Some(path) = &pattern.path else { return "/".into() };
    let segments: Vec<String> = path
        .to_string()
        .split('/')
        .map(|segment| match segment {
            "**" => "a/b".to_owned(),
            name if name.starts_with('{') => "7".to_owned(),
            literal => literal.to_owned(),
        })
        .collect();
    segments.join("/")
}

/// A request that is this task: its method, path and host.
pub(super) fn request_of(task: &Task) -> (String, String, Option<String>) {
    let Some(pattern) = task.requests.first() else { return ("POST".into(), "/".into(), None) };
    let method = pattern.methods.first().map_or("POST", |method| method.as_str());
    (method.to_owned(), path_for(pattern), pattern.host.clone())
}

/// The time, as tokens count it.
pub(super) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_seconds(since.as_secs())
}
