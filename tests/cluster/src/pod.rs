//! A pod that is yet to be started: its names, its proxy, its ports.

use std::collections::BTreeMap;

/// The port of applications.
pub const APPLICATION: u16 = 8080;

/// The TLS port of an ingress gateway, behind port 443 of its Service: the gateway runs without privileges.
pub const GATEWAY: u16 = 8443;

/// The proxy of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// No proxy, no redirection.
    None,
    /// A sidecar: all traffic of the application is redirected through it.
    Sidecar,
    /// An ingress gateway: there is no application.
    Router,
}

impl Proxy {
    /// Its name for pilot-agent.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sidecar => "sidecar",
            Self::Router => "router",
        }
    }

    /// Whether the pod has an application.
    pub(crate) fn has_application(self) -> bool {
        matches!(self, Self::None | Self::Sidecar)
    }
}

/// A port of a pod's Service.
#[derive(Debug, Clone)]
pub(crate) struct Port {
    /// Istio reads the protocol from its prefix.
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) target: u16,
}

impl Port {
    fn new(protocol: &str, port: u16, target: u16) -> Self {
        Self { name: format!("{protocol}-{port}"), port, target }
    }
}

/// A pod that is yet to be started.
#[derive(Debug, Clone)]
pub struct Pod {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) service_account: String,
    pub(crate) proxy: Proxy,
    pub(crate) tcp: Vec<u16>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) secrets: Vec<String>,
}

impl Pod {
    /// A pod in the namespace `default`, behind the Service of its name, under the service account of its name,
    /// with a sidecar.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            namespace: "default".into(),
            service_account: name.into(),
            proxy: Proxy::Sidecar,
            tcp: Vec::new(),
            labels: BTreeMap::new(),
            environment: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// In another namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Under another service account.
    #[must_use]
    pub fn service_account(mut self, account: &str) -> Self {
        self.service_account = account.into();
        self
    }

    /// With a label beside `app`.
    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// Without Istio: no proxy, no redirection.
    #[must_use]
    pub fn without_sidecar(mut self) -> Self {
        self.proxy = Proxy::None;
        self
    }

    /// With an environment variable of the proxy's container.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// With all entries of a Secret of its namespace as environment variables of the proxy's container (`envFrom`).
    #[must_use]
    pub fn env_from_secret(mut self, secret: &str) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// An ingress gateway in place of an application with a sidecar: `pilot-agent proxy router`.
    #[must_use]
    pub fn gateway(mut self) -> Self {
        self.proxy = Proxy::Router;
        self
    }

    /// With a port that does not speak HTTP: it sends back what it receives.
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
