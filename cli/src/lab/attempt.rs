//! One request of the lab: who sends what to whom, with which step.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use stepgate_config::workflow::{Actor, RequestPattern, Task};
use stepgate_decision::UnixTime;

use super::LabError;
use super::setting::HEADER;
use crate::mesh::{CallError, Mesh, MeshError, Request, Response};

/// A request, before it is sent.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) from: Arc<Actor>,
    pub(super) to: Arc<Actor>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) host: Option<String>,
    /// The values of the step header, one line.
    pub(super) steps: Vec<String>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The code of a denial.
    pub(super) code: Option<String>,
    /// The step that the application saw, where it was reached.
    pub(super) step: Option<String>,
    /// The start token that came back.
    pub(super) start: Option<String>,
    /// The receipt that came back.
    pub(super) receipt: Option<String>,
    /// Whether the application was reached.
    pub(super) reached: bool,
}

impl Attempt {
    /// Whether it is a gRPC call: a path `/package.Service/Method`, posted.
    pub(super) fn grpc(&self) -> bool {
        let mut segments = self.path.split('/').skip(1);
        let service = segments.next().is_some_and(|service| service.contains('.'));
        self.method == "POST" && service && segments.next().is_some() && segments.next().is_none()
    }

    /// The header lines that it has besides its step.
    pub(super) fn headers(&self) -> &'static [(&'static str, &'static str)] {
        if self.grpc() { &[("content-type", "application/grpc"), ("te", "trailers")] } else { &[] }
    }

    /// Sends it through the sender's own Envoy.
    pub(super) fn send(&self, mesh: &Mesh) -> Result<Answer, LabError> {
        let mut request = if self.grpc() {
            Request::grpc(self.path.clone())
        } else {
            Request::new(self.method.clone(), self.path.clone())
        };
        if let Some(host) = &self.host {
            request = request.header("host", host.clone());
        }
        if !self.steps.is_empty() {
            request = request.header(HEADER, self.steps.join(","));
        }
        let call = || mesh.call(self.from.name.as_str(), self.to.name.as_str(), &request);
        let response = match call() {
            // A connection that was kept open can be closed by the other side just then.
            Err(MeshError::Call(CallError::Http(_))) => call(),
            other => other,
        };
        Ok(Answer::of(&response?))
    }
}

impl Answer {
    fn of(response: &Response) -> Self {
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let seen = response.seen();
        let code = match response.grpc_status() {
            Some(7) => text(response.header("grpc-message").or(response.trailer("grpc-message"))),
            Some(_) => None,
            None => problem_code(response),
        };
        Self {
            status: response.status,
            code,
            step: seen.as_ref().and_then(|seen| seen.header(HEADER).next().map(str::to_owned)),
            start: text(response.header("x-workflow-step-start")),
            receipt: text(response.header(HEADER).or(response.trailer(HEADER))),
            reached: seen.is_some(),
        }
    }
}

/// The code of a denial over plain HTTP (RFC 9457).
fn problem_code(response: &Response) -> Option<String> {
    let problem: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
    (response.status == 403).then(|| problem.get("code")?.as_str().map(str::to_owned)).flatten()
}

/// A request that the pattern accepts.
pub(super) fn request_for(pattern: Option<&RequestPattern>) -> (String, String, Option<String>) {
    let Some(pattern) = pattern else { return ("POST".into(), "/".into(), None) };
    let method = pattern.methods.first().map_or("POST", |method| method.as_str());
    (method.to_owned(), path_for(pattern), pattern.host.clone())
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

/// A request that is this task.
pub(super) fn request_of(task: &Task) -> (String, String, Option<String>) {
    request_for(task.requests.first())
}

/// The time, as tokens count it.
pub(super) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_seconds(since.as_secs())
}
