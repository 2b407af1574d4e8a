//! `stepgate lab` on every example, and that it leaves nothing behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a condition may take to become true.
const PATIENCE: Duration = Duration::from_secs(60);

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/examples");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    files
}

/// On a busy machine, Envoys that compile the module start slowly.
fn lab(file: &Path) -> Command {
    let binary = std::env::var_os("STEPGATE_BIN").expect("STEPGATE_BIN names the command: run `make test`");
    let mut command = Command::new(binary);
    command.arg("lab").arg(file).args(["--ready-timeout", "5m"]);
    command
}

#[test]
fn every_example_holds_in_real_envoys() {
    let examples = examples();
    assert!(examples.len() >= 5, "{examples:?}");
    for file in examples {
        let begun = Instant::now();
        // The leeway of the lab's gates.
        let output = lab(&file).args(["--json", "--skew", "30s"]).stderr(Stdio::piped()).output().unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{name}: {error}\n{errors}"));
        let cases = report["cases"].as_array().unwrap();
        let wrong: Vec<&Value> = cases.iter().filter(|case| case["right"] != true).collect();
        assert!(
            output.status.success() && wrong.is_empty(),
            "{name}: {:?}\n{errors}",
            wrong.iter().take(5).collect::<Vec<_>>()
        );
        let instances = report["instances"].as_array().unwrap();
        let hops = |instance: &Value| instance["hops"].as_array().unwrap().len();
        let (equal, skewed) = instances.split_at(instances.len() / 3);
        let (ahead, behind) = skewed.split_at(equal.len());
        assert!(equal.iter().zip(ahead).zip(behind).all(|((e, a), b)| hops(e) == hops(a) && hops(e) == hops(b)));
        let hops: usize = instances.iter().map(hops).sum();
        let through = cases.iter().filter(|case| case["reached"] == true).count();
        assert!(hops > 0 && through > 0, "{name}: nothing got through");
        println!("{name}: {hops} hops, {} attempts, {through} let through, {:.1?}", cases.len(), begun.elapsed());
    }
}

