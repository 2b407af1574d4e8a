//! The crates of the workspace, read from `cargo metadata`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A member of the workspace.
pub(crate) struct Crate {
    /// Without `stepgate-`.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// The members among its normal dependencies, optional ones too; without `stepgate-`.
    pub(crate) uses: Vec<String>,
    /// The root file of each library, binary and integration test.
    pub(crate) targets: Vec<PathBuf>,
}

/// All members of the workspace whose `Cargo.toml` is in `root`.
pub(crate) fn workspace(root: &Path) -> Vec<Crate> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().iter().map(member).collect()
}

fn member(package: &Value) -> Crate {
    let normal = |dependency: &&Value| dependency["kind"].is_null() && dependency["path"].is_string();
    let dependencies = package["dependencies"].as_array().unwrap().iter().filter(normal);
    let targets = package["targets"].as_array().unwrap().iter();
    Crate {
        name: short(&package["name"]),
        folder: Path::new(text(&package["manifest_path"])).parent().unwrap().to_owned(),
        uses: dependencies.map(|dependency| short(&dependency["name"])).collect(),
        targets: targets.map(|target| text(&target["src_path"]).into()).collect(),
    }
}

fn short(name: &Value) -> String {
    text(name).trim_start_matches("stepgate-").to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
