//! Manifests as files: a base, components that add one thing each, and the stages of a roll-out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stepgate_config::name::ActorName;
use stepgate_config::workflow::Assurance;

use crate::document::Document;
use crate::error::RenderError;
use crate::gate::{self, Gate};
use crate::inventory::{Inventory, is_selected};
use crate::labels::Labels;
use crate::network::{Crossings, Network};
use crate::options::{Attach, Options};
use crate::secrets::Secrets;
use crate::workload::Workload;
use crate::{entry, interlock, mtls, outbound, proxies, telemetry, waypoint, yaml};

/// The first line of every file.
const HEADER: &str = "# Written by `stepgate render istio`: change the documents or the flags, not this file.\n";

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The path below the folder.
    pub path: String,
    /// The content.
    pub text: String,
}

/// The result of rendering.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The files, in the order of their paths.
    pub files: Vec<File>,
    /// Warnings for the owner.
    pub warnings: Vec<String>,
    /// What the owner has to know when files are in a folder for the first time, each with the folder.
    pub notes: Vec<(&'static str, String)>,
}

/// Manifests for Istio; without secrets, for keys and interlocks of the first generation.
///
/// # Errors
/// The documents, secrets and options do not fit together.
pub fn istio(documents: &[Document], secrets: Option<&Secrets>, options: &Options) -> Result<Rendered, RenderError> {
    let entries: Vec<String> = options.entries.iter().map(|entry| entry.actor.clone()).collect();
    let inventory = Inventory::of(documents, options.trust_domain.as_deref(), &entries)?;
    let assumed = Secrets::assumed(&inventory);
    let set = ManifestSet::of(&inventory, secrets.unwrap_or(&assumed), options)?;
    let mut tree = Tree::default();
    base(&set, &mut tree)?;
    components(&set, &mut tree)?;
    stages(&set, &mut tree)?;
    tree.kustomization("secrets", json!({"resources": ["secrets.yaml"]}))?;
    let gateways = entry::manifests(&inventory, &set.labels, options)?;
    if !gateways.is_empty() {
        tree.manifests("entry/entry.yaml", &gateways)?;
        tree.kustomization("entry", json!({"resources": ["entry.yaml"]}))?;
    }
    Ok(Rendered { files: tree.files(), warnings: warnings(&set), notes: notes(&set) })
}

/// Everything from which the files are rendered.
struct ManifestSet<'s> {
    inventory: &'s Inventory<'s>,
    options: &'s Options,
    labels: Labels<'s>,
    attach: Attach,
    workloads: Vec<Workload>,
    namespaces: BTreeSet<String>,
    gates: Vec<Gate>,
    variables: BTreeMap<Workload, Vec<String>>,
    interlocks: BTreeMap<Workload, Vec<String>>,
}

impl<'s> ManifestSet<'s> {
    fn of(inventory: &'s Inventory<'s>, secrets: &Secrets, options: &'s Options) -> Result<Self, RenderError> {
        inventory.expect(&options.namespaces)?;
        let selected = |workload: &&Workload| is_selected(&options.namespaces, workload.namespace());
        let workloads: Vec<Workload> =
            inventory.workloads().map(|(workload, _)| workload).filter(selected).cloned().collect();
        let (mut variables, mut interlocks) = (BTreeMap::new(), BTreeMap::new());
        for workload in &workloads {
            variables.insert(workload.clone(), secrets.variables(workload, inventory.roles(workload))?);
            interlocks.insert(workload.clone(), secrets.interlock(workload)?);
        }
        let mut documents = inventory.documents.iter().map(|document| &document.workflow);
        if let Some(once) = documents.find(|workflow| workflow.assurance == Assurance::Once) {
            if !options.outbound {
                return Err(RenderError::OnceWithoutOutbound(once.name.to_string()));
            }
            if !options.entries.is_empty() {
                return Err(RenderError::OnceWithEntry(once.name.to_string()));
            }
        }
        let attach = gate::attach(inventory, secrets, &workloads, options)?;
        let mut gates = gate::gates(inventory, secrets, &workloads, options)?;
        if options.outbound {
            if attach == Attach::Waypoint {
                return Err(RenderError::OutboundInAmbient);
            }
            gates.extend(outbound::gates(inventory, secrets, &workloads, options)?);
        }
        Ok(Self {
            inventory,
            options,
            labels: Labels::of(inventory, options)?,
            attach,
            namespaces: workloads.iter().map(|workload| workload.namespace().to_owned()).collect(),
            gates,
            workloads,
            variables,
            interlocks,
        })
    }

