//! The node: containerd, kubelet, kube-proxy, and kube-router for NetworkPolicies.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::daemon::{Daemon, Order};
use crate::error::Result;
use crate::host::{Host, ROOT, output};
use crate::kubernetes::{self, DIRECTORY, KUBECONFIG, Kubernetes};
use crate::network::SERVICES;

const NODE: &str = "/run/cluster/node";
const SOCKET: &str = "/run/cluster/node/containerd.sock";
/// The route of another machine to the pods.
pub(super) const ROUTE: &str = "ip route replace 10.78.0.0/16 via 10.77.0.1";
const START: Duration = Duration::from_secs(120);
const FILES: [(&str, &str); 5] = [
    ("cni/10-pods.conflist", include_str!("cni.json")),
    ("containerd.toml", include_str!("containerd.toml")),
    ("kubelet.yaml", include_str!("kubelet.yaml")),
    ("kube-proxy.yaml", include_str!("kube-proxy.yaml")),
    ("runc", include_str!("runc.sh")),
];

/// Run on the node before anything else: what kubelets, CNI and containers write into the machine's own folders stays in
/// memory, and containerd sees what a kubelet mounts.
pub(super) fn prepare() -> String {
    format!(
        "mount --make-rshared / && mount -t tmpfs tmpfs /var/lib && mount -t tmpfs tmpfs /var/log && \
         mkdir -p /var/lib/cni {NODE}/cni {NODE}/plugins {NODE}/kubelet {DIRECTORY}/etc/cacerts {DIRECTORY}/data && \
         echo 1 >/proc/sys/net/ipv4/ip_forward"
    )
}

/// Starts the node with these images, waits until it is ready, and returns its daemons.
pub(super) fn start(kubernetes: &Kubernetes, images: &Path) -> Result<Vec<Daemon>> {
    let host = &kubernetes.host;
    for (name, text) in FILES {
        fs::write(host.file(NODE).join(name), text)?;
    }
    fs::set_permissions(host.file(NODE).join("runc"), Permissions::from_mode(0o755))?;
    let mut containerd = Daemon::start(host, &order("containerd", &["containerd --config containerd.toml"]))?;
    let ctr = |arguments: &[&str]| {
        output(host.command("ctr").args(["--address", SOCKET, "--namespace", "k8s.io"]).args(arguments), None)
    };
    containerd.ready(START, || ctr(&["version"]).map(|_| true))?;
    ctr(&["images", "import", &images.display().to_string()])?;
    let kubelet =
        format!("{ROOT}/bin/kubelet --kubeconfig={KUBECONFIG} --config=kubelet.yaml --root-dir={NODE}/kubelet");
    let kubelet = order("kubelet", &[&kubelet, "--hostname-override=node-1 --node-ip=10.77.0.1"]);
    let mut kubelet = Daemon::start(host, &kubelet)?;
    let proxy = order("kube-proxy", &[&format!("{ROOT}/bin/kube-proxy --config=kube-proxy.yaml")]);
    let proxy = Daemon::start(host, &proxy)?;
    let ready = || {
        let wait = ["wait", "--for=condition=Ready", "--timeout=2s", "node/node-1"];
        Ok(kubernetes.kubectl(&wait, None)?.contains("condition met"))
    };
    kubelet.ready(START, ready).map_err(|error| containerd.explain(error))?;
    Ok(vec![containerd, kubelet, proxy, policies(host)?])
}

/// Enforces NetworkPolicies, and does nothing else that it could.
fn policies(host: &Host) -> Result<Daemon> {
    let command = format!("{ROOT}/kube-router/kube-router --kubeconfig={KUBECONFIG} --hostname-override=node-1");
    let beside = format!("--run-router=false --run-service-proxy=false --service-cluster-ip-range={SERVICES}");
    let mut daemon = Daemon::start(host, &order("kube-router", &[&command, &beside]))?;
    daemon.ready(START, || {
        Ok(output(host.command("iptables").args(["-w", "-S", "KUBE-ROUTER-FORWARD"]), None).is_ok())
    })?;
    Ok(daemon)
}

fn order(name: &'static str, command: &[&str]) -> Order<'static> {
    Order { directory: NODE, ..kubernetes::order(name, command) }
}
