//! A foreign Wasm plugin, compiled from `tests/conformance/fixtures/neighbour.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles it into this folder, with the toolchain of the tests.
///
/// # Errors
/// The compiler's output.
pub fn neighbour(folder: &Path) -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let module = folder.join("neighbour.wasm");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler)
        .args(["--edition", "2024", "--crate-type", "cdylib", "--target", "wasm32-wasip1"])
        .args(["-C", "opt-level=s", "-C", "panic=abort", "-C", "strip=symbols", "-o"])
        .arg(&module)
        .arg("fixtures/neighbour.rs")
        // A folder in which `rust-toolchain.toml` applies.
        .current_dir(root)
        .output()
        .map_err(|error| format!("rustc: {error}"))?;
    if output.status.success() { Ok(module) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
