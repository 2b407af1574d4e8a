//! The Helm chart renders the same objects as `stepgate render istio` with kustomize.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::stages::Tree;
use super::tools::{build, clean, done, objects, root, tool};

/// Objects by kind, namespace and name.
type Objects = BTreeMap<[String; 3], Value>;

fn keyed(objects: Vec<Value>) -> Objects {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let key = |object: &Value| {
        let metadata = &object["metadata"];
        [text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"])]
    };
    objects.into_iter().map(|object| (key(&object), object)).collect()
}

const MODULE: &str = "oci://registry.example.com/stepgate:0.1.0";
const SHA256: &str = "4f0d2dbbe0b9e2d7ed2bc2a4ab6b4cdf6f2f7cd92ed0bca1e7eb39d1d1f9b0a3";

/// A workflow across namespaces in two revisions, with a gateway that calls the shop.
const TOUR: &str = "
workflow: tour
revision: 9
trust_domain: cluster.local
assurance: signed
actors:
  edge: {spiffe: [ns/ingress/sa/edge]}
  shop: {hosts: [shop.shop.svc.cluster.local], spiffe: [{id: ns/shop/sa/shop, attributes: {limit: 1}}, 'spiffe://cluster.local/ns/shop/sa/shop-2', 'ns/shop/pod/{p}'], attributes: {limit: 123456789}}
  bank: {spiffe: [ns/bank/sa/bank]}
  host: {spiffe: ['spiffe://else.where/ns/x/sa/y']}
tasks:
  call: {actor: edge, initial: true}
  buy:  {actor: shop, requests: [{methods: [POST], path: '/v1/{id}'}]}
  pay:  {actor: bank, requests: [{methods: [POST], path: '/pay/{id}'}]}
  post: {actor: host, requests: [{methods: [POST], path: '/post/{id}'}]}
transitions:
  - {from: call, to: buy}
  - {from: buy, to: pay}
  - {from: pay, to: post, via: shop}
";

/// One configuration for both: the flags of `render`, the chart's values, the documents, and others of which the file of
/// Secrets has keys.
pub(crate) struct Both<'b> {
    pub(crate) alg: &'b str,
    pub(crate) flags: &'b [&'b str],
    pub(crate) values: Value,
    pub(crate) documents: &'b [&'b str],
    pub(crate) others: &'b [&'b str],
}

impl Both<'_> {
    fn compare(&self, helm: &Path, kustomize: &Path) {
        self.compare_at(&["observe", "strict", "enforce", "off"], helm, kustomize);
    }

    pub(crate) fn compare_at(&self, stages: &[&str], helm: &Path, kustomize: &Path) {
        let flags = [&["--module", MODULE, "--sha256", SHA256], self.flags].concat();
        let tree = Tree::of(self.documents, self.alg, &flags);
        if !self.others.is_empty() {
            tree.add(self.others, &flags);
        }
        for stage in stages {
            let mut built = keyed(build(kustomize, &tree.path().join("stages").join(stage)));
            let mut chart = self.chart(helm, &tree, stage);
            for object in chart.values_mut() {
                // Helm's own annotations; kustomize has none.
                if object["kind"] == "PeerAuthentication" {
                    object["metadata"].as_object_mut().unwrap().remove("annotations");
                }
            }
            // The file has the Secrets of all namespaces, the chart those that are rendered.
            built.retain(|name, _| name[0] != "Secret" || chart.contains_key(name));
            let names = |all: &Objects| all.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&chart), names(&built), "{stage} {:?} {:?}", self.flags, self.documents);
            for (name, object) in &built {
                assert_eq!(&chart[name], object, "{stage} {:?} {:?}: {name:?}", self.flags, self.documents);
            }
        }
    }

    fn chart(&self, helm: &Path, tree: &Tree, stage: &str) -> Objects {
        let values = tree.path().join("values.json");
        fs::write(&values, self.values(stage).to_string()).unwrap();
        let mut command = clean(helm);
        command.args(["template", "stepgate"]).arg(root().join("istio/chart")).arg("--values").arg(&values);
        let secrets = tree.path().join("secrets/secrets.yaml");
        command.arg("--set-file").arg(format!("secrets={}", secrets.display()));
        keyed(objects(&done(&command.output().unwrap(), &values)))
    }

    fn values(&self, stage: &str) -> Value {
        let read = |path: &&str| stepgate_config::to_json(&fs::read(root().join(path)).unwrap()).unwrap();
        let mut values = json!({
            "stage": stage, "module": {"url": MODULE, "sha256": SHA256},
            "workflows": self.documents.iter().map(read).collect::<Vec<_>>(),
        });
        for (name, value) in self.values.as_object().unwrap() {
            match (values.get_mut(name).and_then(Value::as_object_mut), value.as_object()) {
                (Some(there), Some(more)) => there.extend(more.clone()),
                _ => values[name] = value.clone(),
            }
        }
        values
    }
}

