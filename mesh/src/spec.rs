//! The specification of a mesh: its workloads, and which Envoy hosts which of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A mesh to start. [`MeshSpec::new`] gives each workload an Envoy of its own; the other fields are
/// public so that a caller names only what differs.
#[derive(Debug, Clone)]
pub struct MeshSpec {
    /// At most 240: each gets an address in one loopback /24.
    pub workloads: Vec<Workload>,
    /// Which Envoy hosts which workload.
    pub envoys: Envoys,
    /// How an Envoy gets the filters of its inbound listeners, and so whether they can change while it runs.
    pub delivery: Delivery,
    /// Which filters of an Envoy share a VM.
    pub vms: Vms,
    /// Where the filters' environments are.
    pub environment: Environment,
    /// Time for all Envoys to be ready; `None`: 20 s, and 5 s more for each filter.
    pub ready_timeout: Option<Duration>,
    /// The Envoy to run; `None` looks for one as [`super::find_envoy`] does.
    pub envoy: Option<PathBuf>,
    /// A `stepgate` binary through which Envoys are started, see [`super::run_if_supervised`].
    /// `None`: `STEPGATE_LAUNCHER`, then this very program if it is `stepgate`, then `setpriv`.
    pub launcher: Option<PathBuf>,
    /// Clocks of the Envoys that differ from this machine's. `None`: they have its time, and cannot be set.
    pub clock: Option<Clock>,
    /// Worker threads of each Envoy.
    pub concurrency: u32,
    /// `--log-level` of each Envoy.
    pub log_level: String,
    /// `--component-log-level` of each Envoy, such as `wasm:info`.
    pub component_log_level: String,
    /// Clean up and leave with 130 on SIGINT, 143 on SIGTERM, 129 on SIGHUP. For commands; a test has its own runner.
    pub exit_on_interrupt: bool,
}

impl MeshSpec {
    /// One Envoy for each workload, with one worker.
    pub fn new(workloads: Vec<Workload>) -> Self {
        Self {
            workloads,
            envoys: Envoys::OneEach,
            delivery: Delivery::Bootstrap,
            vms: Vms::OneEach,
            environment: Environment::Configuration,
            ready_timeout: None,
            envoy: None,
            launcher: None,
            clock: None,
            concurrency: 1,
            log_level: "warning".into(),
            component_log_level: "wasm:info".into(),
            exit_on_interrupt: false,
        }
    }
}

/// Clocks of Envoys that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// The shared object of `tools/clock`, an absolute path, through which each Envoy reads its time.
    pub object: PathBuf,
    /// How many nanoseconds the clocks are ahead of this machine's, behind if negative, until
    /// [`super::Mesh::set_clock`] sets one. Certificates are valid by this machine's clock and by these.
    pub ahead: i64,
}

/// Which Envoy hosts which workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envoys {
    /// A process for each workload, as in a mesh of sidecars.
    OneEach,
    /// One process for all of them: each still has its own address, certificate and plugin. For
    /// many small configurations, where thirty processes would be slow to start.
    OneForAll,
    /// A process for each workload up to this many; more workloads share them evenly.
    AtMost(usize),
}

impl Envoys {
    /// For each of so many workloads, the number of the process that hosts it. Neighbours share one.
    pub(super) fn hosts(self, workloads: usize) -> Vec<usize> {
        let processes = match self {
            Self::OneEach => workloads,
            Self::OneForAll => 1,
            Self::AtMost(most) => workloads.min(most.max(1)),
        };
        let host = |n: usize| n.saturating_mul(processes).checked_div(workloads).unwrap_or_default();
        (0..workloads).map(host).collect()
    }
}

/// How an Envoy gets the filters of its inbound listeners. [`super::Mesh::reconfigure`] needs one of the two that can
/// change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// In its bootstrap, for as long as it runs.
    Bootstrap,
    /// By extension config discovery (ECDS), as Istio delivers a WasmPlugin: a new configuration is in force
    /// for every request that begins after it, on old connections too.
    Extension,
    /// With the whole listener, by listener discovery (LDS): connections that are open keep the old
    /// configuration until they are drained, which here takes a second.
    Listener,
}

/// Which filters of an Envoy share a VM, and with it the shared data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vms {
    /// Each listener has a `vm_id` of its own.
    OneEach,
    /// There is no `vm_id`, as in Istio: shared data is one namespace for all plugins of the Envoy, and those
    /// of one module run in one VM.
    Shared,
}

/// Where the environments of the filters' VMs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// In the configuration of each filter, so that filters of one Envoy may have different ones. Envoy's admin interface
    /// shows it.
    Configuration,
    /// In the environment of the Envoy, which only its owner can read. Filters of one Envoy share it: two of them must
    /// not give one variable different values.
    Process,
}

