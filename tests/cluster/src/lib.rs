//! A real Istio on one machine: etcd, kube-apiserver, istiod, a registry, and pods with Istio's own redirection,
//! pilot-agent and Envoy, each in a network namespace of its own.
//!
//! ```no_run
//! use stepgate_cluster_tests::{Cluster, Pod, Programs, Request, repository};
//!
//! # fn main() -> stepgate_cluster_tests::Result<()> {
//! let programs = Programs::find()?;
//! let cluster = Cluster::start(&programs)?;
//! cluster.namespace("movie")?;
//! cluster.apply(&repository().join("istio/movie/base"))?;
//! let pods = cluster.pods(["owner", "vfx-1"].map(|name| Pod::named(name).namespace("movie")))?;
//! let answer = pods[0].call(&cluster, "vfx-1", &Request::new("GET", "/"))?;
//! assert_eq!(answer.seen().map(|seen| seen.workload), Some("vfx-1".into()));
//! # Ok(())
//! # }
//! ```
//!
//! It needs root, and leaves nothing on the machine that it runs on: see [`Host`].

mod authority;
mod capture;
mod cluster;
mod control_plane;
mod daemon;
mod error;
mod host;
mod kubernetes;
mod machine;
mod mesh_config;
mod network;
mod objects;
mod pod;
mod pods;
mod programs;
mod raw;
mod registry;
mod running;
mod sidecar;
mod tcp;
mod wait;
mod whole;
mod within;
mod workload;

pub use authority::Authority;
pub use capture::{Capture, contains};
pub use cluster::Cluster;
pub use error::{Error, Result};
pub use host::Host;
pub use kubernetes::Kubernetes;
pub use pod::{APPLICATION, GATEWAY, Pod};
pub use programs::{Programs, leave_out, repository, run};
pub use registry::Registry;
pub use stepgate_image::Image;
pub use stepgate_mesh::{Credential, Request, Response, Seen, Version};
pub use wait::{until, until_established};
pub use whole::WholeCluster;
pub use workload::Workload;
