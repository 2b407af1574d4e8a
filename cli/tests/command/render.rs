//! `stepgate render istio`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::run::{Ran, stepgate, with};
use super::secrets::objects;

/// The files as JSON, by their paths, with these documents and flags.
pub(crate) fn files(arguments: &[&str]) -> Value {
    let ran = render(arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

pub(crate) fn render(arguments: &[&str]) -> Ran {
    stepgate(&[&["render", "istio", "--json"], arguments].concat())
}

pub(crate) fn find<'a>(all: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let wanted = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    all.iter().find(wanted).unwrap_or_else(|| panic!("no {kind} {name}"))
}

pub(crate) fn read(files: &Value, path: &str) -> Vec<Value> {
    objects(files[path].as_str().unwrap_or_else(|| panic!("no {path}")))
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(files(&["movie.yaml", "loan.yaml"]), files(&["loan.yaml", "movie.yaml"]));
    let json = stepgate_config::to_json(&std::fs::read(super::run::examples().join("movie.yaml")).unwrap()).unwrap();
    let ran = with(&["render", "istio", "--json", "-"], &[], json.to_string().as_bytes());
    assert_eq!(ran.json(), files(&["movie.yaml"]));
}

#[test]
fn owners_get_only_the_workflows_of_their_namespaces() {
    let files = files(&["movie.yaml", "identity.yaml"]);
    for (namespace, workflow, keys) in [("movie", "movie", 1), ("news", "newsletter", 0)] {
        let all = read(&files, &format!("base/{namespace}.yaml"));
        let config = &find(&all, "WasmPlugin", "stepgate")["spec"]["pluginConfig"];
        let names: Vec<&Value> = config["workflows"].as_array().unwrap().iter().map(|w| &w["workflow"]).collect();
        assert_eq!(names, [workflow]);
        assert_eq!(config["keys"].as_array().unwrap().len(), keys);
    }
    let only = self::files(&["movie.yaml", "identity.yaml", "--namespace", "news"]);
    assert!(only.get("base/movie.yaml").is_none() && only.get("base/news.yaml").is_some());
    assert!(!only.to_string().contains("ns/movie"));
}

#[test]
fn a_gate_is_attached_as_requested() {
    let spec = |attach: &str, path: &str, name: &str| {
        let all = read(&files(&["movie.yaml", "--attach", attach]), path);
        find(&all, "WasmPlugin", name)["spec"].clone()
    };
    assert!(spec("namespace", "base/movie.yaml", "stepgate").get("selector").is_none());
    assert!(spec("mesh", "base/istio-system.yaml", "stepgate").get("selector").is_none());
    let one = spec("workload", "base/movie.yaml", "stepgate-hdr");
    assert_eq!(one["selector"], json!({"matchLabels": {"app": "hdr"}}));
    let waypoint = spec("waypoint", "base/movie.yaml", "stepgate-hdr");
    assert_eq!(waypoint["targetRefs"][0]["name"], "stepgate-hdr");
    let config = &waypoint["pluginConfig"];
    assert_eq!(config["self"], "spiffe://cluster.local/ns/movie/sa/hdr");
    assert_eq!(config["peer_source"], "filter_state:io.istio.peer_principal");
    // The plugin is attached to inbound listeners only, and its gate need not ask for the direction.
    for (attach, path, name) in [
        ("namespace", "base/movie.yaml", "stepgate"),
        ("mesh", "base/istio-system.yaml", "stepgate"),
        ("workload", "base/movie.yaml", "stepgate-hdr"),
        ("waypoint", "base/movie.yaml", "stepgate-hdr"),
    ] {
        assert_eq!(spec(attach, path, name)["pluginConfig"]["direction"], "inbound", "{attach}");
    }
    let renamed = files(&["movie.yaml", "--attach", "waypoint", "--trust-domain-alias", "old.example"]);
    let policy = find(&read(&renamed, "base/movie.yaml"), "AuthorizationPolicy", "stepgate-hdr-waypoint").clone();
    let both = ["cluster.local/ns/movie/sa/stepgate-hdr", "old.example/ns/movie/sa/stepgate-hdr"];
    assert_eq!(policy["spec"]["rules"][0]["from"][0]["source"]["principals"], json!(both));
    for spec in [&one, &waypoint] {
        assert_eq!(
            [&spec["phase"], &spec["failStrategy"], &spec["match"]],
            [&json!("AUTHZ"), &json!("FAIL_CLOSE"), &json!([{"mode": "SERVER"}])]
        );
    }
}

/// No strategy fails open, and the definitions of Istio before 1.28 know only the default.
#[test]
fn a_trap_denies_until_the_proxy_restarts_or_starts_a_new_vm() {
    for (more, strategy) in [(&[][..], "FAIL_CLOSE"), (&["--fail-reload"], "FAIL_RELOAD")] {
        let all = read(&files(&[&["movie.yaml"], more].concat()), "base/movie.yaml");
        assert_eq!(find(&all, "WasmPlugin", "stepgate")["spec"]["failStrategy"], strategy);
    }
}

/// In ambient no request reaches a workload except through its waypoint.
#[test]
fn only_the_waypoint_reaches_the_workload() {
    let files = files(&["movie.yaml", "--attach", "waypoint"]);
    let all = read(&files, "base/movie.yaml");
    let only = &find(&all, "AuthorizationPolicy", "stepgate-hdr-waypoint")["spec"];
    assert_eq!(only["action"], "ALLOW");
    let source = &only["rules"][0]["from"][0]["source"];
    assert_eq!(source["principals"], json!(["cluster.local/ns/movie/sa/stepgate-hdr"]));
    let environment = find(&all, "ConfigMap", "stepgate-hdr")["data"]["deployment"].as_str().unwrap();
    let environment = stepgate_config::to_json(environment.as_bytes()).unwrap();
    let container = &environment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["env"][0]["valueFrom"]["secretKeyRef"]["name"], "stepgate-hdr");
    assert!(container.get("image").is_none());
    let interlocks = read(&files, "components/interlock/interlock.yaml");
    let interlock = &find(&interlocks, "AuthorizationPolicy", "stepgate-hdr-interlock")["spec"];
    assert_eq!(interlock["targetRefs"][0]["name"], "stepgate-hdr");
}

