//! The keys of a gate's configuration.

use super::document::{KEYS, REQUEST_KEYS};
use super::key::keys;
use super::{Format, Key, Object, Value};
use crate::bounds::{MAX_ALIASES, MAX_EXEMPTIONS, MAX_INTERLOCKS, MAX_KEYS, MAX_PEERS, MAX_REVOKED, MAX_WORKFLOWS};

/// The configuration of one gate.
pub(crate) static GATE: Object = Object {
    noun: "gate",
    doc: "The configuration of one gate: the value of `pluginConfig`.",
    keys: &[keys! {
        /// `enforce`: requests that break the workflow are rejected. `observe`: they are logged and counted, and pass.
        /// A workflow may have a mode of its own; the stricter one applies.
        "mode": MODE, default("enforce");
        /// The header that carries steps.
        "header": Value::Text(Format::Header), default("x-workflow-step");
        /// Where requests carry steps: in that header, or as a member of W3C `baggage`.
        "carrier": Value::Choice { words: &["header", "baggage"], later: &[] }, default("header");
        /// The direction of the gate's listener. `auto`: as the proxy reports it. `inbound` and `outbound`: this one, even if
        /// the proxy reports another one or none.
        "direction": Value::Choice { words: &["auto", "inbound", "outbound"], later: &[] }, default("auto");
        /// The gate's own SPIFFE ID, for proxies that do not provide it. An outbound gate requires it: its application has no
        /// certificate.
        "self": Value::Text(Format::WholeSpiffeId);
        /// The source of the peer's SPIFFE ID: `connection`, or `filter_state:KEY`, which a trusted filter must set.
        "peer_source": Value::Text(Format::PeerSource), default("connection");
        /// The implementation of ES256. `auto`: the proxy's, if it is available and passes a self-test, else the
        /// module's own. `rust`: the module's own.
        "crypto": Value::Choice { words: &["auto", "rust"], later: &[] }, default("auto");
        /// The largest difference between two clocks that gates tolerate, the same at all gates of a workflow; at most
        /// 5 minutes.
        "leeway": Value::Text(Format::Leeway), default("30s");
        /// A secret that the gate sends to the application with each permitted request, as proof that the gate decided
        /// it.
        "interlock": Value::Object(&INTERLOCK);
        /// Requests that belong to no workflow: health checks, telemetry.
        "exempt": Value::List { of: &Value::Object(&EXEMPTION), least: 0, most: MAX_EXEMPTIONS };
        /// Requests to others that belong to no workflow and may leave. They go on without a step.
        "egress": Value::List { of: &Value::Object(&EGRESS), least: 0, most: MAX_EXEMPTIONS };
        /// The keys of the workflows.
        "keys": Value::List { of: &Value::Object(&KEY), least: 0, most: MAX_KEYS };
        /// Instances, keys and workflows that are stopped at once.
        "revoked": Value::Object(&REVOKED);
        /// How often peers may do what takes room at this gate.
        "limits": Value::Object(&LIMITS);
        /// How much the gate writes to the proxy's log.
        "log": Value::Object(&LOG);
        /// The address of the ledger.
        "ledger": Value::Unread, later;
        /// The workflows: documents, each with further keys.
        "workflows": Value::List { of: &Value::Object(&CONFIGURED), least: 0, most: MAX_WORKFLOWS }, required;
    }],
};

const MODE: Value = Value::Choice { words: &["enforce", "observe"], later: &[] };

static CONFIGURED: Object = Object {
    noun: "workflow",
    doc: "A document within a gate's configuration. The further keys are not part of the document and do not change its digest.",
    keys: &[
        KEYS,
        keys! {
            /// Whether new instances begin in this revision. By default, they begin in the highest revision that is not
            /// `open: false`.
            "open": Value::Flag;
            /// The workflow's own mode. The stricter of it and the gate's mode applies.
            "mode": MODE;
            /// Other names of `trust_domain`, while it is being renamed: an ID of one of them is the same workload as the ID
            /// with this path in `trust_domain`. They hold for this document only, and not for exemptions.
            "trust_domain_aliases": Value::List { of: &Value::Text(Format::TrustDomain), least: 0, most: MAX_ALIASES };
        },
    ],
};

