//! Starts one Envoy of a mesh: its files, its command.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::PoisonError;

use super::MeshError;
use super::bootstrap::{Member, MeshConfig, bootstrap, discovery, dynamic};
use super::clock;
use super::process::Process;
use super::run_dir::replace;
use super::running::{Mesh, RunningWorkload};
use super::spec::{Delivery, Environment};

/// An Envoy that has been started and need not be ready.
pub(super) struct Starting {
    /// The first workload that it hosts.
    pub(super) name: String,
    pub(super) admin: SocketAddr,
    pub(super) process: Process,
}

impl Mesh {
    pub(super) fn start_envoy(&self, index: usize) -> Result<Starting, MeshError> {
        let members = self.members();
        let config = self.config(&members);
        let hosted = self.hosted_by(index, &members);
        let first = hosted.first().ok_or_else(|| MeshError::Spec("an Envoy without a workload".into()))?;
        let name = &first.workload.name;
        let file = self.run_dir.path().join(format!("{name}.bootstrap.json"));
        replace(&file, bootstrap(&hosted, &config).to_string().as_bytes())?;
        self.deliver(&hosted, &config)?;
        let launch = &self.launch;
        let mut command = launch.launcher.command(&launch.program);
        command.arg("-c").arg(file);
        command.args(["--concurrency", &launch.spec.concurrency.to_string()]);
        command.args(["--log-level", &launch.spec.log_level]);
        command.args(["--component-log-level", &launch.spec.component_log_level]);
        // Shared memory by a number that a second Envoy of this machine might have.
        command.arg("--disable-hot-restart");
        // A test reads the access log right after its request.
        command.args(["--file-flush-interval-msec", "50"]);
        // Connections of an old listener are closed at once, and gone after a second; Envoy's own
        // 10 minutes are nothing to wait for.
        command.args(["--drain-time-s", "1", "--drain-strategy", "immediate"]);
        if launch.spec.environment == Environment::Process {
            let plugins = hosted.iter().flat_map(|member| member.workload.plugins());
            command.envs(plugins.flat_map(|plugin| &plugin.environment));
        }
        if let Some(clock) = &launch.spec.clock {
            clock::shift(&mut command, clock, self.run_dir.path(), name)?;
        }
        let log = self.run_dir.path().join(format!("{name}.log"));
        Ok(Starting {
            name: name.clone(),
            admin: first.addresses.admin,
            process: Process::start(&self.spawner, command, &launch.program, log)?,
        })
    }

    /// Puts the files in place that these workloads' Envoy watches.
    pub(super) fn deliver(&self, hosted: &[&Member], config: &MeshConfig<'_>) -> Result<(), MeshError> {
        let files = match self.launch.spec.delivery {
            Delivery::Bootstrap => Vec::new(),
            Delivery::Extension => hosted.iter().filter_map(|member| discovery::extension(member, config)).collect(),
            Delivery::Listener => dynamic::listeners(hosted, config).into_iter().collect(),
        };
        files.iter().try_for_each(|(file, content)| replace(file, content.to_string().as_bytes()))
    }

    /// All workloads, with the filters that they have now.
    pub(super) fn members(&self) -> Vec<Member> {
        let now = |one: &RunningWorkload| {
            let mut member = one.member.clone();
            member.workload.inbound.plugin = one.plugin.lock().unwrap_or_else(PoisonError::into_inner).clone();
            member
        };
        self.running.iter().map(now).collect()
    }

    pub(super) fn config<'a>(&'a self, members: &'a [Member]) -> MeshConfig<'a> {
        MeshConfig {
            members,
            authority: &self.authority_file,
            spec: &self.launch.spec,
            directory: Path::new(self.run_dir.path()),
        }
    }

    pub(super) fn hosted_by<'a>(&self, index: usize, members: &'a [Member]) -> Vec<&'a Member> {
        let running = self.running.iter().zip(members);
        running.filter(|(one, _)| one.process == index).map(|(_, member)| member).collect()
    }
}
