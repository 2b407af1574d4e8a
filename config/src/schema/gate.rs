//! The keys of a gate's configuration.

use super::document::{KEYS, REQUEST_KEYS};
use super::{Format, Key, Object, Value};
use crate::bounds::{MAX_EXEMPTIONS, MAX_INTERLOCKS, MAX_KEYS, MAX_PEERS, MAX_REVOKED, MAX_WORKFLOWS};

/// The configuration of one gate.
pub(crate) static GATE: Object = Object {
    noun: "gate",
    doc: "The configuration of one gate: the value of `pluginConfig`.",
    keys: &[&[
        Key::new(
            "mode",
            MODE,
            "`enforce`: requests that break the workflow are rejected. `observe`: they are logged and counted, and pass. A workflow may have a mode of its own; the stricter one applies.",
        )
        .default("enforce"),
        Key::new("header", Value::Text(Format::Header), "The header that carries steps.")
            .default("x-workflow-step"),
        Key::new(
            "carrier",
            Value::Choice { words: &["header", "baggage"], later: &[] },
            "Where requests carry steps: in that header, or as a member of W3C `baggage`.",
        )
        .default("header"),
        Key::new(
            "direction",
            Value::Choice { words: &["auto", "inbound"], later: &["outbound"] },
            "The direction of the gate's listener. `auto`: as the proxy reports it. `inbound`: inbound, even if the proxy reports another one or none.",
        )
        .default("auto"),
        Key::new("self", Value::Text(Format::WholeSpiffeId), "The gate's own SPIFFE ID, for proxies that do not provide it."),
        Key::new(
            "peer_source",
            Value::Text(Format::PeerSource),
            "The source of the peer's SPIFFE ID: `connection`, or `filter_state:KEY`, which a trusted filter must set.",
        )
        .default("connection"),
        Key::new(
            "crypto",
            Value::Choice { words: &["auto", "rust"], later: &[] },
            "The implementation of ES256. `auto`: the proxy's, if it is available and passes a self-test, else the module's own. `rust`: the module's own.",
        )
        .default("auto"),
        Key::new("leeway", Value::Text(Format::Leeway), "The largest difference between two clocks that gates tolerate; at most 5 minutes.")
            .default("30s"),
        Key::new(
            "interlock",
            Value::Object(&INTERLOCK),
            "A secret that the gate sends to the application with each permitted request, as proof that the gate decided it.",
        ),
        Key::new(
            "exempt",
            Value::List { of: &Value::Object(&EXEMPTION), least: 0, most: MAX_EXEMPTIONS },
            "Requests that belong to no workflow: health checks, telemetry.",
        ),
        Key::new("egress", Value::Unread, "Outgoing requests that belong to no workflow.").later(),
        Key::new(
            "keys",
            Value::List { of: &Value::Object(&KEY), least: 0, most: MAX_KEYS },
            "The keys of the workflows.",
        ),
        Key::new("revoked", Value::Object(&REVOKED), "Instances, keys and workflows that are stopped at once."),
        Key::new("limits", Value::Object(&LIMITS), "How often peers may do what takes room at this gate."),
        Key::new("log", Value::Object(&LOG), "How much the gate writes to the proxy's log."),
        Key::new("ledger", Value::Unread, "The address of the ledger.").later(),
        Key::new(
            "workflows",
            Value::List { of: &Value::Object(&CONFIGURED), least: 0, most: MAX_WORKFLOWS },
            "The workflows: documents, each with two further keys.",
        )
        .required(),
    ]],
};

const MODE: Value = Value::Choice { words: &["enforce", "observe"], later: &[] };

static CONFIGURED: Object = Object {
    noun: "workflow",
    doc: "A document within a gate's configuration. The two further keys are not part of the document and do not change its digest.",
    keys: &[
        KEYS,
        &[
            Key::new(
                "open",
                Value::Flag,
                "Whether new instances begin in this revision. By default, they begin in the highest revision that is not `open: false`.",
            ),
            Key::new("mode", MODE, "The workflow's own mode. The stricter of it and the gate's mode applies."),
        ],
    ],
};

static INTERLOCK: Object = Object {
    noun: "interlock",
    doc: "A secret that the gate sends to the application with each permitted request.",
    keys: &[&[Key::new(
        "env",
        Value::List { of: &Value::Text(Format::Env), least: 1, most: MAX_INTERLOCKS },
        "The environment variables of the VM with the secrets: the gate sends the first one, and removes all of them from requests.",
    )
    .required()]],
};

static EXEMPTION: Object = Object {
    noun: "exemption",
    doc: "A pattern of requests that belong to no workflow: all its keys must match.",
    keys: &[
        REQUEST_KEYS,
        &[Key::new(
            "peers",
            Value::Either(
                &Value::Choice { words: &["mesh", "anyone"], later: &[] },
                &Value::List { of: &Value::Text(Format::WholeSpiffeId), least: 1, most: MAX_PEERS },
            ),
            "The peers: `mesh` (any peer with mTLS), `anyone` (also without mTLS), or a list of SPIFFE IDs.",
        )
        .default("mesh")],
    ],
};

static KEY: Object = Object {
    noun: "key",
    doc: "A key (JWK, RFC 7517) of one workflow: in an environment variable, or here if it is public.",
    keys: &[&[
        Key::new("workflow", Value::Text(Format::Name), "The workflow whose tokens it verifies.").required(),
        Key::new(
            "actor",
            Value::Text(Format::AnyActor),
            "The actor whose tokens it verifies, or `*` for any actor of the workflow.",
        )
        .default("*"),
        Key::new("kid", Value::Text(Format::Name), "Its identifier, unique within the workflow.").required(),
        Key::new(
            "use",
            Value::Choice { words: &["sign", "verify"], later: &[] },
            "`sign`: signs and verifies; one key for each workflow and actor. `verify`: verifies only.",
        )
        .required(),
        Key::new("env", Value::Text(Format::Env), "The environment variable of the VM with the JWK."),
        Key::new("jwk", Value::Jwk, "The public JWK itself. Exactly one of `env` and `jwk` is required."),
    ]],
};

static REVOKED: Object = Object {
    noun: "revocation",
    doc: "Instances, keys and workflows that are stopped at once.",
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

static LIMITS: Object = Object {
    noun: "limit",
    doc: "How often peers may do what takes room at this gate.",
    keys: &[&[Key::new(
        "starts",
        Value::Text(Format::Rate),
        "How many instances each peer (SPIFFE ID) may begin at each replica of this gate, such as `100/1m`: that many at once, and then as many again as the period passes. A period is whole seconds, at most a day. By default 80,000 of each workflow in the life of an entry of its replay record.",
    )
    .required()]],
};

static LOG: Object = Object {
    noun: "log",
    doc: "How much the gate writes to the proxy's log.",
    keys: &[&[
        Key::new(
            "denials_per_second",
            Value::Whole { least: 0, most: 10_000 },
            "The number of denials that each worker writes in full each second; one line counts the others.",
        )
        .default("50"),
        Key::new("permits", Value::Flag, "Whether permits are written, too, as an audit trail.").default("false"),
    ]],
};
