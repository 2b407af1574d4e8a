//! What the test bed is made of, and what of it this machine lacks.

use std::env;
use std::path::{Path, PathBuf};

use stepgate_cli::mesh::find_envoy;

/// Programs of the system, with what brings them on Debian.
const OF_THE_SYSTEM: [(&str, &str); 9] = [
    ("docker-registry", "docker-registry"),
    ("etcd", "etcd-server"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("nsenter", "util-linux"),
    ("openssl", "openssl"),
    ("setpriv", "util-linux"),
    ("tcpdump", "tcpdump"),
    ("unshare", "util-linux"),
];

/// What `tools/get-istio.sh` builds.
const BUILT: [&str; 7] = [
    "bin/pilot-discovery",
    "bin/pilot-agent",
    "bin/istioctl",
    "bin/kube-apiserver",
    "bin/kubectl",
    "share/crd-all.gen.yaml",
    "share/envoy_bootstrap.json",
];

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The cache of `tools/get-istio.sh`: `bin` and `share`.
    pub istio: PathBuf,
    /// The command `helm`.
    pub helm: PathBuf,
    /// Releases of Istio with the file of their definitions, the oldest first.
    pub releases: Vec<(String, PathBuf)>,
    /// The definition of the Gateway API's Gateway.
    pub gateway_api: PathBuf,
    /// The Envoy of the sidecars.
    pub envoy: PathBuf,
    /// The filter.
    pub module: PathBuf,
    /// The command `stepgate`.
    pub stepgate: PathBuf,
}

impl Programs {
    /// Finds them all, or tells everything that is missing.
    ///
    /// # Errors
    /// A line for each thing that is missing.
    pub fn find() -> Result<Self, Vec<String>> {
        let mut missing = Vec::new();
        if !rustix::process::geteuid().is_root() {
            missing.push("root: namespaces and iptables need it".into());
        }
        for (program, package) in OF_THE_SYSTEM {
            if !on_path(program) {
                missing.push(format!("`{program}` (Debian: {package})"));
            }
        }
        let istio = cache().unwrap_or_default().join("istio");
        for file in BUILT {
            if !istio.join(file).is_file() {
                missing.push(format!("`{}` (tools/get-istio.sh builds it; needs Go)", istio.join(file).display()));
            }
        }
        let tools = cache().unwrap_or_default();
        let helm = tools.join("bin/helm");
        let helm = if helm.is_file() || !on_path("helm") { helm } else { "helm".into() };
        if helm.is_absolute() && !helm.is_file() {
            missing.push("`helm` (`make tools` gets it; needs Go)".into());
        }
        let releases = definitions(&tools.join("istio-crds"));
        let gateway_api = definitions(&tools.join("istio-crds/gateway-api")).pop().unwrap_or_default().1;
        if releases.is_empty() || !gateway_api.is_file() {
            missing.push("the definitions of Istio's releases (`make tools` gets them; needs Go)".into());
        }
        let envoy = find_envoy().map_err(|error| missing.push(format!("Envoy: {error}")));
        let module = named("STEPGATE_MODULE", "make filter").map_err(|why| missing.push(why));
        let stepgate = named("STEPGATE_BIN", "make cli").map_err(|why| missing.push(why));
        match (envoy, module, stepgate) {
            (Ok(envoy), Ok(module), Ok(stepgate)) if missing.is_empty() => {
                Ok(Self { istio, helm, releases, gateway_api, envoy, module, stepgate })
            }
            _ => Err(missing),
        }
    }
}

/// Versions with the files named after them, the lowest first.
fn definitions(folder: &Path) -> Vec<(String, PathBuf)> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let named = |file: PathBuf| Some((file.file_name()?.to_str()?.strip_suffix(".yaml")?.to_owned(), file));
    let mut found: Vec<_> = files.filter_map(named).collect();
    let number = |(version, _): &(String, PathBuf)| -> Vec<u32> {
        version.split('.').map(|part| part.parse().unwrap_or_default()).collect()
    };
    found.sort_by_key(number);
    found
}

fn on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn named(variable: &str, maker: &str) -> Result<PathBuf, String> {
    let path = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
    path.ok_or_else(|| format!("`{variable}` names no file (`{maker}` makes it)"))
}

/// The same rule as in the Makefile.
fn cache() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("STEPGATE_CACHE").or_else(|| {
        let base = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
        Some(base.join("stepgate"))
    })
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
