//! The programs that the test cluster consists of, and those that this machine lacks.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use stepgate_mesh::find_envoy;

use crate::error::Error;
use crate::host::{self, path};
use crate::machine;

/// Programs of the system, and the Debian packages that contain them.
const OF_THE_SYSTEM: [(&str, &str); 21] = [
    ("bash", "bash"),
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("docker-registry", "docker-registry"),
    ("etcd", "etcd-server"),
    ("git", "git"),
    ("ip", "iproute2"),
    ("ipset", "ipset"),
    ("iptables", "iptables"),
    ("ldd", "libc-bin"),
    ("mount", "mount"),
    ("nsenter", "util-linux"),
    ("openssl", "openssl"),
    ("runc", "runc"),
    ("setpriv", "util-linux"),
    ("skopeo", "skopeo"),
    ("tar", "tar"),
    ("tcpdump", "tcpdump"),
    ("timeout", "coreutils"),
    ("unshare", "util-linux"),
    ("xtables-nft-multi", "iptables"),
];

/// Files that are looked for in one place, and the Debian packages that contain them: the plug-ins by which containerd
/// gives a pod its network, and the programs that images are made of.
const FILES: [(&str, &str); 6] = [
    ("/bin/sh", "dash"),
    ("/bin/sleep", "coreutils"),
    ("/usr/bin/python3", "python3"),
    ("/usr/lib/cni/host-local", "containernetworking-plugins"),
    ("/usr/lib/cni/ptp", "containernetworking-plugins"),
    ("/usr/sbin/xtables-nft-multi", "iptables"),
];

/// The files that `tools/get-istio.sh` builds.
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

/// The paths of the programs and files.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The cache of `tools/get-istio.sh`: `bin` and `share`.
    pub istio: PathBuf,
    /// The program that enforces NetworkPolicies, which `tools/get-kube-router.sh` builds.
    pub kube_router: PathBuf,
    /// The folder into which `make tools` builds helm and kustomize.
    pub tools: PathBuf,
    /// The command `helm`.
    pub helm: PathBuf,
    /// Releases of Istio and the files with their CustomResourceDefinitions, the oldest first.
    pub releases: Vec<(String, PathBuf)>,
    /// The CustomResourceDefinition of the Gateway API's Gateway.
    pub gateway_api: PathBuf,
    /// The Envoy of the sidecars.
    pub envoy: PathBuf,
    /// The filter.
    pub module: PathBuf,
    /// The command `stepgate`.
    pub stepgate: PathBuf,
}

impl Programs {
    /// Finds all of them.
    ///
    /// # Errors
    /// [`Error::Missing`] with a line for everything that this machine lacks: programs, permissions, kernel features.
    pub fn find() -> Result<Self, Error> {
        Self::find_or_list().map_err(Error::Missing)
    }

    fn find_or_list() -> Result<Self, Vec<String>> {
        let mut missing = Vec::new();
        let programs = OF_THE_SYSTEM.into_iter().filter(|(program, _)| on_path(program).is_none());
        let files = FILES.into_iter().filter(|(file, _)| !Path::new(file).is_file());
        missing.extend(programs.chain(files).map(|(what, package)| format!("`{what}` (Debian: {package})")));
        let cached = cache().unwrap_or_default();
        let (istio, tools) = (cached.join("istio"), cached.join("bin"));
        let kube_router = cached.join("kube-router/bin/kube-router");
        if !kube_router.is_file() {
            missing.push(format!("`{}` (tools/get-kube-router.sh builds it; needs Go)", kube_router.display()));
        }
        let tool = |name: &str| {
            Some(tools.join(name))
                .filter(|path| path.is_file())
                .or_else(|| on_path(name))
                .unwrap_or_else(|| tools.join(name))
        };
        let helm = tool("helm");
        for tool in [helm.clone(), tool("kustomize")].iter().filter(|path| !path.is_file()) {
            missing.push(format!("`{}` (`make tools` gets it; needs Go)", tool.display()));
        }
        let built: Vec<PathBuf> = BUILT.iter().map(|file| istio.join(file)).collect();
        for file in &built {
            missing.extend(match file.is_file() {
                false => Some(format!("`{}` (tools/get-istio.sh builds it; needs Go)", file.display())),
                true => unreadable(file, &istio),
            });
        }
        let releases = definitions(&cached.join("istio-crds"));
        let gateway_api = definitions(&cached.join("istio-crds/gateway-api")).pop().unwrap_or_default().1;
        if releases.is_empty() || !gateway_api.is_file() {
            missing.push("the definitions of Istio's releases (`make tools` gets them; needs Go)".into());
        }
        // Without root, or without the programs, all of these attempts would fail.
        if !rustix::process::geteuid().is_root() {
            missing.push("root: namespaces and iptables need it".into());
        } else if missing.is_empty() {
            missing.extend(machine::missing(&[&cached, repository()]));
        }
        let envoy = find_envoy().map_err(|error| missing.push(format!("Envoy: {error}")));
        if let Ok(envoy) = &envoy {
            missing.extend(unreadable(envoy, envoy));
        }
        let module = named("STEPGATE_MODULE", "make filter").map_err(|why| missing.push(why));
        let stepgate = named("STEPGATE_BIN", "make cli").map_err(|why| missing.push(why));
        match (envoy, module, stepgate) {
            (Ok(envoy), Ok(module), Ok(stepgate)) if missing.is_empty() => {
                Ok(Self { istio, kube_router, tools, helm, releases, gateway_api, envoy, module, stepgate })
            }
            _ => Err(missing),
        }
    }
}

/// Versions and the files named after them, the lowest first.
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

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&path()).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Proxies run as a user of their own, who must be able to read a file and its folders up to `root`. A umask such as 077
/// may have created them for root only.
fn unreadable(file: &Path, root: &Path) -> Option<String> {
    let closed = file.ancestors().take_while(|path| path.starts_with(root)).find(|path| {
        let needed = if path.is_dir() { 0o005 } else { 0o004 };
        path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & needed != needed)
    })?;
    Some(format!("read access to `{}` for all users: `chmod -R a+rX {}`", closed.display(), root.display()))
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

/// Runs a program on this machine, in the root of the repository, and returns its standard output. Nothing of the
/// caller's environment and home folder reaches it.
///
/// # Errors
/// [`Error::Command`] with its output, if it fails.
pub fn run(program: &Path, arguments: &[&str], input: Option<&str>) -> Result<String, Error> {
    let home = tempfile::tempdir()?;
    let mut command = Command::new(program);
    host::clean(command.args(arguments)).env("HOME", home.path()).current_dir(repository());
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    host::output(&mut command, input).map_err(|error| error.while_doing(format!("{name} {}", arguments.join(" "))))
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Reports that this machine cannot run these cases. In CI that is a failure.
pub fn leave_out(what: &str, cases: &[String], error: &Error) -> ExitCode {
    println!("LEFT OUT: {what}.");
    if let Error::Missing(missing) = error {
        println!("This machine lacks:");
        missing.iter().for_each(|what| println!("  - {what}"));
    } else {
        println!("{error}");
    }
    println!("so these were not run:");
    cases.iter().for_each(|case| println!("  - {case}"));
    println!("\n0 passed, 0 failed, {} left out", cases.len());
    match env::var_os("CI").filter(|set| !set.is_empty()) {
        Some(_) => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    }
}
