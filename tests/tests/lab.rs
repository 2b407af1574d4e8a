//! `stepgate lab` on every example, and that it leaves nothing behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test says what is wrong by failing"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    files
}

fn lab(file: &Path) -> Command {
    let binary = std::env::var_os("STEPGATE_BIN").expect("STEPGATE_BIN names the command: run `make test`");
    let mut command = Command::new(binary);
    command.arg("lab").arg(file);
    command
}

#[test]
fn every_example_holds_in_real_envoys() {
    let examples = examples();
    assert!(examples.len() >= 5, "{examples:?}");
    for file in examples {
        let begun = Instant::now();
        let output = lab(&file).arg("--json").stderr(Stdio::piped()).output().unwrap();
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
        let hops = report["instances"].as_array().unwrap().iter().flat_map(|i| i["hops"].as_array().unwrap()).count();
        let through = cases.iter().filter(|case| case["reached"] == true).count();
        assert!(hops > 0 && through > 0, "{name}: nothing got through");
        println!("{name}: {hops} hops, {} attempts, {through} let through, {:.1?}", cases.len(), begun.elapsed());
    }
}

/// The movie's instance takes every transition of its document, and every pair of actors was tried.
#[test]
fn the_movie_is_tried_whole() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples/movie.yaml");
    let output = lab(&file).arg("--json").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let hops = report["instances"][0]["hops"].as_array().unwrap();
    let taken: BTreeSet<&str> =
        hops.iter().filter(|hop| hop["reached"] == true).map(|hop| hop["transition"].as_str().unwrap()).collect();
    assert_eq!(taken.len(), 9);
    let cases = report["cases"].as_array().unwrap();
    let pairs: BTreeSet<(&str, &str, &str)> = cases
        .iter()
        .map(|case| (case["from"].as_str().unwrap(), case["to"].as_str().unwrap(), case["method"].as_str().unwrap()))
        .collect();
    assert_eq!(pairs.len(), 7 * 7 * 2);
    let kinds: BTreeSet<&str> = cases.iter().map(|case| case["kind"].as_str().unwrap()).collect();
    let wanted = ["rightful", "none", "forged", "expired", "of another holder", "of another instance"];
    assert_eq!(kinds, BTreeSet::from(wanted));
    // Exactly one request of each transition gets through, whatever is shown, and one more for each start.
    let through = cases.iter().filter(|case| case["reached"] == true).count();
    assert_eq!(through, 10);
}

/// What the README shows is what the demo prints, but for the times.
#[test]
fn the_readme_shows_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- demo:begin -->\n```text\n").unwrap();
    let (shown, _) = rest.split_once("\n```").unwrap();
    let output = lab(&root.join("config/examples/movie.yaml")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(without_times(shown), without_times(&printed));
}

/// Words, with every number that has a point in it left out: those are times.
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

/// `--keep` prints lines that work, and an interrupt ends all that was started.
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

#[test]
fn a_killed_lab_leaves_nothing_behind() {
    Kept::start("kill").end("-KILL");
}

/// A lab that is left running, told from all others by a variable in its environment.
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
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples/movie.yaml");
        let child = lab(&file)
            .arg("--keep")
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

    /// Envoys with the mark in their environment.
    fn envoys(&self) -> usize {
        let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        processes
            .filter(|path| {
                let read = |file: &str| std::fs::read(path.join(file)).unwrap_or_default();
                String::from_utf8_lossy(&read("environ")).split('\0').any(|variable| variable == self.mark)
                    && String::from_utf8_lossy(&read("cmdline")).contains("envoy")
            })
            .count()
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
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        std::thread::sleep(POLL);
    }
}
