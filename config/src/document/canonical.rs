//! The canonical form of a document, over which the digest is computed.
//!
//! Gates of two releases in one mesh must compute the same digest, so this form is part of the protocol.
//! It has only the values that differ from their defaults: a key that a later release adds changes the
//! digest only of documents that use it. It has all lists as sorted sets, since no order in a document means anything to
//! a gate.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

use crate::duration;
use crate::schema::DOCUMENT;
use crate::sorted::{SortedMap, SortedSet};
use crate::workflow::{
    Actor, Assurance, Attribute, Digest, JoinKind, Relation, RequestPattern, Split, Task, Transition, Workflow,
};

/// The digest of a workflow's meaning: without `open` and `mode`, which belong to the gate's configuration.
pub(super) fn digest(workflow: &Workflow) -> Digest {
    // Keys of maps are strings and all numbers are finite, so the form always serializes.
    Digest::of(&serde_json::to_vec(&form(workflow)).unwrap_or_default())
}

/// The order of fields is part of the form.
#[derive(Serialize)]
struct Form<'w> {
    workflow: &'w str,
    revision: u32,
    trust_domain: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    assurance: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_ttl_ms: Option<u64>,
    actors: SortedMap<&'w str, ActorForm<'w>>,
    tasks: SortedMap<&'w str, TaskForm<'w>>,
    transitions: SortedSet<TransitionForm<'w>>,
    #[serde(skip_serializing_if = "SortedSet::is_empty")]
    constraints: SortedSet<ConstraintForm<'w>>,
}

#[derive(Serialize)]
struct ActorForm<'w> {
    spiffe: SortedSet<Cow<'w, str>>,
    #[serde(skip_serializing_if = "SortedMap::is_empty")]
    attributes: SortedMap<&'w str, AttributeForm<'w>>,
    #[serde(skip_serializing_if = "SortedMap::is_empty")]
    spiffe_attributes: SortedMap<Cow<'w, str>, SortedMap<&'w str, AttributeForm<'w>>>,
    #[serde(skip_serializing_if = "SortedSet::is_empty")]
    hosts: SortedSet<&'w str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum AttributeForm<'w> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'w str),
}

#[derive(Serialize)]
struct TaskForm<'w> {
    actor: &'w str,
    #[serde(skip_serializing_if = "SortedSet::is_empty")]
    requests: SortedSet<RequestForm<'w>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    initial: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    join: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<&'static str>,
    #[serde(skip_serializing_if = "SortedSet::is_empty")]
    upgrade: SortedSet<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_visits: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct RequestForm<'w> {
    #[serde(skip_serializing_if = "SortedSet::is_empty")]
    methods: SortedSet<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "SortedMap::is_empty")]
    headers: SortedMap<&'w str, &'w str>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct TransitionForm<'w> {
    from: FromForm<'w>,
    to: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    within_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<&'w str>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
enum FromForm<'w> {
    One(&'w str),
    /// In order.
    Several(Vec<&'w str>),
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct ConstraintForm<'w> {
    #[serde(skip_serializing_if = "Option::is_none")]
    separate: Option<SortedSet<&'w str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bind: Option<SortedSet<&'w str>>,
}

fn form(workflow: &Workflow) -> Form<'_> {
    Form {
        workflow: workflow.name.as_str(),
        revision: workflow.revision,
        trust_domain: workflow.trust_domain.as_str(),
        assurance: Some(workflow.assurance).filter(|level| *level != Assurance::Signed).map(Assurance::as_str),
        deadline_ms: non_default("deadline", workflow.deadline),
        task_ttl_ms: non_default("task_ttl", workflow.task_ttl),
        actors: workflow.actors.values().map(|actor| (actor.name.as_str(), self::actor(actor))).collect(),
        tasks: workflow.tasks.values().map(|task| (task.name.as_str(), self::task(task, workflow.task_ttl))).collect(),
        transitions: workflow.transitions.iter().map(|transition| self::transition(transition)).collect(),
        constraints: workflow
            .constraints
            .iter()
            .map(|constraint| {
                let tasks = Some(constraint.tasks.iter().map(crate::name::TaskName::as_str).collect());
                match constraint.relation {
                    Relation::Separate => ConstraintForm { separate: tasks, bind: None },
                    Relation::Bind => ConstraintForm { separate: None, bind: tasks },
                }
            })
            .collect(),
    }
}

/// A duration in milliseconds, unless it is the default of `key`.
fn non_default(key: &str, duration: Duration) -> Option<u64> {
    let default = DOCUMENT.default(key).and_then(|text| duration::parse(text).ok());
    (default != Some(duration)).then(|| milliseconds(duration))
}

/// No duration of a document is longer than [`crate::MAX_DURATION`].
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn attributes(attributes: &SortedMap<String, Attribute>) -> SortedMap<&str, AttributeForm<'_>> {
    let attribute = |value| match value {
        &Attribute::Bool(value) => AttributeForm::Bool(value),
        &Attribute::Int(value) => AttributeForm::Int(value),
        &Attribute::Float(value) => AttributeForm::Float(value),
        Attribute::Text(value) => AttributeForm::Text(value),
    };
    attributes.iter().map(|(name, value)| (name.as_str(), attribute(value))).collect()
}

fn actor(actor: &Actor) -> ActorForm<'_> {
    let open = actor.open.iter().map(|open| open.to_string().into());
    let own = actor.own.iter().map(|(id, own)| (Cow::Borrowed(id.as_str()), attributes(own)));
    let own_open = actor.own_open.iter().map(|(open, own)| (Cow::Owned(open.to_string()), attributes(own)));
    ActorForm {
        spiffe: actor.spiffe.iter().map(|id| id.as_str().into()).chain(open).collect(),
        attributes: attributes(&actor.attributes),
        spiffe_attributes: own.chain(own_open).collect(),
        hosts: actor.hosts.iter().map(String::as_str).collect(),
    }
}

fn task(task: &Task, task_ttl: Duration) -> TaskForm<'_> {
    TaskForm {
        actor: task.performer.name.as_str(),
        requests: task.requests.iter().map(request).collect(),
        initial: task.initial,
        join: (task.join == JoinKind::All).then_some("all"),
        split: task.split.filter(|split| *split != Split::Any).map(Split::as_str),
        upgrade: task.upgrade.iter().map(String::as_str).collect(),
        max_visits: task.max_visits,
        ttl_ms: (task.ttl != task_ttl).then(|| milliseconds(task.ttl)),
    }
}

fn request(request: &RequestPattern) -> RequestForm<'_> {
    RequestForm {
        methods: request.methods.iter().map(crate::workflow::Method::as_str).collect(),
        host: request.host.as_deref(),
        port: request.port,
        path: request.path.as_ref().map(ToString::to_string),
        headers: request.headers.iter().map(|(name, rule)| (name, rule.as_str())).collect(),
    }
}

fn transition(transition: &Transition) -> TransitionForm<'_> {
    TransitionForm {
        from: match transition.sources.as_slice() {
            [] => FromForm::One(transition.from.name.as_str()),
            several => FromForm::Several(several.iter().map(|task| task.name.as_str()).collect()),
        },
        to: transition.to.name.as_str(),
        via: transition.via.then_some(transition.caller.name.as_str()),
        uses: (transition.uses != 1).then_some(transition.uses),
        after_ms: transition.after.map(milliseconds),
        within_ms: transition.within.map(milliseconds),
        when: transition.when.as_ref().map(crate::guard::Guard::source),
    }
}
