//! The files that a cluster owner applies, rendered from workflow documents: manifests for Istio as a kustomize base,
//! components and stages, and the Secrets beside them. The same input gives the same bytes; everything random is in
//! [`Secrets`] and [`AtRest`].
//!
//! [`istio`] takes these steps: `inventory` (documents to workloads), `gate` (workloads to gates with their
//! configurations), one file for each kind of manifest, `layout` (manifests to files). [`output_dir`] and
//! [`private_file`] write files.

mod at_rest;
mod digests;
mod document;
mod entry;
mod ephemeral_keys;
mod error;
mod gate;
pub mod gitignore;
mod interlock;
mod inventory;
pub mod jwk;
mod key_bundle;
mod labels;
mod layout;
mod manifest;
mod mtls;
mod names;
mod network;
mod options;
mod outbound;
pub mod output_dir;
pub mod private_file;
mod proxies;
mod rotation;
mod secrets;
mod telemetry;
mod volumes;
mod waypoint;
mod workload;
mod yaml;

pub use at_rest::AtRest;
pub use document::Document;
pub use entry::is_entry_host;
pub use ephemeral_keys::{EphemeralGate, UnusableGate};
pub use error::RenderError;
pub use inventory::Inventory;
pub use key_bundle::KeyBundle;
pub use layout::{File, Rendered, istio};
pub use names::{is_dns_label, is_dns_subdomain, is_label_key, is_label_value};
pub use options::{Api, Attach, DnsServer, Entry, Options, Peer, Place};
pub use rotation::RotationStep;
pub use secrets::Secrets;
pub use volumes::{Volumes, volumes};
pub use workload::Workload;
