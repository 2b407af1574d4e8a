//! Which of Istio's proxies a pod has, and the ports that come with it.

use crate::workload::{APPLICATION, Pod};

/// Where an ingress gateway takes TLS, behind port 443 of its Service: it runs without privileges.
pub const GATEWAY: u16 = 8443;

/// The proxy of a pod, by the name that pilot-agent has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// No Istio at all.
    None,
    /// Before an application, with all traffic led through it.
    Sidecar,
    /// An ingress gateway: there is no application.
    Router,
}

impl Proxy {
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sidecar => "sidecar",
            Self::Router => "router",
        }
    }

    /// Whether there is something behind it that it stands for.
    pub(crate) fn has_application(self) -> bool {
        matches!(self, Self::None | Self::Sidecar)
    }
}

/// A port of a pod's Service.
#[derive(Debug, Clone)]
pub(crate) struct Port {
    /// Its prefix tells Istio the protocol.
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) target: u16,
}

impl Port {
    fn new(protocol: &str, port: u16, target: u16) -> Self {
        Self { name: format!("{protocol}-{port}"), port, target }
    }
}

impl Pod {
    /// An ingress gateway in place of an application with a sidecar: `pilot-agent proxy router`.
    #[must_use]
    pub fn gateway(mut self) -> Self {
        self.proxy = Proxy::Router;
        self
    }

    /// With a port that does not speak HTTP: what comes there is sent back.
    #[must_use]
    pub fn tcp_port(mut self, port: u16) -> Self {
        self.tcp.push(port);
        self
    }

    /// The ports of its Service.
    pub(crate) fn ports(&self) -> Vec<Port> {
        let first = match self.proxy {
            Proxy::None | Proxy::Sidecar => Port::new("http", 80, APPLICATION),
            Proxy::Router => Port::new("https", 443, GATEWAY),
        };
        std::iter::once(first).chain(self.tcp.iter().map(|port| Port::new("tcp", *port, *port))).collect()
    }
}
