//! Alert rules, and a dashboard whose every query finds a series in a Prometheus that has scraped real gates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::{Value, json};
use stepgate_decision::Code;
use stepgate_mesh::{Mesh, MeshSpec, Plugin, Request, Workload};
use stepgate_tests::http;

const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw"}"#;
const PATIENCE: Duration = Duration::from_secs(60);

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../observe").join(name)
}

fn yaml(name: &str) -> Value {
    stepgate_config::to_json(&fs::read(file(name)).unwrap()).unwrap_or_else(|errors| panic!("{name}: {}", errors[0]))
}

/// Whether this machine has no Prometheus. That is printed on the terminal even if the test's output is hidden.
fn no_prometheus(test: &str) -> bool {
    let found = |name: &str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    let missing: Vec<&str> = ["prometheus", "promtool"].into_iter().filter(|name| !found(name)).collect();
    if !missing.is_empty() {
        let _ = writeln!(std::io::stderr(), "NOT TESTED: {test}; this machine lacks {}", missing.join(" and "));
    }
    !missing.is_empty()
}

#[test]
fn the_rules_are_valid_and_fire_as_tested() {
    if no_prometheus("the alert rules") {
        return;
    }
    for (what, name) in [("check", "alerts.yaml"), ("test", "alerts.test.yaml")] {
        let output = Command::new("promtool").args([what, "rules"]).arg(file(name)).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
    }
}

/// Each rule fires in one of promtool's tests and does not fire in another; each has a line in the documentation.
#[test]
fn every_rule_is_tested_and_documented() {
    let (rules, tests) = (yaml("alerts.yaml"), yaml("alerts.test.yaml"));
    let page = fs::read_to_string(file("../docs/observe.md")).unwrap();
    let tests: Vec<&Value> = tests["tests"].as_array().unwrap().iter().collect();
    let tried: Vec<&Value> = tests.iter().flat_map(|test| test["alert_rule_test"].as_array().unwrap()).collect();
    for rule in rules["groups"][0]["rules"].as_array().unwrap() {
        let name = &rule["alert"];
        let of_rule: Vec<&&Value> = tried.iter().filter(|case| case["alertname"] == *name).collect();
        assert!(of_rule.iter().any(|case| case["exp_alerts"].is_array()), "{name} never fires");
        assert!(of_rule.iter().any(|case| case["exp_alerts"].is_null()), "{name} is never quiet");
        assert!(page.contains(&format!("| `{}` |", name.as_str().unwrap())), "{name} is not in docs/observe.md");
    }
}

/// Rules name only codes that gates have.
#[test]
fn every_code_exists() {
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let mut named = 0;
    for rule in yaml("alerts.yaml")["groups"][0]["rules"].as_array().unwrap() {
        for part in rule["expr"].as_str().unwrap().split("code=~\"").skip(1) {
            for code in part.split('"').next().unwrap().split('|') {
                assert!(codes.contains(code), "{code}");
                named += 1;
            }
        }
    }
    assert!(named > 0);
}

