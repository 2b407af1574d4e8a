//! `stepgate render istio --outbound`.

use serde_json::{Value, json};

use super::render::{files, find, read, render, tour};

fn with_settings(document: &str, settings: &str, more: &[&str]) -> super::run::Ran {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gate.yaml");
    std::fs::write(&path, settings).unwrap();
    render(&[&[document, "--gate", path.to_str().unwrap()], more].concat())
}

#[test]
fn each_workload_gets_a_gate_of_its_own_for_what_it_sends() {
    let settings = "exempt: [{path: /healthz, peers: anyone}]\nlimits: {starts: 100/1m}\negress: [{host: traces.example, path: /v1}]\n";
    let all = read(&with_settings("movie.yaml", settings, &["--outbound"]).json(), "base/movie.yaml");
    let gate = find(&all, "WasmPlugin", "outbound-stepgate-hdr");
    let spec = &gate["spec"];
    assert_eq!(
        [&spec["match"], &spec["selector"]],
        [&json!([{"mode": "CLIENT"}]), &json!({"matchLabels": {"app": "hdr"}})]
    );
    let config = &spec["pluginConfig"];
    assert_eq!([&config["direction"], &config["self"]], ["outbound", "spiffe://cluster.local/ns/movie/sa/hdr"]);
    assert_eq!(config["egress"], json!([{"host": "traces.example", "path": "/v1"}]));
    assert!(config.get("exempt").is_none() && config.get("limits").is_none(), "they are for requests that come in");
    let inbound = &find(&all, "WasmPlugin", "stepgate")["spec"]["pluginConfig"];
    assert!(inbound.get("egress").is_none() && inbound.get("exempt").is_some());
    assert_eq!(all.iter().filter(|object| object["kind"] == "WasmPlugin").count(), 8);
}

/// Without the flag nothing of it is there.
#[test]
fn without_the_flag_nothing_is_written_for_requests_that_leave() {
    let files = files(&["movie.yaml"]);
    assert!(!files.to_string().contains("outbound"), "{files}");
    let ran = with_settings("movie.yaml", "egress: [{host: traces.example}]\n", &[]);
    assert!(ran.code == 2 && ran.err.contains("add --outbound"), "{ran:?}");
}

#[test]
fn a_proxy_knows_only_the_receivers_and_the_list() {
    let settings = "egress: [{host: 'traces.example:4318', path: /v1}]\n";
    let files = with_settings("movie.yaml", settings, &["--outbound"]).json();
    let all = read(&files, "components/outbound/outbound.yaml");
    let spec = &find(&all, "Sidecar", "outbound-stepgate-color")["spec"];
    assert_eq!(spec["egress"], json!([{"hosts": ["*/hdr.movie.svc.cluster.local", "*/traces.example"]}]));
    assert_eq!(spec["outboundTrafficPolicy"], json!({"mode": "REGISTRY_ONLY"}));
    assert_eq!(spec["workloadSelector"], json!({"labels": {"app": "color"}}));
    // The bank sends nothing, since what it calls is not on the list.
    let (_dir, tour) = tour();
    let none = self::files(&[&tour, "--outbound", "--entry", "edge=x.example"]);
    assert!(find(&read(&none, "components/outbound/outbound.yaml"), "Sidecar", "outbound-stepgate-shop").is_object());
}

fn pins(files: &Value) -> Vec<(Value, Value)> {
    let all = read(files, "components/outbound/outbound.yaml");
    let rules = all.into_iter().filter(|object| object["kind"] == "DestinationRule");
    let names = |rule: &Value| rule["spec"]["trafficPolicy"]["tls"]["subjectAltNames"].clone();
    rules.map(|rule| (rule["spec"]["host"].clone(), names(&rule))).collect()
}

