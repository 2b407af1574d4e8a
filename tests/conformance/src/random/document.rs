//! A workflow as plain data, and the text of it that a gate reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use stepgate_config::spiffe::SpiffeId;

/// The workflow's trust domain.
const TRUST_DOMAIN: &str = "td.x";

/// Another name of it.
pub(super) const ALIAS: &str = "td.y";

/// A workflow document: only the parts that the walks need, by name.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// Actors and their complete SPIFFE IDs.
    pub actors: BTreeMap<String, Vec<String>>,
    /// Tasks by name.
    pub tasks: BTreeMap<String, Task>,
    /// Transitions.
    pub edges: Vec<Edge>,
    /// Constraints.
    pub constraints: Vec<Constraint>,
    /// `task_ttl`, in seconds.
    pub task_ttl: u64,
    /// `deadline`, in seconds.
    pub deadline: u64,
}

/// A task.
#[derive(Debug, Clone, Default)]
pub struct Task {
    /// The actor that performs it.
    pub actor: String,
    /// Whether instances begin here.
    pub initial: bool,
    /// Whether it is `join: all`.
    pub join: bool,
    /// Its bound.
    pub max_visits: Option<u32>,
    /// The one method that it accepts.
    pub method: String,
    /// The one path pattern that it accepts.
    pub path: String,
    /// The port at which it accepts requests, if it names one.
    pub port: Option<u16>,
    /// The value of `x-tool` that it accepts, or `absent`, if it names the header.
    pub tool: Option<String>,
    /// `ttl`, in seconds, if it has its own.
    pub ttl: Option<u64>,
}

impl Task {
    /// A path of it as a caller sends it, with this text for its variable.
    pub fn sent_path(&self, id: &str) -> String {
        self.path.replace("{id}", id).replace("**", "any/one").replace('é', "%C3%A9")
    }

    /// The headers that it accepts.
    pub fn headers(&self) -> Vec<(String, String)> {
        let value = self.tool.iter().filter(|value| *value != "absent");
        value.map(|value| ("x-tool".to_owned(), value.clone())).collect()
    }
}

/// A transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The task that it leaves; of several their names in order, with `+` between them.
    pub from: String,
    /// The task that it leads to.
    pub to: String,
    /// The actor that carries it in place of the performer.
    pub via: Option<String>,
    /// How often it may be taken in one visit.
    pub uses: u32,
    /// How long after the arrival it opens, in seconds.
    pub after: Option<u64>,
    /// How long after the arrival it is open, in seconds.
    pub within: Option<u64>,
}

/// A constraint.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// Whether it is `separate`; otherwise `bind`.
    pub separate: bool,
    /// Its tasks.
    pub tasks: Vec<String>,
}

impl Edge {
    /// The tasks that it leaves.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.from.split('+')
    }

    /// Whether it leaves several tasks.
    pub fn leaves_several(&self) -> bool {
        self.from.contains('+')
    }

    fn first(&self) -> &str {
        self.sources().next().unwrap_or_default()
    }
}

/// The names of these tasks as [`Edge::from`].
pub(super) fn together<'t>(tasks: impl IntoIterator<Item = &'t str>) -> String {
    let tasks: BTreeSet<&str> = tasks.into_iter().collect();
    tasks.into_iter().collect::<Vec<_>>().join("+")
}

impl Document {
    /// The SPIFFE ID of this name.
    pub fn id(name: &str) -> String {
        format!("spiffe://{TRUST_DOMAIN}/{name}")
    }

    /// The SPIFFE IDs of an actor.
    pub fn ids(&self, actor: &str) -> &[String] {
        self.actors.get(actor).map(Vec::as_slice).unwrap_or_default()
    }

    /// The SPIFFE IDs that perform a task.
    pub fn performers(&self, task: &str) -> &[String] {
        self.tasks.get(task).map(|task| self.ids(&task.actor)).unwrap_or_default()
    }

    /// The SPIFFE IDs that carry a transition.
    pub fn callers(&self, edge: &Edge) -> &[String] {
        edge.via.as_deref().map_or_else(|| self.performers(edge.first()), |via| self.ids(via))
    }

