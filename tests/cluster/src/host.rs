//! A machine of the test bed: mounts, network and processes of its own.
//!
//! Its first process is a `cat` that reads a pipe whose other end we hold. However we end, the pipe closes and
//! `cat` ends; with the first process of a PID namespace the kernel kills all others in it
//! (`pid_namespaces(7)`), and the mounts and the network go with the last of them. So nothing is left to tidy,
//! and there is no name by which two runs could meet.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::error::{Error, Result};

/// The folder of the test bed, on a file system in memory that only its machines see.
pub(crate) const BED: &str = "/run/bed";

/// Tells its process id as the machine that we are on counts it, whose `/proc` it still has.
const NAME: &str = "read pid rest </proc/self/stat && echo $pid";
const HOLD: &str = "exec cat >/dev/null";
/// Containers and kubelets look into `/proc` for what runs beside them. The kernel's settings that are not of a
/// network are the machine's own, and a kubelet would change some.
const OWN_PROC: &str = "mount -t proc proc /proc && for of in kernel vm; do \
                        mount --bind /proc/sys/$of /proc/sys/$of && mount -o remount,bind,ro /proc/sys/$of; done";
const UNSHARE: [&str; 6] = ["unshare", "--mount", "--net", "--pid", "--fork", "--propagation=private"];

/// A machine. It ends, with all that runs on it, when this is dropped.
#[derive(Debug)]
pub struct Host {
    holder: Child,
    pid: String,
    own_proc: bool,
}

impl Host {
    /// One that holds all others of a test bed: `/run` is empty there, and gone with it.
    pub(crate) fn outermost() -> Result<Self> {
        let prepare = format!("mount -t tmpfs -o mode=755 tmpfs /run && mkdir -m 755 {BED}");
        let mut command = Command::new(UNSHARE[0]);
        command.args(&UNSHARE[1..]);
        Self::hold(command, &prepare, false)
    }

    /// A machine within this one, with a network of its own.
    pub(crate) fn inner(&self, prepare: &str) -> Result<Self> {
        let mut command = self.command(UNSHARE[0]);
        command.args(&UNSHARE[1..]);
        Self::hold(command, prepare, false)
    }

    /// The same, with a `/proc` of its own: a node, on which containers run.
    pub(crate) fn node(&self, prepare: &str) -> Result<Self> {
        let mut command = self.command(UNSHARE[0]);
        command.args(&UNSHARE[1..]);
        Self::hold(command, prepare, true)
    }

    fn hold(mut command: Command, prepare: &str, own_proc: bool) -> Result<Self> {
        let proc = if own_proc { OWN_PROC } else { "true" };
        command.args(["sh", "-c", &format!("{prepare} && {NAME} && {proc} && {HOLD}")]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut holder = command.spawn()?;
        let mut pid = String::new();
        if let Some(out) = holder.stdout.take() {
            BufReader::new(out).read_line(&mut pid)?;
        }
        let pid = pid.trim().to_owned();
        if pid.is_empty() {
            let mut why = String::new();
            if let Some(mut err) = holder.stderr.take() {
                err.read_to_string(&mut why)?;
            }
            holder.wait()?;
            return Err(Error::new(format!("cannot make namespaces: {}", why.trim())));
        }
        Ok(Self { holder, pid, own_proc })
    }

    /// A command that runs on this machine.
    pub fn command(&self, program: &str) -> Command {
        self.enter(&["--mount", "--net", "--pid"], program)
    }

    /// Runs a line of shell on it, to its end. Processes are counted as we count them: `ip link` asks the kernel,
    /// which asks the caller's PID namespace.
    pub(crate) fn run(&self, line: &str) -> Result<String> {
        let mut command = self.enter(&["--mount", "--net"], "sh");
        output(command.args(["-e", "-c", line]), None).map_err(|error| error.while_doing(line))
    }

    fn enter(&self, namespaces: &[&str], program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid]).args(namespaces).args(["--wd=/", "--", program]);
        command
    }

    /// One of its files, as we see it from outside.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        Path::new("/proc").join(&self.pid).join("root").join(path.trim_start_matches('/'))
    }

    /// Whether its processes read their numbers as it counts them, and not as we do.
    pub(crate) fn own_proc(&self) -> bool {
        self.own_proc
    }

    /// What of it `setns(2)` and `ip link` need.
    pub(crate) fn pid(&self) -> &str {
        &self.pid
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// Runs a command to its end; what it says on its standard output.
pub(crate) fn output(command: &mut Command, input: Option<&str>) -> Result<String> {
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        std::io::Write::write_all(&mut stdin, input.as_bytes())?;
    }
    let done = child.wait_with_output()?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = [done.stdout, done.stderr].concat();
    Err(Error::new(format!("{}: {}", done.status, String::from_utf8_lossy(&said).trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What runs on a machine ends with it, also what a program on it started and left behind.
    #[test]
    fn nothing_outlives_a_machine() {
        if !rustix::process::geteuid().is_root() {
            println!("NOT TESTED: namespaces need root");
            return;
        }
        let outer = Host::outermost().unwrap();
        let inner = outer.inner("true").unwrap();
        let mut sleeper = inner.command("sh").args(["-c", "sleep 4711 & echo; wait"]).stdout(Stdio::piped()).spawn();
        let mut line = String::new();
        BufReader::new(sleeper.as_mut().unwrap().stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(runs("sleep\x004711"));
        // The outer one alone: the inner one's holder is a process of its own, with a pipe of its own.
        drop(outer);
        assert!(!runs("sleep\x004711"));
        let _ = sleeper.unwrap().wait();
    }

    fn runs(command: &str) -> bool {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
            .any(|line| line.starts_with(command.as_bytes()))
    }
}
