//! What a reader compares with what the author means: the requests of each task, the guards, and the workloads of each actor.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use stepgate_config::workflow::{RequestPattern, Workflow};

use crate::command::output;

/// The requests that are a task.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Accepts {
    task: String,
    /// Each as methods, path and what else it requires; any of them is the task.
    requests: Vec<String>,
}

/// The guard of a transition.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GuardSummary {
    from: String,
    to: String,
    when: String,
}

/// The SPIFFE IDs of an actor, and its open segments.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Identities {
    actor: String,
    spiffe: Vec<String>,
}

impl Accepts {
    /// Of the tasks that a request enters.
    pub(super) fn all(workflow: &Workflow) -> Vec<Self> {
        let entered =
            workflow.tasks.values().filter(|task| workflow.transitions.iter().any(|t| t.to.name == task.name));
        let requests = |requests: &[RequestPattern]| match requests {
            [] => vec!["any request".to_owned()],
            requests => requests.iter().map(written).collect(),
        };
        entered.map(|task| Self { task: task.name.to_string(), requests: requests(&task.requests) }).collect()
    }
}

/// `POST,PUT /shots/{id} to shots.example at port 80 with kind: a`.
fn written(request: &RequestPattern) -> String {
    let methods: Vec<&str> = request.methods.iter().map(|method| method.as_str()).collect();
    let methods = if methods.is_empty() { "any method".to_owned() } else { methods.join(",") };
    let path = request.path.as_ref().map_or_else(|| "any path".to_owned(), ToString::to_string);
    let host = request.host.as_ref().map(|host| format!(" to {host}")).unwrap_or_default();
    let port = request.port.map(|port| format!(" at port {port}")).unwrap_or_default();
    let headers = request.headers.to_string();
    let headers = if headers.is_empty() { headers } else { format!(" {headers}") };
    format!("{methods} {path}{host}{port}{headers}")
}

impl GuardSummary {
    pub(super) fn all(workflow: &Workflow) -> Vec<Self> {
        let guarded = workflow.transitions.iter().filter_map(|transition| {
            let (from, to) = (transition.from.name.to_string(), transition.to.name.to_string());
            Some(Self { from, to, when: transition.when.as_ref()?.source().to_owned() })
        });
        guarded.collect()
    }
}

impl Identities {
    pub(super) fn all(workflow: &Workflow) -> Vec<Self> {
        let of = workflow.actors.values().map(|actor| {
            let open = actor.open.iter().map(ToString::to_string);
            let spiffe = actor.spiffe.iter().map(ToString::to_string).chain(open).collect();
            Self { actor: actor.name.to_string(), spiffe }
        });
        of.collect()
    }
}

impl fmt::Display for Accepts {
    /// `` `shots` is POST /shots/{id} or any method /all ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is {}", self.task, output::escape(&self.requests.join(" or ")))
    }
}

impl fmt::Display for GuardSummary {
    /// `` `review -> merge` when peer.level >= 3 ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{} -> {}` when {}", self.from, self.to, output::escape(&self.when))
    }
}

impl fmt::Display for Identities {
    /// `` `owner` is spiffe://cluster.local/ns/movie/sa/owner ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is {}", self.actor, self.spiffe.join(" or "))
    }
}
