//! A whole Kubernetes of one node, with Istio as its own chart installs it: API server, controllers, scheduler,
//! kubelet, containerd, kube-proxy. What [`Cluster`](crate::Cluster) does by hand is done here by those whose work
//! it is, so that what a person types can be tried as it is typed.

mod images;
mod mesh;
mod node;

use std::fs;
use std::process::Command;

use crate::control_plane::{self, DIRECTORY, KUBECONFIG, START};
use crate::daemon::Daemon;
use crate::error::Result;
use crate::host::{BED, Host};
use crate::network::{CONTROL_PLANE, Network};
use crate::programs::Programs;
use crate::registry::Registry;

/// The cluster. All ends when this is dropped, or this process does.
#[derive(Debug)]
pub struct Kubernetes {
    /// The registry of images.
    pub registry: Registry,
    daemons: Vec<Daemon>,
    host: Host,
    programs: Programs,
    // Last: it ends whatever still runs.
    _network: Network,
}

impl Kubernetes {
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
        let mut cluster = Self { registry, daemons: Vec::new(), host, programs: programs.clone(), _network: network };
        let archive = images::pack(programs)?;
        cluster.start_control_plane()?;
        node::start(&mut cluster, archive.path())?;
        mesh::install(&cluster)?;
        Ok(cluster)
    }

    fn start_control_plane(&mut self) -> Result<()> {
        let authority = crate::Authority::create()?;
        control_plane::write_files(&self.host, &authority)?;
        let containers = self.host.file(DIRECTORY).join(".config/containers");
        fs::create_dir_all(&containers)?;
        fs::write(containers.join("registries.conf"), include_str!("registries.conf"))?;
        self.daemon(&control_plane::etcd())?;
        self.daemon(&control_plane::api_server(
            "--allow-privileged=true --kubelet-preferred-address-types=InternalIP",
        ))?;
        let host = &self.host;
        let ready = || Ok(control_plane::kubectl(host, &["get", "--raw", "/readyz"], None)? == "ok");
        if let Some(api_server) = self.daemons.last_mut() {
            api_server.ready(START, ready)?;
        }
        for order in [
            control_plane::order(
                "kube-scheduler",
                &[&format!("{BED}/bin/kube-scheduler --kubeconfig={KUBECONFIG} --leader-elect=false")],
            ),
            control_plane::order(
                "kube-controller-manager",
                &[
                    &format!("{BED}/bin/kube-controller-manager --kubeconfig={KUBECONFIG} --leader-elect=false"),
                    "--service-account-private-key-file=sa.key --root-ca-file=certificates/apiserver.crt",
                ],
            ),
        ] {
            self.daemon(&order)?;
        }
        Ok(())
    }

    pub(crate) fn daemon(&mut self, order: &crate::daemon::Order<'_>) -> Result<()> {
        self.daemons.push(Daemon::start(&self.host, order)?);
        Ok(())
    }

    /// A program of somebody who administers it: `kubectl`, `istioctl`, `helm`, `kustomize` and `stepgate` are on its
    /// path, and know the cluster.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.host.command(program);
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

    /// What `kubectl` says.
    ///
    /// # Errors
    /// What it says, if that is no.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.kubectl_with(arguments, None)
    }

    pub(crate) fn kubectl_with(&self, arguments: &[&str], input: Option<&str>) -> Result<String> {
        let said = control_plane::kubectl(&self.host, arguments, input);
        said.map_err(|error| error.while_doing(arguments.join(" ")))
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }
}
