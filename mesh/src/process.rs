//! The Envoy processes of a mesh.

use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process_group};

use super::MeshError;
use super::envoy_binary::found_as;

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// The thread that starts child processes. The death signal of a child comes when the *thread* that
/// started it ends (`prctl(2)`), so that thread does nothing else and lives as long as the mesh.
#[derive(Debug)]
pub(super) struct Spawner {
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Spawner {
    pub(super) fn open() -> io::Result<Self> {
        let (orders, inbox) = mpsc::channel::<Order>();
        let thread = thread::Builder::new().name("mesh-spawner".into()).spawn(move || {
            for (mut command, reply) in inbox {
                let _ = reply.send(command.spawn());
            }
        })?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    fn spawn(&self, command: Command) -> io::Result<Child> {
        let gone = || io::Error::other("the thread that starts processes is gone");
        let (reply, answer) = mpsc::channel();
        let orders = self.orders.as_ref().ok_or_else(gone)?;
        orders.send((command, reply)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A running Envoy, killed with its whole process group on drop.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    program: PathBuf,
    log: PathBuf,
}

impl Process {
    /// Starts it in a process group of its own, so that Ctrl-C in the terminal reaches us first.
    /// `program` is what the command becomes in the end.
    pub(super) fn start(
        spawner: &Spawner,
        mut command: Command,
        program: &Path,
        log: PathBuf,
    ) -> Result<Self, MeshError> {
        let output = File::create(&log).map_err(|e| MeshError::io("create", &log, e))?;
        let errors = output.try_clone().map_err(|e| MeshError::io("open", &log, e))?;
        command.process_group(0).stdin(Stdio::null()).stdout(output).stderr(errors);
        let launcher = PathBuf::from(command.get_program());
        let child = spawner.spawn(command).map_err(|e| MeshError::io("run", &launcher, e))?;
        Ok(Self { child, program: program.to_owned(), log })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap_or(Some(ExitStatus::from_raw(0)))
    }

    /// Why it ended before it was ready.
    pub(super) fn ended_early(&self, envoy: &str, status: ExitStatus) -> MeshError {
        // Envoy does not end unasked, and certainly not in silence.
        if status.success() && self.log().trim().is_empty() {
            return MeshError::NotAnEnvoy { program: found_as(&self.program) };
        }
        self.not_ready(envoy, format!("ended with {status}"))
    }

    /// An error with the last lines of its log: its files are gone when the error is read.
    pub(super) fn not_ready(&self, envoy: &str, what: String) -> MeshError {
        let log = self.log();
        let lines = log.lines().collect::<Vec<_>>();
        let last = lines.iter().skip(lines.len().saturating_sub(15));
        MeshError::NotReady {
            envoy: envoy.into(),
            what,
            program: found_as(&self.program),
            log: last.copied().collect::<Vec<_>>().join("\n"),
        }
    }
}

impl Process {
    /// Ends it, if it has not ended yet, and waits until it is gone.
    pub(super) fn end(&mut self) {
        // Once it is reaped its id may belong to someone else.
        if self.ended().is_some() {
            return;
        }
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
