//! The images that pods are made of, put together from this machine's programs under the names by which charts
//! and Deployments ask for them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use stepgate_tests::base::Base;
use tempfile::NamedTempFile;

use crate::error::Result;
use crate::programs::Programs;

/// Istio runs everything of its own as this user.
const ISTIO: &str = "1337:1337";
const PATH: &str = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What `istio-iptables` calls, all one program.
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

/// All of them in one file, as `docker save` writes it.
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
        ("docker.io/istio/proxyv2:bed", &proxy, json!({"Entrypoint": ["/usr/local/bin/pilot-agent"], "User": ISTIO})),
        ("docker.io/istio/pilot:bed", &pilot, json!({"Entrypoint": ["/usr/local/bin/pilot-discovery"], "User": ISTIO})),
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

/// Images while they are written into one file.
struct Archive {
    tar: tar::Builder<File>,
    manifest: Vec<Value>,
}

impl Archive {
    /// Adds an image of one layer, which is this archive.
    fn add(&mut self, name: &str, layer: &Path, mut config: Value) -> Result<()> {
        let diff = digest(layer)?;
        if let Some(config) = config.as_object_mut() {
            config.insert("Env".into(), json!([PATH]));
        }
        let rootfs = json!({"type": "layers", "diff_ids": [format!("sha256:{diff}")]});
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let config = json!({"os": "linux", "architecture": architecture, "config": config, "rootfs": rootfs});
        let (config_name, layer_name) = (format!("{diff}.json"), format!("{diff}/layer.tar"));
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

fn digest(file: &Path) -> io::Result<String> {
    let (mut file, mut hash, mut part) = (File::open(file)?, hmac_sha256::Hash::new(), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut part)?;
        match part.get(..read) {
            Some([]) | None => break,
            Some(bytes) => hash.update(bytes),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
