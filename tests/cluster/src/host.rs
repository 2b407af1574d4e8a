//! A machine of the test cluster: namespaces for mounts, network and processes.
//!
//! Its first process is a `cat` that reads a pipe whose other end this process holds. However this process ends, the
//! pipe closes and `cat` ends; when the first process of a PID namespace ends, the kernel kills all others in it
//! (`pid_namespaces(7)`), and the mounts and the network disappear with the last of them. So there is nothing to clean
//! up, and two runs share no name that could collide.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::error::{Error, Result};

/// The folder of the test cluster, on a file system in memory that only its machines see.
pub(crate) const ROOT: &str = "/run/cluster";

/// Reads the process ID as the outer machine counts it: its `/proc` is still mounted at this point.
const READ_PID: &str = "read pid rest </proc/self/stat";
/// Prints it when everything is prepared: from then on commands may run on the machine.
const HOLD: &str = "echo $pid && exec cat >/dev/null";
/// Containers and kubelets read `/proc` to find the processes beside them. `/proc/sys/kernel`, `/proc/sys/vm` and the
/// control groups belong to no namespace: they are those of the whole machine, which a node must not change.
const OWN_PROC: &str = "mount -t proc proc /proc && for part in kernel vm; do \
                        mount --bind /proc/sys/$part /proc/sys/$part && \
                        mount -o remount,bind,ro /proc/sys/$part || exit; done && \
                        while read -r _ at type _; do case $type in cgroup*) \
                        mount -o remount,bind,ro $at || exit;; esac; done </proc/mounts";
/// The settings that a kubelet sets when it starts, and ends if it cannot (`setupKernelTunables` in
/// `pkg/kubelet/cm/container_manager_linux.go`). On a node, files with these values lie over the machine's own.
pub(crate) const KUBELET_SETTINGS: [(&str, &str); 6] = [
    ("kernel/keys/root_maxbytes", "25000000"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
];
pub(crate) const UNSHARE: [&str; 6] = ["unshare", "--mount", "--net", "--pid", "--fork", "--propagation=private"];

/// Where programs are looked for: the system's folders first, since a caller's `PATH` may name another program, or lack
/// `sbin`.
pub(crate) fn path() -> String {
    let own = std::env::var("PATH").unwrap_or_default();
    format!("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:{own}")
}

/// A machine. When this is dropped, it ends with everything that runs on it.
#[derive(Debug)]
pub struct Host {
    holder: Child,
    pid: String,
    own_proc: bool,
}

impl Host {
    /// The machine that contains all others of a cluster: `/run` is empty there, and disappears with it.
    pub(crate) fn outermost() -> Result<Self> {
        let prepare = format!("mount -t tmpfs -o mode=755 tmpfs /run && mkdir -m 755 {ROOT}");
        Self::hold(Command::new(UNSHARE[0]), &prepare, false)
    }

    /// A machine within this one, with a network of its own.
    pub(crate) fn inner(&self, prepare: &str) -> Result<Self> {
        Self::hold(self.command(UNSHARE[0]), prepare, false)
    }

    /// The same, with a `/proc` of its own: a node, on which containers run.
    pub(crate) fn node(&self, prepare: &str) -> Result<Self> {
        Self::hold(self.command(UNSHARE[0]), prepare, true)
    }

    fn hold(mut command: Command, prepare: &str, own_proc: bool) -> Result<Self> {
        let proc = if own_proc { own_proc_script() } else { "true".to_owned() };
        command.args(&UNSHARE[1..]).args(["sh", "-c", &format!("{prepare} && {READ_PID} && {proc} && {HOLD}")]);
        clean(&mut command);
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
            return Err(Error::Namespaces(why.trim().to_owned()));
        }
        Ok(Self { holder, pid, own_proc })
    }

    /// A command that runs on this machine. It inherits nothing of the caller's environment: a proxy, a locale or a
    /// configuration named there would change the result.
    pub fn command(&self, program: &str) -> Command {
        self.enter(&["--mount", "--net", "--pid"], program)
    }

    /// Runs a line of shell on it and waits for its end. It stays in the caller's PID namespace: `ip link` gives the
    /// kernel process IDs as the caller counts them.
    pub(crate) fn run(&self, line: &str) -> Result<String> {
        let mut command = self.enter(&["--mount", "--net"], "sh");
        output(command.args(["-e", "-c", line]), None).map_err(|error| error.while_doing(line))
    }

    fn enter(&self, namespaces: &[&str], program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid]).args(namespaces).args(["--wd=/", "--", program]);
        clean(&mut command);
        command
    }

    /// The path of one of its files, as seen from outside.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        Path::new("/proc").join(&self.pid).join("root").join(path.trim_start_matches('/'))
    }

    /// Whether its processes read their own PID namespace's numbers in `/proc`.
    pub(crate) fn own_proc(&self) -> bool {
        self.own_proc
    }

    /// The process ID by which `setns(2)` and `ip link` find it.
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

