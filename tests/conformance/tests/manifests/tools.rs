//! Runs the command, kustomize and helm.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A stream of YAML documents as JSON.
pub(crate) fn objects(text: &str) -> Vec<Value> {
    let read = |document: &str| {
        stepgate_config::to_json(document.as_bytes()).unwrap_or_else(|errors| panic!("{}\n{document}", errors[0]))
    };
    text.trim_start_matches("---\n").split("\n---\n").filter(|document| !document.trim().is_empty()).map(read).collect()
}

/// Runs the command in the root of the repository. Returns its exit code and output.
pub(crate) fn stepgate(arguments: &[&str]) -> (i32, String) {
    let command =
        PathBuf::from(std::env::var_os("STEPGATE_BIN").expect("STEPGATE_BIN names the command: run `make test`"));
    // The Makefile gives a path relative to the root.
    let output = Command::new(root().join(command)).args(arguments).current_dir(root()).output().unwrap();
    (output.status.code().unwrap(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

/// A tool in the cache, which `make` fills, or on the machine. Without it a test prints which checks it skips.
pub(crate) fn tool(name: &str, left_out: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("STEPGATE_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/stepgate")))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = ["bin", "istio/bin"].map(|folder| cache.join(folder)).into_iter().chain(std::env::split_paths(&path));
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        not_tested(&format!(
            "{left_out}: there is no `{name}`; `make tools` (istioctl: `make test-cluster`) gets it, and needs Go"
        ));
    }
    found
}

/// A tool, without the caller's environment and home folder: plug-ins and settings there would change its output.
pub(crate) fn clean(tool: &Path) -> Command {
    let mut command = Command::new(tool);
    command.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR")).env("LC_ALL", "C.UTF-8");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Prints it where the test runner does not hide it.
pub(crate) fn not_tested(what: &str) {
    std::io::stderr().write_all(format!("NOT TESTED: {what}\n").as_bytes()).unwrap();
}

/// The objects that kustomize builds from a folder.
pub(crate) fn build(kustomize: &Path, folder: &Path) -> Vec<Value> {
    objects(&done(&clean(kustomize).arg("build").arg(folder).output().unwrap(), folder))
}

/// The output of a run, which must have succeeded.
pub(crate) fn done(output: &Output, of: &Path) -> String {
    assert!(output.status.success(), "{}: {}", of.display(), text(&output.stderr));
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