static INTERLOCK: Object = Object {
    noun: "interlock",
    doc: "A secret that the gate sends to the application with each permitted request.",
    keys: &[keys! {
        /// The environment variables of the VM with the secrets: the gate sends the first one, and removes all of them
        /// from requests.
        "env": Value::List { of: &Value::Text(Format::Env), least: 1, most: MAX_INTERLOCKS }, required;
    }],
};

static EXEMPTION: Object = Object {
    noun: "exemption",
    doc: "A pattern of requests that belong to no workflow: all its keys must match.",
    keys: &[
        REQUEST_KEYS,
        keys! {
            /// The peers: `mesh` (any peer with mTLS), `anyone` (also without mTLS), or a list of SPIFFE IDs.
            "peers": Value::Either(
                &Value::Choice { words: &["mesh", "anyone"], later: &[] },
                &Value::List { of: &Value::Text(Format::WholeSpiffeId), least: 1, most: MAX_PEERS },
            ), default("mesh");
        },
    ],
};

static EGRESS: Object = Object {
    noun: "egress",
    doc: "A pattern of requests to others that belong to no workflow: all its keys must match. `host` is required.",
    keys: &[REQUEST_KEYS],
};

static KEY: Object = Object {
    noun: "key",
    doc: "A key (JWK, RFC 7517) of one workflow: in an environment variable, or here if it is public.",
    keys: &[keys! {
        /// The workflow whose tokens it verifies.
        "workflow": Value::Text(Format::Name), required;
        /// The actor whose tokens it verifies, or `*` for any actor of the workflow.
        "actor": Value::Text(Format::AnyActor), default("*");
        /// Its identifier, unique within the workflow.
        "kid": Value::Text(Format::Name), required;
        /// `sign`: signs and verifies; one key for each workflow and actor. `verify`: verifies only.
        "use": Value::Choice { words: &["sign", "verify"], later: &[] }, required;
        /// The environment variable of the VM with the JWK.
        "env": Value::Text(Format::Env);
        /// The public JWK itself. Exactly one of `env` and `jwk` is required.
        "jwk": Value::Jwk;
    }],
};

static REVOKED: Object = Object {
    noun: "revocation",
    doc: "Instances, keys and workflows that are stopped at once.",
    keys: &[keys! {
        /// Instances, by their `txn`.
        "instances": Value::List { of: &Value::Text(Format::Instance), least: 0, most: MAX_REVOKED };
        /// Keys, by their `kid`, in every workflow.
        "kids": Value::List { of: &Value::Text(Format::Name), least: 0, most: MAX_REVOKED };
        /// Whole workflows, by name.
        "workflows": Value::List { of: &Value::Text(Format::Name), least: 0, most: MAX_REVOKED };
    }],
};

static LIMITS: Object = Object {
    noun: "limit",
    doc: "How often peers may do what takes room at this gate.",
    keys: &[keys! {
        /// How many instances each peer (SPIFFE ID) may begin at each replica of this gate, such as `100/1m`: that many
        /// at once, and then as many again as the period passes. A period is whole seconds, at most a day. By default
        /// 80,000 of each workflow in the life of the longest-lived entry of its replay record.
        "starts": Value::Text(Format::Rate), required;
    }],
};

static LOG: Object = Object {
    noun: "log",
    doc: "How much the gate writes to the proxy's log.",
    keys: &[keys! {
        /// The number of denials that each worker writes in full each second; one line counts the others.
        "denials_per_second": Value::Whole { least: 0, most: 10_000 }, default("50");
        /// Whether permits are written, too, as an audit trail.
        "permits": Value::Flag, default("false");
        /// Whether the proxy's access log can name the instance of a request, as filter state.
        "instances": Value::Flag, default("true");
    }],
};