#[test]
fn the_chart_and_kustomize_render_the_same() {
    let left_out = "the Helm chart against kustomize";
    let (Some(helm), Some(kustomize)) = (tool("helm", left_out), tool("kustomize", left_out)) else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let tour = file("tour.yaml", TOUR);
    let next = file("next.yaml", &TOUR.replace("revision: 9", "revision: 10"));
    let gate =
        file("gate.yaml", "exempt: [{methods: [GET], path: /healthz, peers: anyone}]\nlog: {denials_per_second: 5}\n");
    let settings = json!({
        "exempt": [{"methods": ["GET"], "path": "/healthz", "peers": "anyone"}], "log": {"denials_per_second": 5},
    });
    let movie = ["config/examples/movie.yaml"];
    let renamed = fs::read_to_string(root().join(movie[0])).unwrap();
    let renamed = renamed
        .replace("revision: 1", "revision: 2")
        .replace("color: {hosts", "grading: {spiffe: [ns/movie/sa/color], hosts");
    let renamed = file("renamed.yaml", &renamed.replace("{actor: color,", "{actor: grading,"));
    let others = [renamed.as_str(), "config/examples/checkout.yaml", "config/examples/movie-guards.yaml"];
    let several = [next.as_str(), "config/examples/identity.yaml", tour.as_str(), "config/examples/movie.yaml"];
    for both in [
        Both { alg: "HS256", flags: &[], values: json!({}), documents: &movie, others: &[] },
        Both { alg: "ES256", flags: &[], values: json!({}), documents: &movie, others: &[] },
        Both { alg: "ES256", flags: &[], values: json!({}), documents: &movie, others: &others },
        Both { alg: "HS256", flags: &[], values: json!({}), documents: &movie, others: &others },
        Both {
            alg: "HS256",
            flags: &["--attach", "mesh", "--api", "traffic-extension", "--root-namespace", "mesh", "--gate", &gate],
            values: json!({"attach": "mesh", "api": "TrafficExtension", "rootNamespace": "mesh", "gate": settings}),
            documents: &movie,
            others: &[],
        },
        Both {
            alg: "HS256",
            flags: &[
                "--attach",
                "workload",
                "--registry-cidr",
                "10.0.0.9/32",
                "--tcp-port",
                "5432",
                "--label",
                "name",
                "--open",
                "tour/9",
                "--pull-secret",
                "registry",
                "--pull-policy",
                "always",
                "--priority",
                "7",
                "--access-log",
                "otel",
            ],
            values: json!({
                "attach": "workload", "registryCIDR": "10.0.0.9/32", "tcpPorts": [5432], "label": "name",
                "open": ["tour/9"], "module": {"pullSecret": "registry", "pullPolicy": "Always"}, "priority": 7,
                "accessLog": "otel",
            }),
            documents: &several,
            others: &[],
        },
        Both {
            alg: "HS256",
            flags: &[
                "--entry",
                "edge=x.example",
                "--entry-labels",
                "edge=istio=ingress,x.example/role=front",
                "--registry-cidr",
                "10.0.0.9/32",
                "--dns",
                "openshift-dns:5353",
                "--dns",
                "169.254.20.10/32",
                "--peer",
                "shop=fd00:8::/64",
                "--peer",
                "shop=10.8.0.0/16",
                "--peer",
                "host=192.0.2.7/32",
                "--peer",
                "edge=192.0.2.8/32",
            ],
            values: json!({
                "entries": ["edge"], "entryLabels": {"edge": {"istio": "ingress", "x.example/role": "front"}},
                "registryCIDR": "10.0.0.9/32",
                "dns": [{"namespace": "openshift-dns", "port": 5353}, {"cidr": "169.254.20.10/32"}],
                "peers": {
                    "shop": ["fd00:8::/64", "10.8.0.0/16"], "host": ["192.0.2.7/32"], "edge": ["192.0.2.8/32"],
                },
            }),
            documents: &several,
            others: &[],
        },
        Both {
            alg: "HS256",
            flags: &["--entry", "edge=x.example", "--namespace", "shop", "--namespace", "bank"],
            values: json!({"entries": ["edge"], "namespaces": ["shop", "bank"]}),
            documents: &several,
            others: &[],
        },
    ] {
        both.compare(&helm, &kustomize);
    }
}

