//! The checked configuration of a gate: the value of `pluginConfig`.

use std::sync::Arc;
use std::time::Duration;

use crate::bounds::{MAX_BAGGAGE_MEMBER, MAX_TOKEN};
use crate::duration::whole_seconds;
use crate::name::{ActorName, Kid, WorkflowName};
use crate::sorted::SortedSet;
use crate::spiffe::SpiffeId;
use crate::workflow::{Mode, RequestPattern, Task, Workflow};

/// The part of a request that carries steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Carrier {
    /// The header that the configuration names.
    #[default]
    Header,
    /// A member of W3C `baggage`: `step`, or `step.0`, `step.1`, … for the tokens of a join.
    Baggage,
}

impl Carrier {
    /// The largest token that a gate mints for it, in bytes.
    pub fn largest_token(self) -> usize {
        match self {
            Self::Header => MAX_TOKEN,
            Self::Baggage => MAX_BAGGAGE_MEMBER,
        }
    }
}

/// The direction of the gate's listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// As the proxy reports it (`xds.listener_direction`).
    #[default]
    Auto,
    /// Inbound, even if the proxy reports another direction or none.
    Inbound,
    /// Outbound, even if the proxy reports another direction or none.
    Outbound,
}

/// The implementation that verifies and signs ES256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CryptoSource {
    /// The proxy's, if it is available and passes its self-test, else the module's own.
    #[default]
    Auto,
    /// The module's own, in Rust.
    Rust,
}

/// The source of the peer's identity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PeerSource {
    /// The certificate of the mTLS connection.
    #[default]
    Connection,
    /// A string in Envoy's filter state, by its key. A trusted filter before this one must set it.
    FilterState(String),
}

/// The peers of an exemption.
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

/// Requests that belong to no workflow and pass without a step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exemption {
    /// The pattern of the requests.
    pub request: RequestPattern,
    /// The peers that may send them.
    pub peers: ExemptPeers,
}

/// The use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Signs and verifies.
    Sign,
    /// Verifies only.
    Verify,
}

/// The source of a key's JWK (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// This environment variable of the VM.
    Env(String),
    /// The configuration: a public key, as JSON.
    Jwk(String),
}

/// A key of one workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeySpec {
    /// The workflow whose tokens it verifies.
    pub workflow: WorkflowName,
    /// The actor whose tokens it verifies; none: any actor of the workflow.
    pub actor: Option<ActorName>,
    /// Its identifier within the workflow.
    pub kid: Kid,
    /// Whether it signs.
    pub key_use: KeyUse,
    /// The source of its JWK.
    pub source: KeySource,
}

/// Instances, keys and workflows that are stopped at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Revoked {
    /// Instances, by their `txn`.
    pub instances: SortedSet<String>,
    /// Keys, by their `kid`, in every workflow.
    pub kids: SortedSet<Kid>,
    /// Whole workflows.
    pub workflows: SortedSet<WorkflowName>,
}

/// A number of events in a period: that many at once, and then as many again as the period passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many; at least 1.
    pub count: u32,
    /// The period, in whole seconds; at least one.
    pub period: Duration,
}

/// How much the gate writes to the proxy's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLimits {
    /// The number of denials that each worker writes in full each second; one line counts the others.
    pub denials_per_second: u32,
    /// Whether permits are written, too, as an audit trail.
    pub permits: bool,
    /// Whether the proxy's access log can name the instance of a request, as filter state.
    pub instances: bool,
}

/// The configuration of one gate. The doctor takes it apart without a rest, so that no setting is left out of its comparison.
#[derive(Debug, Clone)]
pub struct GateConfig {
    /// The mode of all workflows without a stricter one; see [`GateConfig::mode_of`].
    pub mode: Mode,
    /// The step header's name, lower case.
    pub header: String,
    /// The part of a request that carries steps.
    pub carrier: Carrier,
    /// The direction of the gate's listener.
    pub direction: Direction,
    /// The gate's own identity (`self`); none: that of the connection's certificate.
    pub own: Option<SpiffeId>,
    /// The source of the peer's identity.
    pub peer_source: PeerSource,
    /// The implementation that verifies and signs ES256.
    pub crypto: CryptoSource,
    /// The largest difference between two clocks that the gate tolerates.
    pub leeway: Duration,
    /// The environment variables with the interlock's secrets: the gate sends the first one, and removes all of them from
    /// requests.
    pub interlock: Vec<String>,
    /// Requests to others that belong to no workflow and may leave; each names a host.
    pub egress: Vec<RequestPattern>,
    /// Requests that belong to no workflow.
    pub exempt: Vec<Exemption>,
    /// The keys of all workflows.
    pub keys: Vec<KeySpec>,
    /// Instances, keys and workflows that are stopped at once.
    pub revoked: Revoked,
    /// How many instances one peer may begin here at each replica. None: [`GateConfig::starts_of`] has the default.
    pub starts: Option<Rate>,
    /// Limits of the log.
    pub log: LogLimits,
    /// The workflows, at most one for each name and revision; at most one revision of a name is open.
    pub workflows: Vec<Arc<Workflow>>,
}

/// By default, how many instances of a workflow one peer may begin at one replica while the longest-lived entry of the replay
/// record lives: then all that it has begun take less than the 165,000 entries at which a first bucket is full.
pub const DEFAULT_STARTS: u32 = 80_000;

impl GateConfig {
    /// How many instances of the workflow one peer may begin at each replica. An instance that begins here takes room at the
    /// gates of later tasks, too, whose entries may be kept longer.
    pub fn starts_of(&self, workflow: &Workflow) -> Rate {
        let lives = workflow.transitions.iter().map(|transition| self.entry_life(workflow, &transition.from));
        let period = Duration::from_secs(whole_seconds(lives.max().unwrap_or_default()).max(1));
        self.starts.unwrap_or(Rate { count: DEFAULT_STARTS, period })
    }

    /// How long an entry of a transition that leaves the task may be kept (`docs/protocol.md`, "The replay record").
    fn entry_life(&self, workflow: &Workflow, task: &Task) -> Duration {
        let instance = workflow.deadline.saturating_add(self.leeway);
        let twins = task.apart.between_gates(self.leeway).saturating_add(task.ttl).saturating_add(self.leeway);
        if task.behind_join { instance } else { twins.min(instance) }
    }

    /// The effective mode of one of its workflows: the stricter of the gate's mode and the workflow's own.
    pub fn mode_of(&self, workflow: &Workflow) -> Mode {
        workflow.mode.map_or(self.mode, |own| own.max(self.mode))
    }
}
