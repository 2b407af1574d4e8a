//! A pod: what the kubelet, Istio's injection and its init container would make of it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use stepgate_mesh::{Application, CallError, Client, Credential, Request, Response, Route, Seen, Version};

use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::objects;
use crate::proxy::Proxy;
use crate::raw;
use crate::sidecar::{ADMIN, Sidecar};
use crate::tcp;
use crate::within::Within;

/// Where applications listen.
pub const APPLICATION: u16 = 8080;

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
    secrets: Vec<String>,
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

    /// Without Istio: no redirection, no proxy.
    #[must_use]
    pub fn without_sidecar(mut self) -> Self {
        self.proxy = Proxy::None;
        self
    }

    /// With a variable of the proxy's container.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// With all variables that a Secret of its namespace holds (`envFrom`), in the proxy's container.
    #[must_use]
    pub fn env_from_secret(mut self, secret: &str) -> Self {
        self.secrets.push(secret.into());
        self
    }
}

/// A running pod. It ends when this is dropped.
#[derive(Debug)]
pub struct Workload {
    pub(crate) pod: Pod,
    address: Ipv4Addr,
    client: Arc<Client>,
    application: Option<Arc<Application>>,
    sidecar: Option<Sidecar>,
    within: Within,
    host: Host,
}

impl Workload {
    pub(crate) fn start(cluster: &Cluster, pod: Pod) -> Result<Self> {
        let (address, service) = cluster.network().number()?;
        let named = |error: Error| error.while_doing(format!("the pod {}", pod.name));
        let directory = format!("/run/bed/{}.{}", pod.name, pod.namespace);
        // pilot-agent keeps modules in `/var/lib/istio/data`: each pod has its own `/var/lib`.
        let prepare = format!("mkdir -p {directory}/var/lib/istio/data && mount --bind {directory}/var/lib /var/lib");
        let host = cluster.network().join(address, &prepare).map_err(named)?;
        cluster.apply_text(&objects::of_pod(&pod, address, service))?;
        cluster.declare_running(&pod, address)?;
        let within = Within::start(&host)?;
        let mut application = None;
        if pod.proxy.has_application() {
            let at = SocketAddr::from((Ipv4Addr::UNSPECIFIED, APPLICATION));
            let name = pod.name.clone();
            application = Some(within.run(async move { Application::start(&name, at).await })??);
        }
        for port in pod.tcp.clone() {
            within.run(tcp::echo(port))??;
        }
        let mut workload = Self { client: Arc::default(), application, sidecar: None, within, host, address, pod };
        if workload.pod.proxy != Proxy::None {
            workload.sidecar = Some(Sidecar::prepare(cluster, &workload.host, &workload.pod, address, &directory)?);
            workload.start_proxy(cluster)?;
        }
        Ok(workload)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.pod.name
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.pod.namespace
    }

