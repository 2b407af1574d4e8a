//! A running mesh: calls, logs and counters.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::admin::{self, AccessEntry};
use super::application::Application;
use super::bootstrap::Member;
use super::call_error::CALL_TIMEOUT;
use super::certificates::{Authority, Credential};
use super::client::{Client, Route};
use super::launch::Launch;
use super::message::{Request, Response};
use super::network::{Addresses, Network};
use super::process::{Process, Spawner};
use super::run_dir::RunDir;
use super::seen::Seen;
use super::signals::Signals;
use super::spec::Plugin;
use super::wait::until;
use super::{MeshError, tls};

/// A running mesh. Dropping it ends every process and removes every file.
// Fields are dropped in this order: the Envoys before the thread that started them, the files last.
#[derive(Debug)]
pub struct Mesh {
    pub(super) client: Client,
    pub(super) processes: Vec<Mutex<Process>>,
    pub(super) launch: Launch,
    /// Locked while the mesh is changed: one change at a time.
    pub(super) changing: Mutex<()>,
    pub(super) spawner: Spawner,
    pub(super) running: Vec<RunningWorkload>,
    pub(super) authority: Authority,
    pub(super) authority_file: PathBuf,
    pub(super) run_dir: RunDir,
    /// Held, never read.
    pub(super) _network: Network,
    /// Ends this process on a signal, if that was asked for.
    pub(super) watcher: Option<JoinHandle<()>>,
    pub(super) runtime: Option<Runtime>,
}

/// A workload in a running mesh.
#[derive(Debug)]
pub(super) struct RunningWorkload {
    /// Its state when the mesh started.
    pub(super) member: Member,
    /// The filter of its inbound listener now.
    pub(super) plugin: Mutex<Option<Plugin>>,
    pub(super) credential: Credential,
    pub(super) application: Arc<Application>,
    /// Which of the processes hosts it.
    pub(super) process: usize,
}

/// The files with which another program, such as `curl`, can call as a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
    /// The certificate of the CA, PEM.
    pub authority: PathBuf,
}

impl Mesh {
    /// Calls `to` as the application of `from` would: in plain text through its own Envoy.
    ///
    /// # Errors
    /// [`MeshError::Call`] if no whole response came within [`CALL_TIMEOUT`].
    pub fn call(&self, from: &str, to: &str, request: &Request) -> Result<Response, MeshError> {
        self.running(to)?;
        let route = Route { to: self.running(from)?.member.addresses.egress, version: request.version, tls: None };
        self.send(&route, to, request)
    }

    /// Calls the gate of `to` itself, over TLS with this certificate or none.
    ///
    /// # Errors
    /// [`MeshError::Call`] if no whole response came within [`CALL_TIMEOUT`]; a certificate that Envoy
    /// does not accept is a [`super::CallError::Tls`].
    pub fn call_directly(
        &self,
        credential: Option<&Credential>,
        to: &str,
        request: &Request,
    ) -> Result<Response, MeshError> {
        let one = self.running(to)?;
        let server = tls::Server::Shows(one.credential.certificate.clone());
        let ends = tls::Ends { client: credential.cloned(), name: to.into(), server };
        let mut at = one.member.addresses.inbound;
        at.set_port(request.port.unwrap_or(at.port()));
        let route = Route { to: at, version: request.version, tls: Some(ends) };
        self.send(&route, to, request)
    }

    /// Calls the application of `to` behind its gate, as its own Envoy would.
    ///
    /// # Errors
    /// As [`Mesh::call`].
    pub fn call_application(&self, to: &str, request: &Request) -> Result<Response, MeshError> {
        let route = Route { to: self.running(to)?.member.application(), version: request.version, tls: None };
        self.send(&route, to, request)
    }

    fn send(&self, route: &Route, to: &str, request: &Request) -> Result<Response, MeshError> {
        Ok(self.runtime()?.block_on(self.client.call(route, to, request))?)
    }

    /// Where a workload listens.
    ///
    /// # Errors
    /// [`MeshError::NoSuchWorkload`], as everywhere below.
    pub fn addresses(&self, name: &str) -> Result<Addresses, MeshError> {
        Ok(self.running(name)?.member.addresses)
    }

    /// The certificate of a workload.
    ///
    /// # Errors
    /// [`MeshError::NoSuchWorkload`].
    pub fn credential(&self, name: &str) -> Result<&Credential, MeshError> {
        Ok(&self.running(name)?.credential)
    }

    /// The certificate of a workload as files, which are there as long as the mesh.
    ///
    /// # Errors
    /// [`MeshError::NoSuchWorkload`].
    pub fn files(&self, name: &str) -> Result<Files, MeshError> {
        let member = &self.running(name)?.member;
        Ok(Files {
            certificate: member.certificate.clone(),
            key: member.key.clone(),
            authority: self.authority_file.clone(),
        })
    }

    /// The CA, to issue further certificates that the gates accept.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// How many requests the application of a workload has seen.
    ///
    /// # Errors
    /// [`MeshError::NoSuchWorkload`].
    pub fn requests_seen(&self, name: &str) -> Result<u64, MeshError> {
        Ok(self.running(name)?.application.count())
    }

