//! One bridge and the machines on it: `10.77.0.0/16`, in a network namespace of its own.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::fs::Mode;
use rustix::process::umask;

use crate::error::{Error, Result};
use crate::host::{Host, ROOT};

/// etcd, the API server, istiod.
pub(crate) const CONTROL_PLANE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// The registry of images.
pub(crate) const REGISTRY: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
/// The API server gives Services addresses of `10.96.0.0/16`.
pub(crate) const SERVICES: &str = "10.96.0.0/16";

/// The outermost machine, which is the bridge.
#[derive(Debug)]
pub(crate) struct Network {
    next: AtomicU16,
    // The last field: when it is dropped, all other machines end.
    bridge: Host,
}

impl Network {
    pub(crate) fn create() -> Result<Self> {
        // Files of the cluster are read by several users, whatever umask the test was started with.
        umask(Mode::from_raw_mode(0o022));
        let bridge = Host::outermost()?;
        bridge.run("ip link set lo up; ip link add br0 type bridge; ip link set br0 up")?;
        Ok(Self { next: AtomicU16::new(0), bridge })
    }

    /// A machine with this address. Its default route leads to the control plane, which forwards nothing: the route only
    /// makes connections to Services leave the machine, where they are redirected.
    pub(crate) fn join(&self, at: Ipv4Addr, prepare: &str) -> Result<Host> {
        self.connect(self.bridge.inner(prepare)?, at)
    }

    /// A node: a machine on which containers run.
    pub(crate) fn join_node(&self, at: Ipv4Addr, prepare: &str) -> Result<Host> {
        self.connect(self.bridge.node(prepare)?, at)
    }

    fn connect(&self, host: Host, at: Ipv4Addr) -> Result<Host> {
        let cable = format!("v{}", u32::from(at));
        let pid = host.pid();
        self.bridge.run(&format!(
            "ip link add name {cable} type veth peer name eth0 netns {pid}; ip link set {cable} master br0 up"
        ))?;
        let route = match at {
            CONTROL_PLANE => format!("ip route add {SERVICES} dev eth0"),
            _ => format!("ip route add default via {CONTROL_PLANE}"),
        };
        host.run(&format!("ip link set lo up; ip addr add {at}/16 dev eth0; ip link set eth0 up; {route}"))?;
        Ok(host)
    }

    /// A new address for a pod, and one for its Service.
    pub(crate) fn number(&self) -> Result<(Ipv4Addr, Ipv4Addr)> {
        let [high, low] = self.next.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        let full = || Error::new("the network is full");
        let high = high.checked_add(1).filter(|high| *high < 250).ok_or_else(full)?;
        Ok((Ipv4Addr::new(10, 77, high, low), Ipv4Addr::new(10, 96, high, low)))
    }

    /// Makes a file or folder of this machine readable for all users of the cluster: the cache may be below a home
    /// folder that they cannot enter.
    pub(crate) fn lend(&self, what: &std::path::Path, name: &str) -> Result<String> {
        let at = format!("{ROOT}/{name}");
        let make = if what.is_dir() { "mkdir" } else { "touch" };
        self.bridge.run(&format!("{make} {at}; mount --bind '{}' {at}", what.display()))?;
        Ok(at)
    }
}
