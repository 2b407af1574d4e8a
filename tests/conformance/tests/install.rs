//! `make install` puts everything where shells, `man` and `stepgate lab` find it, and builds nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files below a folder, by their paths in it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                left.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn everything_has_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for name in ["STEPGATE_BIN", "STEPGATE_MODULE"] {
        std::env::var_os(name).unwrap_or_else(|| panic!("{name} names what was built: run `make test`"));
    }
    let dir = tempfile::tempdir().unwrap();
    let destination = format!("DESTDIR={}", dir.path().join("a folder").display());
    let output = Command::new("make")
        .current_dir(&root)
        .args(["--no-print-directory", "install", "PREFIX=/usr", &destination])
        // A compiler that was called would fail.
        .env("CARGO", "/no/cargo")
        .env("RUSTC", "/no/rustc")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let usr = dir.path().join("a folder/usr");
    let found = files(&usr);
    for file in [
        "bin/stepgate",
        "share/bash-completion/completions/stepgate",
        "share/fish/vendor_completions.d/stepgate.fish",
        "share/man/man1/stepgate.1",
        "share/man/man1/stepgate-check.1",
        "share/man/man1/stepgate-token-verify.1",
        "share/stepgate/stepgate_filter.wasm",
        "share/zsh/site-functions/_stepgate",
    ] {
        assert!(found.iter().any(|found| found == file), "no {file}: {found:?}");
        assert!(fs::metadata(usr.join(file)).unwrap().len() > 0, "{file} is empty");
    }
    let command = usr.join("bin/stepgate");
    assert_eq!(fs::metadata(&command).unwrap().permissions().mode() & 0o777, 0o755);
    let version = Command::new(&command).arg("version").output().unwrap();
    assert!(version.stdout.starts_with(b"stepgate "), "{version:?}");
}

/// It must not install half of it.
#[test]
fn what_was_not_built_is_not_installed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dir = tempfile::tempdir().unwrap();
    let status = Command::new("make")
        .current_dir(&root)
        .args(["--no-print-directory", "install", &format!("DESTDIR={}", dir.path().display())])
        .env("STEPGATE_BIN", "/no/stepgate")
        .output()
        .unwrap()
        .status;
    assert!(!status.success());
    assert_eq!(files(dir.path()), Vec::<String>::new());
}