#[test]
fn the_other_api_has_the_same_content() {
    let old = read(&files(&["movie.yaml"]), "base/movie.yaml");
    let new_files = files(&["movie.yaml", "--api", "traffic-extension"]);
    let new = read(&new_files, "base/movie.yaml");
    let mut old = find(&old, "WasmPlugin", "stepgate")["spec"].clone();
    let mut new = find(&new, "TrafficExtension", "stepgate")["spec"].clone();
    let wasm = new.as_object_mut().unwrap().remove("wasm").unwrap();
    for (field, value) in wasm.as_object().unwrap() {
        assert_eq!(old.as_object_mut().unwrap().remove(field).as_ref(), Some(value), "{field}");
    }
    assert_eq!(old, new);
    let observe = new_files["stages/observe/kustomization.yaml"].as_str().unwrap();
    assert!(observe.contains("/spec/wasm/pluginConfig/mode") && observe.contains("kind: TrafficExtension"));
}

#[test]
fn ports_without_http_have_no_interlock() {
    let policies = |arguments: &[&str]| {
        let files = files(&[&["movie.yaml"], arguments].concat());
        let all = read(&files, "components/interlock/interlock.yaml");
        find(&all, "AuthorizationPolicy", "stepgate-hdr-interlock")["spec"]["rules"].clone()
    };
    assert!(policies(&[])[0].get("to").is_none(), "every port has one");
    let rules = policies(&["--tcp-port", "5432", "--tcp-port", "6379"]);
    assert_eq!(rules[0]["to"], json!([{"operation": {"notPorts": ["5432", "6379"]}}]));
}

/// A workflow across namespaces, entered by a gateway.
const TOUR: &str = "
workflow: tour
revision: 1
trust_domain: cluster.local
assurance: signed
actors:
  edge:  {spiffe: [ns/ingress/sa/edge]}
  shop:  {spiffe: [ns/shop/sa/shop], hosts: ['shop.shop.svc.cluster.local:8080']}
  bank:  {spiffe: [ns/bank/sa/bank], hosts: [bank.bank.svc.cluster.local]}
  other: {spiffe: ['spiffe://else.where/ns/x/sa/y'], hosts: [other.example]}
