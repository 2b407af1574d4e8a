//! The keys of a workflow document.

use super::{Format, Key, Level, Object, Value};
use crate::bounds::{
    MAX_ACTORS, MAX_ATTRIBUTES, MAX_CONSTRAINTS, MAX_HOSTS, MAX_METHODS, MAX_PORT, MAX_REQUESTS, MAX_REVISION, MAX_SPIFFE_IDS,
    MAX_TASKS, MAX_TRANSITIONS, MAX_UPGRADES, MAX_USES, MAX_VISITS,
};

/// A workflow document.
pub(crate) static DOCUMENT: Object = Object { noun: "workflow", doc: "One revision of one workflow.", keys: &[KEYS] };

pub(super) static KEYS: &[Key] = &[
    Key::new("workflow", Value::Text(Format::Name), "The workflow's name.").required(),
    Key::new(
        "revision",
        Value::Whole { least: 1, most: MAX_REVISION },
        "The version of the document. An instance stays in the revision in which it began.",
    )
    .required(),
    Key::new("trust_domain", Value::Text(Format::TrustDomain), "The SPIFFE trust domain of relative SPIFFE IDs.")
        .required(),
    Key::new(
        "assurance",
        Value::Choice { words: &["identity", "signed"], later: &["once", "ledger"] },
        "The assurance level: how much the gates prove.",
    )
    .default("signed"),
    Key::new("deadline", Value::Text(Format::Duration), "The longest life of an instance.")
        .default("24h")
        .from(Level::Signed),
    Key::new("task_ttl", Value::Text(Format::Duration), "The longest life of one step's token.")
        .default("1h")
        .from(Level::Signed),
    Key::new(
        "actors",
        Value::Map { keys: Format::Name, of: &Value::Object(&ACTOR), most: MAX_ACTORS },
        "The actors: the workloads that take part, each with a name.",
    )
    .required(),
    Key::new(
        "tasks",
        Value::Map { keys: Format::Name, of: &Value::Object(&TASK), most: MAX_TASKS },
        "The tasks: each is performed by one actor. An actor may have several tasks.",
    )
    .required(),
    Key::new(
        "transitions",
        Value::List { of: &Value::Object(&TRANSITION), least: 1, most: MAX_TRANSITIONS },
        "How an instance moves from task to task; at most one for each pair of tasks.",
    )
    .required(),
    Key::new(
        "constraints",
        Value::List { of: &Value::Object(&CONSTRAINT), least: 0, most: MAX_CONSTRAINTS },
        "Which tasks of one instance must have the same performer, and which must not.",
    )
    .from(Level::Signed),
];

static ACTOR: Object = Object {
    noun: "actor",
    doc: "One or more workloads that perform tasks.",
    keys: &[&[
        Key::new(
            "spiffe",
            Value::List { of: &Value::Text(Format::SpiffeId), least: 1, most: MAX_SPIFFE_IDS },
            "Its SPIFFE IDs, absolute (`spiffe://…`) or relative to `trust_domain` (`ns/x/sa/y`). Any of them may act for the actor. Two actors cannot share one.",
        )
        .required(),
        Key::new(
            "attributes",
            Value::Map { keys: Format::Attribute, of: &Value::Scalar, most: MAX_ATTRIBUTES },
            "Facts about the actor that guards may read as `peer.NAME`.",
        ),
        Key::new(
            "hosts",
            Value::List { of: &Value::Text(Format::Host), least: 0, most: MAX_HOSTS },
            "The authorities by which others call it. Gates of this release do not use them; `stepgate lab` and `stepgate render` do.",
        ),
    ]],
};

