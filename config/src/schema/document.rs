//! The keys of a workflow document.

use super::key::keys;
use super::{Format, Key, Object, Value};
use crate::bounds::{
    MAX_ACTORS, MAX_ATTRIBUTES, MAX_CONSTRAINTS, MAX_HOSTS, MAX_METHODS, MAX_PORT, MAX_REQUEST_HEADERS, MAX_REQUESTS,
    MAX_REVISION, MAX_SOURCES, MAX_SPIFFE_IDS, MAX_TASKS, MAX_TRANSITIONS, MAX_UPGRADES, MAX_USES, MAX_VISITS,
};
use crate::level::Level;

/// A workflow document.
pub(crate) static DOCUMENT: Object = Object { noun: "workflow", doc: "One revision of one workflow.", keys: &[KEYS] };

pub(super) static KEYS: &[Key] = keys! {
    /// The workflow's name.
    "workflow": Value::Text(Format::Name), required;
    /// The version of the document. An instance stays in the revision in which it began.
    "revision": Value::Whole { least: 1, most: MAX_REVISION }, required;
    /// The SPIFFE trust domain of relative SPIFFE IDs.
    "trust_domain": Value::Text(Format::TrustDomain), required;
    /// The Kubernetes namespace of the actors without `spiffe`: the SPIFFE ID of such an actor is `ns/NAMESPACE/sa/ACTOR`.
    "namespace": Value::Text(Format::Namespace);
    /// The assurance level: how much the gates prove.
    "assurance": Value::Choice { words: &["identity", "signed", "once"], later: &["ledger"] }, default("signed");
    /// The longest life of an instance.
    "deadline": Value::Text(Format::Duration), default("24h"), from(Level::Signed);
    /// The longest life of the tokens of a task that has no `ttl`.
    "task_ttl": Value::Text(Format::Duration), default("1h"), from(Level::Signed);
    /// The actors: the workloads that take part, each with a name. With `namespace`, a list of names is enough.
    "actors": Value::Either(
        &Value::List { of: &Value::Text(Format::Name), least: 0, most: MAX_ACTORS },
        &Value::Map { keys: Format::Name, of: &Value::Object(&ACTOR), most: MAX_ACTORS },
    ), required;
    /// The tasks: each is performed by one actor. An actor may have several tasks.
    "tasks": Value::Map { keys: Format::Name, of: &Value::Object(&TASK), most: MAX_TASKS }, required;
    /// How an instance moves from task to task; at most one for each pair of `from` and `to`. A chain stands for a transition at
    /// each of its arrows.
    "transitions": Value::List {
        of: &Value::Either(&Value::Text(Format::Chain), &Value::Object(&TRANSITION)),
        least: 1,
        most: MAX_TRANSITIONS,
    }, required;
    /// Which tasks of one instance must have the same performer, and which must not.
    "constraints": Value::List { of: &Value::Object(&CONSTRAINT), least: 0, most: MAX_CONSTRAINTS }, from(Level::Signed);
};

static ACTOR: Object = Object {
    noun: "actor",
    doc: "One or more workloads that perform tasks.",
    keys: &[keys! {
        /// Its SPIFFE IDs, absolute (`spiffe://…`) or relative to `trust_domain` (`ns/x/sa/y`), each alone or with
        /// attributes of its own. Any of them may act for the actor. An ID may be of several actors.
        "spiffe": Value::List {
            of: &Value::Either(&Value::Text(Format::SpiffeId), &Value::Object(&IDENTITY)),
            least: 1,
            most: MAX_SPIFFE_IDS,
        }, required_without("namespace");
        /// Facts about the actor that guards may read as `peer.NAME`.
        "attributes": Value::Map { keys: Format::Attribute, of: &Value::Scalar, most: MAX_ATTRIBUTES };
        /// The names under which others call it, such as `payment.shop.svc.cluster.local`. They restrict nothing: gates
        /// tell actors apart by `spiffe`, and requests by `requests`. `stepgate render istio --entry` sends requests
        /// from outside to the first, `lab` and `explain` take it as the host of a request, and `doctor` finds the routes
        /// to an actor by them.
        "hosts": Value::List { of: &Value::Text(Format::Host), least: 0, most: MAX_HOSTS };
    }],
};

static IDENTITY: Object = Object {
    noun: "identity",
    doc: "A SPIFFE ID of an actor that has attributes of its own.",
    keys: &[keys! {
        /// The SPIFFE ID.
        "id": Value::Text(Format::SpiffeId), required;
        /// Facts about this workload as this actor: each takes the place of the actor's attribute of that name.
        "attributes": Value::Map { keys: Format::Attribute, of: &Value::Scalar, most: MAX_ATTRIBUTES };
    }],
};

