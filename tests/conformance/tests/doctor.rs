//! `stepgate doctor` with real Envoys, each with a real fault of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};
use stepgate_config::Checked;
use stepgate_doctor::{Endpoint, ExpectedState, Kind, ProxyReport, Report, examine};
use stepgate_mesh::{ClientCertificate, Mesh, MeshSpec, Plugin, Request, Workload};
use stepgate_tests::http;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw"}"#;
/// Each workload is an actor of the workflow; its name describes its fault.
const WORKLOADS: [&str; 6] = ["good", "loose", "changed", "old", "broken", "bare"];

/// Every actor may be called by `bare`, which begins instances.
fn configuration() -> Value {
    let actors: BTreeMap<&str, Value> =
        WORKLOADS.iter().map(|name| (*name, json!({"spiffe": [format!("ns/film/sa/{name}")]}))).collect();
    let mut tasks: BTreeMap<&str, Value> = WORKLOADS
        .iter()
        .filter(|name| **name != "bare")
        .map(|name| (*name, json!({"actor": name, "requests": [{"methods": ["POST"], "path": "/work"}]})))
        .collect();
    tasks.insert("begin", json!({"actor": "bare", "initial": true}));
    let called = WORKLOADS.iter().filter(|name| **name != "bare");
    json!({
        "keys": [
            {"workflow": "film", "kid": "now", "use": "sign", "env": "KEY"},
            {"workflow": "film", "kid": "next", "use": "verify", "env": "NEXT"},
        ],
        "workflows": [{
            "workflow": "film",
            "revision": 2,
            "trust_domain": "cluster.local",
            "actors": actors,
            "tasks": tasks,
            "transitions": called.map(|name| json!({"from": "begin", "to": name})).collect::<Vec<_>>(),
        }],
    })
}

fn module() -> PathBuf {
    std::env::var_os("STEPGATE_MODULE").expect("STEPGATE_MODULE names the filter: run `make test`").into()
}

/// The same module with an older version in it: the texts keep their length.
fn older_module(folder: &Path) -> PathBuf {
    let mut bytes = std::fs::read(module()).unwrap();
    let (version, older) = (VERSION.as_bytes(), VERSION.replace(|c: char| c.is_ascii_digit(), "0").into_bytes());
    assert_ne!(version, older);
    let places: Vec<usize> = (0..bytes.len() - version.len()).filter(|at| bytes[*at..].starts_with(version)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + older.len()].copy_from_slice(&older);
    }
    let path = folder.join("older.wasm");
    std::fs::write(&path, bytes).unwrap();
    path
}

fn workload(name: &str, folder: &Path) -> Workload {
    let mut configuration = configuration();
    let mut module = module();
    let mut environment = BTreeMap::from([("KEY".to_owned(), KEY.to_owned()), ("NEXT".to_owned(), KEY.to_owned())]);
    match name {
        "loose" => {
            configuration["mode"] = json!("observe");
            configuration["keys"].as_array_mut().unwrap().pop();
        }
        "changed" => {
            configuration["workflows"][0]["deadline"] = json!("7h");
            environment.remove("KEY");
        }
        "old" => {
            configuration["workflows"][0]["revision"] = json!(1);
            module = older_module(folder);
        }
        "broken" => configuration["mode"] = json!("sometimes"),
        _ => {}
    }
    let configuration = configuration.to_string();
    let mut workload = Workload::new(name, format!("spiffe://cluster.local/ns/film/sa/{name}"));
    if name == "loose" {
        workload.inbound.client_certificate = ClientCertificate::Optional;
    }
    if name == "bare" { workload } else { workload.gated_by(Plugin { module, configuration, environment }) }
}

fn expected(text: &str) -> ExpectedState {
    match stepgate_config::read(text.as_bytes()).checked.unwrap() {
        Checked::Gate(gate) => ExpectedState::of_gate(&gate, VERSION.to_owned()),
        Checked::Workflow(workflow) => ExpectedState::of_workflow(workflow, VERSION.to_owned()),
    }
}

fn endpoint(at: SocketAddr) -> Endpoint {
    format!("http://{at}").parse().unwrap()
}

fn of<'r>(report: &'r Report, name: &str) -> &'r ProxyReport {
    report.proxies.iter().find(|proxy| proxy.name == name).unwrap()
}

fn kinds(report: &ProxyReport) -> BTreeSet<Kind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

/// A few at a time: each Envoy compiles the module when it starts.
fn start(names: &[&str], folder: &Path) -> Mesh {
    let mesh = Mesh::start(MeshSpec::new(names.iter().map(|name| workload(name, folder)).collect())).unwrap();
    // Gauges are set in a gate's first second.
    let begun = std::time::Instant::now();
    let ready = |name: &&str| {
        let of = |(name, value): (&String, &u64)| {
            *value > 0 && (name.contains("stepgate_gate") || name.contains("stepgate_no_config"))
        };
        *name == "bare" || mesh.stats(name).unwrap().iter().any(of)
    };
    while !names.iter().all(ready) {
        assert!(begun.elapsed().as_secs() < 60, "no gauges");
        thread::yield_now();
    }
    mesh
}

