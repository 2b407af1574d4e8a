//! One request of the lab: who sends what to whom, with which step.

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{ExampleRequest, GRPC_HEADERS, Task, is_grpc};
use stepgate_mesh::{Request, Response};
use stepgate_reference::Shown;

use super::workloads::Workload;

/// The step header.
pub(super) const HEADER: &str = "x-workflow-step";

/// Who sends.
#[derive(Debug, Clone)]
pub(super) enum Sender {
    Workload(Arc<Workload>),
    /// A workload of the mesh that is not an actor, by its identity.
    Stranger(SpiffeId),
    /// A client without a certificate.
    Anonymous,
}

impl Sender {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Workload(workload) => &workload.name,
            Self::Stranger(id) => id.as_str(),
            Self::Anonymous => "nobody",
        }
    }

    pub(super) fn id(&self) -> Option<&SpiffeId> {
        match self {
            Self::Workload(workload) => Some(&workload.id),
            Self::Stranger(id) => Some(id),
            Self::Anonymous => None,
        }
    }

    pub(super) fn workload(&self) -> Option<&Arc<Workload>> {
        match self {
            Self::Workload(workload) => Some(workload),
            Self::Stranger(_) | Self::Anonymous => None,
        }
    }
}

/// A request, before it is sent.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) from: Sender,
    pub(super) to: Arc<Workload>,
    pub(super) method: String,
    pub(super) path: String,
    /// Without its `?`; empty: none.
    pub(super) query: String,
    pub(super) host: Option<String>,
    /// The port of the workload, where the task names one.
    pub(super) port: Option<u16>,
    /// The entries of the step header, one line, and what the reference knows of them.
    pub(super) steps: Vec<Shown>,
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
    /// The step that the application saw, if it was reached, under any name that some server takes for the header.
    pub(super) step: Option<String>,
    /// The start token that came back.
    pub(super) start: Option<String>,
    /// The receipt that came back.
    pub(super) receipt: Option<String>,
    /// Whether the application was reached.
    pub(super) reached: bool,
    /// The path that the application saw, if it was reached.
    pub(super) path: Option<String>,
    /// Whether it was refused before it reached the gate, as an existing mesh may do.
    pub(super) before_the_gate: bool,
}

impl Attempt {
    /// A request to a workload that is this task, without a step. It asks for the upgrade that the task declares.
    pub(super) fn of(from: Sender, to: &Arc<Workload>, task: &Task) -> Self {
        let ExampleRequest { method, path, host, port, headers } = task.example();
        let (steps, query) = (Vec::new(), String::new());
        let mut attempt =
            Self { from, to: Arc::clone(to), method, path, query, host, port, steps, headers, plain: false };
        // A tunnel has a method of its own.
        if let Some(protocol) = task.upgrade.iter().find(|protocol| *protocol != "connect") {
            attempt.ask_for_upgrade(protocol);
        }
        attempt
    }

    /// Asks for another protocol (RFC 9110, section 7.8).
    pub(super) fn ask_for_upgrade(&mut self, protocol: &str) {
        self.headers.push(("upgrade".into(), protocol.into()));
        self.headers.push(("connection".into(), "upgrade".into()));
    }

    /// Whether it is a gRPC call: a path `/package.Service/Method`, posted.
    pub(super) fn grpc(&self) -> bool {
        is_grpc(&self.method, &self.path) && !self.plain
    }

    /// The path and the query, as sent.
    pub(super) fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The value of the step header.
    pub(super) fn step_line(&self) -> String {
        self.steps.iter().map(Shown::text).collect::<Vec<_>>().join(",")
    }

    /// Its header lines, the step last.
    pub(super) fn lines(&self) -> Vec<(String, String)> {
        let grpc: &[(&str, &str)] = if self.grpc() { &GRPC_HEADERS } else { &[] };
        let step = (!self.steps.is_empty()).then(|| (HEADER.to_owned(), self.step_line()));
        let is_missing = |(name, _): &&(&str, &str)| !self.headers.iter().any(|(given, _)| given == name);
        let grpc = grpc.iter().filter(is_missing).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        grpc.chain(self.headers.iter().cloned()).chain(step).collect()
    }

    /// The authority by which the receiver is called.
    pub(super) fn authority(&self) -> &str {
        self.host.as_deref().unwrap_or(&self.to.authority)
    }

    /// As the reference reads it, at this time.
    pub(super) fn asked(&self, now: u64) -> stepgate_reference::Request {
        let (steps, headers): (Vec<_>, Vec<_>) = self.lines().into_iter().partition(|(name, _)| name == HEADER);
        let shown = |text: &str| {
            let known = self.steps.iter().find(|step| step.text() == text);
            known.cloned().unwrap_or_else(|| Shown::Text(text.to_owned()))
        };
        stepgate_reference::Request {
            peer: self.from.id().cloned(),
            gate: self.to.id.clone(),
            replica: self.to.name.clone(),
            method: self.method.clone(),
            path: self.target(),
            host: self.authority().to_owned(),
            // The mesh's own port is one that no document names.
            port: Some(self.port.unwrap_or_default()),
            headers,
            shown: steps.iter().flat_map(|(_, line)| line.split(',')).map(shown).collect(),
            now,
        }
    }

    /// As the mesh sends it.
    pub(super) fn request(&self) -> Request {
        let mut request = if self.grpc() {
            // Its headers are among the lines.
            Request { headers: Vec::new(), ..Request::grpc(self.target()) }
        } else {
            Request::new(self.method.clone(), self.target())
        };
        for (name, value) in self.lines() {
            request = request.header(name, value);
        }
        request.header("host", self.authority()).at(self.port)
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
