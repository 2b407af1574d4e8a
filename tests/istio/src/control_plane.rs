//! A real etcd, kube-apiserver and istiod, on one machine.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rcgen::KeyPair;
use stepgate_cli::mesh::{Client, Request, Route, Version};

use crate::authority::Authority;
use crate::daemon::{Daemon, Order};
use crate::error::{Error, Result};
use crate::host::{BED, Host, output};
use crate::network::{CONTROL_PLANE, Network, SERVICES};
use crate::within::Within;

/// What each may take to start on a busy machine.
pub(crate) const START: Duration = Duration::from_secs(180);
pub(crate) const ETCD: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 2379);
/// Service `istiod` in `istio-system`, by which the API server calls the webhook.
pub(crate) const WEBHOOK: &str = "10.96.0.2";
pub(crate) const DIRECTORY: &str = "/run/bed/control-plane";
pub(crate) const KUBECONFIG: &str = "/run/bed/control-plane/kubeconfig";

/// The work of these plugins is that of controllers and kubelets, which are not here.
const ALONE: &str =
    "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition --enable-priority-and-fairness=false";

/// The machine with its programs; in the order in which they must end, the API server before etcd.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    istiod: Option<Daemon>,
    api_server: Daemon,
    _etcd: Daemon,
    within: Within,
    host: Host,
    pub(crate) authority: Authority,
}

impl ControlPlane {
    pub(crate) fn start(network: &Network) -> Result<Self> {
        let host = network.join(CONTROL_PLANE, &format!("mkdir -p {DIRECTORY}/etc/cacerts {DIRECTORY}/data"))?;
        let within = Within::start(&host)?;
        let authority = Authority::create()?;
        write_files(&host, &authority)?;
        let mut etcd = Daemon::start(&host, &etcd())?;
        etcd.ready(START, || answers(&within, ETCD, "/health"))?;
        let api_server = Daemon::start(&host, &api_server(ALONE))?;
        let mut control_plane = Self { istiod: None, api_server, _etcd: etcd, within, host, authority };
        control_plane.await_api_server()?;
        Ok(control_plane)
    }

    fn await_api_server(&mut self) -> Result<()> {
        let host = &self.host;
        self.api_server.ready(START, || Ok(kubectl(host, &["get", "--raw", "/readyz"], None)? == "ok"))
    }

    /// Starts istiod, with its webhook if it is not there yet.
    pub(crate) fn start_istiod(&mut self) -> Result<()> {
        let mut istiod = Daemon::start(&self.host, &istiod())?;
        let at = SocketAddr::from((CONTROL_PLANE, 8080));
        istiod.ready(START, || answers(&self.within, at, "/ready"))?;
        self.istiod = Some(istiod);
        Ok(())
    }

    pub(crate) fn stop_istiod(&mut self) -> Result<()> {
        self.istiod.take().map_or(Ok(()), |mut istiod| istiod.stop())
    }

    /// The API server calls Services by their address, as on any node: so a node's translation is done here.
    pub(crate) fn start_webhook(&self) -> Result<()> {
        let to = format!("{CONTROL_PLANE}:15017");
        self.host.run(&format!(
            "iptables -w -t nat -A OUTPUT -d {WEBHOOK} -p tcp --dport 443 -j DNAT --to-destination {to}"
        ))?;
        let ca = base64(self.authority.certificate());
        self.kubectl(&["apply", "-f", "-"], Some(&include_str!("webhook.yaml").replace("CA_BUNDLE", &ca))).map(drop)
    }

    /// What `kubectl` says. With the log of the API server, or of istiod, where it says no.
    pub(crate) fn kubectl(&self, arguments: &[&str], input: Option<&str>) -> Result<String> {
        kubectl(&self.host, arguments, input).map_err(|error| error.while_doing(arguments.join(" ")))
    }