tasks:
  call: {actor: edge, initial: true}
  buy:  {actor: shop, requests: [{methods: [POST, PUT], path: '/v1.0/{id}'}, {methods: [GET]}]}
  pay:  {actor: bank, requests: [{path: '/pay/**'}]}
  post: {actor: other, requests: [{methods: [POST], path: /post}]}
transitions:
  - {from: call, to: buy}
  - {from: buy, to: pay}
  - {from: pay, to: post}
";

pub(crate) fn tour() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tour.yaml");
    std::fs::write(&path, TOUR).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

#[test]
fn a_gateway_admits_initial_requests_and_removes_steps() {
    let (_dir, tour) = tour();
    let files = files(&[&tour, "--entry", "edge=tour.example.com"]);
    let all = read(&files, "entry/entry.yaml");
    let gateway = find(&all, "Gateway", "stepgate-edge");
    assert_eq!(gateway["metadata"]["namespace"], "ingress");
    assert_eq!(gateway["spec"]["servers"][0]["tls"]["mode"], "SIMPLE");
    let routes = &find(&all, "VirtualService", "stepgate-tour--edge")["spec"]["http"];
    assert_eq!(routes.as_array().unwrap().len(), 1);
    let route = &routes[0];
    assert_eq!(
        route["match"],
        json!([{"uri": {"regex": "/v1\\.0/[^/]+"}, "method": {"regex": "POST|PUT"}}, {"method": {"regex": "GET"}}])
    );
    let destination = json!({"host": "shop.shop.svc.cluster.local", "port": {"number": 8080}});
    assert_eq!(route["route"], json!([{"destination": destination}]));
    assert_eq!(route["retries"], json!({"attempts": 0}));
    assert_eq!(route["headers"]["request"]["remove"], json!(["x-workflow-step", "baggage", "x-stepgate-permit"]));
    assert_eq!(route["headers"]["response"]["remove"], json!(["x-workflow-step", "x-workflow-step-start"]));
    // It runs no gate: it needs no plugin and no keys, and its namespace stays reachable from outside.
    assert!(files.get("base/ingress.yaml").is_none());
    assert!(!files["components/network/network.yaml"].as_str().unwrap().contains("namespace: ingress"));
    assert!(!files["components/proxies/kustomization.yaml"].as_str().unwrap().contains("edge"));
    let called = render(&[&tour, "--entry", "shop=x.example"]);
    assert!(called.code == 2 && called.err.contains("`buy`"), "{called:?}");
    assert_eq!(render(&[&tour, "--entry", "nobody=x.example"]).code, 2);
}

#[test]
fn each_stage_makes_its_own_change() {
    let files = files(&["movie.yaml"]);
    let stage = |name: &str| {
        stepgate_config::to_json(files[format!("stages/{name}/kustomization.yaml")].as_str().unwrap().as_bytes())
            .unwrap()
    };
    let components = |name: &str| stage(name)["components"].to_string();
    assert!(components("enforce").contains("/interlock\"") && components("enforce").contains("/mtls\""));
    assert!(stage("enforce").get("patches").is_none(), "the base enforces");
    for name in ["observe", "off"] {
        // It changes mTLS neither to strict nor, in a strict mesh, to permissive.
        assert_eq!(stage(name)["components"], json!(["../../components/interlock-idle"]), "{name}");
    }
    assert!(stage("observe")["patches"][0]["patch"].as_str().unwrap().contains("observe"));
    assert!(stage("strict")["patches"][0]["patch"].as_str().unwrap().contains("permits"));
    assert!(stage("off")["patches"][0]["patch"].as_str().unwrap().contains("/spec/selector"));
}