    /// Whether an actor other than the performer carries it: to name the performer itself changes nothing.
    pub fn has_via(&self, edge: &Edge) -> bool {
        let performer = self.tasks.get(edge.first()).map(|task| &task.actor);
        edge.via.is_some() && edge.via.as_ref() != performer
    }

    /// The transitions that leave a task alone.
    pub fn leaving(&self, task: &str) -> Vec<Edge> {
        self.edges.iter().filter(|edge| edge.from == task).cloned().collect()
    }

    /// The transitions that leave a task, alone or together with others.
    pub fn from(&self, task: &str) -> Vec<Edge> {
        self.edges.iter().filter(|edge| edge.sources().any(|source| source == task)).cloned().collect()
    }

    /// The tasks from which transitions lead to a task.
    pub fn sources(&self, task: &str) -> Vec<String> {
        self.edges.iter().filter(|edge| edge.to == task).map(|edge| edge.from.clone()).collect()
    }
}

/// The document's text.
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "workflow: w\nrevision: 1\ntrust_domain: {TRUST_DOMAIN}\nassurance: signed")?;
        writeln!(f, "task_ttl: {}s\ndeadline: {}s\nactors:", self.task_ttl, self.deadline)?;
        for (name, ids) in &self.actors {
            writeln!(f, "  {name}: {{spiffe: [{}]}}", quoted(ids))?;
        }
        writeln!(f, "tasks:")?;
        for (name, task) in &self.tasks {
            write!(f, "  {name}: {{actor: {}", task.actor)?;
            if self.edges.iter().any(|edge| edge.to == *name) {
                let port = task.port.map(|port| format!(", port: {port}")).unwrap_or_default();
                let tool = task.tool.as_ref().map(|tool| format!(", headers: {{x-tool: {tool}}}")).unwrap_or_default();
                write!(f, ", requests: [{{methods: [{}], path: \"{}\"{port}{tool}}}]", task.method, task.path)?;
            }
            if task.initial {
                write!(f, ", initial: true")?;
            }
            if task.join {
                write!(f, ", join: all")?;
            }
            if let Some(bound) = task.max_visits {
                write!(f, ", max_visits: {bound}")?;
            }
            write!(f, "{}", seconds("ttl", task.ttl))?;
            writeln!(f, "}}")?;
        }
        writeln!(f, "transitions:")?;
        for edge in &self.edges {
            let via = edge.via.as_deref().map(|via| format!(", via: {via}")).unwrap_or_default();
            let uses = if edge.uses > 1 { format!(", uses: {}", edge.uses) } else { String::new() };
            let (after, within) = (seconds("after", edge.after), seconds("within", edge.within));
            let from = edge.from.replace('+', ", ");
            let from = if edge.leaves_several() { format!("[{from}]") } else { from };
            writeln!(f, "  - {{from: {from}, to: {}{via}{uses}{after}{within}}}", edge.to)?;
        }
        if !self.constraints.is_empty() {
            writeln!(f, "constraints:")?;
        }
        for constraint in &self.constraints {
            let relation = if constraint.separate { "separate" } else { "bind" };
            writeln!(f, "  - {{{relation}: [{}]}}", constraint.tasks.join(", "))?;
        }
        Ok(())
    }
}

/// A further key whose value is a duration.
fn seconds(key: &str, seconds: Option<u64>) -> String {
    seconds.map(|seconds| format!(", {key}: {seconds}s")).unwrap_or_default()
}

fn quoted(texts: &[String]) -> String {
    texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ")
}

/// The same workload under the other name of the trust domain.
pub(super) fn renamed(id: &SpiffeId) -> SpiffeId {
    spiffe(&format!("spiffe://{ALIAS}/{}", id.path())).unwrap_or_else(|| id.clone())
}

/// An identity of a document.
pub(super) fn spiffe(id: &str) -> Option<SpiffeId> {
    SpiffeId::try_from(id.as_bytes()).ok()
}
