//! A whole Kubernetes of one node, with Istio as its own chart installs it: controllers, scheduler, kubelet,
//! containerd, kube-proxy. What [`Cluster`](crate::Cluster) does by hand is done here by those whose work it is, so
//! that what a person types can be tried as it is typed.

mod images;
mod mesh;
mod node;

use std::fs;
use std::process::Command;

use crate::daemon::{Daemon, Order};
use crate::error::Result;
use crate::host::{BED, Host};
use crate::kubernetes::{DIRECTORY, KUBECONFIG, Kubernetes, order};
use crate::network::{CONTROL_PLANE, Network};
use crate::programs::Programs;
use crate::registry::Registry;

/// The cluster. All ends when this is dropped, or this process does.
#[derive(Debug)]
pub struct WholeCluster {
    daemons: Vec<Daemon>,
    kubernetes: Kubernetes,
    _registry: Registry,
    programs: Programs,
    // Last: it ends whatever still runs.
    _network: Network,
}

impl WholeCluster {
    /// Starts the cluster, and installs Istio.
    ///
    /// # Errors
    /// What did not start, with the end of its log.
    pub fn start(programs: &Programs) -> Result<Self> {
        let network = Network::create()?;
        network.lend(&programs.istio.join("bin"), "bin")?;
        network.lend(&programs.istio.join("share"), "share")?;
        let host = network.join_node(CONTROL_PLANE, &node::prepare())?;
        let registry = Registry::start(&network)?;
        registry.host().run(node::ROUTE)?;
        let archive = images::pack(programs)?;
        let kubernetes = Kubernetes::on_node(host, programs)?;
        let programs = programs.clone();
        let mut cluster = Self { daemons: Vec::new(), kubernetes, _registry: registry, programs, _network: network };
        cluster.start_controllers()?;
        node::start(&mut cluster, archive.path())?;
        mesh::install(&cluster)?;
        Ok(cluster)
    }

    fn start_controllers(&mut self) -> Result<()> {
        // skopeo is told here that the registry speaks plain HTTP.
        let containers = self.host().file(DIRECTORY).join(".config/containers");
        fs::create_dir_all(&containers)?;
        fs::write(containers.join("registries.conf"), include_str!("registries.conf"))?;
        let as_admin = format!("--kubeconfig={KUBECONFIG} --leader-elect=false");
        self.daemon(&order("kube-scheduler", &[&format!("{BED}/bin/kube-scheduler {as_admin}")]))?;
        let files = "--service-account-private-key-file=sa.key --root-ca-file=certificates/apiserver.crt";
        let controllers = format!("{BED}/bin/kube-controller-manager {as_admin} {files}");
        self.daemon(&order("kube-controller-manager", &[&controllers]))
    }

    fn daemon(&mut self, order: &Order<'_>) -> Result<()> {
        let daemon = Daemon::start(self.host(), order)?;
        self.daemons.push(daemon);
        Ok(())
    }

    /// A program of somebody who administers it: `kubectl`, `istioctl`, `helm`, `kustomize` and `stepgate` are on its
    /// path, and know the cluster.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.host().command(program);
        let own = self.programs.stepgate.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        let tools = self.programs.tools.display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{own}:{tools}:{BED}/bin:{path}")).env("KUBECONFIG", KUBECONFIG);
        for home in ["HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(home, DIRECTORY);
        }
        command.env("NO_COLOR", "1");
        command
    }

    fn host(&self) -> &Host {
        &self.kubernetes.host
    }
}