#[test]
fn further_settings_reach_every_gate_and_reserved_ones_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let gate = |text: &str| {
        let path: PathBuf = dir.path().join("gate.yaml");
        std::fs::write(&path, text).unwrap();
        render(&["movie.yaml", "--gate", path.to_str().unwrap()])
    };
    let ran = gate(
        "exempt: [{methods: [GET], path: /healthz, peers: anyone}]\nlog: {denials_per_second: 5}\n\
         limits: {starts: 100/1m}\n",
    );
    let all = read(&ran.json(), "base/movie.yaml");
    let config = &find(&all, "WasmPlugin", "stepgate")["spec"]["pluginConfig"];
    assert_eq!(config["exempt"][0]["path"], "/healthz");
    assert_eq!(config["limits"]["starts"], "100/1m");
    let strict = ran.json()["stages/strict/kustomization.yaml"].as_str().unwrap().to_owned();
    assert!(strict.contains("denials_per_second: 5") && strict.contains("permits: true"), "{strict}");
    for taken in ["mode: observe", "keys: []", "interlock: {env: [X]}", "workflows: []", "self: spiffe://a/b"] {
        let ran = gate(taken);
        assert!(ran.code == 2 && ran.err.contains("which this command writes"), "{taken}: {ran:?}");
    }
    let ran = gate("exempd: []");
    assert!(ran.code == 2 && ran.err.contains("exempd"), "{ran:?}");
}

#[test]
fn revisions_are_opened_as_requested() {
    let dir = tempfile::tempdir().unwrap();
    let next = dir.path().join("next.yaml");
    let document = std::fs::read_to_string(super::run::examples().join("movie.yaml")).unwrap();
    std::fs::write(&next, document.replace("revision: 1", "revision: 2")).unwrap();
    let next = next.to_str().unwrap();
    let all = read(&files(&["movie.yaml", next, "--open", "movie/1"]), "base/movie.yaml");
    let workflows = &find(&all, "WasmPlugin", "stepgate")["spec"]["pluginConfig"]["workflows"];
    assert_eq!((&workflows[0]["open"], workflows[1].get("open")), (&json!(true), None));
    let twice = render(&["movie.yaml", "movie.yaml"]);
    assert!(twice.code == 2 && twice.err.contains("two documents"), "{twice:?}");
    let none = render(&["movie.yaml", "--open", "movie/3"]);
    assert!(none.code == 2 && none.err.contains("movie/3"), "{none:?}");
}

#[test]
fn impossible_options_are_refused() {
    let long = format!("edge={}", ["a"; 126].join("."));
    for (arguments, what) in [
        (&["gate/movie.yaml"][..], "not a workflow document"),
        (&["movie.yaml", "--module", "oci://x/y"], "--sha256"),
        (&["movie.yaml", "--module", "ftp://x", "--sha256", "0"], "oci://"),
        (&["movie.yaml", "--namespace", "no"], "movie"),
        (&["movie.yaml", "--trust-domain", "else.where"], "--trust-domain"),
        (&["movie.yaml", "--registry-cidr", "10.0.0.0/33"], "CIDR"),
        (&["movie.yaml", "--entry", "edge"], "ACTOR=HOST"),
        // Names that Kubernetes would refuse.
        (&["movie.yaml", "--entry", "edge=*.example.com"], "ACTOR=HOST"),
        (&["movie.yaml", "--entry", "edge=Movie.example"], "ACTOR=HOST"),
        (&["movie.yaml", "--entry", &long], "ACTOR=HOST"),
        (&["movie.yaml", "--root-namespace", "../x"], "namespace"),
        (&["movie.yaml", "--label", "a b"], "label"),
        (&["movie.yaml", "--label", "/app"], "label"),
        (&["movie.yaml", "--pull-secret", "A_b"], "Secret"),
    ] {
        let ran = render(arguments);
        assert!([1, 2, 3].contains(&ran.code) && ran.err.contains(what), "{arguments:?}: {ran:?}");
    }
    let unnamed = render(&["movie.yaml"]);
    assert!(unnamed.code == 0 && unnamed.err.contains("deny everything"), "{unnamed:?}");
}

