//! Manifests as files: a base, components that add one thing each, and the stages of a roll-out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::gate::{self, Gate};
use super::network::{self, Crossings};
use super::{Attach, Document, Estate, Options, Rendered, Secrets, Workload, Wrong};
use super::{entry, interlock, mtls, proxies, telemetry, waypoint, yaml};

/// The first line of every file: what has it may be replaced.
pub const MARK: &str = "# Written by `stepgate render istio`: change the documents or the flags, not this file.\n";

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where, below the directory.
    pub path: String,
    /// What.
    pub text: String,
}

/// Manifests for Istio; without secrets, those for keys and interlocks of the first generation.
///
/// # Errors
/// What cannot be rendered as it is asked for.
pub fn istio(documents: &[Document], secrets: Option<&Secrets>, options: &Options) -> Result<Rendered, Wrong> {
    let entries: Vec<String> = options.entries.iter().map(|entry| entry.actor.clone()).collect();
    let estate = Estate::of(documents, options.trust_domain.as_deref(), &entries)?;
    let assumed = Secrets::assumed(&estate);
    let set = Set::of(&estate, secrets.unwrap_or(&assumed), options)?;
    let mut tree = Tree::default();
    base(&set, &mut tree)?;
    components(&set, &mut tree);
    stages(&set, &mut tree);
    tree.add("secrets/.gitignore", "secrets.yaml\nat-rest.yaml\n");
    tree.kustomization("secrets", json!({"resources": ["secrets.yaml"]}));
    let entrance = entry::manifests(&estate, options)?;
    if !entrance.is_empty() {
        tree.manifests("entry/entry.yaml", &entrance);
        tree.kustomization("entry", json!({"resources": ["entry.yaml"]}));
    }
    Ok(Rendered { files: tree.files(), notes: notes(&set) })
}

/// What the files are made of.
struct Set<'s> {
    estate: &'s Estate<'s>,
    options: &'s Options,
    attach: Attach,
    workloads: Vec<Workload>,
    namespaces: BTreeSet<String>,
    gates: Vec<Gate>,
    variables: BTreeMap<Workload, Vec<String>>,
    interlocks: BTreeMap<Workload, Vec<String>>,
}

impl<'s> Set<'s> {
    fn of(estate: &'s Estate<'s>, secrets: &Secrets, options: &'s Options) -> Result<Self, Wrong> {
        estate.expect(&options.namespaces)?;
        let wanted = |workload: &&Workload| {
            options.namespaces.is_empty() || options.namespaces.iter().any(|name| name == workload.namespace())
        };
        let workloads: Vec<Workload> =
            estate.workloads().map(|(workload, _)| workload).filter(wanted).cloned().collect();
        let (mut variables, mut interlocks) = (BTreeMap::new(), BTreeMap::new());
        for workload in &workloads {
            variables.insert(workload.clone(), secrets.variables(workload, estate.roles(workload))?);
            interlocks.insert(workload.clone(), secrets.interlock(workload)?);
        }
        Ok(Self {
            estate,
            options,
            attach: gate::attach(secrets, options)?,
            namespaces: workloads.iter().map(|workload| workload.namespace().to_owned()).collect(),
            gates: gate::gates(estate, secrets, &workloads, options)?,
            workloads,
            variables,
            interlocks,
        })
    }

    /// Where strict mTLS and the gates of a namespace stand.
    fn homes(&self) -> BTreeSet<String> {
        match self.attach {
            Attach::Mesh => BTreeSet::from([self.options.root.clone()]),
            Attach::Namespace | Attach::Workload | Attach::Waypoint => self.namespaces.clone(),
        }
    }
}

fn base(set: &Set<'_>, tree: &mut Tree) -> Result<(), Wrong> {
    let mut files = Vec::new();
    for namespace in set.homes() {
        let gates = set.gates.iter().filter(|gate| gate.namespace == namespace);
        let mut manifests: Vec<Value> = gates.map(|gate| gate.manifest(set.options)).collect();
        if set.attach == Attach::Waypoint {
            for (workload, variables) in set.variables.iter().filter(|(workload, _)| workload.namespace() == namespace)
            {
                manifests.extend(waypoint::manifests(set.estate, workload, variables, set.options)?);
            }
        }
        manifests.push(telemetry::access_log(&namespace, &set.options.access_log));
        files.push(format!("{namespace}.yaml"));
        tree.manifests(&format!("base/{namespace}.yaml"), &manifests);
    }
    tree.kustomization("base", json!({"resources": files}));
    Ok(())
}