static TASK: Object = Object {
    noun: "task",
    doc: "A piece of work that one actor does when it receives a request.",
    keys: &[&[
        Key::new("actor", Value::Text(Format::Actor), "The actor that performs it.").required(),
        Key::new(
            "requests",
            Value::List { of: &Value::Object(&REQUEST), least: 1, most: MAX_REQUESTS },
            "The requests of this task: a request matches the task if it matches any entry; all keys of an entry must match. Without `requests`, any request matches, which is a warning.",
        ),
        Key::new(
            "initial",
            Value::Flag,
            "Whether instances begin here: its actor may take the transitions from it without a token.",
        )
        .default("false"),
        Key::new(
            "join",
            Value::Choice { words: &["any", "all"], later: &[] },
            "`any`: each arrival may continue by itself. `all`: a request that continues must show a token from each incoming transition.",
        )
        .default("any")
        .from(Level::Signed),
        Key::new(
            "split",
            Value::Choice { words: &["any", "one"], later: &[] },
            "`any`: one visit may take each outgoing transition, up to its `uses`. `one`: only one of them.",
        )
        .default("any")
        .from(Level::Once),
        Key::new(
            "upgrade",
            Value::List { of: &Value::Text(Format::Token), least: 0, most: MAX_UPGRADES },
            "Protocol upgrades that are part of the task (`websocket`, `connect`). Others are denied.",
        ),
        Key::new(
            "max_visits",
            Value::Whole { least: 1, most: MAX_VISITS },
            "How often one branch of an instance may enter the task. Required for each task on a cycle; without effect elsewhere.",
        )
        .from(Level::Signed),
    ]],
};

pub(super) static REQUEST: Object =
    Object { noun: "request", doc: "A pattern of requests: all its keys must match.", keys: &[REQUEST_KEYS] };

pub(super) static REQUEST_KEYS: &[Key] = &[
    Key::new(
        "methods",
        Value::List { of: &Value::Text(Format::Method), least: 1, most: MAX_METHODS },
        "The methods, upper case, without TRACE and TRACK, which gates deny. Without it, any method but these matches.",
    ),
    Key::new(
        "host",
        Value::Text(Format::Host),
        "The authority, lower case; without a port it matches any port. Without it, any host matches. The caller chooses it: in exemptions it only narrows.",
    ),
    Key::new(
        "port",
        Value::Whole { least: 1, most: MAX_PORT },
        "The port of the workload on which the request arrives, as the proxy reports it; behind a sidecar the `targetPort` of the Service. Without it, any port matches.",
    ),
    Key::new(
        "path",
        Value::Text(Format::Path),
        "The path: literal segments, `{name}` for any one segment, `**` at the end for one or more; gRPC as `/pkg.Service/Method`. Without it, any path matches.",
    ),
];

static TRANSITION: Object = Object {
    noun: "transition",
    doc: "A request that moves an instance from one task to another.",
    keys: &[&[
        Key::new("from", Value::Text(Format::Task), "The task that the instance leaves.").required(),
        Key::new("to", Value::Text(Format::Task), "The task that the request enters.").required(),
        Key::new(
            "via",
            Value::Text(Format::Actor),
            "The actor that sends the request, if it is not the performer of `from`: for example an orchestrator that calls one service after the other.",
        ),
        Key::new(
            "uses",
            Value::Whole { least: 1, most: MAX_USES },
            "How often one visit may take it: for fan-out and retries.",
        )
        .default("1")
        .from(Level::Once),
        Key::new("when", Value::Text(Format::Guard), "A guard in CEL. The request is denied if it is false or fails."),
    ]],
};

/// Exactly one of `separate` and `bind`, which `document` checks. The key beside them makes a constraint advisory.
static CONSTRAINT: Object = Object {
    noun: "constraint",
    doc: "A rule for the performers of several tasks: exactly one of `separate` and `bind`.",
    keys: &[&[
        Key::new(
            "separate",
            Value::List { of: &Value::Text(Format::Task), least: 2, most: MAX_TASKS },
            "No SPIFFE ID performs two of these tasks in one instance.",
        ),
        Key::new(
            "bind",
            Value::List { of: &Value::Text(Format::Task), least: 2, most: MAX_TASKS },
            "One SPIFFE ID performs all of these tasks in one instance.",
        ),
        Key::new(
            "advisory",
            Value::Flag,
            "Whether the constraint is only for people and audits: gates do not enforce it.",
        )
        .default("false"),
    ]],
};