/// An alias is one of the document's trust domain only. The workloads of an open segment are not known.
#[test]
fn a_receiver_is_pinned_to_its_identities() {
    let (dir, tour) = tour();
    let alias = ["--outbound", "--trust-domain-alias", "old.example"];
    let found = pins(&files(&[&[tour.as_str()], &alias[..]].concat()));
    let bank = json!(["spiffe://cluster.local/ns/bank/sa/bank", "spiffe://old.example/ns/bank/sa/bank"]);
    let shop = json!(["spiffe://cluster.local/ns/shop/sa/shop", "spiffe://old.example/ns/shop/sa/shop"]);
    assert_eq!(
        found,
        [
            (json!("other.example"), json!(["spiffe://else.where/ns/x/sa/y"])),
            (json!("shop.shop.svc.cluster.local"), shop),
            (json!("bank.bank.svc.cluster.local"), bank),
        ]
    );
    let open = std::fs::read_to_string(&tour).unwrap().replace("'spiffe://else.where/ns/x/sa/y'", "'ns/x/pod/{pod}'");
    let path = dir.path().join("open.yaml");
    std::fs::write(&path, open).unwrap();
    let found = pins(&files(&[path.to_str().unwrap(), "--outbound"]));
    assert!(found.len() == 2 && !found.iter().any(|(host, _)| host == "other.example"), "{found:?}");
}

#[test]
fn the_stages_close_the_ways_past_the_gates_last() {
    let files = files(&["movie.yaml", "--outbound", "--attach", "mesh"]);
    for (stage, component) in
        [("observe", "outbound-idle"), ("strict", "outbound-idle"), ("enforce", "outbound"), ("off", "outbound-idle")]
    {
        let text = files[format!("stages/{stage}/kustomization.yaml")].as_str().unwrap();
        assert!(text.contains(&format!("- ../../components/{component}\n")), "{stage}: {text}");
        let patched = text.matches("name: outbound-stepgate-").count();
        assert_eq!(patched, if stage == "enforce" { 0 } else { 7 }, "{stage}");
    }
    let idle = read(&files, "components/outbound-idle/outbound-idle.yaml");
    assert!(
        idle.iter().all(|sidecar| sidecar["spec"]["workloadSelector"]["labels"]["stepgate.dev/gate"] == "detached")
    );
    // The plugin of the mesh is in the root namespace, each outbound gate in that of its workload.
    find(&read(&files, "base/istio-system.yaml"), "WasmPlugin", "stepgate");
    find(&read(&files, "base/movie.yaml"), "WasmPlugin", "outbound-stepgate-hdr");
}

#[test]
fn what_no_outbound_gate_could_decide_is_refused() {
    let (dir, tour) = tour();
    let nameless = std::fs::read_to_string(&tour).unwrap().replace(", hosts: [bank.bank.svc.cluster.local]", "");
    let path = dir.path().join("nameless.yaml");
    std::fs::write(&path, nameless).unwrap();
    let ran = render(&[path.to_str().unwrap(), "--outbound"]);
    assert!(ran.code == 2 && ran.err.contains("`shop/shop` calls `bank`, which has no `hosts` with a dot"), "{ran:?}");
    let ran = render(&["movie.yaml", "--outbound", "--attach", "waypoint"]);
    assert!(ran.code == 2 && ran.err.contains("in ambient mode no outbound gate is possible"), "{ran:?}");
}

/// At `once` the gate of each caller decides first.
#[test]
fn a_document_of_level_once_has_gates_on_both_sides() {
    let (dir, tour) = tour();
    let once = std::fs::read_to_string(&tour).unwrap().replace("assurance: signed", "assurance: once");
    let path = dir.path().join("once.yaml");
    std::fs::write(&path, once).unwrap();
    let path = path.to_str().unwrap();
    let ran = render(&[path]);
    assert!(ran.code == 2 && ran.err.contains("add --outbound"), "{ran:?}");
    let ran = render(&[path, "--outbound", "--entry", "edge=x.example"]);
    assert!(ran.code == 2 && ran.err.contains("an entry runs no gate that could begin an instance"), "{ran:?}");
    let all = read(&files(&[path, "--outbound"]), "base/shop.yaml");
    for (plugin, direction) in [("stepgate", "inbound"), ("outbound-stepgate-shop", "outbound")] {
        assert_eq!(find(&all, "WasmPlugin", plugin)["spec"]["pluginConfig"]["direction"], direction);
    }
}
