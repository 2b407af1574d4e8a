//! The gates of an inventory: where each is attached, and the configuration that it reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::document::Document;
use crate::error::RenderError;
use crate::inventory::{Inventory, Role};
use crate::manifest::{manifest, with};
use crate::options::{Api, Attach, Options};
use crate::secrets::Secrets;
use crate::workload::Workload;
use crate::yaml;

/// Settings that are rendered, and so cannot be given.
const RESERVED: &[&str] = &["mode", "interlock", "keys", "workflows", "self", "peer_source", "direction"];

/// One plugin.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) target: Target,
    pub(super) side: Side,
    pub(super) variables: Vec<String>,
    pub(super) config: Value,
}

/// The requests on which a gate decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Those that come to a workload.
    Inbound,
    /// Those that a workload sends.
    Outbound,
}

/// The pods of a plugin.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// All of the namespace.
    All,
    /// The pods with these labels.
    Labels(Value),
    /// The pods of this waypoint.
    Waypoint(String),
}

/// The gates for these workloads.
///
/// # Errors
/// A configuration that a gate would refuse, or one that does not fit how gates are attached.
pub(super) fn gates(
    inventory: &Inventory<'_>,
    secrets: &Secrets,
    workloads: &[Workload],
    options: &Options,
) -> Result<Vec<Gate>, RenderError> {
    let attach = attach(inventory, secrets, workloads, options)?;
    let is_open = |open: &&String| inventory.documents.iter().any(|document| revision(document) == **open);
    if let Some(unknown) = options.open.iter().find(|open| !is_open(open)) {
        return Err(RenderError::UnknownRevision(unknown.clone()));
    }
    let mut groups: BTreeMap<(String, String), Vec<Workload>> = BTreeMap::new();
    for workload in workloads {
        let (namespace, name) = match attach {
            Attach::Namespace => (workload.namespace().to_owned(), "stepgate".to_owned()),
            Attach::Mesh => (options.root.clone(), "stepgate".to_owned()),
            Attach::Workload | Attach::Waypoint => (workload.namespace().to_owned(), workload.resource()),
        };
        groups.entry((namespace, name)).or_default().push(workload.clone());
    }
    let gate = |((namespace, name), workloads): ((String, String), Vec<Workload>)| {
        let first = workloads.first();
        let target = match (attach, first) {
            (Attach::Workload, Some(workload)) => Target::Labels(workload.labels(&options.label)),
            (Attach::Waypoint, Some(workload)) => Target::Waypoint(workload.gateway()),
            (Attach::Namespace | Attach::Mesh, _) | (_, None) => Target::All,
        };
        let config = config(inventory, secrets, &workloads, attach, options)?;
        let mut variables = BTreeSet::new();
        for workload in &workloads {
            variables.extend(secrets.variables(workload, inventory.roles(workload))?);
        }
        let variables = variables.into_iter().collect();
        Ok(Gate { name, namespace, target, side: Side::Inbound, variables, config })
    };
    groups.into_iter().map(gate).collect()
}

/// How the gates are attached.
///
/// # Errors
/// One configuration for several workloads, where each has keys of its own.
pub(super) fn attach(
    inventory: &Inventory<'_>,
    secrets: &Secrets,
    workloads: &[Workload],
    options: &Options,
) -> Result<Attach, RenderError> {
    let is_per_actor = workloads.iter().any(|workload| secrets.is_per_actor_in(inventory.roles(workload)));
    match (options.attach, is_per_actor) {
        (Some(Attach::Namespace | Attach::Mesh), true) => Err(RenderError::SharedPlugin),
        (Some(attach), _) => Ok(attach),
        (None, true) => Ok(Attach::Workload),
        (None, false) => Ok(Attach::Namespace),
    }
}

fn config(
    inventory: &Inventory<'_>,
    secrets: &Secrets,
    workloads: &[Workload],
    attach: Attach,
    options: &Options,
) -> Result<Value, RenderError> {
    let mut config = common(inventory, secrets, workloads, options)?;
    config.remove("egress");
    // `mode: SERVER` of the plugin says the same. A gate that knows it need not ask the proxy on each request.
    config.insert("direction".into(), "inbound".into());
    if let (Attach::Waypoint, Some(workload)) = (attach, workloads.first()) {
        // The waypoint has a certificate of its own, and terminates the mTLS of the caller before the gate.
        let own = inventory.id_of(workload).ok_or_else(|| RenderError::NoIdentity(workload.to_string()))?;
        config.insert("self".into(), own.as_str().into());
        config.insert("peer_source".into(), "filter_state:io.istio.peer_principal".into());
    }
    checked(config)
}

/// A configuration, if a gate would accept it.
pub(super) fn checked(config: Map<String, Value>) -> Result<Value, RenderError> {
    let config = Value::Object(config);
    match stepgate_config::read_gate(config.to_string().as_bytes()).into_result() {
        Ok(_) => Ok(config),
        Err(found) => Err(RenderError::configuration(&found)),
    }
}

