//! A whole Kubernetes of one node, with Istio as its own chart installs it: controllers, scheduler, kubelet,
//! containerd, kube-proxy. The components of Kubernetes do here what [`Cluster`](crate::Cluster) does by hand, so that
//! documentation can be tested as a user types it.

mod cluster;
mod images;
mod mesh;
mod node;

pub use cluster::WholeCluster;
