//! The keys of a workflow document.

use super::{Format, Key, Level, Object, Value};
use crate::bounds::{
    MAX_ACTORS, MAX_ATTRIBUTES, MAX_CONSTRAINTS, MAX_HOSTS, MAX_METHODS, MAX_REQUESTS, MAX_REVISION, MAX_SPIFFE_IDS,
    MAX_TASKS, MAX_TRANSITIONS, MAX_UPGRADES, MAX_USES, MAX_VISITS,
};

/// A workflow document.
pub(crate) static DOCUMENT: Object = Object { noun: "workflow", doc: "One revision of one workflow.", keys: &[KEYS] };

pub(super) static KEYS: &[Key] = &[
    Key::new("workflow", Value::Text(Format::Name), "The workflow's name.").required(),
    Key::new(
        "revision",
        Value::Whole { least: 1, most: MAX_REVISION },
        "The document's version. Instances keep to the revision they were begun in.",
    )
    .required(),
    Key::new(
        "trust_domain",
        Value::Text(Format::TrustDomain),
        "The SPIFFE trust domain in which relative SPIFFE IDs are read.",
    )
    .required(),
    Key::new(
        "assurance",
        Value::Choice { words: &["identity", "signed"], later: &["once", "ledger"] },
        "How much the gates prove.",
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
        "Who takes part: workloads, by a name of the document's own.",
    )
    .required(),
    Key::new(
        "tasks",
        Value::Map { keys: Format::Name, of: &Value::Object(&TASK), most: MAX_TASKS },
        "What is done, and by whom. An actor may have several tasks.",
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
        "Who must, and who must not, be the same within one instance.",
    )
    .from(Level::Signed),
];

static ACTOR: Object = Object {
    noun: "actor",
    doc: "Who performs tasks: one or more workloads.",
    keys: &[&[
        Key::new(
            "spiffe",
            Value::List { of: &Value::Text(Format::SpiffeId), least: 1, most: MAX_SPIFFE_IDS },
            "Its SPIFFE IDs, whole (`spiffe://…`) or relative to `trust_domain` (`ns/x/sa/y`). Several: any of them may act. No two actors share one.",
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
            "The authorities by which others call it. Only outbound gates need them.",
        ),
    ]],
};

static TASK: Object = Object {
    noun: "task",
    doc: "One thing that one actor does.",
    keys: &[&[
        Key::new("actor", Value::Text(Format::Actor), "Who performs it.").required(),
        Key::new(
            "requests",
            Value::List { of: &Value::Object(&REQUEST), least: 1, most: MAX_REQUESTS },
            "Which requests are this task; any of them. Without it any request is, which is a warning.",
        ),
        Key::new(
            "initial",
            Value::Flag,
            "Whether instances begin here: with no token shown, its actor may take what leaves it.",
        )
        .default("false"),
        Key::new(
            "join",
            Value::Choice { words: &["any", "all"], later: &[] },
            "`any`: every arrival is enough by itself. `all`: only who shows a token from each incoming transition may go on.",
        )
        .default("any")
        .from(Level::Signed),
        Key::new(
            "split",
            Value::Choice { words: &["any", "one"], later: &[] },
            "`any`: a visit may take each leaving transition, up to its `uses`. `one`: only one of them.",
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
            "How often one line of descent may enter the task. Every task on a cycle has one; elsewhere it has no effect.",
        )
        .from(Level::Signed),
    ]],
};

pub(super) static REQUEST: Object =
    Object { noun: "request", doc: "One kind of request: all that is given must match.", keys: &[REQUEST_KEYS] };

pub(super) static REQUEST_KEYS: &[Key] = &[
    Key::new(
        "methods",
        Value::List { of: &Value::Text(Format::Method), least: 1, most: MAX_METHODS },
        "The methods, upper case. Without it: any.",
    ),
    Key::new(
        "host",
        Value::Text(Format::Host),
        "The authority, lower case; without a port it matches any port. Without it: any.",
    ),
    Key::new(
        "path",
        Value::Text(Format::Path),
        "The path: literal segments, `{name}` for any one segment, `**` at the end for one or more; gRPC as `/pkg.Service/Method`. Without it: any.",
    ),
];

static TRANSITION: Object = Object {
    noun: "transition",
    doc: "A way from one task to another.",
    keys: &[&[
        Key::new("from", Value::Text(Format::Task), "Where the instance stands before.").required(),
        Key::new("to", Value::Text(Format::Task), "Where it stands after.").required(),
        Key::new(
            "via",
            Value::Text(Format::Actor),
            "Another caller than the performer of `from`, such as an orchestrator that calls one service after the other.",
        ),
        Key::new(
            "uses",
            Value::Whole { least: 1, most: MAX_USES },
            "How often one visit may take it: fan-out, retries.",
        )
        .default("1")
        .from(Level::Once),
        Key::new(
            "when",
            Value::Text(Format::Guard),
            "A guard in CEL. Where it is false, or fails, the request is denied.",
        ),
    ]],
};

/// One of `separate` and `bind`, which its reader sees to. Each is advisory by a key beside it.
static CONSTRAINT: Object = Object {
    noun: "constraint",
    doc: "What must hold between the performers of tasks: exactly one of `separate` and `bind`.",
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
        Key::new("advisory", Value::Flag, "For people and the audit only: the level does not enforce it.")
            .default("false"),
    ]],
};