/// The part of a configuration that is the same on both sides.
pub(super) fn common(
    inventory: &Inventory<'_>,
    secrets: &Secrets,
    workloads: &[Workload],
    options: &Options,
) -> Result<Map<String, Value>, RenderError> {
    let mut config = settings(options)?;
    let roles: Vec<Role<'_>> = workloads.iter().flat_map(|workload| inventory.roles(workload)).copied().collect();
    let mut keys: Vec<Value> = Vec::new();
    for workload in workloads {
        let entries = secrets.entries(workload, inventory.roles(workload))?;
        keys.extend(entries.into_iter().filter(|entry| !keys.contains(entry)).collect::<Vec<_>>());
    }
    config.insert("interlock".into(), json!({"env": shared_interlock(secrets, workloads)?}));
    config.insert("mode".into(), "enforce".into());
    config.insert("keys".into(), keys.into());
    let is_used = |document: &&&Document| roles.iter().any(|role| std::ptr::eq(role.document, **document));
    let documents: Vec<&&Document> = inventory.documents.iter().filter(is_used).collect();
    let documents: Vec<Value> = documents.iter().map(|document| opened(document, options)).collect();
    config.insert("workflows".into(), documents.into());
    Ok(config)
}

/// The interlock's variables, which are the same for all workloads of a plugin.
fn shared_interlock(secrets: &Secrets, workloads: &[Workload]) -> Result<Vec<String>, RenderError> {
    let Some((first, others)) = workloads.split_first() else { return Ok(Vec::new()) };
    let variables = secrets.interlock(first)?;
    for other in others {
        if secrets.interlock(other)? != variables {
            return Err(RenderError::RotationApart { one: first.to_string(), other: other.to_string() });
        }
    }
    Ok(variables)
}

fn settings(options: &Options) -> Result<Map<String, Value>, RenderError> {
    let Some(map) = options.settings.as_object() else {
        return Err(RenderError::SettingsNotMapping);
    };
    if map.contains_key("egress") && !options.outbound {
        return Err(RenderError::EgressWithoutOutbound);
    }
    match map.keys().find(|key| RESERVED.contains(&key.as_str())) {
        Some(key) => Err(RenderError::ReservedSetting(key.clone())),
        None => Ok(map.clone()),
    }
}

/// The document as it is in the configuration.
fn opened(document: &Document, options: &Options) -> Value {
    let is_open = options.open.contains(&revision(document));
    let opened = with(document.json.clone(), is_open.then(|| ("open", true.into())));
    // Of two revisions, one may have the other's trust domain as an alias.
    let own = document.workflow.trust_domain.as_str();
    let aliases: Vec<&String> = options.trust_domain_aliases.iter().filter(|alias| *alias != own).collect();
    with(opened, (!aliases.is_empty()).then(|| ("trust_domain_aliases", json!(aliases))))
}

/// `WORKFLOW/REVISION`.
pub(super) fn revision(document: &Document) -> String {
    format!("{}/{}", document.workflow.name, document.workflow.revision)
}

impl Gate {
    /// The plugin.
    pub(super) fn manifest(&self, options: &Options) -> Value {
        let module = json!({
            "url": options.module,
            "sha256": options.sha256,
            "imagePullPolicy": if options.pull_always { "Always" } else { "IfNotPresent" },
            "pluginName": "stepgate",
            "failStrategy": if options.fail_reload { "FAIL_RELOAD" } else { "FAIL_CLOSE" },
            "vmConfig": {"env": self.environment()},
            "pluginConfig": self.config,
        });
        let module = with(module, options.pull_secret.as_ref().map(|secret| ("imagePullSecret", json!(secret))));
        let spec = match options.api {
            Api::WasmPlugin => module,
            Api::TrafficExtension => json!({"wasm": module}),
        };
        let mode = match self.side {
            Side::Inbound => "SERVER",
            Side::Outbound => "CLIENT",
        };
        let plugin =
            [("phase", json!("AUTHZ")), ("priority", json!(options.priority)), ("match", json!([{"mode": mode}]))];
        let spec = with(with(spec, plugin), self.target.field());
        manifest("extensions.istio.io/v1alpha1", options.api.kind(), &self.name, &self.namespace, &spec)
    }

    fn environment(&self) -> Vec<Value> {
        self.variables.iter().map(|name| json!({"name": name, "valueFrom": "HOST"})).collect()
    }

    /// A patch of this plugin alone, for a kustomization.
    pub(super) fn patch(&self, operations: &[Value], options: &Options) -> Result<Value, RenderError> {
        Ok(json!({
            "target": {"kind": options.api.kind(), "name": self.name, "namespace": self.namespace},
            "patch": yaml::text(&Value::from(operations))?,
        }))
    }

    /// Sets something in the configuration.
    pub(super) fn set(&self, name: &str, value: &Value, options: &Options) -> Value {
        let within = match options.api {
            Api::WasmPlugin => "",
            Api::TrafficExtension => "/wasm",
        };
        json!({"op": "add", "path": format!("/spec{within}/pluginConfig/{name}"), "value": value})
    }

    /// Detaches the plugin from its pods without removing it.
    pub(super) fn detach(&self) -> Vec<Value> {
        let none = json!({"op": "add", "path": "/spec/selector", "value": {"matchLabels": {DETACHED: "detached"}}});
        match self.target {
            Target::All | Target::Labels(_) => vec![none],
            Target::Waypoint(_) => vec![json!({"op": "remove", "path": "/spec/targetRefs"}), none],
        }
    }
}

/// A label that no pod has.
pub(super) const DETACHED: &str = "stepgate.dev/gate";

impl Target {
    /// The member of a specification that selects them.
    pub(super) fn field(&self) -> Option<(&'static str, Value)> {
        match self {
            Self::All => None,
            Self::Labels(labels) => Some(("selector", json!({"matchLabels": labels}))),
            Self::Waypoint(name) => {
                let reference = json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": name});
                Some(("targetRefs", json!([reference])))
            }
        }
    }
}