#[test]
fn the_chart_refuses_values_without_a_gate() {
    let Some(helm) = tool("helm", "the values that the Helm chart rejects") else { return };
    let movie = ["config/examples/movie.yaml"];
    let tree = Tree::of(&movie, "ES256", &[]);
    let both = Both { alg: "ES256", flags: &[], values: json!({}), documents: &movie, others: &[] };
    let refused = |change: &dyn Fn(&mut Value), secrets: &str| {
        let mut values = both.values("enforce");
        change(&mut values);
        let path = tree.path().join("values.json");
        fs::write(&path, values.to_string()).unwrap();
        let output = clean(&helm)
            .args(["template", "stepgate"])
            .arg(root().join("istio/chart"))
            .arg("--values")
            .arg(&path)
            .arg("--set-file")
            .arg(format!("secrets={secrets}"))
            .output()
            .unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let secrets = tree.path().join("secrets/secrets.yaml");
    let secrets = secrets.to_str().unwrap();
    let stranger = |values: &mut Value| values["workflows"][0]["actors"]["hdr"]["spiffe"] = json!(["ns/movie/sa/new"]);
    for (change, secrets, why) in [
        (&stranger as &dyn Fn(&mut Value), secrets, "movie/new"),
        (&|values: &mut Value| values["attach"] = json!("namespace"), secrets, "workload"),
        (&|values: &mut Value| values["module"]["sha256"] = json!(""), secrets, "sha256"),
        (&|values: &mut Value| values["stage"] = json!("enforced"), secrets, "stage"),
        (&|values: &mut Value| values["gate"] = json!({"mode": "observe"}), secrets, "gate"),
        (&|values: &mut Value| values["workflows"] = json!([]), secrets, "workflows"),
        (&|values: &mut Value| values["stages"] = json!("off"), secrets, "stages"),
        (&|values: &mut Value| values["peers"] = json!({"nobody": ["10.8.0.0/16"]}), secrets, "nobody"),
        (&|values: &mut Value| values["entryLabels"] = json!({"hdr": {"istio": "x"}}), secrets, "hdr"),
        (&|values: &mut Value| values["dns"] = json!([{"port": 53}]), secrets, "dns"),
        (&|_: &mut Value| {}, "/dev/null", "secrets"),
        (&|_: &mut Value| {}, "/etc/hostname", "not a file"),
    ] {
        let said = refused(change, secrets);
        assert!(said.contains(why), "{why}: {said}");
    }
}