/// One workload: an identity, a gate in front of it, and a way out to the others.
#[derive(Debug, Clone)]
pub struct Workload {
    /// `[a-z0-9._-]`, at most 72 bytes; the others call it by this name.
    pub name: String,
    /// The URI SAN of its certificate, such as `spiffe://cluster.local/ns/movie/sa/owner`.
    pub identity: String,
    /// Further authorities by which the others may call it.
    pub hosts: Vec<String>,
    /// The listener that its callers reach.
    pub inbound: Inbound,
    /// The listener through which its application calls others; `None` leaves it out.
    pub egress: Option<Egress>,
}

impl Workload {
    /// A workload without a filter.
    pub fn new(name: impl Into<String>, identity: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            identity: identity.into(),
            hosts: Vec::new(),
            inbound: Inbound::default(),
            egress: Some(Egress::default()),
        }
    }

    /// Puts a filter into its inbound listener.
    #[must_use]
    pub fn gated_by(mut self, plugin: Plugin) -> Self {
        self.inbound.plugin = Some(plugin);
        self
    }

    pub(super) fn plugins(&self) -> impl Iterator<Item = &Plugin> {
        let outbound = self.egress.as_ref().and_then(|egress| egress.plugin.as_ref());
        self.inbound.plugin.iter().chain(outbound)
    }
}

/// The inbound listener: mutual TLS, then the filter, then the application.
#[derive(Debug, Clone, Default)]
pub struct Inbound {
    /// The filter; `None` lets everything through.
    pub plugin: Option<Plugin>,
    /// Whether a caller needs a certificate at all.
    pub client_certificate: ClientCertificate,
    /// What Envoy does to a path before the filter sees it.
    pub path_normalization: PathNormalization,
    /// Further ports of its address at which it listens, as a sidecar receives what is for a port of its application.
    pub ports: Vec<u16>,
    /// The application behind it, in place of the one that the mesh runs.
    pub application: Option<std::net::SocketAddr>,
    /// Settings of its HTTP connection manager (as JSON) over those that the mesh makes.
    pub manager: serde_json::Map<String, serde_json::Value>,
    /// HTTP filters between the gate and the router (as JSON).
    pub filters: Vec<serde_json::Value>,
    /// Routes that are tried before the one to the application (as JSON).
    pub routes: Vec<serde_json::Value>,
    /// Further clusters of its Envoy (as JSON), for those routes.
    pub clusters: Vec<serde_json::Value>,
}

/// The egress listener: plain text from the application, mutual TLS to the others.
#[derive(Debug, Clone, Default)]
pub struct Egress {
    /// The outbound filter; `None` lets everything through.
    pub plugin: Option<Plugin>,
    /// Settings of its routes' actions (as JSON) over those that the mesh makes, such as a `retry_policy`.
    pub route: serde_json::Map<String, serde_json::Value>,
}

/// A proxy-wasm filter with its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// The `.wasm` file.
    pub module: PathBuf,
    /// Passed to the filter unchanged, as Istio passes `pluginConfig`; an empty text sends none.
    pub configuration: String,
    /// The environment of the VM, where the keys are.
    pub environment: BTreeMap<String, String>,
}

/// Whether a caller must show a certificate of the mesh's CA. One of another CA is always refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientCertificate {
    /// As in Istio's STRICT mode.
    #[default]
    Required,
    /// A caller may have none; the filter judges.
    Optional,
}

/// Istio's `meshConfig.pathNormalization`, by the same names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathNormalization {
    /// The path as it came.
    None,
    /// RFC 3986 dot segments, `\` to `/`. Istio's default.
    #[default]
    Base,
    /// `Base`, and `//` to `/`.
    MergeSlashes,
    /// `MergeSlashes`, and `%2F`, `%5C` decoded first.
    DecodeAndMergeSlashes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_share_envoys_evenly() {
        assert_eq!(Envoys::OneEach.hosts(3), [0, 1, 2]);
        assert_eq!(Envoys::OneForAll.hosts(3), [0, 0, 0]);
        assert_eq!(Envoys::AtMost(2).hosts(5), [0, 0, 0, 1, 1]);
        for workloads in 1..=240 {
            let hosts = Envoys::AtMost(16).hosts(workloads);
            let processes = workloads.min(16);
            let counts: Vec<usize> = (0..processes).map(|p| hosts.iter().filter(|host| **host == p).count()).collect();
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(hosts.iter().all(|host| *host < processes) && *least >= 1 && most - least <= 1, "{counts:?}");
        }
    }
}
