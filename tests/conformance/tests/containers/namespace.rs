//! A program in its own network and process namespaces. All processes that it starts end with it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::machine::{command, until};

/// Files that engines keep in /run, /etc and /opt would outlive them, and the settings there are those of the machine's
/// own engines. So the test's engines have others: /etc without these folders, the rest empty.
const START: &str = "ip link set lo up && mount -t tmpfs tmpfs /run && cp -a /etc /run/etc && \
                     rm -rf /run/etc/docker /run/etc/containerd && mount --bind /run/etc /etc && \
                     { [ ! -d /opt ] || mount -t tmpfs tmpfs /opt; } && exec \"$0\" \"$@\"";

/// The namespaces of one program. Dropping it kills all processes in them.
#[derive(Debug)]
pub(crate) struct Namespace {
    unshare: Child,
    log: PathBuf,
    /// The program, by its process ID outside of the namespaces.
    inside: u32,
}

impl Namespace {
    /// Starts a program with only a loopback interface; its output goes into `log`.
    pub(crate) fn start(program: &str, arguments: &[String], log: &Path) -> Self {
        let output = File::create(log).unwrap();
        // It is the first process there, so all others end with it, even if this process is killed.
        let unshare = command("setpriv")
            .args(["--pdeathsig", "KILL", "unshare", "--net", "--pid", "--mount-proc", "--fork", "--kill-child"])
            .args(["sh", "-c", START, program])
            .args(arguments)
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut namespace = Self { unshare, log: log.to_owned(), inside: 0 };
        namespace.inside = until(program, || namespace.only_child(), || namespace.log());
        namespace
    }

    fn only_child(&self) -> Option<u32> {
        let id = self.unshare.id();
        fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?.trim().parse().ok()
    }

    /// The program's output so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A command within all of them. (`ip netns exec` would give it another `/sys`.)
    pub(crate) fn enter(&self, name: &str) -> Command {
        let mut enter = command("nsenter");
        let of = |kind: &str| format!("/proc/{}/ns/{kind}", self.inside);
        enter.args([("net", "net"), ("mount", "mnt"), ("pid", "pid")].map(|(to, kind)| format!("--{to}={}", of(kind))));
        enter.arg(name);
        enter
    }

    /// The status of the answer of `https://127.0.0.1:10000` to a request of this caller, once there is an answer.
    pub(crate) fn call(&self, certificates: &Path, caller: &str) -> (u16, String) {
        let file = |suffix: &str| certificates.join(format!("{caller}{suffix}"));
        until(
            "an answer of the gate",
            || {
                let mut curl = self.enter("curl");
                curl.args(["--silent", "--insecure", "--max-time", "10", "--write-out", "\n%{http_code}"]);
                curl.arg("--cert").arg(file(".pem")).arg("--key").arg(file(".key.pem"));
                let output = curl.args(["-X", "POST", "https://127.0.0.1:10000/shots/7"]).output().unwrap();
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                let (body, status) = text.rsplit_once('\n')?;
                let status = status.parse().ok()?;
                // The application starts after its gate: 503 until then.
                (output.status.success() && status != 503).then(|| (status, body.to_owned()))
            },
            || self.log(),
        )
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}