    /// The namespaces of the plugins, which also get strict mTLS.
    fn plugin_namespaces(&self) -> BTreeSet<String> {
        match self.attach {
            Attach::Mesh => BTreeSet::from([self.options.root.clone()]),
            Attach::Namespace | Attach::Workload | Attach::Waypoint => self.namespaces.clone(),
        }
    }
}

fn base(set: &ManifestSet<'_>, tree: &mut Tree) -> Result<(), RenderError> {
    let mut files = Vec::new();
    let shared = set.plugin_namespaces();
    let of_gates = set.gates.iter().map(|gate| gate.namespace.clone());
    for namespace in shared.iter().cloned().chain(of_gates).collect::<BTreeSet<String>>() {
        let gates = set.gates.iter().filter(|gate| gate.namespace == namespace);
        let mut manifests: Vec<Value> = gates.map(|gate| gate.manifest(set.options)).collect();
        if set.attach == Attach::Waypoint {
            for (workload, variables) in set.variables.iter().filter(|(workload, _)| workload.namespace() == namespace)
            {
                manifests.extend(waypoint::manifests(set.inventory, workload, variables, set.options)?);
            }
        }
        if shared.contains(&namespace) {
            manifests.push(telemetry::access_log(&namespace, &set.options.access_log));
        }
        let file = file_of(&namespace);
        tree.manifests(&format!("base/{file}"), &manifests)?;
        files.push(file);
    }
    tree.kustomization("base", json!({"resources": files}))
}

/// The file of a namespace, which must not be that of the kustomization beside it. No namespace has a dot.
fn file_of(namespace: &str) -> String {
    if namespace == "kustomization" { "kustomization.namespace.yaml".to_owned() } else { format!("{namespace}.yaml") }
}

fn components(set: &ManifestSet<'_>, tree: &mut Tree) -> Result<(), RenderError> {
    let strict: Vec<Value> = set.plugin_namespaces().iter().map(|namespace| mtls::strict(namespace)).collect();
    tree.component("mtls", &strict, json!({}))?;
    let policy = |(workload, variables): (&Workload, &Vec<String>)| {
        interlock::policy(workload, variables.len(), set.attach, set.options)
    };
    let policies: Vec<Value> = set.interlocks.iter().map(policy).collect();
    let replacement = |(workload, variables): (&Workload, &Vec<String>)| interlock::replacements(workload, variables);
    let replacements: Vec<Value> = set.interlocks.iter().flat_map(replacement).collect();
    tree.component("interlock", &policies, json!({"replacements": replacements}))?;
    let idle: Vec<Value> = set.workloads.iter().map(interlock::idle).collect();
    tree.component("interlock-idle", &idle, json!({}))?;
    let crossings = Crossings::of(set.inventory, set.options)?;
    let network = Network { crossings, labels: &set.labels, attach: set.attach, options: set.options };
    let policies: Vec<Value> = set.namespaces.iter().flat_map(|namespace| network.policies(namespace)).collect();
    tree.component("network", &policies, json!({}))?;
    if set.options.outbound {
        let closed = outbound::closed(set.inventory, &set.workloads, set.options)?;
        tree.component("outbound", &closed, json!({}))?;
        tree.component("outbound-idle", &outbound::idle(&set.workloads), json!({}))?;
    }
    proxies(set, tree)
}

/// The keys for the owner's pods; in ambient the waypoint has them, and Services name it.
fn proxies(set: &ManifestSet<'_>, tree: &mut Tree) -> Result<(), RenderError> {
    let (mut patches, mut rollouts) = (Vec::new(), Vec::new());
    for (workload, variables) in &set.variables {
        match set.attach {
            Attach::Waypoint => patches.push(waypoint::patch(workload, set.options)?),
            Attach::Namespace | Attach::Workload | Attach::Mesh => {
                patches.extend(proxies::patches(workload, variables, set.options)?);
                rollouts.push(proxies::rollout_patch(workload, variables, set.options)?);
            }
        }
    }
    tree.component("proxies", &[], json!({"patches": patches}))?;
    if rollouts.is_empty() { Ok(()) } else { tree.component("proxies-rollout", &[], json!({"patches": rollouts})) }
}

