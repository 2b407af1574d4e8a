//! The images of the pods: built from this machine's programs, under the names that charts and Deployments use.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use stepgate_image::digest;
use stepgate_tests::base::Base;
use tempfile::NamedTempFile;

use crate::error::Result;
use crate::programs::Programs;

/// The user of Istio's own containers.
const ISTIO: &str = "1337:1337";
const PATH: &str = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The names by which `istio-iptables` calls one and the same program.
const IPTABLES: [&str; 12] = [
    "iptables",
    "iptables-save",
    "iptables-restore",
    "iptables-nft",
    "iptables-nft-save",
    "iptables-nft-restore",
    "ip6tables",
    "ip6tables-save",
    "ip6tables-restore",
    "ip6tables-nft",
    "ip6tables-nft-save",
    "ip6tables-nft-restore",
];

/// All images in one file, as `docker save` writes it.
pub(super) fn pack(programs: &Programs) -> Result<NamedTempFile> {
    let folder = tempfile::tempdir()?;
    let base = |name: &str| Base::new(&folder.path().join(name));
    let (pause, proxy, pilot, python) = (base("pause")?, base("proxy")?, base("pilot")?, base("python")?);
    pause.program(Path::new("/bin/sleep"), "/bin/sleep")?;
    fill_proxy(&proxy, programs)?;
    pilot.program(&programs.istio.join("bin/pilot-discovery"), "/usr/local/bin/pilot-discovery")?;
    python.python("/usr/local/bin/python3")?;
    let images = [
        ("registry.k8s.io/pause:3.10", &pause, json!({"Entrypoint": ["/bin/sleep", "infinity"]})),
        ("docker.io/istio/proxyv2:test", &proxy, json!({"Entrypoint": ["/usr/local/bin/pilot-agent"], "User": ISTIO})),
        (
            "docker.io/istio/pilot:test",
            &pilot,
            json!({"Entrypoint": ["/usr/local/bin/pilot-discovery"], "User": ISTIO}),
        ),
        ("docker.io/library/python:3-slim", &python, json!({"Cmd": ["python3"]})),
    ];
    let archive = NamedTempFile::new()?;
    let mut all = Archive { tar: tar::Builder::new(archive.reopen()?), manifest: Vec::new() };
    for (name, base, config) in images {
        all.add(name, &base.archive()?, config)?;
    }
    all.finish()?;
    Ok(archive)
}

fn fill_proxy(proxy: &Base, programs: &Programs) -> io::Result<()> {
    proxy.program(&programs.istio.join("bin/pilot-agent"), "/usr/local/bin/pilot-agent")?;
    proxy.program(&programs.envoy, "/usr/local/bin/envoy")?;
    let bootstrap = programs.istio.join("share/envoy_bootstrap.json");
    proxy.file(&bootstrap, "/var/lib/istio/envoy/envoy_bootstrap_tmpl.json")?;
    for program in ["/bin/sh", "/usr/sbin/xtables-nft-multi"] {
        proxy.program(Path::new(program), program)?;
    }
    for name in IPTABLES {
        symlink("xtables-nft-multi", proxy.at(&format!("/usr/sbin/{name}")))?;
    }
    for library in fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path().join("xtables")) {
        if library.is_dir() {
            proxy.folder(&library.display().to_string())?;
            for plugin in fs::read_dir(&library)?.flatten() {
                proxy.libraries_of(&plugin.path())?;
            }
        }
    }
    proxy.text("/etc/passwd", "root:x:0:0::/:/bin/sh\nistio-proxy:x:1337:1337::/:/bin/sh\n")
}

/// The file while images are added.
struct Archive {
    tar: tar::Builder<File>,
    manifest: Vec<Value>,
}

impl Archive {
    /// Adds an image with one layer.
    fn add(&mut self, name: &str, layer: &Path, mut config: Value) -> Result<()> {
        let diff_id = digest(&fs::read(layer)?);
        let name_of_layer = diff_id.replace(':', "-");
        if let Some(config) = config.as_object_mut() {
            config.insert("Env".into(), json!([PATH]));
        }
        let rootfs = json!({"type": "layers", "diff_ids": [diff_id]});
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let config = json!({"os": "linux", "architecture": architecture, "config": config, "rootfs": rootfs});
        let (config_name, layer_name) = (format!("{name_of_layer}.json"), format!("{name_of_layer}/layer.tar"));
        self.file(&config_name, config.to_string().as_bytes())?;
        self.tar.append_path_with_name(layer, &layer_name)?;
        self.manifest.push(json!({"Config": config_name, "RepoTags": [name], "Layers": [layer_name]}));
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        let manifest = Value::from(std::mem::take(&mut self.manifest)).to_string();
        self.file("manifest.json", manifest.as_bytes())?;
        Ok(self.tar.finish()?)
    }

    fn file(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(content.len())?);
        header.set_mode(0o444);
        Ok(self.tar.append_data(&mut header, name, content)?)
    }
}