fn ask(mesh: &Mesh, text: &str, names: &[&str]) -> Report {
    let endpoints: Vec<_> =
        names.iter().map(|name| ((*name).to_owned(), endpoint(mesh.addresses(name).unwrap().admin))).collect();
    examine(&expected(text), &endpoints, None).unwrap()
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for (names, kinds_of) in [
        (
            ["loose", "changed"],
            [vec![Kind::OtherMode, Kind::KeyUnknown, Kind::NoMtls], vec![Kind::OtherDigest, Kind::KeyNotHeld]],
        ),
        (["old", "broken"], [vec![Kind::OtherRevision, Kind::OtherVersion], vec![Kind::NoConfig]]),
    ] {
        let mesh = start(&names, folder.path());
        let report = ask(&mesh, &configuration().to_string(), &names);
        for (name, faults) in names.iter().zip(kinds_of) {
            let found = of(&report, name);
            assert_eq!(kinds(found), faults.into_iter().collect(), "{name}: {:#?}", found.findings);
        }
        assert_no_secret(&report);
    }
}

#[test]
fn a_correct_gate_has_no_finding_and_a_missing_one_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mesh = start(&["good", "bare"], folder.path());
    assert_eq!(mesh.call("bare", "good", &Request::new("POST", "/work")).unwrap().status, 200);
    assert_eq!(mesh.call("good", "bare", &Request::new("POST", "/anything")).unwrap().status, 200);

    let report = ask(&mesh, &configuration().to_string(), &["good", "bare"]);
    let good = of(&report, "good");
    assert!(good.findings.is_empty(), "{:#?}", good.findings);
    assert_eq!((good.in_force.as_slice(), good.mtls), (["film 2".to_owned()].as_slice(), Some(true)));
    assert_eq!(
        (good.keys.clone(), good.modes.clone()),
        (vec!["next".to_owned(), "now".into()], vec!["enforce".into()])
    );
    assert_eq!(kinds(of(&report, "bare")), BTreeSet::from([Kind::NoGate, Kind::Unfiltered]));
    // A workload that was not checked is a finding of the workflow.
    assert_eq!(report.findings.len(), WORKLOADS.len() - 2);
    assert!(report.findings.iter().all(|finding| finding.kind == Kind::NotChecked) && !report.is_clean());
    // The table contains the same.
    let table = report.table(&str::to_owned);
    for text in [
        "spiffe://cluster.local/ns/film/sa/good",
        "bare: UNFILTERED: 1 of 1 requests",
        "= do: ",
        "2 proxies, 6 findings",
    ] {
        assert!(table.contains(text), "no {text} in\n{table}");
    }
    assert_no_secret(&report);

    // A document names no keys and no mode.
    let document = configuration()["workflows"][0].to_string();
    assert!(of(&ask(&mesh, &document, &["good"]), "good").findings.is_empty());
    let other = document.replace("/work", "/other");
    assert_eq!(kinds(of(&ask(&mesh, &other, &["good"]), "good")), BTreeSet::from([Kind::OtherDigest]));

    through_istiod(&mesh);
}

/// No key is shown.
fn assert_no_secret(report: &Report) {
    let secret = "sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw";
    assert!(KEY.contains(secret));
    assert!(!report.table(&str::to_owned).contains(secret));
    assert!(!serde_json::to_string(report).unwrap().contains(secret));
}

/// A fake istiod returns the configurations of these Envoys.
fn through_istiod(mesh: &Mesh) {
    let dump = |name: &str| http::get(mesh.addresses(name).unwrap().admin, "/config_dump").unwrap();
    let client = |name: &str| {
        json!({
            "connectionId": format!("{name}-6f7-x2.film-11"),
            "metadata": {"NAMESPACE": "film", "SERVICE_ACCOUNT": name},
        })
    };
    let answers = BTreeMap::from([
        (
            "/debug/adsz".to_owned(),
            json!({"totalClients": 3, "clients": [client("good"), client("bare"), client("stranger")]}).to_string(),
        ),
        (
            "/debug/syncz".to_owned(),
            json!([
                {"proxy": "good-6f7-x2.film", "listener_sent": "a", "listener_acked": "a"},
                {"proxy": "bare-6f7-x2.film", "listener_sent": "b", "listener_acked": "a", "cluster_sent": "c"},
            ])
            .to_string(),
        ),
        ("/debug/config_dump?proxyID=good-6f7-x2.film".to_owned(), dump("good")),
        ("/debug/config_dump?proxyID=bare-6f7-x2.film".to_owned(), dump("bare")),
    ]);
    let istiod = fake_istiod(answers);
    let report = examine(&expected(&configuration().to_string()), &[], Some(&endpoint(istiod))).unwrap();
    assert_eq!(report.proxies.len(), 2);
    assert!(of(&report, "good-6f7-x2.film").findings.is_empty(), "{:#?}", report.proxies);
    assert_eq!(kinds(of(&report, "bare-6f7-x2.film")), BTreeSet::from([Kind::NoGate, Kind::NotSynced]));
}

/// Serves these paths until the test's process ends; everything else is 404.
fn fake_istiod(answers: BTreeMap<String, String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let (status, body) = answers.get(path).map_or(("404 Not Found", ""), |body| ("200 OK", body.as_str()));
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        }
    });
    at
}
