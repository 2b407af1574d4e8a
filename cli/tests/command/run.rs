//! Runs the command and keeps its exit code and output.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The output, which must be JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// An example in its long form, to change parts of it.
pub(crate) fn long(example: &str) -> String {
    let text = std::fs::read_to_string(examples().join(example)).unwrap();
    stepgate_config::rewrite(&text, stepgate_config::Form::Long).unwrap().unwrap()
}

/// Runs `stepgate` among the examples.
pub(crate) fn stepgate(arguments: &[&str]) -> Ran {
    with(arguments, &[], b"")
}

/// The same, with variables and a standard input.
pub(crate) fn with(arguments: &[&str], environment: &[(&str, &str)], input: &[u8]) -> Ran {
    let environment: Vec<(&str, &OsStr)> = environment.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    with_bytes(arguments, &environment, input)
}

/// The same, with variables that need not be UTF-8.
pub(crate) fn with_bytes(arguments: &[&str], environment: &[(&str, &OsStr)], input: &[u8]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
    command.args(arguments).current_dir(examples());
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("STEPGATE_KEY_MOVIE");
    command.envs(environment.iter().copied());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // The command may exit before it has read everything.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    let ran = Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    if arguments.contains(&"--json") && !ran.out.is_empty() {
        super::answer_schema::check(arguments, &ran.json());
    }
    ran
}

pub(crate) fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/examples")
}

/// A document at level `identity`, in which two actors call each other.
pub(crate) const PAIR: &str = "
workflow: pair
revision: 3
trust_domain: example
assurance: identity
actors: {a: {spiffe: [a]}, b: {spiffe: [b]}}
tasks:
  one: {actor: a, initial: true}
  two: {actor: b, requests: [{methods: [POST], path: /two}]}
  three: {actor: a, requests: [{methods: [POST], path: /three}]}
transitions: [{from: one, to: two}, {from: two, to: three}]
";
