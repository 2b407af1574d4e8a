//! The cluster and the order in which its parts start.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{images, mesh, node};
use crate::daemon::Daemon;
use crate::error::Result;
use crate::host::{Host, ROOT, output, path};
use crate::kubernetes::{DIRECTORY, KUBECONFIG, Kubernetes, order};
use crate::network::{CONTROL_PLANE, Network};
use crate::programs::Programs;
use crate::registry::Registry;
use crate::running;

/// The cluster. Everything ends when this is dropped, or this process ends.
#[derive(Debug)]
pub struct WholeCluster {
    daemons: Vec<Daemon>,
    kubernetes: Kubernetes,
    _registry: Registry,
    programs: Programs,
    // The last field: dropping it ends everything that still runs.
    _network: Network,
}

impl WholeCluster {
    /// Starts the cluster, and installs Istio.
    ///
    /// # Errors
    /// If something does not start: the error shows the end of its log.
    pub fn start(programs: &Programs) -> Result<Self> {
        let network = Network::create()?;
        network.lend(&programs.istio.join("bin"), "bin")?;
        network.lend(&programs.istio.join("share"), "share")?;
        network.lend(programs.kube_router.parent().unwrap_or(&programs.kube_router), "kube-router")?;
        let host = network.join_node(CONTROL_PLANE, &node::prepare())?;
        let registry = Registry::create(&network)?;
        registry.host().run(node::ROUTE)?;
        let archive = images::pack(programs)?;
        let kubernetes = Kubernetes::on_node(host, programs)?;
        let programs = programs.clone();
        let mut cluster = Self { daemons: Vec::new(), kubernetes, _registry: registry, programs, _network: network };
        cluster.start_controllers()?;
        cluster.daemons.extend(node::start(&cluster.kubernetes, archive.path())?);
        mesh::install(cluster.host(), |line| {
            output(cluster.command("bash").args(["-e", "-o", "pipefail", "-c", line]), None)
        })?;
        Ok(cluster)
    }

    fn start_controllers(&mut self) -> Result<()> {
        // For skopeo: the registry speaks plain HTTP.
        let containers = self.host().file(DIRECTORY).join(".config/containers");
        fs::create_dir_all(&containers)?;
        fs::write(containers.join("registries.conf"), include_str!("registries.conf"))?;
        let as_admin = format!("--kubeconfig={KUBECONFIG} --leader-elect=false");
        let files = "--service-account-private-key-file=sa.key --root-ca-file=certificates/apiserver.crt";
        for (name, arguments) in [("kube-scheduler", ""), ("kube-controller-manager", files)] {
            let command = format!("{ROOT}/bin/{name} {as_admin} {arguments}");
            let daemon = Daemon::start(self.host(), &order(name, &[command.trim_end()]))?;
            self.daemons.push(daemon);
        }
        Ok(())
    }

    /// A program as the administrator of the cluster runs it: `kubectl`, `istioctl`, `helm`, `kustomize` and `stepgate`
    /// are on its path and configured for the cluster.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.host().command(program);
        let own = self.programs.stepgate.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        let tools = self.programs.tools.display().to_string();
        command.env("PATH", format!("{own}:{tools}:{ROOT}/bin:{}", path())).env("KUBECONFIG", KUBECONFIG);
        for home in ["HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(home, DIRECTORY);
        }
        command.env("NO_COLOR", "1");
        command
    }

    /// Runs `work`, which waits for the cluster. If a program of the cluster ends meanwhile, all processes on the node are
    /// killed: that ends the wait, and the error shows the end of that program's log.
    ///
    /// # Errors
    /// Of `work`, or [`Error::Ended`](crate::Error::Ended) in an [`Error::Log`](crate::Error::Log).
    pub fn while_healthy<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                stepgate_mesh::until(Duration::MAX, || {
                    let ended = running::ended();
                    (ended.is_some() || is_over.load(Ordering::SeqCst)).then_some(ended)
                })
                .flatten()
                .inspect(|_| drop(self.command("sh").args(["-c", "kill -KILL -1"]).status()))
            });
            let result = work();
            is_over.store(true, Ordering::SeqCst);
            watch.join().ok().flatten().map_or(result, Err)
        })
    }

    fn host(&self) -> &Host {
        &self.kubernetes.host
    }
}