    /// The last 1,024 requests that the application of a workload has seen, oldest first.
    ///
    /// # Errors
    /// [`MeshError::NoSuchWorkload`].
    pub fn seen(&self, name: &str) -> Result<Vec<Seen>, MeshError> {
        Ok(self.running(name)?.application.recent())
    }

    /// Counters and gauges of the Envoy of a workload.
    ///
    /// # Errors
    /// [`MeshError::Call`] if its admin interface does not answer.
    pub fn stats(&self, name: &str) -> Result<BTreeMap<String, u64>, MeshError> {
        let admin = self.admin_of(self.running(name)?)?;
        Ok(self.runtime()?.block_on(admin::stats(&self.client, admin))?)
    }

    /// Bytes that the Envoy of a workload has on its heap.
    ///
    /// # Errors
    /// [`MeshError::Call`] if its admin interface does not answer.
    pub fn allocated(&self, name: &str) -> Result<u64, MeshError> {
        let admin = self.admin_of(self.running(name)?)?;
        Ok(self.runtime()?.block_on(admin::allocated(&self.client, admin))?)
    }

    /// What the Envoy of a workload has logged since it started, the filter's lines among it.
    ///
    /// # Errors
    /// [`MeshError::NoSuchWorkload`].
    pub fn log(&self, name: &str) -> Result<String, MeshError> {
        let process = self.processes.get(self.running(name)?.process);
        let process = process.ok_or_else(|| MeshError::Spec(format!("`{name}` has no Envoy")))?;
        Ok(process.lock().unwrap_or_else(PoisonError::into_inner).log())
    }

    /// The access log of a workload. Envoy writes a line some 50 ms after its request.
    ///
    /// # Errors
    /// [`MeshError::NoSuchWorkload`].
    pub fn access_log(&self, name: &str) -> Result<Vec<AccessEntry>, MeshError> {
        Ok(admin::access_log(&self.running(name)?.member.access_log))
    }

    /// The line of the access log of `name` for the request whose header `x-lab-id` was `id`, at the
    /// inbound listener; waits for it.
    ///
    /// # Errors
    /// [`MeshError::NotLogged`] if there is none within [`CALL_TIMEOUT`].
    pub fn access_entry(&self, name: &str, id: &str) -> Result<AccessEntry, MeshError> {
        let path = &self.running(name)?.member.access_log;
        let is_entry = |entry: &AccessEntry| entry.id.as_deref() == Some(id) && entry.direction == "inbound";
        until(CALL_TIMEOUT, || admin::access_log(path).into_iter().find(is_entry)).ok_or_else(|| MeshError::NotLogged {
            wanted: format!("a request with `x-lab-id: {id}`"),
            path: path.clone(),
        })
    }

    /// The process ids of the Envoys.
    pub fn process_ids(&self) -> Vec<u32> {
        let id = |process: &Mutex<Process>| process.lock().unwrap_or_else(PoisonError::into_inner).id();
        self.processes.iter().map(id).collect()
    }

    /// The directory with the bootstraps, certificates and logs.
    pub fn directory(&self) -> &Path {
        self.run_dir.path()
    }

    /// Lets the mesh run until SIGINT, SIGTERM or SIGHUP, then ends it, and where
    /// [`super::MeshSpec::exit_on_interrupt`] says so the whole process with it.
    ///
    /// # Errors
    /// [`MeshError::Io`] if signals cannot be waited for.
    pub fn keep_until_interrupted(mut self) -> Result<(), MeshError> {
        let watcher = self.watcher.take();
        let runtime = self.runtime()?;
        if let Some(watcher) = watcher {
            // It waits already, and does not return.
            let _ = runtime.block_on(watcher);
            return Ok(());
        }
        let signals =
            Signals::listen(runtime).map_err(|e| MeshError::io("wait for a signal to", self.directory(), e))?;
        runtime.block_on(signals.first());
        Ok(())
    }

    pub(super) fn running(&self, name: &str) -> Result<&RunningWorkload, MeshError> {
        let found = self.running.iter().find(|one| one.member.workload.name == name);
        found.ok_or_else(|| MeshError::NoSuchWorkload {
            name: name.into(),
            known: self.running.iter().map(|s| s.member.workload.name.clone()).collect(),
        })
    }

    /// The admin interface of the Envoy that hosts a workload: that of the first that it hosts.
    pub(super) fn admin_of(&self, one: &RunningWorkload) -> Result<SocketAddr, MeshError> {
        let first = self.running.iter().find(|other| other.process == one.process);
        Ok(first.unwrap_or(one).member.addresses.admin)
    }

    pub(super) fn runtime(&self) -> Result<&Runtime, MeshError> {
        // Taken only by `drop`.
        self.runtime.as_ref().ok_or_else(|| MeshError::Spec("the mesh has ended".into()))
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        // Waits for nothing: a connection may be open for as long as its other end likes.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
