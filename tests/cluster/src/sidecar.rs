//! Istio's redirection, and pilot-agent with its Envoy.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use stepgate_mesh::{Client, Request, Route, Version};

use crate::daemon::{Daemon, Order};
use crate::error::{Error, Result};
use crate::host::{Host, ROOT};
use crate::mesh_config;
use crate::network::CONTROL_PLANE;
use crate::pod::{Pod, Proxy};
use crate::registry::Registry;
use crate::within::Within;

/// Envoy's admin interface, on the pod's loopback only.
pub(crate) const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 15000);
const READY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 15021);
/// The user of Istio's proxy; the traffic of this user is not redirected.
const PROXY: u32 = 1337;

#[derive(Debug)]
pub(crate) struct Sidecar {
    directory: String,
    address: Ipv4Addr,
    files: std::path::PathBuf,
    agent: Option<Daemon>,
}

impl Sidecar {
    /// Writes its files and does the work of the init container: from now on all traffic passes through the proxy. A
    /// gateway has no application whose traffic would be redirected.
    pub(crate) fn prepare(authority: &str, host: &Host, pod: &Pod, address: Ipv4Addr, directory: &str) -> Result<Self> {
        let redirection = format!(
            "{ROOT}/bin/pilot-agent istio-iptables -p 15001 -z 15006 -u {PROXY} -m REDIRECT -i '*' -x '' -b '*' \
             -d 15090,15021,15020"
        );
        if pod.proxy == Proxy::Sidecar {
            host.run(&redirection).map_err(|error| error.while_doing(&pod.name))?;
        }
        let files = host.file(directory);
        for folder in ["var/run/secrets/tokens", "var/run/secrets/istio", "etc/istio/proxy", "etc/istio/pod"] {
            fs::create_dir_all(files.join(folder))?;
        }
        fs::write(files.join("var/run/secrets/istio/root-cert.pem"), authority)?;
        Ok(Self { directory: directory.to_owned(), address, files, agent: None })
    }

    pub(crate) fn start(&mut self, host: &Host, pod: &Pod, token: &str) -> Result<()> {
        fs::write(self.files.join("var/run/secrets/tokens/istio-token"), token)?;
        host.run(&format!("chown -R {PROXY}:{PROXY} {}", self.directory))?;
        let domain = format!("{}.svc.cluster.local", pod.namespace);
        let agent = format!("{ROOT}/bin/pilot-agent");
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
        // The log also has lines of the agent and of the gate, which are not JSON as a whole. The last line may be
        // incomplete.
        self.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The environment that injection writes for the container.
    fn environment(&self, pod: &Pod) -> Result<Vec<(String, String)>> {
        let Pod { name, namespace, service_account, .. } = pod;
        let directory = &self.directory;
        // The mesh's settings for all proxies, merged as injection merges them.
        let mut proxy = mesh_config::of_proxies()?;
        let own = json!({
            "binaryPath": format!("{ROOT}/envoy"),
            "configPath": format!("{directory}/etc/istio/proxy"),
            "discoveryAddress": format!("{CONTROL_PLANE}:15012"),
            "proxyBootstrapTemplatePath": format!("{ROOT}/share/envoy_bootstrap.json"),
            "statusPort": 15020,
            "concurrency": 1,
            "terminationDrainDuration": "1s",
            // As in `observe/mesh-config.yaml`, from which agents get it in a mesh.
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
            // istiod is addressed by IP, so its certificate is checked against this name.
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
