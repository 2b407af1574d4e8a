//! Clocks of Envoys that differ from this machine's: a shared object (`tools/clock`) stands in for the C library's.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::MeshError;
use super::running::Mesh;
use super::spec::Clock;

/// The variable in which the shared object finds its file.
const VARIABLE: &str = "STEPGATE_CLOCK_SHIFT";

impl Mesh {
    /// Sets the clock of the Envoy that hosts a workload: so many nanoseconds ahead of this machine's, behind if negative.
    /// It holds from the next request on.
    ///
    /// # Errors
    /// [`MeshError::NoSuchWorkload`]; [`MeshError::NoClock`] if [`super::MeshSpec::clock`] names no shared object, or the
    /// Envoy has not loaded it.
    pub fn set_clock(&self, workload: &str, ahead: i64) -> Result<(), MeshError> {
        let process = self.running(workload)?.process;
        let first = self.running.iter().find(|one| one.process == process);
        let first = first.map_or(workload, |one| one.member.workload.name.as_str());
        let path = file(self.directory(), first);
        let mut in_use = [0; 8];
        let written = OpenOptions::new().read(true).write(true).open(&path).and_then(|file| {
            file.read_exact_at(&mut in_use, 8)?;
            file.write_all_at(&ahead.to_ne_bytes(), 0)
        });
        written.map_err(|_| MeshError::NoClock)?;
        if i64::from_ne_bytes(in_use) == 1 { Ok(()) } else { Err(MeshError::NoClock) }
    }
}

/// Makes the command's program read its time through the shared object. A program that starts again keeps its shift.
pub(super) fn shift(command: &mut Command, clock: &Clock, directory: &Path, envoy: &str) -> Result<(), MeshError> {
    let path = file(directory, envoy);
    if fs::metadata(&path).is_err() {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let content = [clock.ahead.to_ne_bytes(), [0; 8]].concat();
        made.and_then(|file| file.write_all_at(&content, 0)).map_err(|e| MeshError::io("write", &path, e))?;
    }
    command.env("LD_PRELOAD", &clock.object).env(VARIABLE, path);
    Ok(())
}

fn file(directory: &Path, envoy: &str) -> PathBuf {
    directory.join(format!("{envoy}.clock"))
}
