//! A mesh of real Envoys on loopback: each workload with its own certificate, its own gate and a small
//! service behind it.
//!
//! ```no_run
//! use stepgate_mesh::{Mesh, MeshSpec, Request, Workload};
//! # fn main() -> Result<(), stepgate_mesh::MeshError> {
//! let mesh = Mesh::start(MeshSpec::new(vec![
//!     Workload::new("a", "spiffe://cluster.local/ns/demo/sa/a"),
//!     Workload::new("b", "spiffe://cluster.local/ns/demo/sa/b"),
//! ]))?;
//! let response = mesh.call("a", "b", &Request::new("GET", "/hello"))?;
//! assert_eq!(response.status, 200);
//! # Ok(())
//! # }
//! ```
//!
//! Everything ends with the [`Mesh`], and with this process however it ends. The functions block; they
//! may be called from several threads, but not from inside an async runtime. Needs Linux.

mod admin;
mod application;
mod body;
mod bootstrap;
mod call_error;
mod certificates;
mod client;
mod clock;
mod envoy_binary;
mod error;
mod launch;
mod launcher;
mod message;
mod network;
mod process;
mod reconfigure;
mod run_dir;
mod running;
mod seen;
mod signals;
mod spec;
mod start;
mod start_envoy;
mod tls;
mod wait;

pub use admin::AccessEntry;
pub use application::Application;
pub use bootstrap::{configuration_text, plugin_configuration};
pub use call_error::{CALL_TIMEOUT, CallError};
pub use certificates::{Authority, Credential};
pub use client::{Client, Route};
pub use envoy_binary::{envoy_at, find_envoy};
pub use error::MeshError;
pub use launcher::run_if_supervised;
pub use message::{Request, Response, Version};
pub use network::{Addresses, MAX_WORKLOADS};
pub use running::{Files, Mesh};
pub use seen::Seen;
pub use spec::{
    ClientCertificate, Clock, Delivery, Egress, Environment, Envoys, Inbound, MeshSpec, PathNormalization, Plugin, Vms,
    Workload,
};
pub use start::Progress;
pub use tls::{Connection, connect};
pub use wait::until;
