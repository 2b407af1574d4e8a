//! The options that are not in the documents: the module, how it is attached, the cluster.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde_json::Value;

use super::argument::{EntryLabels, cidr, digest, dns, entry, entry_labels, label, module, namespace, peer, secret};
use crate::command::output;
use stepgate_render::{Api, Attach, DnsServer, Entry, Options, Peer};

/// The module if none is given: it does not exist, so proxies deny everything.
const NO_MODULE: &str = concat!("oci://registry.example/stepgate:", env!("CARGO_PKG_VERSION"));
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// The URL from which proxies pull the module: oci://, https://, http:// or file://
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
    /// Where pods resolve names, besides `kube-system` at port 53; may be given several times
    #[arg(long, value_name = "NS|CIDR[:PORT]", value_parser = dns)]
    dns: Vec<DnsServer>,
    /// An actor with workloads in another cluster, and their addresses; may be given several times
    #[arg(long, value_name = "ACTOR=CIDR", value_parser = peer)]
    peer: Vec<Peer>,
    /// Another name of the documents' trust domain, while it is being renamed; may be given several times
    #[arg(long, value_name = "DOMAIN")]
    trust_domain_alias: Vec<String>,
    /// The provider of the access log
    #[arg(long, value_name = "NAME", default_value = "envoy")]
    access_log: String,
    /// Also decide on the requests that workloads send: only transitions, and those on the `egress` list of --gate, leave
    #[arg(long)]
    outbound: bool,
    /// The revision in which new instances begin; may be given several times [default: the highest of each name]
    #[arg(long, value_name = "WORKFLOW/REVISION")]
    pub(super) open: Vec<String>,
    /// An actor that is an ingress gateway, and the host by which clients outside the mesh call it; may be given several times
    #[arg(long, value_name = "ACTOR=HOST", value_parser = entry)]
    entry: Vec<Entry>,
    /// The labels of an entry's pods, if --label does not have its service account's name; may be given several times
    #[arg(long, value_name = "ACTOR=KEY=VALUE", value_parser = entry_labels)]
    entry_labels: Vec<EntryLabels>,
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
            trust_domain_aliases: self.trust_domain_alias.clone(),
            namespaces: self.namespace.clone(),
            tcp_ports: self.tcp_port.clone(),
            registry: self.registry_cidr.clone(),
            dns: self.dns.clone(),
            peers: self.peer.clone(),
            access_log: self.access_log.clone(),
            settings,
            outbound: self.outbound,
            open: self.open.clone(),
            entries: self.entry.clone(),
            entry_labels: self.entry_labels.iter().cloned().fold(BTreeMap::new(), |mut all, (actor, labels)| {
                all.entry(actor).or_insert_with(BTreeMap::new).extend(labels);
                all
            }),
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
