//! A running pod, as the kubelet, Istio's injection and its init container would start it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use stepgate_mesh::{Application, CallError, Client, Credential, Request, Response, Route, Seen, Version};

use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::objects;
use crate::pod::{APPLICATION, Pod, Proxy};
use crate::raw;
use crate::sidecar::{ADMIN, Sidecar};
use crate::tcp;
use crate::within::Within;

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
        let directory = format!("/run/cluster/{}.{}", pod.name, pod.namespace);
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
            workload.sidecar = Some(Sidecar::prepare(
                cluster.authority().certificate(),
                &workload.host,
                &workload.pod,
                address,
                &directory,
            )?);
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

    /// `NAME.NAMESPACE`, as [`Workload::call`] takes it.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.pod.name, self.pod.namespace)
    }

    /// The pod's own address, and the port of its application.
    pub fn address(&self) -> SocketAddr {
        (self.address, APPLICATION).into()
    }

    /// Calls a Service, `NAME` or `NAME.NAMESPACE`, over a connection that stays open.
    ///
    /// # Errors
    /// If there is no response.
    pub fn call(&self, cluster: &Cluster, service: &str, request: &Request) -> Result<Response> {
        let (name, namespace) = service.split_once('.').unwrap_or((service, &self.pod.namespace));
        let to = cluster.service(name, namespace)?;
        self.call_at(to, &format!("{name}.{namespace}.svc.cluster.local"), request)
    }

    /// Calls an address over a connection that stays open.
    ///
    /// # Errors
    /// If there is no response.
    pub fn call_at(&self, to: SocketAddr, authority: &str, request: &Request) -> Result<Response> {
        let (client, authority, request) = (Arc::clone(&self.client), authority.to_owned(), request.clone());
        let route = Route::plain(to, request.version);
        self.within.run(async move { client.call(&route, &authority, &request).await })?.map_err(Error::new)
    }

    /// Calls the gate of a workload over TLS, past every proxy on this side, with a client certificate or without one,
    /// over a connection that stays open. Returns `None` if the peer refused the connection.
    ///
    /// # Errors
    /// If there is neither a response nor a refusal, or the peer has no certificate of the mesh's authority.
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

    /// Writes bytes to an address, and reads until the answer is complete (see `raw.rs`).
    ///
    /// # Errors
    /// If there is no connection.
    pub fn raw(&self, to: SocketAddr, bytes: &[u8]) -> Result<Vec<u8>> {
        let bytes = bytes.to_vec();
        self.within.run(async move { raw::exchange(to, &bytes).await })?
    }

    /// The last requests that its application has seen, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        self.application.as_ref().map(|application| application.recent()).unwrap_or_default()
    }

    /// How many requests its application has seen.
    pub fn count(&self) -> u64 {
        self.application.as_ref().map(|application| application.count()).unwrap_or_default()
    }

    /// The answer of Envoy's admin interface to a GET.
    ///
    /// # Errors
    /// If the status is not 200.
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

    /// The lines of Envoy's access log. Envoy writes it once a second.
    pub fn access_log(&self) -> Vec<Value> {
        self.sidecar.as_ref().map(Sidecar::access_log).unwrap_or_default()
    }

    /// The log of pilot-agent and Envoy.
    pub fn proxy_log(&self) -> String {
        self.sidecar.as_ref().map(Sidecar::log).unwrap_or_default()
    }

    /// The error with the end of that log.
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

    /// Starts the proxy with the current data of its Secrets, and waits until it reports that it is ready.
    ///
    /// # Errors
    /// If it is not ready in time.
    pub fn start_proxy(&mut self, cluster: &Cluster) -> Result<()> {
        self.begin_proxy(cluster)?;
        self.await_ready(Duration::from_secs(240))
    }

    /// Starts the proxy without waiting for it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn begin_proxy(&mut self, cluster: &Cluster) -> Result<()> {
        let token = cluster.token(&self.pod)?;
        let mut pod = self.pod.clone();
        for secret in &self.pod.secrets {
            pod.environment.extend(cluster.secret(&pod.namespace, secret)?);
        }
        let sidecar = self.sidecar.as_mut().ok_or_else(|| Error::new("a pod without a sidecar"))?;
        sidecar.start(&self.host, &pod, &token)
    }

    /// Deletes the modules that its proxy has pulled, as if it ran on a new node.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub fn forget_modules(&self) -> Result<()> {
        self.host.run("rm -rf /var/lib/istio/data/*").map(drop)
    }

    /// Waits until the proxy reports that it is ready.
    ///
    /// # Errors
    /// If it is not ready in time.
    pub fn await_ready(&mut self, limit: Duration) -> Result<()> {
        let sidecar = self.sidecar.as_mut().ok_or_else(|| Error::new("a pod without a sidecar"))?;
        sidecar.ready(&self.within, limit)
    }

    /// Its machine.
    pub fn host(&self) -> &Host {
        &self.host
    }
}
