//! The dependencies of the command with and without its default features.
#![allow(clippy::unwrap_used, reason = "helpers of tests are no tests to clippy")]

use std::collections::BTreeSet;
use std::process::Command;

/// The names of all packages that are compiled into a package of the workspace.
fn dependencies(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn without_default_features_the_command_has_no_network() {
    let found = dependencies(&["-p", "stepgate-cli", "--no-default-features"]);
    assert!(found.contains("stepgate-decision"), "{found:?}");
    for network in
        ["tokio", "hyper", "rustls", "ring", "rcgen", "ureq", "stepgate-mesh", "stepgate-lab", "stepgate-doctor"]
    {
        assert!(!found.contains(network), "{network}");
    }
}

#[test]
fn the_doctor_has_no_asynchronous_runtime_and_no_tls() {
    let found = dependencies(&["-p", "stepgate-doctor"]);
    assert!(found.contains("ureq"), "{found:?}");
    for other in ["tokio", "hyper", "rustls", "ring", "native-tls", "clap"] {
        assert!(!found.contains(other), "{other}");
    }
}
