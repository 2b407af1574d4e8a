//! The private directory of one mesh: keys, bootstraps, logs. Gone when the mesh is.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::MeshError;

const PREFIX: &str = "stepgate-mesh-";
const LOCK: &str = "lock";

/// Removed on drop. The next mesh removes the directory that a killed one left.
#[derive(Debug)]
pub(super) struct RunDir {
    dir: TempDir,
    /// Locked as long as the mesh lives: the system unlocks it however this process ends.
    _lock: File,
}

impl RunDir {
    pub(super) fn create() -> Result<Self, MeshError> {
        let base = std::env::temp_dir();
        sweep(&base);
        let dir = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&base)
            .map_err(|e| MeshError::io("create a directory in", &base, e))?;
        let path = dir.path().join(LOCK);
        let lock = (|| {
            let mut file = File::create(&path)?;
            file.lock()?;
            // Written only once locked, so an empty lock is one that is just being made.
            writeln!(file, "{}", std::process::id())?;
            Ok(file)
        })()
        .map_err(|e| MeshError::io("lock", &path, e))?;
        Ok(Self { dir, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file that only its owner reads.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, MeshError> {
        let path = self.dir.path().join(name);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(content))
            .map_err(|e| MeshError::io("write", &path, e))?;
        Ok(path)
    }
}

/// Replaces a file, readable by its owner only, in one step: no reader sees half of it.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), MeshError> {
    let mut next = path.as_os_str().to_owned();
    next.push(".next");
    let next = PathBuf::from(next);
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&next)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&next, path))
        .map_err(|e| MeshError::io("write", path, e))
}

/// Removes the directories of meshes that were killed. Directories of other users cannot be removed.
fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(dir: &Path) -> bool {
    let path = dir.join(LOCK);
    let written = path.metadata().is_ok_and(|meta| meta.len() > 0);
    written && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_mesh_left_is_swept_and_what_lives_is_not() {
        let live = RunDir::create().unwrap();
        let dead = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
        fs::write(dead.path().join(LOCK), "1\n").unwrap();
        let _next = RunDir::create().unwrap();
        assert!(live.path().exists());
        assert!(!dead.path().exists());
    }

    #[test]
    fn nobody_else_can_look_inside() {
        let dir = RunDir::create().unwrap();
        let key = dir.write("key.pem", b"secret").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(dir.path()), mode(&key)), (0o700, 0o600));
    }
}
