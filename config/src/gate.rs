//! A checked gate configuration: what stands under `pluginConfig`, and what the decision needs of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::name::{ActorName, Kid, WorkflowName};
use crate::spiffe::SpiffeId;
use crate::workflow::{Mode, RequestPattern, Workflow};

/// How a step travels in requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Carrier {
    /// In the header that the configuration names.
    #[default]
    Header,
    /// As a member of W3C `baggage`: `step`, or `step.0`, `step.1`, … for a join's evidence.
    Baggage,
}

/// Which way the gate looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// As the listener says (`xds.listener_direction`).
    #[default]
    Auto,
    /// At requests that come in, whatever the listener says.
    Inbound,
}

/// Whose code verifies and signs ES256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CryptoSource {
    /// The proxy's where it is there and passes its self-test, else Rust.
    #[default]
    Auto,
    /// Rust.
    Rust,
}

/// Where the peer's identity is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PeerSource {
    /// The certificate of the mTLS connection.
    #[default]
    Connection,
    /// A string in Envoy's filter state that a trusted filter before this one has set, by its key.
    FilterState(String),
}

/// To whom an exemption applies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ExemptPeers {
    /// Any peer with mTLS.
    #[default]
    Mesh,
    /// Anyone, also without mTLS.
    Anyone,
    /// These workloads.
    These(Vec<SpiffeId>),
}

/// Requests that belong to no workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exemption {
    /// Which requests.
    pub request: RequestPattern,
    /// Whose.
    pub peers: ExemptPeers,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Signs and verifies.
    Sign,
    /// Verifies only.
    Verify,
}

/// Where a key's JWK (RFC 7517) stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// In this variable of the VM's environment.
    Env(String),
    /// In the configuration: a public key, as JSON.
    Jwk(String),
}

/// A key of one workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeySpec {
    /// Whose tokens it verifies.
    pub workflow: WorkflowName,
    /// The actor who may have signed with it; none: any actor of the workflow.
    pub actor: Option<ActorName>,
    /// Its identifier within the workflow.
    pub kid: Kid,
    /// What it is for.
    pub key_use: KeyUse,
    /// Where it stands.
    pub source: KeySource,
}

/// What has been stopped at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Revoked {
    /// Instances, by their `txn`.
    pub instances: BTreeSet<String>,
    /// Keys, by their `kid`, in every workflow.
    pub kids: BTreeSet<Kid>,
    /// Whole workflows.
    pub workflows: BTreeSet<WorkflowName>,
}

/// How much the gate writes to the proxy's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLimits {
    /// Denials written in full each second, for each worker; those beyond are counted in one line.
    pub denials_per_second: u32,
    /// Whether permits are written too: the audit trail.
    pub permits: bool,
}

/// The configuration of one gate.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GateConfig {
    /// What is done with what would be refused.
    pub mode: Mode,
    /// The step header's name, lower case.
    pub header: String,
    /// How steps travel.
    pub carrier: Carrier,
    /// Which way the gate looks.
    pub direction: Direction,
    /// The gate's own identity (`self`), where the connection's certificate is not to be asked.
    pub own: Option<SpiffeId>,
    /// Where the peer's identity is read.
    pub peer_source: PeerSource,
    /// Whose code verifies and signs ES256.
    pub crypto: CryptoSource,
    /// How far two clocks may be apart.
    pub leeway: Duration,
    /// The variables that hold the interlock's secrets: the first is set, all are stripped.
    pub interlock: Vec<String>,
    /// What belongs to no workflow.
    pub exempt: Vec<Exemption>,
    /// The keys of all workflows.
    pub keys: Vec<KeySpec>,
    /// What is stopped at once.
    pub revoked: Revoked,
    /// How much is logged.
    pub log: LogLimits,
    /// The workflows, one for each (name, revision); at most one revision of a name is open.
    pub workflows: Vec<Arc<Workflow>>,
}
