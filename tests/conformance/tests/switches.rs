//! The module has no checks that can be switched off: only the model in `tests/model` has the feature `switches`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

/// Each switch reads it.
const MARK: &[u8] = b"stepgate-decision: checks can be switched off";

fn has_mark(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|window| window == MARK)
}

#[test]
fn the_module_has_no_switches() {
    let module = std::fs::read(stepgate_tests::trials::module().unwrap()).unwrap();
    assert!(!has_mark(&module), "the module was built with the feature `switches` of stepgate-decision");
    let source = std::fs::read(root().join("decision/src/switch.rs")).unwrap();
    assert!(has_mark(&source), "the switches have another mark");
}

#[test]
fn nothing_but_the_model_has_the_feature() {
    for (package, has) in [("stepgate-filter", false), ("stepgate-cli", false), ("stepgate-model", true)] {
        let all = if has { &["--all-features"][..] } else { &[] };
        let mut tree = Command::new(env!("CARGO"));
        tree.args(["tree", "--locked", "--offline", "--edges", "normal,build,features", "--package", package])
            .args(all);
        let made = tree.args(["--invert", "stepgate-decision"]).current_dir(root()).output().unwrap();
        let tree = String::from_utf8_lossy(&made.stdout);
        assert!(made.status.success() && tree.contains(package), "{}", String::from_utf8_lossy(&made.stderr));
        assert_eq!(tree.contains(r#"stepgate-decision feature "switches""#), has, "{package}:\n{tree}");
    }
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
