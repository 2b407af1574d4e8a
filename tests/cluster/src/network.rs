//! One bridge, and machines on it: `10.77.0.0/16`, seen by nobody else.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::error::{Error, Result};
use crate::host::{BED, Host};

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
    // The last to end: it ends all others.
    bridge: Host,
}

impl Network {
    pub(crate) fn create() -> Result<Self> {
        let bridge = Host::outermost()?;
        bridge.run("ip link set lo up; ip link add br0 type bridge; ip link set br0 up")?;
        Ok(Self { next: AtomicU16::new(0), bridge })
    }

    /// A machine with this address. The default route leads to the control plane, which routes nothing: it is
    /// there so that connections to Services leave the machine at all, and can be redirected.
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

    /// An address for a pod that no other has, and one for its Service.
    pub(crate) fn number(&self) -> Result<(Ipv4Addr, Ipv4Addr)> {
        let [high, low] = self.next.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        let full = || Error::new("the network is full");
        let high = high.checked_add(1).filter(|high| *high < 250).ok_or_else(full)?;
        Ok((Ipv4Addr::new(10, 77, high, low), Ipv4Addr::new(10, 96, high, low)))
    }

    /// Makes a file or folder of ours readable for all users of the test bed: the cache may lie in a home that
    /// they cannot enter.
    pub(crate) fn lend(&self, what: &std::path::Path, name: &str) -> Result<String> {
        let at = format!("{BED}/{name}");
        let make = if what.is_dir() { "mkdir" } else { "touch" };
        self.bridge.run(&format!("{make} {at}; mount --bind '{}' {at}", what.display()))?;
        Ok(at)
    }
}
