//! Every kind of manifest that `stepgate render istio` and the chart write.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use stepgate_cluster_tests::{Cluster, Error, Programs, Result, repository, run};

const MOVIE: &str = "config/examples/movie.yaml";
/// A workflow that a gateway begins.
const ENTERED: &str = "
workflow: tour
revision: 1
trust_domain: cluster.local
actors:
  edge: {spiffe: [ns/movie/sa/edge]}
  shop: {spiffe: [ns/movie/sa/shop], hosts: ['shop.movie.svc.cluster.local:8080']}
tasks:
  call: {actor: edge, initial: true}
  buy:  {actor: shop, requests: [{methods: [POST, PUT], path: '/v1/{id}'}]}
transitions:
  - {from: call, to: buy}
";
/// It is never pulled.
const MODULE: [&str; 2] = [
    "module.url=oci://registry.example/stepgate:0.1.0",
    "module.sha256=4f0d2dbbe0b9e2d7ed2bc2a4ab6b4cdf6f2f7cd92ed0bca1e7eb39d1d1f9b0a3",
];
const STAGES: [&str; 4] = ["observe", "strict", "enforce", "off"];

/// The algorithm of the keys, and the flags of `render`.
type Flavour = (&'static str, &'static [&'static str]);

const FLAVOURS: [Flavour; 10] = [
    (
        "HS256",
        &[
            "--registry-cidr",
            "10.20.0.5/32",
            "--tcp-port",
            "5432",
            "--dns",
            "openshift-dns:5353",
            "--dns",
            "fd00:ec2::253/128",
        ],
    ),
    ("HS256", &["--registry-cidr", "10.20.0.5/32", "--peer", "vfx-1=10.8.0.0/16", "--peer", "vfx-1=fd00:8::/64"]),
    ("HS256", &["--pull-secret", "registry", "--pull-policy", "always", "--priority", "7"]),
    ("HS256", &["--api", "traffic-extension"]),
    ("ES256", &["--attach", "workload"]),
    ("HS256", &["--attach", "mesh"]),
    ("HS256", &["--outbound", "--trust-domain-alias", "old.example"]),
    ("ES256", &["--outbound", "--api", "traffic-extension"]),
    ("EdDSA", &["--attach", "waypoint"]),
    ("EdDSA", &["--attach", "waypoint", "--api", "traffic-extension"]),
];

/// All objects of all flavours and stages, each once.
pub(crate) fn objects(cluster: &Cluster, programs: &Programs) -> Result<Vec<Value>> {
    let folder = tempfile::tempdir()?;
    let entered = folder.path().join("tour.yaml");
    fs::write(&entered, ENTERED)?;
    let entered = entered.display().to_string();
    let mut found = Found::default();
    for (number, (alg, flags)) in FLAVOURS.iter().enumerate() {
        let tree = Tree::render(&programs.stepgate, &folder.path().join(number.to_string()), MOVIE, alg, flags)?;
        STAGES
            .iter()
            .try_for_each(|stage| found.add(&cluster.kubectl(&["kustomize", &tree.at(&format!("stages/{stage}"))])?))?;
    }
    let tree = Tree::render(
        &programs.stepgate,
        &folder.path().join("entry"),
        &entered,
        "HS256",
        &[
            "--entry",
            "edge=tour.example.com",
            "--entry",
            "edge=tour.example.org",
            "--entry-labels",
            "edge=istio=ingress",
        ],
    )?;
    found.add(&cluster.kubectl(&["kustomize", &tree.at("entry")])?)?;
    let chart = Chart::of_the_movie(programs, folder.path())?;
    STAGES.iter().try_for_each(|stage| found.add(&chart.template(stage)?))?;
    Ok(found.objects)
}

#[derive(Default)]
struct Found {
    seen: BTreeSet<String>,
    objects: Vec<Value>,
}

impl Found {
    fn add(&mut self, stream: &str) -> Result<()> {
        for document in stream.trim_start_matches("---\n").split("\n---\n") {
            let object = stepgate_config::to_json(document.as_bytes());
            let object = object.map_err(|_| Error::new(format!("this is not YAML:\n{document}")))?;
            // Each flavour has new keys; the Secrets of one are enough.
            let of = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let known = match of("/kind").as_str() {
                "Secret" => [of("/kind"), of("/metadata/namespace"), of("/metadata/name")].join("/"),
                _ => object.to_string(),
            };
            if self.seen.insert(known) {
                self.objects.push(object);
            }
        }
        Ok(())
    }
}

/// The output of `stepgate render istio`.
struct Tree(PathBuf);

impl Tree {
    fn render(stepgate: &Path, folder: &Path, document: &str, alg: &str, flags: &[&str]) -> Result<Self> {
        let tree = Self(folder.to_owned());
        let secrets = tree.at("secrets/secrets.yaml");
        let actors = flags.iter().skip_while(|flag| **flag != "--entry").skip(1).take(1);
        let actors = actors.filter_map(|entry| entry.split_once('=')).map(|(actor, _)| actor);
        let entry: Vec<&str> = actors.flat_map(|actor| ["--entry", actor]).collect();
        run(stepgate, &[&["secrets", document, "--alg", alg, "--out", &secrets], entry.as_slice()].concat(), None)?;
        run(
            stepgate,
            &[&["render", "istio", document, "--secrets", &secrets, "--out", &tree.at("")], flags].concat(),
            None,
        )?;
        Ok(tree)
    }

    fn at(&self, path: &str) -> String {
        self.0.join(path).display().to_string()
    }
}

/// The Helm chart, with the movie's values.
struct Chart {
    helm: PathBuf,
    values: PathBuf,
    secrets: PathBuf,
}

impl Chart {
    fn of_the_movie(programs: &Programs, folder: &Path) -> Result<Self> {
        let (values, secrets) = (folder.join("values.yaml"), folder.join("movie-secrets.yaml"));
        let document = fs::read_to_string(repository().join(MOVIE))?;
        let document: String = document.lines().map(|line| format!("    {line}\n")).collect();
        fs::write(&values, format!("workflows:\n  -\n{document}"))?;
        run(&programs.stepgate, &["secrets", MOVIE, "--out", &secrets.display().to_string()], None)?;
        Ok(Self { helm: programs.helm.clone(), values, secrets })
    }

    fn template(&self, stage: &str) -> Result<String> {
        let (secrets, stage) = (format!("secrets={}", self.secrets.display()), format!("stage={stage}"));
        let values = self.values.display().to_string();
        let template =
            ["template", "stepgate", "istio/chart", "--values", &values, "--set-file", &secrets, "--set", &stage];
        let module = ["--set", MODULE[0], "--set-string", MODULE[1]];
        let rendered = run(&self.helm, &[template.as_slice(), &module].concat(), None)?;
        Ok(rendered.lines().filter(|line| !line.starts_with("# Source:")).map(|line| format!("{line}\n")).collect())
    }
}