/// Istio ignores a second Gateway with a host that another one of the same pods has, and a second object of one name
/// replaces the first.
#[test]
fn an_entry_has_one_gateway_whatever_calls_through_it() {
    let (dir, tour) = tour();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let next = TOUR.replace("revision: 1", "revision: 2").replace("/v1.0/{id}", "/v2.0/{id}");
    let next = write("next.yaml", &next);
    let other = TOUR
        .replace("workflow: tour", "workflow: other")
        .replace("/v1.0/", "/other/")
        .replace(", {methods: [GET]}", "");
    let other = write("other.yaml", &other);
    let entries = ["--entry", "edge=tour.example.com", "--entry", "edge=tour.example.org"];
    let read = |more: &[&str]| {
        let files = files(&[&[tour.as_str(), &next, &other], &entries[..], more].concat());
        read(&files, "entry/entry.yaml")
    };
    let all = read(&[]);
    let names = |kind: &str| -> Vec<String> {
        let of_kind = all.iter().filter(|object| object["kind"] == kind);
        of_kind.map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("Gateway"), ["stepgate-edge"]);
    assert_eq!(names("VirtualService"), ["stepgate-other--edge", "stepgate-tour--edge"]);
    let hosts = json!(["tour.example.com", "tour.example.org"]);
    let servers = find(&all, "Gateway", "stepgate-edge")["spec"]["servers"].as_array().unwrap();
    assert_eq!(json!([servers[0]["hosts"][0], servers[1]["hosts"][0]]), hosts);
    // The routes of all revisions: those of the open one come first, and a route that both have is there once.
    let paths = |all: &[Value]| {
        let service = &find(all, "VirtualService", "stepgate-tour--edge")["spec"];
        assert_eq!((&service["hosts"], &service["gateways"]), (&hosts, &json!(["stepgate-edge"])));
        let routes = service["http"].as_array().unwrap().iter();
        routes.map(|route| route["match"][0]["uri"]["regex"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&all), ["/v2\\.0/[^/]+", "/v1\\.0/[^/]+"]);
    assert_eq!(paths(&read(&["--open", "tour/1"])), ["/v1\\.0/[^/]+", "/v2\\.0/[^/]+"]);
    let other_routes = &find(&all, "VirtualService", "stepgate-other--edge")["spec"]["http"];
    assert_eq!(other_routes.as_array().unwrap().len(), 1);
    let same = TOUR.replace("revision: 1", "revision: 3");
    let same = write("same.yaml", &same);
    let all = self::read(&files(&[&[tour.as_str(), &same], &entries[..]].concat()), "entry/entry.yaml");
    assert_eq!(paths(&all), ["/v1\\.0/[^/]+"]);
}

/// A namespace may have any name.
#[test]
fn a_namespace_does_not_replace_a_file() {
    let (_dir, tour) = tour();
    let text = std::fs::read_to_string(&tour).unwrap().replace("ns/bank", "ns/kustomization");
    std::fs::write(&tour, text).unwrap();
    let files = files(&[&tour]);
    let kustomization = read(&files, "base/kustomization.yaml");
    let resources: Vec<&str> =
        kustomization[0]["resources"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    assert_eq!(resources, ["ingress.yaml", "kustomization.namespace.yaml", "shop.yaml"]);
    for path in resources {
        find(&read(&files, &format!("base/{path}")), "WasmPlugin", "stepgate");
    }
}

/// A VirtualService without routes is refused by Istio, and a gateway without one admits nothing.
#[test]
fn an_entry_begins_instances() {
    let (dir, _) = tour();
    let path = dir.path().join("unused.yaml");
    let unused = TOUR.replace("  other:", "  relay: {spiffe: [ns/ingress/sa/relay]}\n  other:");
    std::fs::write(&path, unused).unwrap();
    let path = path.to_str().unwrap();
    for command in [&["render", "istio"][..], &["secrets", "--out", dir.path().join("s").to_str().unwrap()]] {
        let entry = if command[0] == "secrets" { "relay" } else { "relay=x.example" };
        let ran = stepgate(&[command, &[path, "--entry", entry]].concat());
        assert!(ran.code == 2 && ran.err.contains("`relay` begins no instance"), "{ran:?}");
    }
}