static TASK: Object = Object {
    noun: "task",
    doc: "A piece of work that one actor does when it receives a request.",
    keys: &[keys! {
        /// The actor that performs it.
        "actor": Value::Text(Format::Actor), required;
        /// The requests of this task: a request matches the task if it matches any entry; all keys of an entry must
        /// match. Without `requests`, any request matches, which is a warning.
        "requests": Value::Either(
            &Value::Text(Format::Request),
            &Value::List {
                of: &Value::Either(&Value::Text(Format::Request), &Value::Object(&REQUEST)),
                least: 1,
                most: MAX_REQUESTS,
            },
        );
        /// Whether instances begin here: its actor may take the transitions from it without a token.
        "initial": Value::Flag, default("false");
        /// `any`: each arrival may continue by itself. `all`: a request that continues must show a token from each
        /// incoming transition.
        "join": Value::Choice { words: &["any", "all"], later: &[] }, default("any"), from(Level::Signed);
        /// Which of several outgoing transitions one visit is meant to take. `all`: each of them, in parallel. `one`: only
        /// one of them, a choice. `any`: each may be taken or not; so it is without `split`, with a warning. Without effect
        /// where fewer than two transitions leave.
        "split": Value::Choice { words: &["all", "one", "any"], later: &[] }, from(Level::Once), only("one");
        /// Protocol upgrades that are part of the task (`websocket`, `connect`). Others are denied.
        "upgrade": Value::List { of: &Value::Text(Format::Token), least: 0, most: MAX_UPGRADES };
        /// The longest life of this task's tokens, if it is not `task_ttl`: how long its performer may take before it
        /// makes its next call.
        "ttl": Value::Text(Format::Duration), from(Level::Signed);
        /// How often one branch of an instance may enter the task. Required for each task on a cycle; without effect
        /// elsewhere.
        "max_visits": Value::Whole { least: 1, most: MAX_VISITS }, from(Level::Signed);
    }],
};

pub(super) static REQUEST: Object =
    Object { noun: "request", doc: "A pattern of requests: all its keys must match.", keys: &[REQUEST_KEYS] };

pub(super) static REQUEST_KEYS: &[Key] = keys! {
    /// The methods, upper case, without TRACE and TRACK, which gates deny. Without it, any method but these matches.
    "methods": Value::List { of: &Value::Text(Format::Method), least: 1, most: MAX_METHODS };
    /// The authority, lower case; without a port it matches any port. Without it, any host matches. The caller chooses
    /// it: in exemptions it only narrows.
    "host": Value::Text(Format::Host);
    /// The port of the workload on which the request arrives, as the proxy reports it; behind a sidecar the `targetPort`
    /// of the Service. Without it, any port matches.
    "port": Value::Whole { least: 1, most: MAX_PORT };
    /// The path: literal segments, `{name}` for any one segment, perhaps with text round it (`{id}:cancel`), `**` at the
    /// end for one or more; gRPC as `/pkg.Service/Method`. A `/` at the end is part of it. Without it, any path matches.
    "path": Value::Text(Format::Path);
    /// The values that headers must have, or `absent`. Without it, any headers match. The caller chooses them: in
    /// exemptions they only narrow.
    "headers": Value::Map {
        keys: Format::RequestHeader,
        of: &Value::Text(Format::HeaderValue),
        most: MAX_REQUEST_HEADERS,
    };
};

static TRANSITION: Object = Object {
    noun: "transition",
    doc: "A request that moves an instance from one task to another.",
    keys: &[keys! {
        /// The task that the instance leaves; a list of tasks: the request shows a token of each.
        "from": Value::Either(
            &Value::Text(Format::Task),
            &Value::List { of: &Value::Text(Format::Task), least: 2, most: MAX_SOURCES },
        ), required;
        /// The task that the request enters.
        "to": Value::Text(Format::Task), required;
        /// The actor that sends the request, if it is not the performer of `from`: for example an orchestrator that
        /// calls one service after the other.
        "via": Value::Text(Format::Actor);
        /// How often one visit may take it, each time with a child of its own: for fan-out and retries. At `signed` each
        /// replica of the receiver counts for itself.
        "uses": Value::Whole { least: 1, most: MAX_USES }, default("1"), from(Level::Signed);
        /// How long after the arrival at `from` it opens.
        "after": Value::Text(Format::Duration), from(Level::Signed);
        /// How long after the arrival at `from` it is open.
        "within": Value::Text(Format::Duration), from(Level::Signed);
        /// A guard in CEL. The request is denied if it is false or fails.
        "when": Value::Text(Format::Guard);
    }],
};

/// Exactly one of `separate` and `bind`, which `document` checks. The key beside them makes a constraint advisory.
static CONSTRAINT: Object = Object {
    noun: "constraint",
    doc: "A rule for the performers of several tasks: exactly one of `separate` and `bind`.",
    keys: &[keys! {
        /// No SPIFFE ID performs two of these tasks in one instance.
        "separate": Value::List { of: &Value::Text(Format::Task), least: 2, most: MAX_TASKS };
        /// One SPIFFE ID performs all of these tasks in one instance.
        "bind": Value::List { of: &Value::Text(Format::Task), least: 2, most: MAX_TASKS };
        /// Whether the constraint is only for people and audits: gates do not enforce it.
        "advisory": Value::Flag, default("false");
    }],
};
