//! The options of a cluster that are not in the documents.

use std::collections::BTreeMap;

use serde_json::Value;

/// The object to which a gate is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Attach {
    /// All pods of each namespace.
    Namespace,
    /// Each workload by its label.
    Workload,
    /// The whole mesh, from its root namespace.
    Mesh,
    /// Ambient: a waypoint for each workload.
    Waypoint,
}

/// The API of Istio that carries the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Api {
    /// Any Istio.
    WasmPlugin,
    /// Its successor, since Istio 1.30.
    TrafficExtension,
}

impl Api {
    /// The kind of its objects.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::WasmPlugin => "WasmPlugin",
            Self::TrafficExtension => "TrafficExtension",
        }
    }
}

/// An ingress gateway that is an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The actor.
    pub actor: String,
    /// The host by which clients outside the mesh call it.
    pub host: String,
}

/// A place outside the namespaces of the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// All pods of a namespace.
    Namespace(String),
    /// The addresses of a CIDR.
    Cidr(String),
}

/// Where pods resolve names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsServer {
    /// Its pods or addresses.
    pub place: Place,
    /// Its port, as of the pod and not of the Service.
    pub port: u16,
}

/// An actor of which some workloads are outside this cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The actor.
    pub actor: String,
    /// Their addresses.
    pub cidr: String,
}

/// Options of [`istio`](crate::istio).
#[derive(Debug, Clone)]
pub struct Options {
    /// The URL from which proxies pull the module.
    pub module: String,
    /// The digest that they require, in hexadecimal: of an image's manifest, or of the file.
    pub sha256: String,
    /// Whether proxies ask the registry each time (`Always`) or once (`IfNotPresent`).
    pub pull_always: bool,
    /// The Secret with the registry's credentials, in the namespace of the plugin.
    pub pull_secret: Option<String>,
    /// Whether a proxy starts a new VM after a trap (`FAIL_RELOAD`, since Istio 1.28), or denies until it restarts
    /// (`FAIL_CLOSE`).
    pub fail_reload: bool,
    /// The order among plugins of the phase: the lower, the nearer to the application.
    pub priority: i32,
    /// The API of Istio.
    pub api: Api,
    /// The object of each gate; `None`: the namespace if one configuration fits all its workloads, else the workload.
    pub attach: Option<Attach>,
    /// The label of pods and Deployments whose value is their service account.
    pub label: String,
    /// Istio's root namespace.
    pub root: String,
    /// The trust domain of this mesh; `None`: that of each document.
    pub trust_domain: Option<String>,
    /// Other names of the documents' trust domains, while they are being renamed.
    pub trust_domain_aliases: Vec<String>,
    /// Only these namespaces; empty: all of the documents.
    pub namespaces: Vec<String>,
    /// Ports that do not speak HTTP.
    pub tcp_ports: Vec<u16>,
    /// The registry as a CIDR; `None`: egress is not limited.
    pub registry: Option<String>,
    /// Where pods resolve names, besides `kube-system`.
    pub dns: Vec<DnsServer>,
    /// The actors outside this cluster.
    pub peers: Vec<Peer>,
    /// The provider of the access log.
    pub access_log: String,
    /// Further settings of every gate, as JSON.
    pub settings: Value,
    /// Whether each workload also gets a gate for the requests that it sends.
    pub outbound: bool,
    /// The revisions in which new instances begin, as `NAME/REVISION`; empty: the highest of each name.
    pub open: Vec<String>,
    /// The ingress gateways.
    pub entries: Vec<Entry>,
    /// By the actors of entries, the labels of their pods; without them, the label with the service account.
    pub entry_labels: BTreeMap<String, BTreeMap<String, String>>,
}