    /// Its name and its namespace, as [`Workload::call`] takes them.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.pod.name, self.pod.namespace)
    }

    /// The pod's own address, and the port of its application.
    pub fn address(&self) -> SocketAddr {
        (self.address, APPLICATION).into()
    }

    /// Calls a Service, `NAME` or `NAME.NAMESPACE`, over a connection that is kept.
    ///
    /// # Errors
    /// If no response came.
    pub fn call(&self, cluster: &Cluster, service: &str, request: &Request) -> Result<Response> {
        let (name, namespace) = service.split_once('.').unwrap_or((service, &self.pod.namespace));
        let to = cluster.service(name, namespace)?;
        self.call_at(to, &format!("{name}.{namespace}.svc.cluster.local"), request)
    }

    /// Calls an address, over a connection that is kept.
    ///
    /// # Errors
    /// If no response came.
    pub fn call_at(&self, to: SocketAddr, authority: &str, request: &Request) -> Result<Response> {
        let (client, authority, request) = (Arc::clone(&self.client), authority.to_owned(), request.clone());
        let route = Route::plain(to, request.version);
        self.within.run(async move { client.call(&route, &authority, &request).await })?.map_err(Error::new)
    }

    /// Calls the gate of a workload over TLS, past every proxy on this side, with a certificate (and its key) or without
    /// one, over a connection that is kept. Nothing: the other end refused the connection.
    ///
    /// # Errors
    /// If there was neither a response nor a refusal, or the other end has no certificate of the mesh's authority.
    pub fn call_over_tls(
        &self,
        cluster: &Cluster,
        to: SocketAddr,
        credential: Option<&Credential>,
        request: &Request,
    ) -> Result<Option<Response>> {
        let route = Route::tls(to, request.version, credential, cluster.authority().certificate())?;
        let (client, request) = (Arc::clone(&self.client), request.clone());
        match self.within.run(async move { client.call(&route, &to.to_string(), &request).await })? {
            Ok(response) => Ok(Some(response)),
            Err(CallError::Tls(_)) => Ok(None),
            Err(error) => Err(Error::new(error)),
        }
    }

    /// Writes these bytes to an address, and reads until nothing more comes.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn raw(&self, to: SocketAddr, bytes: &[u8]) -> Result<Vec<u8>> {
        let bytes = bytes.to_vec();
        self.within.run(async move { raw::exchange(to, &bytes).await })?
    }

    /// What its application saw lately, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        self.application.as_ref().map(|application| application.recent()).unwrap_or_default()
    }

    /// How many requests its application has seen.
    pub fn count(&self) -> u64 {
        self.application.as_ref().map(|application| application.count()).unwrap_or_default()
    }

    /// What Envoy's admin interface answers.
    ///
    /// # Errors
    /// If it does not answer 200.
    pub fn envoy_admin(&self, path: &str) -> Result<String> {
        let path = format!("/{}", path.trim_start_matches('/'));
        let call = async move {
            Client::default().call(&Route::plain(ADMIN, Version::Http1), "admin", &Request::new("GET", path)).await
        };
        let answer = self.within.run(call)?.map_err(Error::new)?;
        match answer.status {
            200 => Ok(String::from_utf8_lossy(&answer.body).into_owned()),
            status => Err(Error::new(format!("Envoy's admin: {status}"))),
        }
    }

    /// The lines of Envoy's access log; it is written once a second.
    pub fn access_log(&self) -> Vec<Value> {
        self.sidecar.as_ref().map(Sidecar::access_log).unwrap_or_default()
    }

    /// The log of pilot-agent and Envoy.
    pub fn proxy_log(&self) -> String {
        self.sidecar.as_ref().map(Sidecar::log).unwrap_or_default()
    }

    /// An error with the end of that log.
    pub fn explain(&self, error: Error) -> Error {
        error.with_log(self.name(), &self.proxy_log())
    }

    /// Stops the proxy as a kubelet does, by SIGTERM.
    ///
    /// # Errors
    /// If it does not end.
    pub fn stop_proxy(&mut self) -> Result<()> {
        self.sidecar.as_mut().map_or(Ok(()), Sidecar::stop)
    }

    /// Starts the proxy with what its Secrets hold now, and waits until it says that it is ready.
    ///
    /// # Errors
    /// If it is not in time.
    pub fn start_proxy(&mut self, cluster: &Cluster) -> Result<()> {
        self.begin_proxy(cluster)?;
        self.await_ready(Duration::from_secs(240))
    }

    /// Starts the proxy, and waits for nothing.
    ///
    /// # Errors
    /// If it cannot be started at all.
    pub fn begin_proxy(&mut self, cluster: &Cluster) -> Result<()> {
        let token = cluster.token(&self.pod)?;
        let mut pod = self.pod.clone();
        for secret in &self.pod.secrets {
            pod.environment.extend(cluster.secret(&pod.namespace, secret)?);
        }
        let sidecar = self.sidecar.as_mut().ok_or_else(|| Error::new("a pod without a sidecar"))?;
        sidecar.start(&self.host, &pod, &token)
    }

    /// Takes away the modules that its proxy has pulled, as if it were on a node that never had them.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub fn forget_modules(&self) -> Result<()> {
        self.host.run("rm -rf /var/lib/istio/data/*").map(drop)
    }

    /// Waits until the proxy says that it is ready.
    ///
    /// # Errors
    /// If it is not in time.
    pub fn await_ready(&mut self, limit: Duration) -> Result<()> {
        let sidecar = self.sidecar.as_mut().ok_or_else(|| Error::new("a pod without a sidecar"))?;
        sidecar.ready(&self.within, limit)
    }

    /// Its machine, for what a stranger may do on it.
    pub fn host(&self) -> &Host {
        &self.host
    }
}
