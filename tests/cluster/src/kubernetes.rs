//! A real kube-apiserver on a real etcd.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use ct_codecs::{Base64, Decoder, Encoder};
use rcgen::KeyPair;
use serde_json::{Value, json};
use stepgate_mesh::{Client, Request, Response, Route, Version};

use crate::daemon::{Daemon, Order};
use crate::error::{Error, Result};
use crate::host::{Host, ROOT, output};
use crate::network::{CONTROL_PLANE, Network, SERVICES};
use crate::programs::Programs;
use crate::within::Within;

/// Time that each program has to start, on a busy machine.
pub(crate) const START: Duration = Duration::from_secs(180);
pub(crate) const DIRECTORY: &str = "/run/cluster/control-plane";
pub(crate) const KUBECONFIG: &str = "/run/cluster/control-plane/kubeconfig";
const ETCD: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 2379);
/// The encryption configuration of the API server, if there is such a file.
const AT_REST: &str = "at-rest.yaml";

/// Without controllers and kubelets these admission plug-ins would wait for them.
const ALONE: &str =
    "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition --enable-priority-and-fairness=false";
const WITH_KUBELETS: &str = "--allow-privileged=true --kubelet-preferred-address-types=InternalIP";

/// The two programs, and the machine on which they run.
#[derive(Debug)]
pub struct Kubernetes {
    beside: &'static str,
    api_server: Option<Daemon>,
    _etcd: Daemon,
    stepgate: PathBuf,
    pub(crate) within: Within,
    pub(crate) host: Host,
    // The last field: dropping it ends everything that still runs.
    network: Option<Network>,
}

impl Kubernetes {
    /// An API server without a mesh and without encryption at rest.
    ///
    /// # Errors
    /// If something does not start: the error shows the end of its log.
    pub fn alone(programs: &Programs) -> Result<Self> {
        let network = Network::create()?;
        network.lend(&programs.istio.join("bin"), "bin")?;
        let mut kubernetes = Self::prepare(machine(&network)?, programs, ALONE)?;
        kubernetes.network = Some(network);
        kubernetes.start()?;
        Ok(kubernetes)
    }

    /// An API server in an existing network, with the encryption at rest that `stepgate at-rest` configures.
    pub(crate) fn encrypting(network: &Network, programs: &Programs) -> Result<Self> {
        Self::encrypting_on(machine(network)?, programs, ALONE)
    }

    /// The same, on a machine that is also a node.
    pub(crate) fn on_node(host: Host, programs: &Programs) -> Result<Self> {
        Self::encrypting_on(host, programs, WITH_KUBELETS)
    }

    fn encrypting_on(host: Host, programs: &Programs, beside: &'static str) -> Result<Self> {
        let mut kubernetes = Self::prepare(host, programs, beside)?;
        kubernetes.at_rest(&[])?;
        kubernetes.start()?;
        Ok(kubernetes)
    }

    fn prepare(host: Host, programs: &Programs, beside: &'static str) -> Result<Self> {
        let within = Within::start(&host)?;
        write_files(&host)?;
        let mut etcd = Daemon::start(&host, &etcd())?;
        etcd.ready(START, || answers(&within, ETCD, "/health"))?;
        let stepgate = programs.stepgate.clone();
        Ok(Self { beside, api_server: None, _etcd: etcd, stepgate, within, host, network: None })
    }

    fn start(&mut self) -> Result<()> {
        let mut api_server = Daemon::start(&self.host, &self.api_server())?;
        api_server.ready(START, || Ok(self.run_kubectl(&["get", "--raw", "/readyz"], None)? == "ok"))?;
        self.api_server = Some(api_server);
        Ok(())
    }

    /// Restarts the API server, which reads its files again.
    ///
    /// # Errors
    /// If it does not end, or is not ready in time.
    pub fn restart(&mut self) -> Result<()> {
        self.api_server.take().map_or(Ok(()), |mut api_server| api_server.stop())?;
        self.start()
    }

    /// Runs `stepgate at-rest` for the API server's encryption configuration and returns its output.
    ///
    /// # Errors
    /// The output, if the command fails.
    pub fn at_rest(&self, arguments: &[&str]) -> Result<String> {
        let file = self.host.file(DIRECTORY).join(AT_REST);
        let mut command = Command::new(&self.stepgate);
        output(command.arg("at-rest").arg("--out").arg(file).args(arguments), None)
    }

    /// Runs `kubectl` and returns its output.
    ///
    /// # Errors
    /// The output, if the command fails.
    pub fn kubectl(&self, arguments: &[&str], input: Option<&str>) -> Result<String> {
        self.run_kubectl(arguments, input).map_err(|error| error.while_doing(arguments.join(" ")))
    }

