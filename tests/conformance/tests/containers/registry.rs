//! A registry (Debian's docker-registry), on loopback.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;

use crate::machine::{command, run, until};

/// A running registry. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Registry {
    server: Child,
    at: String,
    log: PathBuf,
}

impl Registry {
    /// Starts a registry that keeps its blobs in `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        // The port is free now, and only this process uses the address.
        let [_, a, b, c] = std::process::id().to_be_bytes();
        let host = format!("127.{}.{b}.{}", 128 | (a & 0x3f), c.max(1));
        let port = TcpListener::bind((host.as_str(), 0)).unwrap().local_addr().unwrap().port();
        let at = format!("{host}:{port}");
        let config = folder.join("registry.yml");
        let blobs = folder.join("blobs");
        let text = format!(
            "version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{at}\"}}\n",
            blobs.display()
        );
        fs::write(&config, text).unwrap();
        let log = folder.join("registry.log");
        let output = File::create(&log).unwrap();
        let server = command("setpriv")
            .args(["--pdeathsig", "KILL", "docker-registry", "serve"])
            .arg(config)
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let registry = Self { server, at, log };
        let log = || fs::read_to_string(&registry.log).unwrap_or_default();
        until("the registry", || TcpStream::connect(&registry.at).ok().map(drop), log);
        registry
    }

    /// The name of an image in this registry.
    pub(crate) fn name(&self, image: &str) -> String {
        format!("docker://{}/{image}", self.at)
    }

    /// Pushes an image of a layout.
    pub(crate) fn push(&self, layout: &Path, name: &str, image: &str, format: Option<&str>) {
        let mut skopeo = command("skopeo");
        skopeo.args(["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]);
        if let Some(format) = format {
            skopeo.args(["--format", format]);
        }
        run(skopeo.arg(format!("oci:{}:{name}", layout.display())).arg(self.name(image)));
    }

    /// The manifest of an image, as the registry returns it.
    pub(crate) fn manifest(&self, image: &str) -> Vec<u8> {
        let mut skopeo = command("skopeo");
        skopeo.args(["inspect", "--raw", "--tls-verify=false"]).arg(self.name(image));
        run(&mut skopeo).into_bytes()
    }

    /// A blob of a repository.
    pub(crate) fn blob(&self, repository: &str, digest: &str) -> Vec<u8> {
        let url = format!("http://{}/v2/{repository}/blobs/{digest}", self.at);
        let output = command("curl").args(["--silent", "--fail", &url]).output().unwrap();
        assert!(output.status.success(), "{url}: {}", output.status);
        output.stdout
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