fn components(set: &Set<'_>, tree: &mut Tree) {
    let strict: Vec<Value> = set.homes().iter().map(|namespace| mtls::strict(namespace)).collect();
    tree.component("mtls", &strict, json!({}));
    let policy = |(workload, variables): (&Workload, &Vec<String>)| {
        interlock::policy(workload, variables.len(), set.attach, set.options)
    };
    let policies: Vec<Value> = set.interlocks.iter().map(policy).collect();
    let replacement = |(workload, variables): (&Workload, &Vec<String>)| interlock::replacements(workload, variables);
    let replacements: Vec<Value> = set.interlocks.iter().flat_map(replacement).collect();
    tree.component("interlock", &policies, json!({"replacements": replacements}));
    let idle: Vec<Value> = set.workloads.iter().map(interlock::idle).collect();
    tree.component("interlock-idle", &idle, json!({}));
    let crossings = Crossings::of(set.estate);
    let network = |namespace: &String| network::policies(namespace, &crossings, set.attach, set.options);
    tree.component("network", &set.namespaces.iter().flat_map(network).collect::<Vec<_>>(), json!({}));
    let patch = |(workload, variables): (&Workload, &Vec<String>)| match set.attach {
        Attach::Waypoint => waypoint::patch(workload, set.options),
        Attach::Namespace | Attach::Workload | Attach::Mesh => proxies::patch(workload, variables, set.options),
    };
    let patches: Vec<Value> = set.variables.iter().map(patch).collect();
    tree.component("proxies", &[], json!({"patches": patches}));
}

/// The stages, from nothing that can harm to everything, and back at once.
fn stages(set: &Set<'_>, tree: &mut Tree) {
    let options = set.options;
    let patches = |operations: &dyn Fn(&Gate) -> Vec<Value>| -> Vec<Value> {
        set.gates.iter().map(|gate| gate.patch(&operations(gate), options)).collect()
    };
    let observe = |gate: &Gate| gate.set("mode", &"observe".into(), options);
    let log = audit(&options.settings);
    let report = |gate: &Gate| vec![observe(gate), gate.set("log", &log, options)];
    let all = ["mtls", "interlock", "network"];
    tree.stage("observe", &["interlock-idle"], patches(&|gate| vec![observe(gate)]));
    tree.stage("report", &["mtls", "interlock"], patches(&report));
    tree.stage("enforce", &all, Vec::new());
    tree.stage("off", &["interlock-idle"], patches(&Gate::detach));
}

/// The settings' `log`, with permits.
fn audit(settings: &Value) -> Value {
    let mut log = settings.get("log").and_then(Value::as_object).cloned().unwrap_or_default();
    log.insert("permits".into(), true.into());
    log.into()
}

fn notes(set: &Set<'_>) -> Vec<String> {
    let elsewhere = set.estate.elsewhere().iter().map(|id| {
        format!("`{id}` is no service account of this mesh: nothing is written for it, and no NetworkPolicy lets it in")
    });
    let open = "without --registry-cidr what leaves the namespaces is not limited: proxies must reach the registry";
    let limited = set.options.registry.is_some() || set.options.module.starts_with("file://");
    elsewhere.chain((!limited).then(|| open.to_owned())).collect()
}

/// The files while they are written.
#[derive(Default)]
struct Tree(BTreeMap<String, String>);

impl Tree {
    fn add(&mut self, path: &str, text: &str) {
        self.0.insert(path.to_owned(), format!("{MARK}{text}"));
    }

    fn manifests(&mut self, path: &str, manifests: &[Value]) {
        self.add(path, &yaml::stream(manifests));
    }

    fn kustomization(&mut self, folder: &str, fields: Value) {
        self.kustomize(folder, "Kustomization", "v1beta1", fields);
    }

    fn kustomize(&mut self, folder: &str, kind: &str, version: &str, fields: Value) {
        let mut object = json!({"apiVersion": format!("kustomize.config.k8s.io/{version}"), "kind": kind});
        if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
            object.extend(fields.into_iter().filter(|(_, value)| value.as_array().is_none_or(|all| !all.is_empty())));
        }
        self.add(&format!("{folder}/kustomization.yaml"), &yaml::text(&object));
    }

    /// Adds manifests to what uses it, and changes what is there.
    fn component(&mut self, name: &str, manifests: &[Value], mut fields: Value) {
        let folder = format!("components/{name}");
        if let Some(fields) = fields.as_object_mut().filter(|_| !manifests.is_empty()) {
            self.manifests(&format!("{folder}/{name}.yaml"), manifests);
            fields.insert("resources".into(), json!([format!("{name}.yaml")]));
        }
        self.kustomize(&folder, "Component", "v1alpha1", fields);
    }

    fn stage(&mut self, name: &str, components: &[&str], patches: Vec<Value>) {
        let components: Vec<String> = components.iter().map(|name| format!("../../components/{name}")).collect();
        let fields =
            json!({"resources": ["../../base", "../../secrets"], "components": components, "patches": patches});
        self.kustomization(&format!("stages/{name}"), fields);
    }

    fn files(self) -> Vec<File> {
        self.0.into_iter().map(|(path, text)| File { path, text }).collect()
    }
}
