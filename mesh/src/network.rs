//! A loopback network for each mesh, so that meshes may run beside each other on the same ports.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use super::MeshError;

/// Most workloads in one network.
pub const MAX_WORKLOADS: usize = 240;

/// Bound on the last address of a network for as long as it is in use.
const HOLD: u16 = 15099;

/// `127.R.S.0/24`, held until it is dropped.
#[derive(Debug)]
pub(super) struct Network {
    r: u8,
    s: u8,
    ports: Ports,
    /// The holder of this socket has the network; the system frees it however this process ends.
    _hold: TcpListener,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    inbound: u16,
    egress: u16,
    admin: u16,
    application: u16,
}

/// Where one workload listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Mutual TLS from the others.
    pub inbound: SocketAddr,
    /// Plain text from its own application.
    pub egress: SocketAddr,
    /// The admin interface of its Envoy.
    pub admin: SocketAddr,
    /// The application.
    pub application: SocketAddr,
}

impl Network {
    pub(super) fn claim() -> Result<Self, MeshError> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        // 127.0 to 127.15 and 127.127 are left to other programs.
        for r in 16..127 {
            for s in 0..=255 {
                match TcpListener::bind((Ipv4Addr::new(127, r, s, 254), HOLD)) {
                    Ok(hold) => {
                        let ports = Ports::free_on(Ipv4Addr::new(127, r, s, 10))?;
                        return Ok(Self { r, s, ports, _hold: hold });
                    }
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
                    Err(error) => return Err(MeshError::NoNetwork(error)),
                }
            }
        }
        Err(MeshError::NoNetwork(last))
    }

    /// The addresses of the `n`th workload; the bound of [`MAX_WORKLOADS`] keeps them in the network.
    pub(super) fn addresses(&self, n: usize) -> Addresses {
        let host = u8::try_from(n.saturating_add(10)).unwrap_or(253);
        let ip = Ipv4Addr::new(127, self.r, self.s, host);
        Addresses {
            inbound: (ip, self.ports.inbound).into(),
            egress: (ip, self.ports.egress).into(),
            admin: (ip, self.ports.admin).into(),
            application: (ip, self.ports.application).into(),
        }
    }
}

impl Ports {
    /// Istio's ports, and for the application one that no document names, unless a program of this machine listens on one of them on every address.
    fn free_on(ip: Ipv4Addr) -> Result<Self, MeshError> {
        Ok(Self {
            inbound: free(ip, 15006)?,
            egress: free(ip, 15001)?,
            admin: free(ip, 15000)?,
            application: free(ip, 18080)?,
        })
    }
}

fn free(ip: Ipv4Addr, first: u16) -> Result<u16, MeshError> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for port in (first..).step_by(100).take(20) {
        match TcpListener::bind((ip, port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = error,
        }
    }
    Err(MeshError::NoNetwork(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_meshes_never_share_an_address() {
        let one = Network::claim().unwrap();
        let two = Network::claim().unwrap();
        assert_ne!(one.addresses(0).inbound.ip(), two.addresses(0).inbound.ip());
    }

    #[test]
    fn a_port_taken_on_this_machine_is_passed_over() {
        let ip = Ipv4Addr::new(127, 0, 0, 1);
        let taken = TcpListener::bind((ip, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_ne!(free(ip, port).unwrap(), port);
    }
}
