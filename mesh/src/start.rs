//! Starts a mesh: certificates, applications, then all Envoys at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, JoinSet};

use super::application::Application;
use super::bootstrap::Member;
use super::certificates::{Authority, Credential};
use super::client::Client;
use super::launch::Launch;
use super::launcher::Launcher;
use super::network::{MAX_WORKLOADS, Network};
use super::process::{Process, Spawner};
use super::run_dir::RunDir;
use super::running::{Mesh, RunningWorkload};
use super::signals::Signals;
use super::spec::{Environment, MeshSpec, Workload};
use super::start_envoy::Starting;
use super::{MeshError, admin, find_envoy};

/// Longest name of a workload: that of an actor, and a number after it.
const MAX_NAME: usize = 72;

/// Progress of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The Envoy that has just become ready, by the first workload that it hosts.
    pub envoy: String,
    /// How many are ready.
    pub ready: usize,
    /// How many there will be.
    pub of: usize,
}

impl Mesh {
    /// Starts a mesh and waits until every Envoy serves.
    ///
    /// # Errors
    /// The first failure; everything that was started is ended.
    pub fn start(spec: MeshSpec) -> Result<Self, MeshError> {
        Self::start_with(spec, |_| ())
    }

    /// As [`Mesh::start`], with a callback for each Envoy that is ready.
    ///
    /// # Errors
    /// As [`Mesh::start`].
    pub fn start_with(spec: MeshSpec, mut progress: impl FnMut(Progress)) -> Result<Self, MeshError> {
        check(&spec)?;
        let program = spec.envoy.clone().map_or_else(find_envoy, Ok)?;
        let launcher = Launcher::find(spec.launcher.as_deref())?;
        let io = |doing, error| MeshError::io(doing, Path::new("the mesh"), error);
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| io("make a runtime for", e))?;
        // Before there is a file to leave behind.
        let signals = spec.exit_on_interrupt.then(|| Signals::listen(&runtime)).transpose();
        let signals = signals.map_err(|e| io("wait for signals to", e))?;
        let run_dir = RunDir::create()?;
        let watcher = signals.map(|signals| end_on(signals, &runtime, run_dir.path()));
        let network = Network::claim()?;
        let authority = Authority::for_clocks(spec.clock.as_ref().map_or(0, |clock| clock.ahead))?;
        let authority_file = run_dir.write("ca.pem", authority.pem().as_bytes())?;
        let running = spec
            .workloads
            .iter()
            .zip(spec.envoys.hosts(spec.workloads.len()))
            .enumerate()
            .map(|(n, (workload, process))| {
                let (member, credential) = register(n, workload, &network, &authority, &run_dir)?;
                let at = member.addresses.application;
                let application = runtime
                    .block_on(Application::start(&workload.name, at))
                    .map_err(|e| MeshError::io("listen at", Path::new(&at.to_string()), e))?;
                let plugin = Mutex::new(workload.inbound.plugin.clone());
                Ok(RunningWorkload { member, plugin, credential, application, process })
            })
            .collect::<Result<Vec<_>, MeshError>>()?;
        let filters = spec.workloads.iter().flat_map(Workload::plugins).count();
        let limit = spec.ready_timeout.unwrap_or_else(|| admin::time_to_start(filters));
        let spawner = Spawner::open().map_err(|e| io("start a thread for", e))?;
        let mut mesh = Self {
            client: Client::default(),
            processes: Vec::new(),
            launch: Launch { program, launcher, spec },
            changing: Mutex::default(),
            spawner,
            running,
            authority,
            authority_file,
            run_dir,
            _network: network,
            watcher,
            runtime: None,
        };
        let envoys = 0..mesh.running.last().map_or(0, |last| last.process.saturating_add(1));
        let started = envoys.map(|index| mesh.start_envoy(index)).collect::<Result<Vec<_>, _>>()?;
        let ready = runtime.block_on(all_ready(started, limit, &mut progress))?;
        mesh.processes = ready.into_iter().map(Mutex::new).collect();
        mesh.runtime = Some(runtime);
        Ok(mesh)
    }
}

