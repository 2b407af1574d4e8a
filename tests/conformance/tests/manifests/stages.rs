//! The stages, built by kustomize with real Secrets.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::tools::{build, clean, stepgate, tool};

/// A rendered tree with its Secrets.
pub(crate) struct Tree {
    dir: tempfile::TempDir,
    documents: Vec<String>,
}

impl Tree {
    pub(crate) fn new(alg: &str, flags: &[&str]) -> Self {
        Self::of(&["config/examples/movie.yaml"], alg, flags)
    }

    pub(crate) fn of(documents: &[&str], alg: &str, flags: &[&str]) -> Self {
        let documents = documents.iter().map(|path| (*path).to_owned()).collect();
        let tree = Self { dir: tempfile::tempdir().unwrap(), documents };
        let secrets = tree.path().join("secrets/secrets.yaml");
        fs::create_dir(tree.path().join("secrets")).unwrap();
        tree.run(&["secrets"], &["--alg", alg, "--out", secrets.to_str().unwrap()]);
        tree.render(flags);
        tree
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn rotate(&self, step: &str, flags: &[&str]) {
        let secrets = self.path().join("secrets/secrets.yaml");
        self.run(&["secrets"], &["--out", secrets.to_str().unwrap(), "--rotate", step]);
        self.render(flags);
    }

    /// Adds the secrets of other documents to the file.
    pub(crate) fn add(&self, others: &[&str], flags: &[&str]) {
        let secrets = self.path().join("secrets/secrets.yaml");
        let arguments = [&["secrets"], others, &["--add", "--out", secrets.to_str().unwrap()]].concat();
        let (code, said) = stepgate(&arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
        self.render(flags);
    }

    fn render(&self, flags: &[&str]) {
        let (out, secrets) = (self.path().to_str().unwrap(), self.path().join("secrets/secrets.yaml"));
        let all = ["--out", out, "--secrets", secrets.to_str().unwrap()];
        self.run(&["render", "istio"], &[&all[..], flags].concat());
    }

    fn run(&self, command: &[&str], flags: &[&str]) {
        let documents: Vec<&str> = self.documents.iter().map(String::as_str).collect();
        let arguments = [command, &documents, flags].concat();
        let (code, said) = stepgate(&arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
    }

    /// A stage, by kind and name.
    pub(crate) fn stage(&self, kustomize: &Path, name: &str) -> BTreeMap<(String, String), Value> {
        by_name(build(kustomize, &self.path().join("stages").join(name)))
    }
}

pub(crate) fn by_name(objects: Vec<Value>) -> BTreeMap<(String, String), Value> {
    let name = |object: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&object["kind"]), text(&object["metadata"]["name"]))
    };
    objects.into_iter().map(|object| (name(&object), object)).collect()
}

fn get<'a>(all: &'a BTreeMap<(String, String), Value>, kind: &str, name: &str) -> &'a Value {
    all.get(&(kind.to_owned(), name.to_owned())).unwrap_or_else(|| panic!("no {kind} {name}"))
}

fn not_values(all: &BTreeMap<(String, String), Value>, workload: &str) -> Value {
    let policy = get(all, "AuthorizationPolicy", &format!("stepgate-{workload}-interlock"));
    policy["spec"]["rules"][0]["when"][0]["notValues"].clone()
}

#[test]
fn each_stage_has_its_own_patches() {
    let Some(kustomize) = tool("kustomize", "the stages of a roll-out") else { return };
    let tree = Tree::new("HS256", &[]);
    let stage = |name: &str| tree.stage(&kustomize, name);
    let mode = |all: &BTreeMap<_, _>| get(all, "WasmPlugin", "stepgate")["spec"]["pluginConfig"]["mode"].clone();
    let (observe, strict, enforce, off) = (stage("observe"), stage("strict"), stage("enforce"), stage("off"));
    assert_eq!([mode(&observe), mode(&strict), mode(&enforce)], ["observe", "observe", "enforce"]);
    let config = &get(&strict, "WasmPlugin", "stepgate")["spec"]["pluginConfig"];
    assert_eq!(config["log"], json!({"permits": true}));
    // The interlock of each workload has its own secret only.
    for all in [&strict, &enforce] {
        let secret = &get(all, "Secret", "stepgate-hdr")["stringData"]["STEPGATE_INTERLOCK_1"];
        assert_eq!(not_values(all, "hdr"), json!([secret]));
        let selector = &get(all, "AuthorizationPolicy", "stepgate-hdr-interlock")["spec"]["selector"];
        assert_eq!(selector, &json!({"matchLabels": {"app": "hdr"}}));
        assert_eq!(get(all, "PeerAuthentication", "default")["spec"]["mtls"]["mode"], "STRICT");
    }
    assert!(enforce.keys().any(|(kind, _)| kind == "NetworkPolicy"));
    // To go back, an earlier stage is applied: it must contain every object that it resets.
    let nothing = json!({"matchLabels": {"stepgate.dev/gate": "detached"}});
    for all in [&observe, &off] {
        assert!(!all.keys().any(|(kind, _)| kind == "PeerAuthentication" || kind == "NetworkPolicy"));
        for ((kind, name), policy) in all.iter().filter(|((kind, _), _)| kind == "AuthorizationPolicy") {
            assert_eq!(policy["spec"]["selector"], nothing, "{kind} {name}");
        }
    }
    let policies = |all: &BTreeMap<(String, String), Value>| {
        all.keys().filter(|(kind, _)| kind == "AuthorizationPolicy").cloned().collect::<Vec<_>>()
    };
    assert_eq!(policies(&off), policies(&enforce));
    assert_eq!(get(&off, "WasmPlugin", "stepgate")["spec"]["selector"], nothing);
    assert!(get(&enforce, "WasmPlugin", "stepgate")["spec"].get("selector").is_none());
}

