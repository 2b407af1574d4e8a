//! The API server and istiod.

use std::fs;
use std::net::SocketAddr;

use crate::authority::Authority;
use crate::daemon::{Daemon, Order};
use crate::error::Result;
use crate::host::{Host, ROOT, output};
use crate::kubernetes::{DIRECTORY, KUBECONFIG, Kubernetes, START, answers, order};
use crate::mesh_config;
use crate::network::{CONTROL_PLANE, Network};
use crate::programs::Programs;

/// The address of the Service `istiod` in `istio-system`, at which the API server calls the webhook.
pub(crate) const WEBHOOK: &str = "10.96.0.2";

/// Fields are dropped in this order: istiod ends first.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    istiod: Option<Daemon>,
    pub(crate) kubernetes: Kubernetes,
    pub(crate) authority: Authority,
}

impl ControlPlane {
    pub(crate) fn start(network: &Network, programs: &Programs) -> Result<Self> {
        let kubernetes = Kubernetes::encrypting(network, programs)?;
        let authority = Authority::create()?;
        write_files(&kubernetes.host, &authority)?;
        Ok(Self { istiod: None, kubernetes, authority })
    }

    /// Starts istiod, unless it runs.
    pub(crate) fn start_istiod(&mut self) -> Result<()> {
        if self.istiod.is_some() {
            return Ok(());
        }
        let mut istiod = Daemon::start(&self.kubernetes.host, &istiod())?;
        let at = SocketAddr::from((CONTROL_PLANE, 8080));
        istiod.ready(START, || answers(&self.kubernetes.within, at, "/ready"))?;
        self.istiod = Some(istiod);
        Ok(())
    }

    pub(crate) fn stop_istiod(&mut self) -> Result<()> {
        self.istiod.take().map_or(Ok(()), |mut istiod| istiod.stop())
    }

    /// The API server calls Services by their address, and no kube-proxy translates it: this rule does.
    pub(crate) fn start_webhook(&self) -> Result<()> {
        let to = format!("{CONTROL_PLANE}:15017");
        self.kubernetes.host.run(&format!(
            "iptables -w -t nat -A OUTPUT -d {WEBHOOK} -p tcp --dport 443 -j DNAT --to-destination {to}"
        ))?;
        let ca = base64(self.authority.certificate());
        self.kubectl(&["apply", "-f", "-"], Some(&include_str!("webhook.yaml").replace("CA_BUNDLE", &ca))).map(drop)
    }

    /// Runs `kubectl` and returns its output.
    pub(crate) fn kubectl(&self, arguments: &[&str], input: Option<&str>) -> Result<String> {
        self.kubernetes.kubectl(arguments, input)
    }

    /// Runs `istioctl` and returns its output.
    pub(crate) fn istioctl(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.kubernetes.host.command("/run/cluster/bin/istioctl");
        command.args(["--kubeconfig", KUBECONFIG]).args(arguments);
        output(&mut command, None).map_err(|error| error.while_doing(arguments.join(" ")))
    }

    pub(crate) fn host(&self) -> &Host {
        &self.kubernetes.host
    }

    pub(crate) fn istiod_log(&self) -> String {
        self.istiod.as_ref().map(Daemon::log).unwrap_or_default()
    }
}

fn write_files(host: &Host, authority: &Authority) -> Result<()> {
    let write = |name: &str, text: &str| fs::write(host.file(DIRECTORY).join(name), text);
    write("etc/cacerts/ca-key.pem", authority.key())?;
    for name in ["ca-cert.pem", "root-cert.pem", "cert-chain.pem"] {
        write(&format!("etc/cacerts/{name}"), authority.certificate())?;
    }
    write("mesh.yaml", &mesh_config::text()?)?;
    Ok(())
}

fn istiod() -> Order<'static> {
    let mut order = order(
        "istiod",
        &[
            &format!("{ROOT}/bin/pilot-discovery discovery --kubeconfig={KUBECONFIG} --meshConfig=mesh.yaml"),
            &format!("--httpsAddr={CONTROL_PLANE}:15017 --httpAddr={CONTROL_PLANE}:8080 --ctrlz_address=127.0.0.1"),
        ],
    );
    let settings = [
        // The first two would configure filters that only Istio's own build of Envoy has.
        ("PILOT_ENABLE_ALPN_FILTER", "false"),
        ("PILOT_ENABLE_METADATA_EXCHANGE", "false"),
        ("PILOT_DISABLE_MX_ALPN", "true"),
        ("CLOUD_PLATFORM", "none"),
        ("CLUSTER_ID", "Kubernetes"),
        ("ENABLE_LEADER_ELECTION", "false"),
        ("ISTIOD_CUSTOM_HOST", "istiod.istio-system.svc"),
        ("POD_NAME", "istiod-1"),
        ("POD_NAMESPACE", "istio-system"),
    ];
    order.environment = settings.map(|(name, value)| (name.into(), value.into())).to_vec();
    order
}

fn base64(text: &str) -> String {
    use ct_codecs::{Base64, Encoder};
    Base64::encode_to_string(text).unwrap_or_default()
}
