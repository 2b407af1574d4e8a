//! The cluster, as its administrator uses it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Mutex;

use ct_codecs::{Base64, Decoder};
use serde_json::Value;

use crate::authority::Authority;
use crate::control_plane::ControlPlane;
use crate::error::Result;
use crate::host::Host;
use crate::kubernetes::Kubernetes;
use crate::network::Network;
use crate::objects;
use crate::pod::Pod;
use crate::programs::Programs;
use crate::registry::Registry;
use crate::wait::until_established;

/// Kubernetes, Istio and a registry. Everything ends when this is dropped, or this process ends.
#[derive(Debug)]
pub struct Cluster {
    /// The registry of images.
    pub registry: Registry,
    control_plane: ControlPlane,
    services: Mutex<BTreeMap<String, Ipv4Addr>>,
    // The last field: dropping it ends everything that still runs.
    network: Network,
}

impl Cluster {
    /// Starts the control plane with Istio's definitions and its validating webhook, and the registry.
    ///
    /// # Errors
    /// If something does not start: the error shows the end of its log.
    pub fn start(programs: &Programs) -> Result<Self> {
        let network = Network::create()?;
        network.lend(&programs.istio.join("bin"), "bin")?;
        network.lend(&programs.istio.join("share"), "share")?;
        network.lend(&programs.envoy, "envoy")?;
        let mut control_plane = ControlPlane::start(&network, programs)?;
        let definitions = "/run/cluster/share/crd-all.gen.yaml";
        control_plane.kubectl(&["apply", "--server-side", "-f", definitions], None)?;
        until_established(|wait| control_plane.kubectl(wait, None))?;
        control_plane.kubectl(&["create", "namespace", "istio-system"], None)?;
        control_plane.start_istiod()?;
        control_plane.start_webhook()?;
        let registry = Registry::create(&network)?;
        Ok(Self { registry, control_plane, services: Mutex::default(), network })
    }

    /// Applies a file, or a folder with a `kustomization.yaml`, strictly: an unknown field is an error.
    ///
    /// # Errors
    /// The message of the API server or the webhook, if it refuses.
    pub fn apply(&self, path: &Path) -> Result<String> {
        let how = if path.is_dir() { "-k" } else { "-f" };
        let path = path.display().to_string();
        self.kubectl(&["apply", "--validate=strict", "--server-side", how, &path])
    }

    /// Applies YAML or JSON documents in the same way.
    ///
    /// # Errors
    /// The message of the API server or the webhook, if it refuses.
    pub fn apply_text(&self, documents: &str) -> Result<String> {
        let command = ["apply", "--validate=strict", "--server-side", "--force-conflicts", "-f", "-"];
        self.control_plane.kubectl(&command, Some(documents))
    }

    /// Runs `kubectl` and returns its output.
    ///
    /// # Errors
    /// The output, if the command fails.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.control_plane.kubectl(arguments, None)
    }

    /// Runs `kubectl` with an input and returns its output.
    ///
    /// # Errors
    /// The output, if the command fails.
    pub fn kubectl_with(&self, arguments: &[&str], input: &str) -> Result<String> {
        self.control_plane.kubectl(arguments, Some(input))
    }

    /// Runs `istioctl` and returns its output.
    ///
    /// # Errors
    /// The output, if the command fails.
    pub fn istioctl(&self, arguments: &[&str]) -> Result<String> {
        self.control_plane.istioctl(arguments)
    }

    /// Makes a namespace that is part of the mesh.
    ///
    /// # Errors
    /// The message of the API server, if it refuses.
    pub fn namespace(&self, name: &str) -> Result<()> {
        let labels = serde_json::json!({"istio-injection": "enabled"});
        let metadata = serde_json::json!({"name": name, "labels": labels});
        let namespace = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        self.apply_text(&namespace.to_string()).map(drop)
    }

    /// Stops istiod.
    ///
    /// # Errors
    /// If it does not end.
    pub fn stop_istiod(&mut self) -> Result<()> {
        self.control_plane.stop_istiod()
    }

    /// Starts istiod again, unless it runs.
    ///
    /// # Errors
    /// If it is not ready in time.
    pub fn start_istiod(&mut self) -> Result<()> {
        self.control_plane.start_istiod()
    }

    /// The API server and etcd.
    pub fn kubernetes(&self) -> &Kubernetes {
        &self.control_plane.kubernetes
    }

    /// istiod's log.
    pub fn istiod_log(&self) -> String {
        self.control_plane.istiod_log()
    }

    /// The authority of the mesh.
    pub fn authority(&self) -> &Authority {
        &self.control_plane.authority
    }

    /// The address of a Service.
    ///
    /// # Errors
    /// If the cluster has no Service of that name.
    pub fn service(&self, name: &str, namespace: &str) -> Result<SocketAddr> {
        let full = format!("{name}.{namespace}");
        let mut services = self.services.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let at = match services.get(&full) {
            Some(at) => *at,
            None => {
                let path = "jsonpath={.spec.clusterIP}";
                let at = self.kubectl(&["get", "service", "--namespace", namespace, name, "--output", path])?;
                *services.entry(full).or_insert(at.parse()?)
            }
        };
        Ok((at, 80).into())
    }

    pub(crate) fn forget_service(&self, name: &str, namespace: &str) {
        let mut services = self.services.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        services.remove(&format!("{name}.{namespace}"));
    }

    /// The machine of etcd, the API server and istiod. istiod's debug interface trusts every client on its loopback, which
    /// is where the connections of `kubectl port-forward` arrive.
    pub fn control_plane(&self) -> &Host {
        self.control_plane.host()
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// Reports a pod as running, as a kubelet does.
    pub(crate) fn declare_running(&self, pod: &Pod, address: Ipv4Addr) -> Result<()> {
        let status = objects::running(address);
        let of = ["--namespace", &pod.namespace, "patch", "pod", &pod.name];
        self.kubectl(&[of.as_slice(), &["--subresource=status", "--type=merge", "--patch", &status]].concat()).map(drop)
    }

    /// The service account token that a kubelet writes into a pod's volume.
    pub(crate) fn token(&self, pod: &Pod) -> Result<String> {
        let of = ["--namespace", &pod.namespace, "create", "token", &pod.service_account, "--audience=istio-ca"];
        let bound = ["--bound-object-kind=Pod", "--bound-object-name", &pod.name];
        Ok(self.kubectl(&[of.as_slice(), &bound].concat())?.trim().to_owned())
    }

    /// The data of a Secret, decoded.
    ///
    /// # Errors
    /// If there is no such Secret, or its data is not text.
    pub fn secret(&self, namespace: &str, name: &str) -> Result<Vec<(String, String)>> {
        let secret = self.kubectl(&["--namespace", namespace, "get", "secret", name, "--output=json"])?;
        let secret: Value = serde_json::from_str(&secret)?;
        let data = secret.get("data").and_then(Value::as_object).into_iter().flatten();
        data.map(|(name, value)| {
            let bytes = Base64::decode_to_vec(value.as_str().unwrap_or_default(), None)?;
            Ok((name.clone(), String::from_utf8(bytes)?))
        })
        .collect()
    }
}