#[test]
fn off_detaches_gates_however_they_are_attached() {
    let Some(kustomize) = tool("kustomize", "the emergency off") else { return };
    for (flags, kind) in [
        (&["--attach", "workload"][..], "WasmPlugin"),
        (&["--attach", "mesh"], "WasmPlugin"),
        (&["--attach", "waypoint"], "WasmPlugin"),
        (&["--attach", "workload", "--api", "traffic-extension"], "TrafficExtension"),
    ] {
        let tree = Tree::new("HS256", flags);
        let off = tree.stage(&kustomize, "off");
        let plugins: Vec<&Value> =
            off.iter().filter(|((of, _), _)| of == kind).map(|(_, object)| &object["spec"]).collect();
        assert!(!plugins.is_empty(), "{flags:?}");
        for spec in plugins {
            assert_eq!(spec["selector"], json!({"matchLabels": {"stepgate.dev/gate": "detached"}}), "{flags:?}");
            assert!(spec.get("targetRefs").is_none(), "{flags:?}");
        }
        let observe = tree.stage(&kustomize, "observe");
        let config = |spec: &Value| {
            if kind == "WasmPlugin" { spec["pluginConfig"].clone() } else { spec["wasm"]["pluginConfig"].clone() }
        };
        let mut seen = observe.iter().filter(|((of, _), _)| of == kind);
        assert!(seen.all(|(_, object)| config(&object["spec"])["mode"] == "observe"), "{flags:?}");
    }
}

/// During a rotation the policies accept both secrets.
#[test]
fn two_secrets_are_valid_during_a_rotation() {
    let Some(kustomize) = tool("kustomize", "the interlock during a rotation") else { return };
    for alg in ["HS256", "ES256"] {
        let tree = Tree::new(alg, &[]);
        let mut numbers = Vec::new();
        for step in ["", "preload", "switch", "retire"] {
            if !step.is_empty() {
                tree.rotate(step, &[]);
            }
            let all = tree.stage(&kustomize, "enforce");
            let held = &get(&all, "Secret", "stepgate-hdr")["stringData"];
            let values: Vec<Value> = not_values(&all, "hdr").as_array().unwrap().clone();
            let variable = |value: &Value| {
                let holds = held.as_object().unwrap().iter().find(|(_, secret)| *secret == value);
                holds.unwrap_or_else(|| panic!("{step}: {value} is not a secret of hdr")).0.clone()
            };
            numbers.push(values.iter().map(variable).collect::<Vec<_>>());
        }
        let (one, two) = ("STEPGATE_INTERLOCK_1".to_owned(), "STEPGATE_INTERLOCK_2".to_owned());
        let expected = [vec![one.clone()], vec![one.clone(), two.clone()], vec![two.clone(), one], vec![two]];
        assert_eq!(numbers, expected, "{alg}");
    }
}

/// The owner's objects of these kinds, which have their own containers, get the environment of their proxies.
const WITH_PODS: [(&str, &str, &str); 6] = [
    ("apps/v1", "Deployment", "/spec/template"),
    ("apps/v1", "StatefulSet", "/spec/template"),
    ("apps/v1", "DaemonSet", "/spec/template"),
    ("batch/v1", "Job", "/spec/template"),
    ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template"),
    ("argoproj.io/v1alpha1", "Rollout", "/spec/template"),
];

/// An object with pods whose only container is the application.
fn with_pods((version, kind, at): (&str, &str, &str), name: &str) -> Value {
    let template = json!({"spec": {"containers": [{"name": "app", "image": "x"}]}});
    let inside = at.trim_start_matches('/').rsplit('/').fold(template, |inside, key| json!({ key: inside }));
    let metadata = json!({"name": name, "namespace": "movie", "labels": {"app": name}});
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": inside["spec"]})
}

