//! The keys of a gate's configuration.

use super::document::{KEYS, REQUEST_KEYS};
use super::{Format, Key, Object, Value};
use crate::bounds::{MAX_EXEMPTIONS, MAX_INTERLOCKS, MAX_KEYS, MAX_PEERS, MAX_REVOKED, MAX_WORKFLOWS};

/// The configuration of one gate.
pub(crate) static GATE: Object = Object {
    noun: "gate",
    doc: "The configuration of one gate: what stands under `pluginConfig`.",
    keys: &[&[
        Key::new(
            "mode",
            MODE,
            "`enforce` refuses; `observe` decides, logs and counts, but lets through. A workflow may set its own.",
        )
        .default("enforce"),
        Key::new("header", Value::Text(Format::Header), "The header in which a step travels.")
            .default("x-workflow-step"),
        Key::new(
            "carrier",
            Value::Choice { words: &["header", "baggage"], later: &[] },
            "Whether a step travels in that header or as a member of W3C `baggage`.",
        )
        .default("header"),
        Key::new(
            "direction",
            Value::Choice { words: &["auto", "inbound"], later: &["outbound"] },
            "Which way the gate looks; `auto`: as the listener says.",
        )
        .default("auto"),
        Key::new("self", Value::Text(Format::WholeSpiffeId), "The gate's own SPIFFE ID, where the proxy cannot tell."),
        Key::new(
            "peer_source",
            Value::Text(Format::PeerSource),
            "Where the peer's SPIFFE ID is read: `connection`, or `filter_state:KEY` that a trusted filter has set.",
        )
        .default("connection"),
        Key::new(
            "crypto",
            Value::Choice { words: &["auto", "rust"], later: &[] },
            "Whose code verifies and signs ES256; `auto`: the proxy's where it is there and passes a self-test, else Rust.",
        )
        .default("auto"),
        Key::new("leeway", Value::Text(Format::Leeway), "How far two clocks may be apart; at most 5 minutes.")
            .default("30s"),
        Key::new(
            "interlock",
            Value::Object(&INTERLOCK),
            "The secret by which a permit shows, behind the gate, that there was one.",
        ),
        Key::new(
            "exempt",
            Value::List { of: &Value::Object(&EXEMPTION), least: 0, most: MAX_EXEMPTIONS },
            "Requests that belong to no workflow: health checks, telemetry.",
        ),
        Key::new("egress", Value::Unread, "What may leave without a workflow.").later(),
        Key::new(
            "keys",
            Value::List { of: &Value::Object(&KEY), least: 0, most: MAX_KEYS },
            "The keys of the workflows.",
        ),
        Key::new("revoked", Value::Object(&REVOKED), "What is stopped at once."),
        Key::new("log", Value::Object(&LOG), "How much the gate writes to the proxy's log."),
        Key::new("ledger", Value::Unread, "Where the ledger is.").later(),
        Key::new(
            "workflows",
            Value::List { of: &Value::Object(&CONFIGURED), least: 0, most: MAX_WORKFLOWS },
            "The workflows: documents, each with two keys more.",
        )
        .required(),
    ]],
};

const MODE: Value = Value::Choice { words: &["enforce", "observe"], later: &[] };

static CONFIGURED: Object = Object {
    noun: "workflow",
    doc: "A document within a gate's configuration. The two further keys are not part of it: its digest stays the same.",
    keys: &[
        KEYS,
        &[
            Key::new(
                "open",
                Value::Flag,
                "Whether new instances begin in this revision. Without it: in the highest one of the name that is not closed.",
            ),
            Key::new("mode", MODE, "The workflow's own mode."),
        ],
    ],
};

static INTERLOCK: Object = Object {
    noun: "interlock",
    doc: "The secret that a permit sets.",
    keys: &[&[Key::new(
        "env",
        Value::List { of: &Value::Text(Format::Env), least: 1, most: MAX_INTERLOCKS },
        "The variables of the VM's environment that hold it: the first is set, all are stripped.",
    )
    .required()]],
};

static EXEMPTION: Object = Object {
    noun: "exemption",
    doc: "Requests that belong to no workflow: all that is given must match.",
    keys: &[
        REQUEST_KEYS,
        &[Key::new(
            "peers",
            Value::Either(
                &Value::Choice { words: &["mesh", "anyone"], later: &[] },
                &Value::List { of: &Value::Text(Format::WholeSpiffeId), least: 1, most: MAX_PEERS },
            ),
            "Whose: `mesh` (any peer with mTLS), `anyone` (also without mTLS), or a list of SPIFFE IDs.",
        )
        .default("mesh")],
    ],
};

static KEY: Object = Object {
    noun: "key",
    doc: "A key (JWK, RFC 7517) of one workflow: in the environment, or, if it is public, here.",
    keys: &[&[
        Key::new("workflow", Value::Text(Format::Name), "The workflow whose tokens it verifies.").required(),
        Key::new(
            "actor",
            Value::Text(Format::AnyActor),
            "The actor who may have signed with it, or `*`: any actor of the workflow.",
        )
        .default("*"),
        Key::new("kid", Value::Text(Format::Name), "Its identifier, unique within the workflow.").required(),
        Key::new(
            "use",
            Value::Choice { words: &["sign", "verify"], later: &[] },
            "`sign`: signs and verifies; one for each workflow and actor. `verify`: verifies only.",
        )
        .required(),
        Key::new("env", Value::Text(Format::Env), "The variable of the VM's environment that holds the JWK."),
        Key::new("jwk", Value::Jwk, "The public JWK itself. Exactly one of `env` and `jwk`."),
    ]],
};

static REVOKED: Object = Object {
    noun: "revocation",
    doc: "What is stopped at once.",
    keys: &[&[
        Key::new(
            "instances",
            Value::List { of: &Value::Text(Format::Instance), least: 0, most: MAX_REVOKED },
            "Instances, by their `txn`.",
        ),
        Key::new(
            "kids",
            Value::List { of: &Value::Text(Format::Name), least: 0, most: MAX_REVOKED },
            "Keys, by their `kid`, in every workflow.",
        ),
        Key::new(
            "workflows",
            Value::List { of: &Value::Text(Format::Name), least: 0, most: MAX_REVOKED },
            "Whole workflows, by name.",
        ),
    ]],
};

static LOG: Object = Object {
    noun: "log",
    doc: "How much the gate writes to the proxy's log.",
    keys: &[&[
        Key::new(
            "denials_per_second",
            Value::Whole { least: 0, most: 10_000 },
            "Denials written in full each second, for each worker; one line counts those beyond.",
        )
        .default("50"),
        Key::new("permits", Value::Flag, "Whether permits are written too: the audit trail.").default("false"),
    ]],
};
