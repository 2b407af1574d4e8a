//! What the test bed is made of, and what of it this machine lacks.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use stepgate_mesh::find_envoy;

/// Programs of the system, with what brings them on Debian.
const OF_THE_SYSTEM: [(&str, &str); 13] = [
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("docker-registry", "docker-registry"),
    ("etcd", "etcd-server"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("nsenter", "util-linux"),
    ("openssl", "openssl"),
    ("runc", "runc"),
    ("setpriv", "util-linux"),
    ("skopeo", "skopeo"),
    ("tcpdump", "tcpdump"),
    ("unshare", "util-linux"),
];

/// One of the plug-ins by which containerd gives a pod its network.
const CNI: &str = "/usr/lib/cni/bridge";

/// What `tools/get-istio.sh` builds.
const BUILT: [&str; 12] = [
    "bin/pilot-discovery",
    "bin/pilot-agent",
    "bin/istioctl",
    "bin/kube-apiserver",
    "bin/kube-controller-manager",
    "bin/kube-proxy",
    "bin/kube-scheduler",
    "bin/kubectl",
    "bin/kubelet",
    "share/charts/istio-discovery/Chart.yaml",
    "share/crd-all.gen.yaml",
    "share/envoy_bootstrap.json",
];

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The cache of `tools/get-istio.sh`: `bin` and `share`.
    pub istio: PathBuf,
    /// The folder with helm and kustomize, where the machine itself has none (`make tools`).
    pub tools: PathBuf,
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
        if !namespaces() {
            missing.push("namespaces of processes, mounts and networks: `unshare` is refused".into());
        }
        for (program, package) in OF_THE_SYSTEM {
            if !on_path(program) {
                missing.push(format!("`{program}` (Debian: {package})"));
            }
        }
        let cached = cache().unwrap_or_default();
        let (istio, tools) = (cached.join("istio"), cached.join("bin"));
        let tool = |name: &str| Some(tools.join(name)).filter(|path| path.is_file() || !on_path(name));
        let helm = tool("helm").unwrap_or_else(|| "helm".into());
        for made in ["helm", "kustomize"].into_iter().filter_map(tool).filter(|path| !path.is_file()) {
            missing.push(format!("`{}` (`make tools` gets it; needs Go)", made.display()));
        }
        if !Path::new(CNI).is_file() {
            missing.push(format!("`{CNI}` (Debian: containernetworking-plugins)"));
        }
        for file in BUILT {
            if !istio.join(file).is_file() {
                missing.push(format!("`{}` (tools/get-istio.sh builds it; needs Go)", istio.join(file).display()));
            }
        }
        let releases = definitions(&cached.join("istio-crds"));
        let gateway_api = definitions(&cached.join("istio-crds/gateway-api")).pop().unwrap_or_default().1;
        if releases.is_empty() || !gateway_api.is_file() {
            missing.push("the definitions of Istio's releases (`make tools` gets them; needs Go)".into());
        }
        let envoy = find_envoy().map_err(|error| missing.push(format!("Envoy: {error}")));
        let module = named("STEPGATE_MODULE", "make filter").map_err(|why| missing.push(why));
        let stepgate = named("STEPGATE_BIN", "make cli").map_err(|why| missing.push(why));
        match (envoy, module, stepgate) {
            (Ok(envoy), Ok(module), Ok(stepgate)) if missing.is_empty() => {
                Ok(Self { istio, tools, helm, releases, gateway_api, envoy, module, stepgate })
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

fn namespaces() -> bool {
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--net", "--pid", "--fork", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    unshare.status().is_ok_and(|status| status.success())
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

/// A machine that cannot run these says so. In CI that is a failure: there it must be able to.
pub fn leave_out(what: &str, cases: &[String], missing: &[String]) -> ExitCode {
    println!("LEFT OUT: {what}. This machine lacks:");
    missing.iter().for_each(|what| println!("  - {what}"));
    println!("so these were not run:");
    cases.iter().for_each(|case| println!("  - {case}"));
    println!("\n0 passed, 0 failed, {} left out", cases.len());
    match env::var_os("CI").filter(|set| !set.is_empty()) {
        Some(_) => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    }
}
