//! The node: containerd, kubelet and kube-proxy.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::WholeCluster;
use crate::daemon::Order;
use crate::error::{Error, Result};
use crate::host::{BED, output};
use crate::kubernetes::{self, DIRECTORY, KUBECONFIG};
use crate::wait::until;

const NODE: &str = "/run/bed/node";
const SOCKET: &str = "/run/bed/node/containerd.sock";
/// How another machine reaches the pods.
pub(super) const ROUTE: &str = "ip route replace 10.78.0.0/16 via 10.77.0.1";
const START: Duration = Duration::from_secs(120);

/// Before it starts: what kubelets, CNI and containers write into the machine's own folders stays in memory, and
/// what a kubelet mounts is seen by containerd.
pub(super) fn prepare() -> String {
    format!(
        "mount --make-rshared / && mount -t tmpfs tmpfs /var/lib && mount -t tmpfs tmpfs /var/log && \
         mkdir -p /var/lib/cni {NODE}/cni {NODE}/plugins {NODE}/kubelet {DIRECTORY}/etc/cacerts {DIRECTORY}/data && \
         echo 1 >/proc/sys/net/ipv4/ip_forward"
    )
}

/// Starts it with these images, and waits until the cluster has it.
pub(super) fn start(cluster: &mut WholeCluster, images: &Path) -> Result<()> {
    let file = |name: &str| cluster.host().file(NODE).join(name);
    fs::write(file("cni/10-pods.conflist"), include_str!("cni.json"))?;
    fs::write(file("containerd.toml"), include_str!("containerd.toml"))?;
    fs::write(file("kubelet.yaml"), include_str!("kubelet.yaml"))?;
    fs::write(file("kube-proxy.yaml"), include_str!("kube-proxy.yaml"))?;
    cluster.daemon(&order("containerd", &["containerd --config containerd.toml"]))?;
    let ctr = |arguments: &[&str]| {
        let mut ctr = cluster.host().command("ctr");
        output(ctr.args(["--address", SOCKET, "--namespace", "k8s.io"]).args(arguments), None)
    };
    until(START, "containerd to answer", || ctr(&["version"]).map(Some))?;
    ctr(&["images", "import", &images.display().to_string()])?;
    cluster.daemon(&order(
        "kubelet",
        &[
            &format!("{BED}/bin/kubelet --kubeconfig={KUBECONFIG} --config=kubelet.yaml --root-dir={NODE}/kubelet"),
            "--hostname-override=node-1 --node-ip=10.77.0.1",
        ],
    ))?;
    cluster.daemon(&order("kube-proxy", &[&format!("{BED}/bin/kube-proxy --config=kube-proxy.yaml")]))?;
    until(START, "the node to be ready", || {
        let ready =
            cluster.kubernetes.kubectl(&["wait", "--for=condition=Ready", "--timeout=5s", "node/node-1"], None)?;
        match ready.contains("condition met") {
            true => Ok(Some(())),
            false => Err(Error::new(ready)),
        }
    })
}

fn order(name: &'static str, command: &[&str]) -> Order<'static> {
    Order { directory: NODE, ..kubernetes::order(name, command) }
}