#[test]
fn proxies_get_the_secrets_of_their_workload() {
    let Some(kustomize) = tool("kustomize", "the proxies' environment") else { return };
    let tree = Tree::new("ES256", &[]);
    let own = tempfile::tempdir_in(tree.path()).unwrap();
    let mut resources = vec!["../stages/enforce".to_owned()];
    // A kind of the same name in another group has another form.
    let foreign = with_pods(("batch.example/v1", "Job", "/spec/template"), "hdr");
    for object in WITH_PODS.iter().flat_map(|kind| ["hdr", "else"].map(|name| with_pods(*kind, name))).chain([foreign])
    {
        let file = format!("{}.json", resources.len());
        fs::write(own.path().join(&file), object.to_string()).unwrap();
        resources.push(file);
    }
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources,
        "components": ["../components/proxies", "../components/proxies-rollout"],
    });
    fs::write(own.path().join("kustomization.yaml"), kustomization.to_string()).unwrap();
    let all = build(&kustomize, own.path());
    let containers = |version: &str, kind: &str, at: &str, name: &str| {
        let is_it = |object: &&Value| {
            object["apiVersion"] == version && object["kind"] == kind && object["metadata"]["name"] == name
        };
        let object = all.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {name}"));
        object.pointer(&format!("{at}/spec/containers")).unwrap().as_array().unwrap().clone()
    };
    assert_eq!(containers("batch.example/v1", "Job", "/spec/template", "hdr").len(), 1);
    let named = by_name(all.clone());
    let secret = get(&named, "Secret", "stepgate-hdr");
    let from = get(&named, "WasmPlugin", "stepgate-hdr")["spec"]["vmConfig"]["env"].as_array().unwrap().clone();
    for (version, kind, at) in WITH_PODS {
        assert_eq!(containers(version, kind, at, "else").len(), 1, "{kind}");
        let containers = containers(version, kind, at, "hdr");
        assert!(containers.len() == 2 && containers.iter().any(|container| container["name"] == "app"), "{kind}");
        let proxy = containers.iter().find(|container| container["name"] == "istio-proxy").unwrap();
        assert_eq!((&proxy["image"], &proxy["imagePullPolicy"]), (&json!("auto"), &json!("IfNotPresent")), "{kind}");
        assert_eq!(proxy["env"].as_array().unwrap().len(), from.len());
        for variable in proxy["env"].as_array().unwrap() {
            let reference = &variable["valueFrom"]["secretKeyRef"];
            assert_eq!(reference["name"], "stepgate-hdr");
            assert!(secret["stringData"].get(reference["key"].as_str().unwrap()).is_some(), "{variable}");
            assert!(from.iter().any(|wanted| wanted["name"] == variable["name"]));
        }
    }
}

/// Without the file of Secrets the build fails: no stage can be applied with a placeholder for a secret.
#[test]
fn no_stage_is_built_without_its_secrets() {
    let Some(kustomize) = tool("kustomize", "that a stage needs its secrets") else { return };
    let tree = Tree::new("HS256", &[]);
    fs::remove_file(tree.path().join("secrets/secrets.yaml")).unwrap();
    for stage in ["observe", "strict", "enforce", "off"] {
        let folder = tree.path().join("stages").join(stage);
        let output = clean(&kustomize).arg("build").arg(folder).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{stage}");
    }
}

/// Istio's own validation, which its webhook runs too, has neither an error nor a warning for any stage.
#[test]
fn istio_itself_finds_nothing_wrong() {
    let left_out = "the stages by Istio's own validation";
    let (Some(kustomize), Some(istioctl)) = (tool("kustomize", left_out), tool("istioctl", left_out)) else { return };
    let judge = |file: &Path| {
        let output = clean(&istioctl).arg("validate").arg("-f").arg(file).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    for flags in [
        &["--tcp-port", "5432"][..],
        &["--attach", "workload"],
        &["--attach", "mesh"],
        &["--attach", "waypoint"],
        &["--api", "traffic-extension"],
    ] {
        let tree = Tree::new("HS256", flags);
        for stage in ["observe", "strict", "enforce", "off"] {
            let all = tree.stage(&kustomize, stage);
            let file = tree.path().join(format!("{stage}.yaml"));
            let write = |objects: &[&Value]| {
                let documents: Vec<String> = objects.iter().map(ToString::to_string).collect();
                fs::write(&file, documents.join("\n---\n")).unwrap();
            };
            write(&all.values().collect::<Vec<_>>());
            let (valid, said) = judge(&file);
            assert!(valid && !said.to_lowercase().contains("warning"), "{flags:?} {stage}: {said}");
            // The validation is effective: it finds an error.
            let mut broken = all.values().find(|object| object["kind"] == "AuthorizationPolicy").unwrap().clone();
            broken["spec"]["rules"] = Value::Null;
            write(&[&broken]);
            assert!(!judge(&file).0, "{flags:?} {stage}");
        }
    }
}
