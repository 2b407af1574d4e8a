//! What the kernel and the limits of this machine must allow, beyond the programs on it. Each feature is tried, in
//! namespaces that end with the attempt: a list of modules would not say whether it works.

use std::env;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::inotify;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::host::{KUBELET_SETTINGS, UNSHARE, path};

/// Features, and a line of shell that fails without them.
const FEATURES: [(&str, &str); 10] = [
    ("namespaces for mounts, networks and processes", "true"),
    ("a `/proc` of its own in a PID namespace", "mount -t proc proc /proc"),
    ("file systems in memory (tmpfs)", "mount -t tmpfs tmpfs /run"),
    (
        "overlay file systems on tmpfs (module overlay)",
        "mount -t tmpfs tmpfs /run; cd /run; mkdir lower upper work at; \
         mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work at",
    ),
    (
        "virtual networks (modules bridge and veth)",
        "ip link add br0 type bridge; ip link add one type veth peer name two; ip link set one master br0",
    ),
    ("forwarding in a network namespace", "echo 1 >/proc/sys/net/ipv4/ip_forward"),
    (
        "the iptables rules of Istio (modules nf_nat, xt_REDIRECT, xt_owner, xt_tcpudp)",
        "iptables -w -t nat -A OUTPUT -p tcp -m owner --uid-owner 1337 -j RETURN; \
         iptables -w -t nat -A OUTPUT -p tcp --dport 443 -j DNAT --to-destination 127.0.0.1:15017; \
         iptables -w -t nat -A PREROUTING -p tcp -j REDIRECT --to-ports 15006",
    ),
    // The pods of the whole cluster have the variant of iptables that is built on nf_tables, whatever this machine uses.
    (
        "the same in nf_tables (modules nf_tables, nft_compat, nft_chain_nat)",
        "xtables-nft-multi iptables -w -t nat -A OUTPUT -p tcp -m owner --uid-owner 1337 -j RETURN; \
         xtables-nft-multi iptables -w -t nat -A PREROUTING -p tcp -j REDIRECT --to-ports 15006; \
         xtables-nft-multi iptables-restore --noflush </dev/null",
    ),
    (
        "the iptables rules of kube-proxy (modules xt_comment, xt_conntrack, xt_mark, xt_MASQUERADE, xt_statistic, \
         xt_addrtype)",
        "iptables -w -t nat -N A; iptables -w -t nat -A A -m comment --comment c -j MARK --or-mark 0x4000; \
         iptables -w -t nat -A A -m statistic --mode random --probability 0.5 -j ACCEPT; \
         iptables -w -t nat -A A -m addrtype --dst-type LOCAL -j ACCEPT; \
         iptables -w -t nat -A POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN; \
         iptables -w -t nat -A POSTROUTING -j MASQUERADE --random-fully; \
         iptables -w -A FORWARD -m conntrack --ctstate INVALID -j DROP",
    ),
    (
        "the rules of NetworkPolicies (modules ip_set_hash_ip, ip_set_hash_net, xt_set, xt_NFLOG, xt_limit)",
        "ipset create a hash:ip; ipset create b hash:net timeout 0; iptables -w -A FORWARD -m set --match-set a src -j ACCEPT; \
         iptables -w -A FORWARD -m limit --limit 10/m -j NFLOG --nflog-group 100; iptables -w -A FORWARD -j REJECT",
    ),
];

/// The folders that the machines of a cluster replace by their own: nothing of what they use may lie there.
const REPLACED: [&str; 3] = ["/run", "/var/lib", "/var/log"];
/// Files that the test and its daemons have open at a time, at most.
const OPEN_FILES: u64 = 4096;
/// Instances of inotify that the programs of one user have at a time, at most.
const INOTIFY: usize = 64;
/// Memory that must be available, in MiB: the cluster keeps its files in memory.
const MEMORY: u64 = 4096;

/// What this machine lacks; `used` are the files and folders that the cluster uses.
pub(crate) fn missing(used: &[&Path]) -> Vec<String> {
    let mut missing: Vec<String> = FEATURES
        .iter()
        .filter_map(|(feature, script)| attempt(script).err().map(|error| format!("{feature}: {error}")))
        .collect();
    missing.extend(KUBELET_SETTINGS.iter().map(|(setting, _)| Path::new("/proc/sys").join(setting)).filter_map(lost));
    missing.extend(limits());
    let temporary = env::temp_dir();
    if !temporary.is_dir() {
        missing.push(format!("the folder `{}`: `TMPDIR` names it", temporary.display()));
    }
    let replaced = used.iter().copied().chain([temporary.as_path()]).filter_map(|used| {
        let real = used.canonicalize().ok()?;
        let folder = REPLACED.iter().find(|folder| real.starts_with(folder))?;
        Some(format!(
            "`{}` in another place: the machines of the cluster have a `{folder}` of their own",
            used.display()
        ))
    });
    missing.extend(replaced);
    missing
}

fn lost(file: PathBuf) -> Option<String> {
    (!file.is_file()).then(|| format!("`{}`: a kubelet ends without it", file.display()))
}

/// Runs a script in namespaces of its own.
fn attempt(script: &str) -> Result<(), String> {
    let mut unshare = Command::new(UNSHARE[0]);
    unshare.args(&UNSHARE[1..]).args(["sh", "-e", "-c", script]).env("PATH", path()).env("LC_ALL", "C.UTF-8");
    let output = unshare.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(()),
        false => Err(said.lines().next().unwrap_or("refused").to_owned()),
    }
}

fn limits() -> Vec<String> {
    let mut missing = Vec::new();
    // Shells start with a low limit that they may raise.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if let Some(files) = maximum.filter(|files| *files < OPEN_FILES) {
        missing.push(format!("{OPEN_FILES} open files: `ulimit -Hn` is {files}"));
    }
    let instances: Vec<OwnedFd> =
        (0..INOTIFY).map_while(|_| inotify::init(inotify::CreateFlags::CLOEXEC).ok()).collect();
    if instances.len() < INOTIFY {
        let free = instances.len();
        missing.push(format!("{INOTIFY} instances of inotify: {free} are free (fs.inotify.max_user_instances)"));
    }
    if let Some(free) = available_memory().filter(|free| *free < MEMORY) {
        missing.push(format!("{MEMORY} MiB of memory: {free} are available"));
    }
    missing
}

/// In MiB.
fn available_memory() -> Option<u64> {
    let memory = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_where_a_machine_has_a_folder_of_its_own_is_reported() {
        let missing = missing(&[Path::new("/var/lib/dpkg"), Path::new("/usr/bin")]);
        let of = |path: &str| missing.iter().any(|line| line.starts_with(&format!("`{path}` in another place")));
        assert!(of("/var/lib/dpkg") && !of("/usr/bin"), "{missing:?}");
    }

    #[test]
    fn a_feature_that_fails_is_reported_with_the_reason() {
        if !rustix::process::geteuid().is_root() {
            println!("NOT TESTED: namespaces need root");
            return;
        }
        assert_eq!(attempt("true"), Ok(()));
        assert!(attempt("mount -t tmpfs tmpfs /no-such-folder").unwrap_err().contains("/no-such-folder"));
    }
}
