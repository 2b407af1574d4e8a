//! The canonical form of a document, over which the digest is computed.
//!
//! Gates of two releases in one mesh must compute the same digest, so this form is part of the protocol.
//! It has only the values that differ from their defaults: a key that a later release adds changes the
//! digest only of documents that use it. It has all lists as sorted sets, since no order in a document means anything to
//! a gate.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use crate::duration;
use crate::gather::Gather as _;
use crate::schema::DOCUMENT;
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
    deadline_ms: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_ttl_ms: Option<u128>,
    actors: BTreeMap<&'w str, ActorForm<'w>>,
    tasks: BTreeMap<&'w str, TaskForm<'w>>,
    transitions: BTreeSet<TransitionForm<'w>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    constraints: BTreeSet<ConstraintForm<'w>>,
}

#[derive(Serialize)]
struct ActorForm<'w> {
    spiffe: BTreeSet<Cow<'w, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'w str, AttributeForm<'w>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    spiffe_attributes: BTreeMap<Cow<'w, str>, BTreeMap<&'w str, AttributeForm<'w>>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    hosts: BTreeSet<&'w str>,
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
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    requests: BTreeSet<RequestForm<'w>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    initial: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    join: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    upgrade: BTreeSet<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_visits: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u128>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct RequestForm<'w> {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    methods: BTreeSet<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'w str, &'w str>,
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
    after_ms: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    within_ms: Option<u128>,
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
    separate: Option<BTreeSet<&'w str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bind: Option<BTreeSet<&'w str>>,
}

fn form(workflow: &Workflow) -> Form<'_> {
    Form {
        workflow: workflow.name.as_str(),
        revision: workflow.revision,
        trust_domain: workflow.trust_domain.as_str(),
        assurance: match workflow.assurance {
            Assurance::Identity => Some("identity"),
            Assurance::Signed => None,
        },
        deadline_ms: non_default("deadline", workflow.deadline),
        task_ttl_ms: non_default("task_ttl", workflow.task_ttl),
        actors: workflow.actors.values().map(|actor| (actor.name.as_str(), self::actor(actor))).gather(),
        tasks: workflow.tasks.values().map(|task| (task.name.as_str(), self::task(task, workflow.task_ttl))).gather(),
        transitions: workflow.transitions.iter().map(|transition| self::transition(transition)).gather(),
        constraints: workflow
            .constraints
            .iter()
            .map(|constraint| {
                let tasks = Some(constraint.tasks.iter().map(crate::name::TaskName::as_str).gather());
                match constraint.relation {
                    Relation::Separate => ConstraintForm { separate: tasks, bind: None },
                    Relation::Bind => ConstraintForm { separate: None, bind: tasks },
                }
            })
            .gather(),
    }
}

/// A duration in milliseconds, unless it is the default of `key`.
fn non_default(key: &str, duration: Duration) -> Option<u128> {
    let default = DOCUMENT.default(key).and_then(|text| duration::parse(text).ok());
    (default != Some(duration)).then_some(duration.as_millis())
}

fn attributes(attributes: &BTreeMap<String, Attribute>) -> BTreeMap<&str, AttributeForm<'_>> {
    let attribute = |value| match value {
        &Attribute::Bool(value) => AttributeForm::Bool(value),
        &Attribute::Int(value) => AttributeForm::Int(value),
        &Attribute::Float(value) => AttributeForm::Float(value),
        Attribute::Text(value) => AttributeForm::Text(value),
    };
    attributes.iter().map(|(name, value)| (name.as_str(), attribute(value))).gather()
}

fn actor(actor: &Actor) -> ActorForm<'_> {
    let open = actor.open.iter().map(|open| open.to_string().into());
    let own = actor.own.iter().map(|(id, own)| (Cow::Borrowed(id.as_str()), attributes(own)));
    let own_open = actor.own_open.iter().map(|(open, own)| (Cow::Owned(open.to_string()), attributes(own)));
    ActorForm {
        spiffe: actor.spiffe.iter().map(|id| id.as_str().into()).chain(open).gather(),
        attributes: attributes(&actor.attributes),
        spiffe_attributes: own.chain(own_open).gather(),
        hosts: actor.hosts.iter().map(String::as_str).gather(),
    }
}

fn task(task: &Task, task_ttl: Duration) -> TaskForm<'_> {
    TaskForm {
        actor: task.performer.name.as_str(),
        requests: task.requests.iter().map(request).gather(),
        initial: task.initial,
        join: (task.join == JoinKind::All).then_some("all"),
        split: task.split.filter(|split| *split != Split::Any).map(Split::as_str),
        upgrade: task.upgrade.iter().map(String::as_str).gather(),
        max_visits: task.max_visits,
        ttl_ms: (task.ttl != task_ttl).then_some(task.ttl.as_millis()),
    }
}

fn request(request: &RequestPattern) -> RequestForm<'_> {
    RequestForm {
        methods: request.methods.iter().map(crate::workflow::Method::as_str).gather(),
        host: request.host.as_deref(),
        port: request.port,
        path: request.path.as_ref().map(ToString::to_string),
        headers: request.headers.iter().map(|(name, rule)| (name, rule.as_str())).gather(),
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
        after_ms: transition.after.map(|after| after.as_millis()),
        within_ms: transition.within.map(|within| within.as_millis()),
        when: transition.when.as_ref().map(crate::guard::Guard::source),
    }
}
