//! The options that are not in the documents: the module, how it is attached, the cluster.

use clap::ValueEnum;
use serde_json::Value;

use crate::command::argument::require;
use crate::command::output;
use stepgate_render::{Api, Attach, Entry, Options, is_dns_label, is_dns_subdomain, is_entry_host, is_label_key};

/// The module if none is given: it does not exist, so proxies deny everything.
const NO_MODULE: &str = concat!("oci://registry.example/stepgate:", env!("CARGO_PKG_VERSION"));
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// The URL from which proxies pull the module: oci://, https:// or file://
    #[arg(long, value_name = "URL", requires = "sha256", default_value = NO_MODULE, value_parser = module)]
    module: String,
    /// Its digest: of the image's manifest (oci://), or of the file
    #[arg(long, value_name = "HEX", requires = "module", default_value = NO_DIGEST, value_parser = digest)]
    sha256: String,
    /// When proxies pull it
    #[arg(long, value_enum, default_value_t = Pull::IfNotPresent)]
    pull_policy: Pull,
    /// The Secret with the registry's credentials, in the plugin's namespace
    #[arg(long, value_name = "NAME", value_parser = secret)]
    pull_secret: Option<String>,
    /// After a trap of the module, start a new VM instead of denying until the proxy restarts; since Istio 1.28
    #[arg(long)]
    fail_reload: bool,
    /// The order among plugins of the phase: the lowest runs last, next to the application
    #[arg(long, value_name = "NUMBER", default_value_t = -1000, allow_negative_numbers = true)]
    priority: i32,
    /// The API of Istio that carries it
    #[arg(long, value_enum, default_value_t = Api::WasmPlugin)]
    api: Api,
    /// The object to which a gate is attached [default: namespace; with a key for each actor: workload]
    #[arg(long, value_enum)]
    attach: Option<Attach>,
    /// The label of pods, Deployments and Services whose value is the service account's name
    #[arg(long, value_name = "KEY", default_value = "app", value_parser = label)]
    label: String,
    /// Istio's root namespace
    #[arg(long, value_name = "NS", default_value = "istio-system", value_parser = namespace)]
    root_namespace: String,
    /// The trust domain of this mesh [default: that of each document]
    #[arg(long, value_name = "NAME")]
    trust_domain: Option<String>,
    /// Only this namespace; may be given several times [default: all of the documents]
    #[arg(long, value_name = "NS")]
    namespace: Vec<String>,
    /// A port that does not speak HTTP, and so has no interlock; may be given several times
    #[arg(long, value_name = "PORT")]
    tcp_port: Vec<u16>,
    /// The registry's address: egress is limited to it and to the calls of the workflows
    #[arg(long, value_name = "CIDR", value_parser = cidr)]
    registry_cidr: Option<String>,
    /// The provider of the access log
    #[arg(long, value_name = "NAME", default_value = "envoy")]
    access_log: String,
    /// The revision in which new instances begin [default: the highest of each name]
    #[arg(long, value_name = "WORKFLOW/REVISION")]
    pub(super) open: Vec<String>,
    /// An actor that is an ingress gateway, and the host by which clients outside the mesh call it
    #[arg(long, value_name = "ACTOR=HOST", value_parser = entry)]
    entry: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pull {
    IfNotPresent,
    Always,
}

impl Flags {
    pub(super) fn options(&self, settings: Value) -> Options {
        Options {
            module: self.module.clone(),
            sha256: self.sha256.clone(),
            pull_always: self.pull_policy == Pull::Always,
            pull_secret: self.pull_secret.clone(),
            fail_reload: self.fail_reload,
            priority: self.priority,
            api: self.api,
            attach: self.attach,
            label: self.label.clone(),
            root: self.root_namespace.clone(),
            trust_domain: self.trust_domain.clone(),
            namespaces: self.namespace.clone(),
            tcp_ports: self.tcp_port.clone(),
            registry: self.registry_cidr.clone(),
            access_log: self.access_log.clone(),
            settings,
            open: self.open.clone(),
            entries: self.entry.clone(),
        }
    }

    /// Warns about the consequences of the choice.
    pub(super) fn warn(&self) {
        if self.sha256 == NO_DIGEST {
            output::warn("no module is given: until --module and --sha256 name one, proxies deny everything");
        }
        if self.module.starts_with("file://") {
            output::warn("Istio does not check the digest of a file:// module: a writer of the file controls the gate");
        }
    }
}

/// A URL of printable ASCII.
fn module(text: &str) -> Result<String, &'static str> {
    let known = ["oci://", "https://", "http://", "file://"].iter().any(|scheme| text.starts_with(scheme));
    let fits = known && text.bytes().all(|b| b.is_ascii_graphic());
    require(fits, text, "a URL begins with oci://, https://, http:// or file://")
}

fn digest(text: &str) -> Result<String, &'static str> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    let digits = hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    require(hex.len() == 64 && digits, hex, "a SHA-256 is 64 of 0-9 and a-f")
}

fn cidr(text: &str) -> Result<String, &'static str> {
    let wrong = "a CIDR is an address and a number of bits, such as 10.1.2.3/32";
    let (address, bits) = text.split_once('/').ok_or(wrong)?;
    let address: std::net::IpAddr = address.parse().map_err(|_| wrong)?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits.parse::<u8>() {
        Ok(bits) if bits <= most => Ok(format!("{address}/{bits}")),
        Ok(_) | Err(_) => Err(wrong),
    }
}

fn secret(text: &str) -> Result<String, &'static str> {
    require(is_dns_subdomain(text), text, "a Secret has a name of lower-case letters, digits, `-` and `.`")
}

fn label(text: &str) -> Result<String, &'static str> {
    require(is_label_key(text), text, "the key of a label is such as app or app.kubernetes.io/name")
}

fn namespace(text: &str) -> Result<String, &'static str> {
    require(is_dns_label(text), text, "a namespace has a name of lower-case letters, digits and `-`")
}

fn entry(text: &str) -> Result<Entry, &'static str> {
    match text.split_once('=') {
        Some((actor, host)) if !actor.is_empty() && is_entry_host(host) => {
            Ok(Entry { actor: actor.to_owned(), host: host.to_owned() })
        }
        Some(_) | None => Err("an entry is ACTOR=HOST with a DNS name in lower case, such as edge=movie.example.com"),
    }
}
