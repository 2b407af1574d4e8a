//! Envoy as a process: its version, and the kernel's figures about it.

use std::fs;
use std::process::Command;

/// Time on a core of all threads of a process so far, user and system, in µs. `stat` counts the same in
/// ticks of 10 ms, longer than a whole batch takes; `schedstat` (`proc(5)`) counts nanoseconds.
pub(super) fn cpu(process: u32) -> Result<f64, String> {
    let folder = format!("/proc/{process}/task");
    let threads = fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
    let mut nanoseconds = 0.0;
    for thread in threads {
        let path = thread.map_err(|error| format!("{folder}: {error}"))?.path().join("schedstat");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        nanoseconds += number(text.split(' ').next()).ok_or_else(|| format!("{}: no number", path.display()))?;
    }
    Ok(nanoseconds / 1e3)
}

/// Resident memory of a process, in MiB.
///
/// # Errors
/// If the kernel does not give it.
pub fn memory(process: u32) -> Result<f64, String> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = number(line.and_then(|line| line.split_whitespace().next()));
    Ok(kilobytes.ok_or_else(|| format!("{path}: no `VmRSS`"))? / 1024.0)
}

/// The version of the Envoy that is measured.
pub(super) fn envoy_version() -> Result<String, String> {
    let envoy = stepgate_mesh::find_envoy().map_err(|error| error.to_string())?;
    let output = Command::new(&envoy).arg("--version").output();
    let output = output.map_err(|error| format!("{}: {error}", envoy.display()))?;
    // `envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = said.split_once("version: ").and_then(|(_, version)| version.split('/').nth(1));
    version.map(str::to_owned).ok_or_else(|| format!("`{} --version` names no version", envoy.display()))
}

/// The load averages of the machine.
pub(super) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn number(text: Option<&str>) -> Option<f64> {
    text?.trim().parse().ok()
}
