//! `stepgate lab` in real Envoys of which one is wrong, and with what guards ask for: another time, a header.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use stepgate_mesh::find_envoy;
use tempfile::TempDir;

/// A way that two guards close, one on a header and one on the time; another that is open.
const DESK: &str = r#"
workflow: desk
revision: 1
trust_domain: desk.example
assurance: signed
actors:
  front: {spiffe: [ns/d/sa/front]}
  desk:  {spiffe: [ns/d/sa/desk]}
tasks:
  begin:  {actor: front, initial: true}
  urgent: {actor: desk, requests: [{methods: [POST], path: /urgent}]}
  night:  {actor: desk, requests: [{methods: [POST], path: /night}]}
  file:   {actor: desk, requests: [{methods: [POST], path: /file}]}
  done:   {actor: front, requests: [{methods: [POST], path: /done}]}
transitions:
  - {from: begin, to: urgent, when: 'request.headers["x-urgent"] == "1"'}
  - {from: begin, to: night, when: 'now.getFullYear() == 2031 && now.getHours("Europe/Paris") == 23'}
  - {from: begin, to: file}
  - {from: night, to: done}
"#;

/// A document in a folder of its own, perhaps with an Envoy that changes the configuration of one workload's gate.
struct Scene {
    folder: TempDir,
    file: PathBuf,
    envoy: PathBuf,
}

impl Scene {
    fn of(document: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("desk.yaml");
        std::fs::write(&file, document).unwrap();
        Self { file, envoy: find_envoy().unwrap(), folder }
    }

    /// The gate of this workload gets its configuration with `from` replaced by `to`.
    fn changed(self, workload: &str, from: &str, to: &str) -> Self {
        let script = self.folder.path().join("envoy");
        let [old, new] = [from, to].map(|text| text.replace('\\', r"\\"));
        let text = format!(
            "#!/bin/sh\n# envoy -c BOOTSTRAP ...\ncase \"$2\" in\n*/{workload}.bootstrap.json)\n  grep -qF '{from}' \"$2\" || exit 9\n  sed -i 's#{old}#{new}#g' \"$2\" ;;\nesac\nexec '{}' \"$@\"\n",
            self.envoy.display()
        );
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
        Self { envoy: script, ..self }
    }

    fn lab(&self, arguments: &[&str]) -> Output {
        let binary = std::env::var_os("STEPGATE_BIN").expect("STEPGATE_BIN names the command: run `make test`");
        let mut command = Command::new(binary);
        command.arg("lab").arg(&self.file).args(["--ready-timeout", "5m"]).args(arguments);
        command.env("ENVOY_PATH", &self.envoy).output().unwrap()
    }

    fn report(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.lab(&[arguments, &["--json"]].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}\n{errors}")))
    }
}

fn example(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/examples").join(name)).unwrap()
}

/// The hops whose answers are wrong: transition, code, and whether the application was reached.
fn wrong(report: &Value) -> Vec<(String, Value, bool)> {
    let hops = report["instances"].as_array().unwrap().iter().flat_map(|one| one["hops"].as_array().unwrap());
    let wrong = hops.filter(|hop| hop["right"] != true);
    wrong.map(|hop| (hop["transition"].as_str().unwrap().into(), hop["code"].clone(), hop["reached"] == true)).collect()
}

/// The gate of one workload has another document: it takes no step of the others' document.
#[test]
fn a_gate_that_refuses_a_rightful_hop_fails_the_run() {
    let scene = Scene::of(&example("movie.yaml")).changed("vfx-3", "/models/{id}", "/model/{id}");
    let (code, report) = scene.report(&["--walk-only"]);
    assert_eq!(wrong(&report), [("shots -> models".to_owned(), json!("UNKNOWN_WORKFLOW"), false)], "{report:#}");
    assert_eq!((code, &report["right"]), (Some(1), &json!(false)));
    let output = scene.lab(&["--walk-only"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    for part in [
        "1 WRONG ANSWERS",
        "vfx-1 -> vfx-3: POST /models/7, `shots -> models` of an instance: permitted is right, the answer was 403 UNKNOWN_WORKFLOW",
        "`shots -> models` (refused by a gate)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The gate of one workload only observes, and lets a request pass that its guard refuses.
#[test]
fn a_gate_that_lets_a_wrong_hop_through_fails_the_run() {
    let interlock = r#"\"interlock\":"#;
    let observes = format!(r#"\"mode\":\"observe\",{interlock}"#);
    let scene = Scene::of(DESK).changed("desk", interlock, &observes);
    let (code, report) = scene.report(&["--walk-only"]);
    let wrong = wrong(&report);
    assert!(wrong.contains(&("begin -> night".to_owned(), Value::Null, true)), "{report:#}");
    assert_eq!((code, &report["right"]), (Some(1), &json!(false)));
    let text = String::from_utf8(scene.lab(&["--walk-only"]).stdout).unwrap();
    let part = "`begin -> night` of an instance: denied GUARD is right, the answer was 200 from the application";
    assert!(text.contains(part), "{text}");
}

/// Without what the guards ask for, the lab says what it did not reach; with it, it reaches and tries everything.
#[test]
fn another_time_and_a_header_open_what_guards_close() {
    let scene = Scene::of(DESK);
    let (code, report) = scene.report(&[]);
    assert_eq!((code, &report["right"]), (Some(0), &json!(true)));
    let unreached = json!({
        "transitions": [
            {"transition": "begin -> night", "why": ["GUARD"]},
            {"transition": "begin -> urgent", "why": ["GUARD"]},
            {"transition": "night -> done", "why": ["behind"]},
        ],
        "tasks": [
            {"task": "done", "why": ["behind"]},
            {"task": "night", "why": ["GUARD"]},
            {"task": "urgent", "why": ["GUARD"]},
        ],
    });
    let mut found = report["never_reached"].clone();
    found["transitions"].as_array_mut().unwrap().sort_by_key(|one| one["transition"].to_string());
    assert_eq!(found, unreached);
    assert!(report["tried"].as_u64() < report["planned"].as_u64());
    assert_eq!(scene.report(&["--walk-only", "--strict"]).0, Some(1));

    // In Paris 23:30, by summer time, years ahead: certificates and tokens are good then.
    let opened = ["--time", "2031-07-01T21:30:00Z", "--header", "X-Urgent=1", "--strict"];
    let (code, report) = scene.report(&opened);
    assert_eq!((code, &report["never_reached"]), (Some(0), &json!({"transitions": [], "tasks": []})), "{report:#}");
    let cases = report["cases"].as_array().unwrap();
    assert!(cases.iter().all(|case| case["right"] == true && case.get("not_tried").is_none()));
    assert_eq!(report["tried"], report["planned"]);
    assert_eq!(report["headers"], json!([["x-urgent", "1"]]));
    assert!(report["seconds_ahead"].as_i64().unwrap() > 0);
}

#[test]
fn an_earlier_time_and_clocks_that_differ_go_together() {
    let scene = Scene::of(DESK);
    let (code, report) = scene.report(&["--walk-only", "--time", "2019-01-01T00:00:00Z", "--skew", "30s"]);
    assert_eq!((code, report["instances"].as_array().unwrap().len()), (Some(0), 3), "{report:#}");
}