    /// What `istioctl` says.
    pub(crate) fn istioctl(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.host.command("/run/bed/bin/istioctl");
        command.args(["--kubeconfig", KUBECONFIG]).args(arguments);
        output(&mut command, None).map_err(|error| error.while_doing(arguments.join(" ")))
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn istiod_log(&self) -> String {
        self.istiod.as_ref().map(Daemon::log).unwrap_or_default()
    }
}

pub(crate) fn kubectl(host: &Host, arguments: &[&str], input: Option<&str>) -> Result<String> {
    let mut command = host.command("/run/bed/bin/kubectl");
    command.env("HOME", DIRECTORY).args(["--kubeconfig", KUBECONFIG]).args(arguments);
    output(&mut command, input)
}

pub(crate) fn write_files(host: &Host, authority: &Authority) -> Result<()> {
    let write = |name: &str, text: &str| fs::write(host.file(DIRECTORY).join(name), text);
    write("etc/cacerts/ca-key.pem", authority.key())?;
    for name in ["ca-cert.pem", "root-cert.pem", "cert-chain.pem"] {
        write(&format!("etc/cacerts/{name}"), authority.certificate())?;
    }
    let accounts = KeyPair::generate()?;
    write("sa.key", &accounts.serialize_pem())?;
    write("sa.pub", &accounts.public_key_pem())?;
    write("tokens.csv", "the-owner-of-the-test-bed,admin,admin,system:masters\n")?;
    write("kubeconfig", &include_str!("kubeconfig.yaml").replace("SERVER", &format!("https://{CONTROL_PLANE}:6443")))?;
    write("mesh.yaml", include_str!("mesh.yaml"))?;
    Ok(())
}

pub(crate) fn answers(within: &Within, at: SocketAddr, path: &'static str) -> Result<bool> {
    let call = async move {
        let client = Client::default();
        client.call(&Route::plain(at, Version::Http1), &at.to_string(), &Request::new("GET", path)).await
    };
    within.run(call)?.map(|answer| answer.status == 200).map_err(Error::new)
}

pub(crate) fn etcd() -> Order<'static> {
    let own = format!("http://{ETCD}");
    order(
        "etcd",
        &[
            &format!("etcd --data-dir={DIRECTORY}/data --unsafe-no-fsync --listen-peer-urls=http://127.0.0.1:2380"),
            &format!("--listen-client-urls={own} --advertise-client-urls={own}"),
        ],
    )
}

/// `more`: how it meets kubelets and controllers.
pub(crate) fn api_server(more: &str) -> Order<'static> {
    order(
        "kube-apiserver",
        &[
            &format!("{BED}/bin/kube-apiserver --etcd-servers=http://{ETCD} --cert-dir={DIRECTORY}/certificates"),
            &format!("--bind-address={CONTROL_PLANE} --advertise-address={CONTROL_PLANE} --secure-port=6443"),
            &format!("--service-cluster-ip-range={SERVICES} --service-account-issuer=https://kubernetes.default.svc"),
            "--service-account-key-file=sa.pub --service-account-signing-key-file=sa.key --authorization-mode=RBAC",
            "--api-audiences=istio-ca,https://kubernetes.default.svc --token-auth-file=tokens.csv",
            more,
        ],
    )
}

fn istiod() -> Order<'static> {
    let mut order = order(
        "istiod",
        &[
            &format!("{BED}/bin/pilot-discovery discovery --kubeconfig={KUBECONFIG} --meshConfig=mesh.yaml"),
            &format!("--httpsAddr={CONTROL_PLANE}:15017 --httpAddr={CONTROL_PLANE}:8080 --ctrlz_address=127.0.0.1"),
        ],
    );
    let settings = [
        // Both name filters that only Istio's own build of Envoy has.
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

pub(crate) fn order(name: &'static str, command: &[&str]) -> Order<'static> {
    let command = command.iter().flat_map(|part| part.split(' ')).map(Into::into).collect();
    Order { name, directory: DIRECTORY, user: 0, environment: Vec::new(), command }
}

fn base64(text: &str) -> String {
    use ct_codecs::{Base64, Encoder};
    Base64::encode_to_string(text).unwrap_or_default()
}