/// Waits for all at once; gives them back in the order in which they were started.
async fn all_ready(
    started: Vec<Starting>,
    limit: Duration,
    progress: &mut impl FnMut(Progress),
) -> Result<Vec<Process>, MeshError> {
    let of = started.len();
    let mut waiting = JoinSet::new();
    for (n, mut envoy) in started.into_iter().enumerate() {
        waiting.spawn(async move {
            admin::ready(&envoy.name, envoy.admin, &mut envoy.process, limit).await?;
            Ok::<_, MeshError>((n, envoy))
        });
    }
    let mut processes = Vec::new();
    while let Some(joined) = waiting.join_next().await {
        let (n, envoy) = joined.map_err(|e| MeshError::Spec(e.to_string()))??;
        processes.push((n, envoy.process));
        let ready = processes.len();
        progress(Progress { envoy: envoy.name, ready, of });
    }
    processes.sort_by_key(|(n, _)| *n);
    Ok(processes.into_iter().map(|(_, process)| process).collect())
}

/// Gives a workload its address and certificate.
fn register(
    n: usize,
    workload: &Workload,
    network: &Network,
    authority: &Authority,
    run_dir: &RunDir,
) -> Result<(Member, Credential), MeshError> {
    let name = &workload.name;
    let credential = authority.issue(&[&workload.identity])?;
    let pem = credential.certificate_pem().as_bytes();
    let certificate = run_dir.write(&format!("{name}.pem"), pem)?;
    let key = run_dir.write(&format!("{name}.key.pem"), credential.key_pem().as_bytes())?;
    let member = Member {
        workload: workload.clone(),
        addresses: network.addresses(n),
        certificate,
        key,
        access_log: run_dir.path().join(format!("{name}.access.jsonl")),
    };
    Ok((member, credential))
}

fn check(spec: &MeshSpec) -> Result<(), MeshError> {
    let wrong = |what: String| Err(MeshError::Spec(what));
    if spec.workloads.is_empty() || spec.workloads.len() > MAX_WORKLOADS {
        let n = spec.workloads.len();
        return wrong(format!("a mesh has 1 to {MAX_WORKLOADS} workloads, not {n}"));
    }
    if let Some(object) =
        spec.clock.as_ref().map(|clock| &clock.object).filter(|object| !object.is_absolute() || !object.is_file())
    {
        let path = object.display();
        return wrong(format!(
            "the shared object for clocks is not there: `{path}`\nhelp: `make clock` builds it; `stepgate lab --clock FILE` names one"
        ));
    }
    let (mut hosts, mut environment) = (BTreeSet::new(), BTreeMap::new());
    for workload in &spec.workloads {
        let name = &workload.name;
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        // It becomes the name of files too.
        if !(1..=MAX_NAME).contains(&name.len()) || !name.chars().all(allowed) || name.starts_with('.') {
            return wrong(format!(
                "`{name}` cannot be the name of a workload: 1 to {MAX_NAME} of `a-z`, `0-9`, `.`, `_`, `-`, not beginning with `.`"
            ));
        }
        let mut own = BTreeSet::from([name]);
        own.extend(&workload.hosts);
        if let Some(twice) = own.into_iter().find(|host| !hosts.insert(*host)) {
            return wrong(format!("two workloads are called `{twice}`"));
        }
        for plugin in workload.plugins() {
            if !plugin.module.is_file() {
                let path = plugin.module.display();
                return wrong(format!("the filter of `{name}` is not there: `{path}`\nhelp: `make filter` builds it"));
            }
            let shared = plugin.environment.iter().filter(|_| spec.environment == Environment::Process);
            for (variable, value) in shared {
                if environment.insert(variable, value).is_some_and(|other| other != value) {
                    return wrong(format!("two filters give `{variable}` different values"));
                }
            }
        }
    }
    Ok(())
}

/// Ends the whole process. The Envoys go with it, see [`super::launcher`].
fn end_on(signals: Signals, runtime: &Runtime, run_dir: &Path) -> JoinHandle<()> {
    let run_dir = PathBuf::from(run_dir);
    runtime.spawn(async move {
        let code = signals.first().await;
        let _ = std::fs::remove_dir_all(run_dir);
        std::process::exit(code);
    })
}