/// The queries of the dashboard, as Grafana would send them.
fn queries() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_slice(&fs::read(file("dashboard.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let with_title = panels
        .flat_map(|panel| panel["targets"].as_array().unwrap().iter().map(|target| (&panel["title"], &target["expr"])));
    with_title
        .map(|(title, expr)| {
            let expr = expr.as_str().unwrap().replace("$__rate_interval", "1m").replace("$workflow", ".+");
            assert!(!expr.contains('$'), "{expr}");
            (title.as_str().unwrap().to_owned(), expr)
        })
        .collect()
}

/// `shop` begins instances, `depot` enforces, `yard` only observes.
fn gates() -> Mesh {
    let module = stepgate_tests::trials::module().unwrap();
    let workload = |name: &str, mode: &str| {
        let configuration = json!({
            "mode": mode,
            "exempt": [{"methods": ["GET"], "path": "/healthz", "peers": "anyone"}],
            "keys": [{"workflow": "parcels", "kid": "now", "use": "sign", "env": "KEY"}],
            "workflows": [{
                "workflow": "parcels",
                "revision": 1,
                "trust_domain": "cluster.local",
                "actors": {
                    "shop": {"spiffe": ["ns/p/sa/shop"]},
                    "depot": {"spiffe": ["ns/p/sa/depot"]},
                    "yard": {"spiffe": ["ns/p/sa/yard"]},
                },
                "tasks": {
                    "order": {"actor": "shop", "initial": true},
                    "pack": {"actor": "depot", "requests": [{"methods": ["POST"], "path": "/parcels"}]},
                    "park": {"actor": "yard", "requests": [{"methods": ["POST"], "path": "/places"}]},
                },
                "transitions": [{"from": "order", "to": "pack"}, {"from": "order", "to": "park"}],
            }],
        });
        let environment = BTreeMap::from([("KEY".to_owned(), KEY.to_owned())]);
        Workload::new(name, format!("spiffe://cluster.local/ns/p/sa/{name}")).gated_by(Plugin {
            module: module.clone(),
            configuration: configuration.to_string(),
            environment,
        })
    };
    let shop = Workload::new("shop", "spiffe://cluster.local/ns/p/sa/shop");
    Mesh::start(MeshSpec::new(vec![shop, workload("depot", "enforce"), workload("yard", "observe")])).unwrap()
}

/// One of each: permitted, denied, denied but only observed, exempt.
fn requests(mesh: &Mesh) {
    for (from, to, method, path, status) in [
        ("shop", "depot", "POST", "/parcels", 200),
        ("yard", "depot", "POST", "/parcels", 403),
        ("depot", "yard", "POST", "/places", 200),
        ("shop", "depot", "GET", "/healthz", 200),
    ] {
        assert_eq!(mesh.call(from, to, &Request::new(method, path)).unwrap().status, status, "{from} to {to}");
    }
}

#[test]
fn every_query_of_the_dashboard_finds_a_series_of_real_gates() {
    if no_prometheus("the dashboard") {
        return;
    }
    let mesh = gates();
    requests(&mesh);
    let prometheus = Prometheus::start(&["depot", "yard"].map(|name| mesh.addresses(name).unwrap().admin));
    prometheus.until("both are scraped", || prometheus.query("sum(up)").first().is_some_and(|sum| sum.1 == 2.0));
    for (title, expr) in queries() {
        // A change needs at least two scrapes with requests between them.
        prometheus.until(&title, || {
            requests(&mesh);
            !prometheus.query(&expr).is_empty()
        });
    }
    let labels = |expr: &str| prometheus.query(expr).into_iter().map(|(labels, _)| labels).collect::<Vec<_>>();
    let of = |labels: &Value, name: &str| labels[name].as_str().unwrap_or_default().to_owned();
    let denials = labels("stepgate_denials > 0");
    assert_eq!(denials.len(), 1);
    assert_eq!((of(&denials[0], "workflow"), of(&denials[0], "code")), ("-".into(), "NO_STEP".into()));
    let permits = labels("stepgate_permits > 0");
    assert_eq!(of(&permits[0], "transition"), "order->pack");
    let gates: BTreeSet<String> = labels("stepgate_gate > 0").iter().map(|gate| of(gate, "mode")).collect();
    assert_eq!(gates, BTreeSet::from(["enforce".to_owned(), "observe".to_owned()]));
    assert_eq!(of(&labels("stepgate_key > 0")[0], "kid"), "now");
    // No request bypassed a gate, and this Prometheus evaluates its rules without an error.
    let past = queries().into_iter().find(|(title, _)| title == "Requests past the gate").unwrap().1;
    assert!(prometheus.query(&past).iter().all(|(_, value)| *value <= 0.0), "{:?}", prometheus.query(&past));
    prometheus.until("the rules are evaluated", || {
        let rules: Value = serde_json::from_str(&http::get(prometheus.at, "/api/v1/rules").unwrap()).unwrap();
        let rules = rules["data"]["groups"][0]["rules"].as_array().unwrap().clone();
        assert!(rules.iter().all(|rule| rule["health"] != "err"), "{rules:#?}");
        !rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok")
    });
}

/// The access log has the code of a denial and the instance of a permit.
#[test]
fn the_access_log_has_code_and_instance() {
    let mesh = gates();
    let asked = |id: &str| Request::new("POST", "/parcels").header("x-lab-id", id);
    assert_eq!(mesh.call("shop", "depot", &asked("begun")).unwrap().status, 200);
    assert_eq!(mesh.call("yard", "depot", &asked("refused")).unwrap().status, 403);
    let instance = mesh.access_entry("depot", "begun").unwrap().instance.unwrap();
    assert_eq!(instance.len(), 22, "{instance}");
    // It is the instance in the application's token and in the log line.
    let refused = mesh.access_entry("depot", "refused").unwrap();
    assert_eq!((refused.details.as_deref(), refused.instance), (Some("stepgate:NO_STEP"), None));
}

/// A Prometheus of the test's own.
struct Prometheus {
    server: Child,
    at: SocketAddr,
    folder: tempfile::TempDir,
}

impl Prometheus {
    fn start(targets: &[SocketAddr]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
        let config = json!({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [fs::canonicalize(file("alerts.yaml")).unwrap()],
            "scrape_configs": [{
                "job_name": "envoy",
                "metrics_path": "/stats/prometheus",
                "static_configs": [{"targets": targets}],
            }],
        });
        // JSON is YAML.
        fs::write(folder.path().join("prometheus.yml"), config.to_string()).unwrap();
        let at = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let server = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "prometheus", "--config.file"])
            .arg(folder.path().join("prometheus.yml"))
            .arg("--storage.tsdb.path")
            .arg(folder.path().join("data"))
            .arg(format!("--web.listen-address={at}"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let prometheus = Self { server, at, folder };
        prometheus.until("Prometheus is ready", || http::get(at, "/-/ready").is_ok());
        prometheus
    }

    /// The labels and the value of each series that a query finds.
    fn query(&self, expr: &str) -> Vec<(Value, f64)> {
        let encoded: String = expr.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer =
            http::get(self.at, &format!("/api/v1/query?query={encoded}")).unwrap_or_else(|e| panic!("{expr}: {e}"));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let found = answer["data"]["result"].as_array().unwrap().clone();
        found
            .into_iter()
            .map(|one| (one["metric"].clone(), one["value"][1].as_str().unwrap().parse().unwrap()))
            .collect()
    }

    fn until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let found = stepgate_mesh::until(PATIENCE, || condition().then_some(()));
        let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(found.is_some(), "{what}: not within {PATIENCE:?}\n{}", log());
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