    fn run_kubectl(&self, arguments: &[&str], input: Option<&str>) -> Result<String> {
        let mut command = self.host.command("/run/cluster/bin/kubectl");
        command.env("HOME", DIRECTORY).args(["--kubeconfig", KUBECONFIG]).args(arguments);
        output(&mut command, input)
    }

    /// The bytes that etcd stores for an object, such as `secrets/default/a`.
    ///
    /// # Errors
    /// If etcd has no such object.
    pub fn stored(&self, object: &str) -> Result<Vec<u8>> {
        let key = Base64::encode_to_string(format!("/registry/{object}"))?;
        let request = Request::new("POST", "/v3/kv/range").body(json!({"key": key}).to_string());
        let answer: Value = serde_json::from_slice(&call(&self.within, ETCD, request)?.body)?;
        let value = answer.pointer("/kvs/0/value").and_then(Value::as_str);
        let value = value.ok_or_else(|| Error::new(format!("etcd has no {object}")))?;
        Ok(Base64::decode_to_vec(value, None)?)
    }

    /// Whether any file of etcd, including its write-ahead log, contains a text in the clear, which somebody with access
    /// to the disk would find.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn disk_holds(&self, text: &str) -> Result<bool> {
        let mut found = false;
        for folder in ["wal", "snap"] {
            for entry in fs::read_dir(self.host.file(DIRECTORY).join("data/member").join(folder))? {
                found |= memchr::memmem::find(&fs::read(entry?.path())?, text.as_bytes()).is_some();
            }
        }
        Ok(found)
    }

    fn api_server(&self) -> Order<'static> {
        let file = self.host.file(DIRECTORY).join(AT_REST);
        let encrypting =
            if file.is_file() { format!(" --encryption-provider-config={AT_REST}") } else { String::new() };
        let bin = format!("{ROOT}/bin/kube-apiserver");
        order(
            "kube-apiserver",
            &[
                &format!("{bin} --etcd-servers=http://{ETCD} --cert-dir={DIRECTORY}/certificates{encrypting}"),
                &format!("--bind-address={CONTROL_PLANE} --advertise-address={CONTROL_PLANE} --secure-port=6443"),
                &format!(
                    "--service-cluster-ip-range={SERVICES} --service-account-issuer=https://kubernetes.default.svc"
                ),
                "--service-account-key-file=sa.pub --service-account-signing-key-file=sa.key --authorization-mode=RBAC",
                "--api-audiences=istio-ca,https://kubernetes.default.svc --token-auth-file=tokens.csv",
                self.beside,
            ],
        )
    }
}

fn machine(network: &Network) -> Result<Host> {
    network.join(CONTROL_PLANE, &format!("mkdir -p {DIRECTORY}/etc/cacerts {DIRECTORY}/data"))
}

fn write_files(host: &Host) -> Result<()> {
    let write = |name: &str, text: &str| fs::write(host.file(DIRECTORY).join(name), text);
    let accounts = KeyPair::generate()?;
    write("sa.key", &accounts.serialize_pem())?;
    write("sa.pub", &accounts.public_key_pem())?;
    write("tokens.csv", "the-owner-of-the-cluster,admin,admin,system:masters\n")?;
    write("kubeconfig", &include_str!("kubeconfig.yaml").replace("SERVER", &format!("https://{CONTROL_PLANE}:6443")))?;
    Ok(())
}

/// Whether a GET is answered 200.
pub(crate) fn answers(within: &Within, at: SocketAddr, path: &'static str) -> Result<bool> {
    Ok(call(within, at, Request::new("GET", path))?.status == 200)
}

fn call(within: &Within, at: SocketAddr, request: Request) -> Result<Response> {
    let call =
        async move { Client::default().call(&Route::plain(at, Version::Http1), &at.to_string(), &request).await };
    within.run(call)?.map_err(Error::new)
}

fn etcd() -> Order<'static> {
    let own = format!("http://{ETCD}");
    order(
        "etcd",
        &[
            &format!("etcd --data-dir={DIRECTORY}/data --unsafe-no-fsync --listen-peer-urls=http://127.0.0.1:2380"),
            &format!("--listen-client-urls={own} --advertise-client-urls={own}"),
        ],
    )
}

pub(crate) fn order(name: &'static str, command: &[&str]) -> Order<'static> {
    let command = command.iter().flat_map(|part| part.split(' ')).map(Into::into).collect();
    Order { name, directory: DIRECTORY, user: 0, environment: Vec::new(), command }
}
