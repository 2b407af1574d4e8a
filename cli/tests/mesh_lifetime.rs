//! No Envoy outlives the mesh that it belongs to, however that ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are no tests to clippy")]

use std::fs;
use std::io::{BufRead, BufReader, Lines, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use stepgate_mesh::{Mesh, MeshSpec, Workload};

/// Set for the process that holds a mesh.
const HOLDER: &str = "STEPGATE_TEST_HOLDER";

fn spec() -> MeshSpec {
    let workload = |name: &str| Workload::new(name, format!("spiffe://cluster.local/sa/{name}"));
    MeshSpec::new(vec![workload("a"), workload("b")])
}

/// No test of its own: what the tests below start as a process, to end it.
#[test]
fn holder() {
    if std::env::var_os(HOLDER).is_none() {
        return;
    }
    let mut spec = spec();
    spec.exit_on_interrupt = true;
    let mesh = Mesh::start(spec).unwrap();
    println!("\nids {:?}", mesh.process_ids());
    // Until a signal comes, or the test itself has died.
    let _ = std::io::stdin().read(&mut [0]);
    drop(mesh);
}

struct Holder {
    child: Child,
    envoys: Vec<u32>,
    temp: tempfile::TempDir,
    // `Child::wait` would close its input, at which the holder ends by itself.
    _input: ChildStdin,
    _output: Lines<BufReader<ChildStdout>>,
}

impl Holder {
    fn start(launcher: Option<&str>) -> Self {
        Self::start_by(&mut Command::new(std::env::current_exe().unwrap()), launcher)
    }

    fn start_by(command: &mut Command, launcher: Option<&str>) -> Self {
        let temp = tempfile::tempdir().unwrap();
        command.args(["--exact", "holder", "--nocapture"]);
        command.env(HOLDER, "1").env("TMPDIR", temp.path());
        command.env_remove("STEPGATE_LAUNCHER");
        if let Some(launcher) = launcher {
            command.env("STEPGATE_LAUNCHER", launcher);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ids = lines.by_ref().map(Result::unwrap).find_map(|line| {
            let ids = line.strip_prefix("ids [")?.strip_suffix(']')?;
            Some(ids.split(", ").map(|id| id.parse().unwrap()).collect())
        });
        let Some(envoys) = ids else {
            panic!("the holder did not start: {:?}", child.wait());
        };
        Self { _input: child.stdin.take().unwrap(), _output: lines, child, envoys, temp }
    }

    fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    fn directories(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.temp.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    fn assert_no_envoy_left(&self) {
        assert_eq!(self.envoys.len(), 2);
        for id in &self.envoys {
            assert!(await_that(|| !runs(*id)), "Envoy {id} is still there");
        }
    }
}

/// A zombie does not run: where nobody is there to inherit it, it stays in the table.
fn runs(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = status.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some(None | Some('Z' | 'X')))
}

fn await_that(condition: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn killing_the_holder_leaves_no_envoy_behind() {
    let stepgate = env!("CARGO_BIN_EXE_stepgate");
    for launcher in [Some(stepgate), None] {
        let mut holder = Holder::start(launcher);
        assert!(holder.envoys.iter().all(|id| runs(*id)));
        holder.send(Signal::KILL);
        holder.child.wait().unwrap();
        holder.assert_no_envoy_left();
    }
}

#[test]
fn an_interrupt_leaves_neither_envoys_nor_files() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        if signal == Signal::HUP && hangups_are_ignored() {
            // `nohup cargo test`: the holder inherits it, and is to go on.
            continue;
        }
        let mut holder = Holder::start(None);
        assert_eq!(holder.directories().len(), 1);
        holder.send(signal);
        assert_eq!(holder.child.wait().unwrap().code(), Some(code), "{signal:?}");
        holder.assert_no_envoy_left();
        assert_eq!(holder.directories(), Vec::<PathBuf>::new());
    }
}

/// Under `nohup` a mesh outlives its terminal.
#[test]
fn a_hangup_that_is_ignored_ends_nothing() {
    let mut holder = Holder::start_by(Command::new("nohup").arg(std::env::current_exe().unwrap()), None);
    holder.send(Signal::HUP);
    std::thread::sleep(Duration::from_millis(200));
    assert!(holder.envoys.iter().all(|id| runs(*id)));
    holder.send(Signal::TERM);
    assert_eq!(holder.child.wait().unwrap().code(), Some(143));
    holder.assert_no_envoy_left();
}

fn hangups_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1
}

#[test]
fn dropping_a_mesh_ends_its_envoys_and_removes_its_files() {
    let mesh = Mesh::start(spec()).unwrap();
    let (ids, directory) = (mesh.process_ids(), mesh.directory().to_owned());
    assert!(directory.exists());
    drop(mesh);
    assert!(!ids.into_iter().any(runs));
    assert!(!directory.exists());
}

#[test]
fn a_supervised_start_refuses_when_its_parent_is_gone() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
    // Process 1 started no test.
    command.args(["__supervised", "1", "true"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the parent is gone"));
}
