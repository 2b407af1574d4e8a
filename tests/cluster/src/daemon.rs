//! A program that runs on a machine until it is stopped.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::error::{Error, Result};
use crate::host::Host;
use crate::running::Program;
use crate::wait::until;

/// Time that it has to end after SIGTERM.
const TIME_TO_END: Duration = Duration::from_secs(15);

/// `/proc` is that of the outer machine, so this is the process ID as the outer machine counts it.
const BECOME: &str = "read pid rest </proc/self/stat; echo $pid; log=$2; cd \"$1\" && shift 2 && \
                      exec \"$@\" >>\"$log\" 2>&1 </dev/null";

/// A running program with its log.
#[derive(Debug)]
pub(crate) struct Daemon {
    program: Arc<Program>,
    pid: Option<Pid>,
}

impl Daemon {
    /// Starts it in a folder of the machine, as this user, with these variables beside those of
    /// [`Host::command`](crate::Host::command).
    pub(crate) fn start(host: &Host, order: &Order<'_>) -> Result<Self> {
        let mut command = host.command("setpriv");
        let user = order.user.to_string();
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "sh", "-c", BECOME, "sh"]);
        let log = format!("{}/{}.log", order.directory, order.name);
        command.args([order.directory, &log]).args(&order.command).env("HOME", order.directory);
        command.envs(order.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut pid = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut pid)?;
        }
        // A node's numbers name other processes here, so nothing on a node is signalled: it ends with the node.
        let pid = pid.trim().parse().ok().filter(|_| !host.own_proc()).and_then(Pid::from_raw);
        Ok(Self { program: Program::watch(order.name, child, host.file(&log)), pid })
    }

    /// Asks it to end, and makes sure that it does.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.program.release();
        self.signal(Signal::TERM);
        let ended = until(TIME_TO_END, &format!("{} to end", self.program.name), || self.program.ended());
        self.signal(Signal::KILL);
        ended.map(drop).map_err(|error| self.explain(error))
    }

    /// Stops its execution: its clients wait.
    pub(crate) fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Resumes its execution.
    pub(crate) fn proceed(&mut self) {
        // `nsenter(1)`, which waits for it, stops when it does, and wakes it when it is woken itself. If `nsenter`
        // stayed stopped, it would never reap the program, and the machine could not end.
        if let Ok(nsenter) = i32::try_from(self.program.id())
            && let Some(nsenter) = Pid::from_raw(nsenter)
        {
            let _ = kill_process(nsenter, Signal::CONT);
        }
        self.signal(Signal::CONT);
    }

    /// Waits until it is ready; if it is not in time, the error shows the end of its log.
    pub(crate) fn ready(&mut self, limit: Duration, mut look: impl FnMut() -> Result<bool>) -> Result<()> {
        let what = format!("{} to be ready", self.program.name);
        until(limit, &what, || Ok(look()?.then_some(()))).map_err(|error| self.explain(error))
    }

    pub(crate) fn log(&self) -> String {
        self.program.log()
    }

    /// The error with the end of its log, unless the error is that a daemon has ended.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let is_explained = matches!(&error, Error::Log { error, .. } if matches!(**error, Error::Ended { .. }));
        if is_explained { error } else { error.with_log(&self.program.name, &self.log()) }
    }

    fn signal(&self, signal: Signal) {
        if let (Ok(None), Some(pid)) = (self.program.ended(), self.pid) {
            let _ = kill_process(pid, signal);
        }
    }
}

/// What to start.
pub(crate) struct Order<'a> {
    pub(crate) name: &'a str,
    pub(crate) directory: &'a str,
    pub(crate) user: u32,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) command: Vec<String>,
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Waiting for a condition ends as soon as a daemon has ended, and shows the end of its log.
    #[test]
    fn a_daemon_that_ends_is_noticed_at_once() {
        if !rustix::process::geteuid().is_root() {
            println!("NOT TESTED: namespaces need root");
            return;
        }
        let host = Host::outermost().unwrap();
        let order = |name, script: &str| Order {
            name,
            directory: "/run",
            user: 0,
            environment: Vec::new(),
            command: ["sh", "-c", script].map(Into::into).to_vec(),
        };
        let mut stopped = Daemon::start(&host, &order("stopped", "exec sleep 60")).unwrap();
        stopped.stop().unwrap();
        let _ends = Daemon::start(&host, &order("ends", "echo no disk; exit 3")).unwrap();
        let begun = Instant::now();
        let error = until::<()>(Duration::from_secs(60), "a condition", || Ok(None)).unwrap_err().to_string();
        assert!(begun.elapsed() < Duration::from_secs(10), "only after {:?}", begun.elapsed());
        assert_eq!(error, "ends ended: exit status: 3\n  the end of the log of ends:\n    no disk");
    }
}