/// The stages, from one that denies nothing to full enforcement, and one that turns it all off.
fn stages(set: &ManifestSet<'_>, tree: &mut Tree) -> Result<(), RenderError> {
    let options = set.options;
    let patches = |operations: &dyn Fn(&Gate) -> Vec<Value>| -> Result<Vec<Value>, RenderError> {
        set.gates.iter().map(|gate| gate.patch(&operations(gate), options)).collect()
    };
    let observe = |gate: &Gate| gate.set("mode", &"observe".into(), options);
    let log = with_permits(&options.settings);
    let strict = |gate: &Gate| vec![observe(gate), gate.set("log", &log, options)];
    let (closed, open) = if options.outbound { (Some("outbound"), Some("outbound-idle")) } else { (None, None) };
    tree.stage("observe", ["interlock-idle"].into_iter().chain(open), patches(&|gate| vec![observe(gate)])?)?;
    tree.stage("strict", ["mtls", "interlock"].into_iter().chain(open), patches(&strict)?)?;
    tree.stage("enforce", ["mtls", "interlock", "network"].into_iter().chain(closed), Vec::new())?;
    tree.stage("off", ["interlock-idle"].into_iter().chain(open), patches(&Gate::detach)?)
}

/// The settings' `log`, with permits.
fn with_permits(settings: &Value) -> Value {
    let mut log = settings.get("log").and_then(Value::as_object).cloned().unwrap_or_default();
    log.insert("permits".into(), true.into());
    log.into()
}

fn warnings(set: &ManifestSet<'_>) -> Vec<String> {
    let is_peer = |actor: &ActorName| set.options.peers.iter().any(|peer| peer.actor == actor.as_str());
    let outside = set.inventory.outside().iter().filter(|(_, actors)| !actors.iter().any(is_peer)).map(|(id, _)| {
        format!(
            "`{id}` is not a service account of this mesh: nothing is written for it, and no NetworkPolicy admits it \
             without --peer"
        )
    });
    let open = "without --registry-cidr egress from the namespaces is not limited: proxies must reach the registry";
    let limited = set.options.registry.is_some() || set.options.module.starts_with("file://");
    outside.chain((!limited).then(|| open.to_owned())).collect()
}

fn notes(set: &ManifestSet<'_>) -> Vec<(&'static str, String)> {
    let pods = match set.attach {
        Attach::Waypoint => waypoint::NOTE.to_owned(),
        Attach::Namespace | Attach::Workload | Attach::Mesh => proxies::note(),
    };
    vec![("components/proxies/", pods), ("entry/", entry::NOTE.to_owned())]
}

/// The files by their paths.
#[derive(Default)]
struct Tree(BTreeMap<String, String>);

impl Tree {
    fn add(&mut self, path: &str, text: &str) {
        self.0.insert(path.to_owned(), format!("{HEADER}{text}"));
    }

    fn manifests(&mut self, path: &str, manifests: &[Value]) -> Result<(), RenderError> {
        self.add(path, &yaml::stream(manifests)?);
        Ok(())
    }

    fn kustomization(&mut self, folder: &str, fields: Value) -> Result<(), RenderError> {
        self.kustomize(folder, "Kustomization", "v1beta1", fields)
    }

    fn kustomize(&mut self, folder: &str, kind: &str, version: &str, fields: Value) -> Result<(), RenderError> {
        let mut object = json!({"apiVersion": format!("kustomize.config.k8s.io/{version}"), "kind": kind});
        if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
            object.extend(fields.into_iter().filter(|(_, value)| value.as_array().is_none_or(|all| !all.is_empty())));
        }
        self.add(&format!("{folder}/kustomization.yaml"), &yaml::text(&object)?);
        Ok(())
    }

    /// A component that adds manifests and patches others.
    fn component(&mut self, name: &str, manifests: &[Value], mut fields: Value) -> Result<(), RenderError> {
        let folder = format!("components/{name}");
        if let Some(fields) = fields.as_object_mut().filter(|_| !manifests.is_empty()) {
            self.manifests(&format!("{folder}/{name}.yaml"), manifests)?;
            fields.insert("resources".into(), json!([format!("{name}.yaml")]));
        }
        self.kustomize(&folder, "Component", "v1alpha1", fields)
    }

    fn stage(
        &mut self,
        name: &str,
        components: impl Iterator<Item = &'static str>,
        patches: Vec<Value>,
    ) -> Result<(), RenderError> {
        let components: Vec<String> = components.map(|name| format!("../../components/{name}")).collect();
        let fields =
            json!({"resources": ["../../base", "../../secrets"], "components": components, "patches": patches});
        self.kustomization(&format!("stages/{name}"), fields)
    }

    fn files(self) -> Vec<File> {
        self.0.into_iter().map(|(path, text)| File { path, text }).collect()
    }
}
