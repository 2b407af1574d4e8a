//! Docker Engine and containerd, each in namespaces of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use stepgate_tests::base::Base;

use crate::machine::{command, run, until};
use crate::namespace::Namespace;

/// The engines' name for the image of the local Envoy.
pub(crate) const GATE: &str = "stepgate-test-gate";
/// The engines' name for the image of the application behind it.
pub(crate) const ECHO: &str = "stepgate-test-python";

/// The namespace of containerd, and the name of both engines' control groups.
const NAMESPACE: &str = "stepgate-test";

/// A Docker Engine.
#[derive(Debug)]
pub(crate) struct Docker {
    /// The namespaces in which it runs.
    pub(crate) namespace: Namespace,
    socket: String,
}

impl Docker {
    /// Starts an engine that keeps everything in `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name).display().to_string();
        let socket = format!("unix://{}", at("docker.sock"));
        // vfs: a folder on an overlay cannot hold another overlay.
        let arguments = [
            ["--host".to_owned(), socket.clone()],
            ["--data-root".to_owned(), at("data")],
            ["--exec-root".to_owned(), at("exec")],
            ["--pidfile".to_owned(), at("pid")],
            ["--storage-driver".to_owned(), "vfs".to_owned()],
            ["--cgroup-parent".to_owned(), format!("/{NAMESPACE}")],
        ];
        let namespace = Namespace::start("dockerd", &arguments.concat(), &folder.join("dockerd.log"));
        let docker = Self { namespace, socket };
        let answers = || docker.docker().arg("version").output().ok().filter(|output| output.status.success());
        until("dockerd", answers, || docker.namespace.log());
        docker
    }

    /// `docker`.
    pub(crate) fn docker(&self) -> Command {
        let mut docker = command("docker");
        docker.env("DOCKER_HOST", &self.socket).env_remove("DOCKER_CONTEXT");
        docker
    }

    /// `docker-compose`, as a project of these tests.
    pub(crate) fn compose(&self, file: &Path) -> Command {
        let mut compose = command("docker-compose");
        compose.env("DOCKER_HOST", &self.socket).arg("-f").arg(file).args(["-p", "stepgate-test"]);
        compose
    }

    /// Builds a base image.
    pub(crate) fn import(&self, base: &Base, name: &str) {
        let path = "ENV PATH=/usr/local/bin:/usr/bin:/bin";
        run(self.docker().args(["import", "--change", path]).arg(base.archive().unwrap()).arg(name));
    }

    /// Writes images into a file.
    pub(crate) fn save(&self, images: &[&str], file: &Path) {
        run(self.docker().arg("save").arg("--output").arg(file).args(images));
    }
}

/// A containerd of its own.
#[derive(Debug)]
pub(crate) struct Containerd {
    /// The namespaces in which it runs.
    pub(crate) namespace: Namespace,
    socket: PathBuf,
}

impl Containerd {
    /// Starts a containerd that keeps everything in `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name).display().to_string();
        let socket = folder.join("sock");
        let arguments = ["--root".to_owned(), at("root"), "--state".to_owned(), at("state"), "--address".to_owned()];
        let arguments = [arguments.as_slice(), &[socket.display().to_string()]].concat();
        let namespace = Namespace::start("containerd", &arguments, &folder.join("containerd.log"));
        let containerd = Self { namespace, socket };
        let answers = || containerd.ctr().arg("version").output().ok().filter(|output| output.status.success());
        until("containerd", answers, || containerd.namespace.log());
        containerd
    }

    /// `ctr`.
    pub(crate) fn ctr(&self) -> Command {
        // It and containerd meet in files under /run, which is their own.
        let mut ctr = self.namespace.enter("ctr");
        ctr.arg("--address").arg(&self.socket).args(["--namespace", NAMESPACE]);
        ctr
    }

    /// Imports the images of a file that Docker wrote.
    pub(crate) fn import(&self, file: &Path) {
        run(self.ctr().args(["images", "import", "--snapshotter", "native"]).arg(file));
    }

    /// Runs an image in containerd's own network, as a container of this name.
    pub(crate) fn run(
        &self,
        image: &str,
        name: &str,
        mounts: &[(&Path, &str)],
        environment: &[String],
        command: &[&str],
    ) {
        let mut ctr = self.ctr();
        ctr.args(["run", "--detach", "--snapshotter", "native", "--net-host"]);
        for (from, to) in mounts {
            ctr.arg("--mount").arg(format!("type=bind,src={},dst={to},options=rbind:ro", from.display()));
        }
        for variable in environment {
            ctr.args(["--env", variable]);
        }
        run(ctr.arg(format!("docker.io/library/{image}:latest")).arg(name).args(command));
    }
}

/// Its containers end with it in any case, but it must remove their control groups itself.
impl Drop for Containerd {
    fn drop(&mut self) {
        let listed = self.ctr().args(["tasks", "list", "--quiet"]).output();
        let tasks = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        for task in tasks.lines() {
            let _ = self.ctr().args(["tasks", "delete", "--force", task]).output();
        }
        remove_control_groups();
    }
}

/// As above.
impl Drop for Docker {
    fn drop(&mut self) {
        let listed = self.docker().args(["ps", "--all", "--quiet"]).output();
        let containers = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        for container in containers.lines() {
            let _ = self.docker().args(["rm", "--force", container]).output();
        }
        remove_control_groups();
    }
}

/// Control groups of either version, once they are empty.
fn remove_control_groups() {
    for hierarchy in std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
        let _ = std::fs::remove_dir(hierarchy.path().join(NAMESPACE));
    }
    let _ = std::fs::remove_dir(Path::new("/sys/fs/cgroup").join(NAMESPACE));
}
