//! Istio's redirection, pilot-agent, and Envoy under it.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use stepgate_mesh::{Client, Request, Route, Version};

use crate::cluster::Cluster;
use crate::daemon::{Daemon, Order};
use crate::error::{Error, Result};
use crate::host::{BED, Host};
use crate::mesh_config;
use crate::network::CONTROL_PLANE;
use crate::proxy::Proxy;
use crate::registry::Registry;
use crate::within::Within;
use crate::workload::Pod;

/// Envoy's admin interface, for the pod itself only.
pub(crate) const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 15000);
const READY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 15021);
/// As whom Istio runs its proxy; what this user sends is not redirected.
const PROXY: u32 = 1337;

#[derive(Debug)]
pub(crate) struct Sidecar {
    directory: String,
    address: Ipv4Addr,
    files: std::path::PathBuf,
    agent: Option<Daemon>,
}

impl Sidecar {
    /// Its files; and what the init container does: from now on nothing passes but through the proxy. What has
    /// no application has nothing to redirect.
    pub(crate) fn prepare(
        cluster: &Cluster,
        host: &Host,
        pod: &Pod,
        address: Ipv4Addr,
        directory: &str,
    ) -> Result<Self> {
        let redirection = format!(
            "{BED}/bin/pilot-agent istio-iptables -p 15001 -z 15006 -u {PROXY} -m REDIRECT -i '*' -x '' -b '*' \
             -d 15090,15021,15020"
        );
        if pod.proxy == Proxy::Sidecar {
            host.run(&redirection).map_err(|error| error.while_doing(&pod.name))?;
        }
        let files = host.file(directory);
        for folder in ["var/run/secrets/tokens", "var/run/secrets/istio", "etc/istio/proxy", "etc/istio/pod"] {
            fs::create_dir_all(files.join(folder))?;
        }
        fs::write(files.join("var/run/secrets/istio/root-cert.pem"), cluster.authority().certificate())?;
        Ok(Self { directory: directory.to_owned(), address, files, agent: None })
    }

    pub(crate) fn start(&mut self, host: &Host, pod: &Pod, token: &str) -> Result<()> {
        fs::write(self.files.join("var/run/secrets/tokens/istio-token"), token)?;
        host.run(&format!("chown -R {PROXY}:{PROXY} {}", self.directory))?;
        let domain = format!("{}.svc.cluster.local", pod.namespace);
        let agent = format!("{BED}/bin/pilot-agent");
        let command = [&agent, "proxy", pod.proxy.role(), "--domain", &domain, "--proxyLogLevel=warning,wasm:info"];
        let order = Order {
            name: "pilot-agent",
            directory: &self.directory,
            user: PROXY,
            environment: self.environment(pod)?,
            command: command.map(Into::into).to_vec(),
        };
        self.agent = Some(Daemon::start(host, &order)?);
        Ok(())
    }

    pub(crate) fn ready(&mut self, within: &Within, limit: Duration) -> Result<()> {
        let agent = self.agent.as_mut().ok_or_else(|| Error::new("the proxy was not started"))?;
        agent.ready(limit, || {
            let call = async {
                let request = Request::new("GET", "/healthz/ready");
                Client::default().call(&Route::plain(READY, Version::Http1), "ready", &request).await
            };
            Ok(within.run(call)?.map_err(Error::new)?.status == 200)
        })
    }

    pub(crate) fn stop(&mut self) -> Result<()> {
        self.agent.take().map_or(Ok(()), |mut agent| agent.stop())
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.files.join("pilot-agent.log")).unwrap_or_default()).into_owned()
    }

    pub(crate) fn access_log(&self) -> Vec<Value> {
        // Among the lines of the agent and of the gate, which are no JSON from their beginning to their end; the last
        // one may be half written.
        self.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// What injection writes into the container's environment.
    fn environment(&self, pod: &Pod) -> Result<Vec<(String, String)>> {
        let Pod { name, namespace, service_account, .. } = pod;
        let directory = &self.directory;
        // With what the mesh says of all proxies, as injection merges it.
        let mut proxy = mesh_config::of_proxies()?;
        let own = json!({
            "binaryPath": format!("{BED}/envoy"),
            "configPath": format!("{directory}/etc/istio/proxy"),
            "discoveryAddress": format!("{CONTROL_PLANE}:15012"),
            "proxyBootstrapTemplatePath": format!("{BED}/share/envoy_bootstrap.json"),
            "statusPort": 15020,
            "concurrency": 1,
            "terminationDrainDuration": "1s",
            // As in `observe/mesh-config.yaml`, which agents get from there in a mesh.
            "proxyStatsMatcher": {"inclusionRegexps": ["cluster\\.inbound\\|.*\\.upstream_rq_total"]},
        });
        mesh_config::merge(&mut proxy, &own);
        let mut labels = pod.labels.clone();
        labels.insert("app".into(), name.clone());
        labels.insert("service.istio.io/canonical-name".into(), name.clone());
        let owner = format!("kubernetes://apis/apps/v1/namespaces/{namespace}/deployments/{name}");
        let ports: Vec<Value> =
            pod.ports().iter().map(|port| json!({"containerPort": port.target, "protocol": "TCP"})).collect();
        let settings = [
            ("PROXY_CONFIG", proxy.to_string()),
            ("INSTANCE_IP", self.address.to_string()),
            ("POD_NAME", name.clone()),
            ("POD_NAMESPACE", namespace.clone()),
            ("SERVICE_ACCOUNT", service_account.clone()),
            ("TRUST_DOMAIN", "cluster.local".into()),
            ("CLOUD_PLATFORM", "none".into()),
            // The address of istiod is no name, so its certificate is held against this.
            ("ISTIOD_SAN", "istiod.istio-system.svc".into()),
            ("CA_ADDR", String::new()),
            ("ISTIO_META_CLUSTER_ID", "Kubernetes".into()),
            ("ISTIO_META_MESH_ID", "cluster.local".into()),
            ("ISTIO_META_WORKLOAD_NAME", name.clone()),
            ("ISTIO_META_OWNER", owner),
            ("ISTIO_META_NODE_NAME", "node-1".into()),
            ("ISTIO_METAJSON_LABELS", json!(labels).to_string()),
            ("ISTIO_META_APP_CONTAINERS", "app".into()),
            ("ISTIO_META_POD_PORTS", json!(ports).to_string()),
            match pod.proxy {
                Proxy::None | Proxy::Sidecar => ("ISTIO_META_INTERCEPTION_MODE", "REDIRECT".into()),
                Proxy::Router => ("ISTIO_META_UNPRIVILEGED_POD", "true".into()),
            },
            ("WASM_INSECURE_REGISTRIES", Registry::address().to_string()),
        ];
        let own = pod.environment.iter().cloned();
        Ok(settings.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(own).collect())
    }
}