fn own_proc_script() -> String {
    let bind = |(setting, value): (&str, &str)| {
        let file = format!("{ROOT}/sysctl/{setting}");
        format!(" && mkdir -p $(dirname {file}) && echo {value} >{file} && mount --bind {file} /proc/sys/{setting}")
    };
    KUBELET_SETTINGS.into_iter().fold(OWN_PROC.to_owned(), |script, setting| script + &bind(setting))
}

/// Removes the caller's environment.
pub(crate) fn clean(command: &mut Command) -> &mut Command {
    command.env_clear().env("PATH", path()).env("HOME", ROOT).env("LC_ALL", "C.UTF-8")
}

/// Runs a command to its end and returns its standard output.
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
    let output = [done.stdout, done.stderr].concat();
    Err(Error::Command { status: done.status, output: String::from_utf8_lossy(&output).trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Everything on a machine ends with it, including what a program on it started and left behind.
    #[test]
    fn nothing_outlives_a_machine() {
        if !rustix::process::geteuid().is_root() {
            println!("NOT TESTED: namespaces need root");
            return;
        }
        let outer = Host::outermost().unwrap();
        let inner = outer.inner("true").unwrap();
        let sleeper = inner.command("sh").args(["-c", "sleep 4711 & wait"]).spawn();
        let started = || runs("sleep\x004711").then_some(());
        assert!(stepgate_mesh::until(Duration::from_secs(10), started).is_some());
        // The outer one alone: the inner one's holder is a process of its own, with a pipe of its own.
        drop(outer);
        assert!(!runs("sleep\x004711"));
        let _ = sleeper.unwrap().wait();
    }

    /// A node sees the values that a kubelet requires, cannot write others, and the machine keeps its own.
    #[test]
    fn a_node_has_the_kernel_settings_that_a_kubelet_requires() {
        if !rustix::process::geteuid().is_root() {
            println!("NOT TESTED: namespaces need root");
            return;
        }
        let read = |setting: &str| std::fs::read_to_string(Path::new("/proc/sys").join(setting)).unwrap();
        let settings = KUBELET_SETTINGS.map(|(setting, _)| setting);
        let before = settings.map(read);
        let outer = Host::outermost().unwrap();
        let node = outer.node("true").unwrap();
        for (setting, value) in KUBELET_SETTINGS {
            let seen = output(node.command("cat").arg(format!("/proc/sys/{setting}")), None).unwrap();
            assert_eq!(seen.trim(), value, "{setting}");
        }
        let written = output(node.command("sh").args(["-c", "echo 7 >/proc/sys/kernel/panic_on_warn"]), None);
        assert!(written.unwrap_err().to_string().contains("Read-only file system"));
        let mounts = output(node.command("cat").arg("/proc/mounts"), None).unwrap();
        let mut groups = mounts.lines().filter(|line| line.split(' ').nth(2).is_some_and(|t| t.starts_with("cgroup")));
        assert!(groups.all(|line| line.split(' ').nth(3).is_some_and(|options| options.starts_with("ro"))), "{mounts}");
        assert_eq!(settings.map(read), before);
    }

    #[test]
    fn a_command_on_a_machine_has_a_clean_environment() {
        let mut command = Command::new("env");
        command.env("https_proxy", "http://127.0.0.1:9");
        clean(&mut command);
        let variables = output(&mut command, None).unwrap();
        let mut names: Vec<&str> = variables.lines().filter_map(|line| line.split('=').next()).collect();
        names.sort_unstable();
        assert_eq!(names, ["HOME", "LC_ALL", "PATH"]);
    }

    fn runs(command: &str) -> bool {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
            .any(|line| line.starts_with(command.as_bytes()))
    }
}