/// Clocks that differ by more than the leeway are seen: the lab does set them.
#[test]
fn clocks_too_far_apart_stop_an_instance() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/examples/fanout.yaml");
    let output = lab(&file).args(["--json", "--walk-only", "--skew", "40s"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes = |instance: &Value| -> BTreeSet<String> {
        instance["hops"].as_array().unwrap().iter().filter_map(|hop| hop["code"].as_str().map(str::to_owned)).collect()
    };
    let codes: Vec<BTreeSet<String>> = report["instances"].as_array().unwrap().iter().map(codes).collect();
    let not_yet = BTreeSet::from(["NOT_YET".to_owned()]);
    assert_eq!((codes[0].len(), &codes[1..]), (0, &[not_yet.clone(), not_yet][..]));
    assert_eq!((output.status.code(), &report["right"]), (Some(1), &Value::Bool(false)));
}

/// The report has the members that `stepgate schema lab` describes, and no others.
fn fits_its_schema(report: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cli/schema/lab.schema.json");
    let mut schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    close(&mut schema);
    if let Err(error) = jsonschema::validate(&schema, report) {
        panic!("at {}: {error}", error.instance_path());
    }
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") {
                members.insert("additionalProperties".into(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The movie's instance takes every transition of its document, and every pair of actors was tried.
#[test]
fn the_movie_is_tried_whole() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/examples/movie.yaml");
    let output = lab(&file).arg("--json").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    fits_its_schema(&report);
    let hops = report["instances"][0]["hops"].as_array().unwrap();
    let taken: BTreeSet<&str> =
        hops.iter().filter(|hop| hop["reached"] == true).map(|hop| hop["transition"].as_str().unwrap()).collect();
    assert_eq!(taken.len(), 9);
    let cases = report["cases"].as_array().unwrap();
    let matrix: Vec<&Value> = cases.iter().filter(|case| text(case, "kind").ends_with(", anywhere")).collect();
    let pairs: BTreeSet<(&str, &str, &str)> =
        matrix.iter().map(|case| (text(case, "from"), text(case, "to"), text(case, "method"))).collect();
    assert_eq!(pairs.len(), 7 * 7 * 2);
    // Exactly one request of each transition is let through, whatever tokens it shows, and one more for each start.
    let through = matrix.iter().filter(|case| case["reached"] == true).count();
    assert_eq!((matrix.len(), through), (4508, 10));
    // Every attack on every transition. Of those that the lab reports as stopped, none gets more than an exempt answer.
    assert_eq!(report["planned"], cases.len());
    for kind in report["kinds"].as_array().unwrap().iter().filter(|kind| kind["claimed_to_be_stopped"] == true) {
        let of: Vec<&Value> = cases.iter().filter(|case| case["kind"] == kind["kind"]).collect();
        let stopped = |case: &&Value| case["reached"] == false || text(case, "document").starts_with("exempt");
        assert!(!of.is_empty() && of.iter().all(stopped), "{kind}");
    }
    assert_the_guide_shows_one_of(cases);
    let replayed = cases.iter().filter(|case| case["kind"] == "replayed");
    for case in replayed {
        assert_eq!((text(case, "code"), &case["before"][0]["reached"]), ("ALREADY_TAKEN", &Value::Bool(true)));
    }
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap_or_default()
}

/// The case that the guide shows is one of the movie's.
fn assert_the_guide_shows_one_of(cases: &[Value]) {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide.md")).unwrap();
    let (_, rest) = guide.split_once("A case:\n\n```json\n").unwrap();
    let shown: Value = serde_json::from_str(rest.split_once("```").unwrap().0).unwrap();
    assert!(cases.contains(&shown), "{shown:#}");
}

const DESKS: &str = "
workflow: desks
revision: 1
trust_domain: desks.example
assurance: signed
deadline: 1h
task_ttl: 10m
actors:
  front: {spiffe: [ns/desks/sa/front]}
  desk:  {spiffe: [ns/desks/sa/desk-1, ns/desks/sa/desk-2]}
tasks:
  begin: {actor: front, initial: true}
  check: {actor: desk, requests: [{methods: [POST], path: '/check/{id}', host: desk.example}]}
  file:  {actor: front, requests: [{methods: [PUT], path: /file}]}
transitions:
  - {from: begin, to: check}
  - {from: check, to: file}
";

const CALL: &str = "
workflow: call
revision: 1
trust_domain: call.example
assurance: signed
actors:
  desk:   {spiffe: [ns/call/sa/desk]}
  line:   {spiffe: [ns/call/sa/line]}
  ledger: {spiffe: [ns/call/sa/ledger]}
tasks:
  ring: {actor: desk, initial: true}
  talk: {actor: line, upgrade: [websocket], requests: [{methods: [GET], path: /talk}]}
  bill: {actor: ledger, requests: [{methods: [POST], path: /bill}]}
transitions:
  - {from: ring, to: talk}
  - {from: talk, to: bill, via: desk}
";

/// The lab asks for the upgrade that a task declares: without the receipt that an accepted one brings, the caller could
/// not go on.
#[test]
fn an_upgrade_is_tried_and_leads_on() {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), CALL).unwrap();
    let output = lab(file.path()).arg("--json").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{errors}"));
    let hops: Vec<(&str, u64)> = report["instances"][0]["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hop| (text(hop, "transition"), hop["status"].as_u64().unwrap()))
        .collect();
    assert_eq!(hops, [("ring -> talk", 101), ("talk -> bill", 200)], "{errors}");
    assert!(report["right"] == true, "{errors}");
}

/// Each identity of each actor behind two gates, each actor with keys of its own: every workload lets an honest
/// instance through. It accepts a step that another replica has consumed, but only once.
#[test]
fn each_replica_takes_a_step_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), DESKS).unwrap();
    let output = lab(file.path()).args(["--json", "--replicas", "2", "--alg", "EdDSA"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cases = report["cases"].as_array().unwrap();
    let wrong: Vec<&Value> = cases.iter().filter(|case| case["right"] != true).collect();
    assert!(output.status.success() && wrong.is_empty(), "{:?}", wrong.iter().take(5).collect::<Vec<_>>());
    let names = |of: &str, workloads: &[Value]| -> BTreeSet<String> {
        workloads.iter().map(|workload| text(workload, of).to_owned()).collect()
    };
    let workloads = report["workloads"].as_array().unwrap();
    assert_eq!((workloads.len(), names("spiffe", workloads).len()), (6, 3));
    let hops: Vec<&Value> =
        report["instances"].as_array().unwrap().iter().flat_map(|i| i["hops"].as_array().unwrap()).collect();
    let received: BTreeSet<String> =
        hops.iter().filter(|hop| hop["reached"] == true).map(|hop| text(hop, "to").to_owned()).collect();
    assert_eq!(received, names("name", workloads));
    let of = |kind: &str| -> Vec<&Value> { cases.iter().filter(|case| case["kind"] == kind).collect() };
    assert!(!of("replayed at another replica").is_empty() && !of("replayed at another replica twice").is_empty());
    for case in of("replayed at another replica") {
        let before = case["before"].as_array().unwrap();
        assert!(before.len() == 1 && before[0]["to"] != case["to"] && case["reached"] == true, "{case}");
    }
    for case in of("replayed at another replica twice") {
        assert_eq!(text(case, "code"), "ALREADY_TAKEN", "{case}");
    }
    let siblings = of("stolen by the same actor's other workload");
    assert!(!siblings.is_empty() && siblings.iter().all(|case| text(case, "code") == "WRONG_HOLDER"));
    assert!(!of("a public key as a shared secret").is_empty());
}

const CLAIMS: &str = "
workflow: claims
revision: 1
trust_domain: claims.example
actors:
  client: {spiffe: [ns/c/sa/client]}
  desk:   {spiffe: [ns/c/sa/desk]}
  expert: {spiffe: [ns/c/sa/expert]}
  teller: {spiffe: [ns/c/sa/teller]}
tasks:
  report: {actor: client, initial: true}
  open:   {actor: desk, ttl: 4h, requests: [{methods: [POST], path: /open}]}
  look:   {actor: expert, requests: [{methods: [POST], path: /look}]}
  count:  {actor: teller, requests: [{methods: [POST], path: /count}]}
  settle: {actor: desk, join: all, ttl: 2h, requests: [{methods: [POST], path: /settle}]}
  pay:    {actor: teller, requests: [{methods: [POST], path: /pay}]}
  remind: {actor: client, requests: [{methods: [POST], path: /remind}]}
transitions:
  - {from: report, to: open}
  - {from: open, to: look, uses: 3}
  - {from: open, to: count}
  - {from: look, to: settle}
  - {from: count, to: settle}
  - {from: settle, to: pay, after: 15m, within: 1h}
  - {from: open, to: remind, after: 3h}
";

/// An instance that takes three hours is walked whole in seconds, by clocks that are apart, too. What comes too early or too
/// late is stopped, and so is a fourth use, at each replica.
#[test]
fn an_instance_of_hours_is_walked_in_seconds() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CLAIMS).unwrap();
    let begun = Instant::now();
    let output = lab(file.path()).args(["--json", "--strict", "--replicas", "2", "--skew", "30s"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(begun.elapsed() < Duration::from_mins(30) && !errors.contains("cannot be set"), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    fits_its_schema(&report);
    for instance in report["instances"].as_array().unwrap() {
        let hops = instance["hops"].as_array().unwrap();
        assert!(hops.len() == 7 && hops.iter().all(|hop| hop["reached"] == true), "{hops:#?}");
    }
    let cases = report["cases"].as_array().unwrap();
    let of = |kind: &str| -> Vec<&Value> { cases.iter().filter(|case| case["kind"] == kind).collect() };
    for (kind, code, transitions) in [("too early", "TOO_EARLY", 2), ("too late", "TOO_LATE", 1)] {
        let tried = of(kind);
        let about: BTreeSet<&str> = tried.iter().map(|case| text(case, "subject")).collect();
        assert_eq!(about.len(), transitions, "{kind}: {about:?}");
        assert!(tried.iter().all(|case| text(case, "code") == code && case["reached"] == false), "{kind}");
    }
    let three = |case: &&&Value| text(case, "subject") == "open -> look";
    for (kind, before) in [("replayed", 3), ("replayed at another replica twice", 4)] {
        let tried = of(kind);
        assert!(tried.iter().any(|case| three(&case)), "{kind}");
        for case in tried.iter().filter(three) {
            let earlier = case["before"].as_array().unwrap();
            assert!(earlier.len() == before && earlier.iter().all(|one| one["reached"] == true), "{case}");
            assert_eq!(text(case, "code"), "ALREADY_TAKEN", "{case}");
        }
    }
}

/// More workloads than Envoys, and more attempts than the lab tries.
#[test]
fn a_large_document_is_sampled_and_shares_envoys() {
    let mut text = String::from(
        "workflow: ring\nrevision: 1\ntrust_domain: ring.example\nassurance: signed\ndeadline: 1h\ntask_ttl: 10m\nactors:\n",
    );
    let lines = |line: &dyn Fn(usize) -> String| (0..20).map(line).collect::<String>();
    text += &lines(&|n| format!("  a{n}: {{spiffe: [ns/ring/sa/a{n}]}}\n"));
    text += "tasks:\n";
    text += &lines(&|n| {
        let initial = if n == 0 { ", initial: true" } else { "" };
        format!("  t{n}: {{actor: a{n}{initial}, requests: [{{methods: [POST], path: /t{n}}}]}}\n")
    });
    text += "transitions:\n";
    text += &lines(&|n| if n == 0 { String::new() } else { format!("  - {{from: t{}, to: t{n}}}\n", n - 1) });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let output = lab(file.path()).args(["--json", "--seed", "42"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(errors.contains("starting 20 actors behind 16 Envoys") && errors.contains("16 of 16"), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cases = report["cases"].as_array().unwrap();
    assert_eq!((&report["seed"], cases.len()), (&Value::from(42), 50_000));
    assert!(report["planned"].as_u64().unwrap() > 20 * 20 * 2 * 101);
    let attacks = &report["coverage"]["attacks"];
    assert!(attacks["tried"] == attacks["of"] && report["coverage"]["pairs"]["of"] == 400, "{}", report["coverage"]);
}

/// The README shows the demo's output, except for the times.
#[test]
fn the_readme_shows_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- demo:begin -->\n```text\n").unwrap();
    let (shown, _) = rest.split_once("\n```").unwrap();
    let output = lab(&root.join("config/examples/movie.yaml")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(without_times(&printed), without_times(shown));
}

/// Words, without numbers that have a decimal point: those are times.
fn without_times(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| {
            line.split_whitespace().filter(|word| word.parse::<f64>().is_err() || !word.contains('.')).collect()
        })
        .filter(|words: &Vec<&str>| !words.is_empty())
        .collect()
}

#[test]
fn a_broken_document_is_not_tried() {
    let output = lab(Path::new("/dev/null")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_missing_filter_says_what_to_do() {
    let output = lab(&examples()[0]).args(["--module", "/nowhere/filter.wasm"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("make filter"), "{text}");
}

/// `--keep` prints lines that work, and an interrupt ends all processes that it started.
#[test]
fn a_kept_lab_can_be_walked_with_curl_and_ends_with_an_interrupt() {
    let kept = Kept::start("interrupt");
    let line = kept.curl_line("brief -> shots");
    let answer = Command::new("sh").args(["-c", &line]).output().unwrap();
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200"), "{line}\n{answer}");
    assert!(answer.contains("x-workflow-step-start: "), "{answer}");
    kept.end("-INT");
}

/// Any program on the machine may call an admin interface.
#[test]
fn the_admin_interfaces_of_a_lab_do_not_show_its_keys() {
    let kept = Kept::start("keys");
    let text = kept.text();
    let (_, directory) = text.trim_end().rsplit_once("admin addresses: ").unwrap();
    let bootstrap = std::fs::read(Path::new(directory).join("owner.bootstrap.json")).unwrap();
    let bootstrap: Value = serde_json::from_slice(&bootstrap).unwrap();
    let admin = &bootstrap["admin"]["address"]["socket_address"];
    let at = format!("{}:{}", admin["address"].as_str().unwrap(), admin["port_value"]).parse().unwrap();
    let keys = kept.variables("STEPGATE_LAB_KEY=");
    assert!(!keys.is_empty());
    for page in ["/config_dump", "/server_info", "/memory", "/stats"] {
        let shown = stepgate_tests::http::get(at, page).unwrap();
        for key in &keys {
            let key: Value = serde_json::from_str(key).unwrap();
            assert!(!shown.contains(key["k"].as_str().unwrap()), "{page} shows the key");
        }
    }
    assert!(stepgate_tests::http::get(at, "/config_dump").unwrap().contains("STEPGATE_LAB_KEY"));
    kept.end("-INT");
}

#[test]
fn a_walk_alone_attacks_nothing() {
    let output = lab(&examples()[0]).arg("--walk-only").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("permitted") && text.contains("and 0 attempts") && !text.contains("tried"), "{text}");
}

#[test]
fn a_killed_lab_leaves_nothing_behind() {
    Kept::start("kill").end("-KILL");
}

/// A running lab, identified by a variable in its environment.
struct Kept {
    child: std::process::Child,
    output: PathBuf,
    mark: String,
}

impl Kept {
    fn start(name: &str) -> Self {
        let mark = format!("STEPGATE_TEST_MARK={name}-{}", std::process::id());
        let output = std::env::temp_dir().join(format!("stepgate-lab-{name}-{}", std::process::id()));
        let (key, value) = mark.split_once('=').unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/examples/movie.yaml");
        let child = lab(&file)
            .args(["--keep", "--walk-only"])
            .env(key, value)
            .stdout(std::fs::File::create(&output).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let kept = Self { child, output, mark };
        until("the lab runs", || kept.text().contains("Ctrl-C"));
        assert_eq!(kept.envoys(), 7);
        kept
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.output).unwrap_or_default()
    }

    fn curl_line(&self, transition: &str) -> String {
        let text = self.text();
        let mut lines = text.lines().skip_while(|line| !line.starts_with(&format!("# {transition}")));
        lines.nth(1).unwrap().to_owned()
    }

    /// The environments of the Envoys that have the mark.
    fn environments(&self) -> impl Iterator<Item = Vec<String>> + '_ {
        let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        processes.filter_map(|path| {
            let read =
                |file: &str| String::from_utf8_lossy(&std::fs::read(path.join(file)).unwrap_or_default()).into_owned();
            let variables: Vec<String> = read("environ").split('\0').map(str::to_owned).collect();
            (variables.contains(&self.mark) && read("cmdline").contains("envoy")).then_some(variables)
        })
    }

    fn envoys(&self) -> usize {
        self.environments().count()
    }

    /// The values of the variables of all Envoys that begin so.
    fn variables(&self, begin: &str) -> BTreeSet<String> {
        let all = self.environments().flatten();
        all.filter_map(|variable| variable.strip_prefix(begin).map(str::to_owned)).collect()
    }

    fn end(mut self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
        self.child.wait().unwrap();
        until("no Envoy is left", || self.envoys() == 0);
        std::fs::remove_file(&self.output).unwrap();
    }
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let found = stepgate_mesh::until(PATIENCE, || condition().then_some(()));
    assert!(found.is_some(), "{what}: not after {PATIENCE:?}");
}
