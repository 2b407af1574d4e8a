//! What a cluster owner applies, written from workflow documents: manifests for Istio as a kustomize base,
//! components and stages, and the Secrets beside them. The same input gives the same bytes; all that is
//! drawn at random is in [`Secrets`].
//!
//! [`istio`] goes through these steps: `estate` (documents to workloads), `gate` (workloads to gates with
//! their configurations), one file for each kind of manifest, `layout` (manifests to files).

mod at_rest;
mod entry;
mod estate;
mod gate;
mod interlock;
pub mod jwk;
mod layout;
mod mtls;
mod network;
mod proxies;
mod secrets;
mod telemetry;
mod volumes;
mod waypoint;
mod workload;
mod yaml;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use stepgate_config::Workflow;

pub use at_rest::AtRest;
pub use estate::Estate;
pub use layout::{File, MARK, istio};
pub use secrets::{Drawn, Secrets, Source, Step, key_variable};
pub use volumes::{Volumes, volumes};
pub use workload::Workload;

/// The first line of what `stepgate render volumes` writes.
const MARK_VOLUMES: &str =
    "# Written by `stepgate render volumes`: change the documents or the flags, not this text.\n";

/// A checked workflow document.
#[derive(Debug, Clone)]
pub struct Document {
    /// As it was written.
    pub json: Value,
    /// What it says.
    pub workflow: Arc<Workflow>,
}

/// To what a gate is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attach {
    /// One plugin for all pods of a namespace.
    Namespace,
    /// One for each workload, chosen by its label.
    Workload,
    /// One for the whole mesh, in its root namespace.
    Mesh,
    /// Ambient: one waypoint for each workload.
    Waypoint,
}

/// Which of Istio's APIs carries the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Every Istio since 1.12.
    WasmPlugin,
    /// Its successor, since 1.30.
    TrafficExtension,
}

/// An ingress gateway that is an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The actor.
    pub actor: String,
    /// The host by which the outside calls it.
    pub host: String,
}

/// What is not in the documents.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where proxies find the module.
    pub module: String,
    /// What they must find there: of an image the digest of its manifest, else of the file, in hexadecimal.
    pub sha256: String,
    /// Whether proxies ask the registry each time (`Always`) or once (`IfNotPresent`).
    pub pull_always: bool,
    /// The Secret with the registry's credentials, in the namespace of the plugin.
    pub pull_secret: Option<String>,
    /// Whether a proxy starts a new VM after a trap (`FAIL_RELOAD`), or denies until it restarts (`FAIL_CLOSE`).
    /// Istio knows the former since 1.28.
    pub fail_reload: bool,
    /// The order among plugins of the phase: the lower, the nearer to the application.
    pub priority: i32,
    /// Which API.
    pub api: Api,
    /// To what; none: the namespace where one configuration fits all its workloads, else the workload.
    pub attach: Option<Attach>,
    /// The label of pods and Deployments that names their service account.
    pub label: String,
    /// Istio's root namespace.
    pub root: String,
    /// The trust domain of this mesh; none: that of each document.
    pub trust_domain: Option<String>,
    /// Only these namespaces; none: all of the documents.
    pub namespaces: Vec<String>,
    /// Ports that do not speak HTTP.
    pub tcp_ports: Vec<u16>,
    /// Where the registry is, as a CIDR; without it what leaves the namespaces is not limited.
    pub registry: Option<String>,
    /// The access log's provider.
    pub access_log: String,
    /// Further settings of every gate, as JSON.
    pub settings: Value,
    /// The revisions in which instances begin, as `NAME/REVISION`; none: the highest of each name.
    pub open: Vec<String>,
    /// The ingress gateways.
    pub entries: Vec<Entry>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The files, in the order of their paths.
    pub files: Vec<File>,
    /// What its reader should know.
    pub notes: Vec<String>,
}

/// Why nothing came of it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: Option<String>,
}

impl Wrong {
    /// An error that says this.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), help: None }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Wrong {}
