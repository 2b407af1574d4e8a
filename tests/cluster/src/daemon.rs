//! A program that runs on a machine until it is stopped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::error::{Error, Result};
use crate::host::Host;
use crate::wait::until;

/// What it may take to end when asked to.
const LAST_WORDS: Duration = Duration::from_secs(15);

/// `/proc` is that of the machine we are on, so this is the process id as we count it.
const BECOME: &str = "read pid rest </proc/self/stat; echo $pid; cd \"$1\"; log=$2; shift 2; \
                      exec \"$@\" >>\"$log\" 2>&1 </dev/null";

/// A running program with its log.
#[derive(Debug)]
pub(crate) struct Daemon {
    name: String,
    child: Child,
    pid: Option<Pid>,
    log: std::path::PathBuf,
}

impl Daemon {
    /// Starts it in a folder of the machine, as this user, with these variables and no others but `PATH`.
    pub(crate) fn start(host: &Host, order: &Order<'_>) -> Result<Self> {
        let mut command = host.command("setpriv");
        let user = order.user.to_string();
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "sh", "-c", BECOME, "sh"]);
        let log = format!("{}/{}.log", order.directory, order.name);
        command.args([order.directory, &log]).args(&order.command);
        command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.envs(order.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut pid = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut pid)?;
        }
        // A number by which a node counts is somebody else's here; what runs on it ends with it.
        let pid = pid.trim().parse().ok().filter(|_| !host.own_proc()).and_then(Pid::from_raw);
        Ok(Self { name: order.name.to_owned(), child, pid, log: host.file(&log) })
    }

    /// Asks it to end, and sees to it that it does.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.signal(Signal::TERM);
        let ended = until(LAST_WORDS, "to end", || Ok(self.child.try_wait()?));
        self.signal(Signal::KILL);
        ended.map(drop).map_err(|error| self.explain(error))
    }

    /// Lets it do nothing: who speaks to it waits.
    pub(crate) fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn proceed(&mut self) {
        // `nsenter(1)`, which waits for it, stops when it does. It wakes it up again when it is woken itself; one that
        // stays asleep would never bury it, and its machine could not end.
        if let Ok(nsenter) = i32::try_from(self.child.id())
            && let Some(nsenter) = Pid::from_raw(nsenter)
        {
            let _ = kill_process(nsenter, Signal::CONT);
        }
        self.signal(Signal::CONT);
    }

    /// An error if it runs no more.
    pub(crate) fn alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(Error::new(format!("{} ended: {status}", self.name))),
        }
    }

    /// Waits until it is ready, and says what it said if it is not.
    pub(crate) fn ready(&mut self, limit: Duration, mut look: impl FnMut() -> Result<bool>) -> Result<()> {
        let what = format!("{} to be ready", self.name);
        let mut ended = None;
        let waited = until(limit, &what, || match self.alive() {
            Ok(()) => Ok(look()?.then_some(())),
            Err(error) => {
                ended = Some(error);
                Ok(Some(()))
            }
        });
        ended.map_or(waited, Err).map_err(|error| self.explain(error))
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    pub(crate) fn explain(&self, error: Error) -> Error {
        error.with_log(&self.name, &self.log())
    }

    fn signal(&mut self, signal: Signal) {
        if let (Ok(None), Some(pid)) = (self.child.try_wait(), self.pid) {
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
