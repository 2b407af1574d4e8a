//! The module stays small: an Envoy compiles its code before it serves, and each worker has a copy of its data.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use stepgate_tests::module_size::Sizes;

/// Most bytes of each. `docs/performance.md` has the goals: a bound goes down with the module.
const MOST: Sizes = Sizes { code: 1_010_000, data: 175_000 };

#[test]
fn the_module_is_small() {
    let module = stepgate_tests::trials::module().unwrap();
    let sizes = Sizes::of(&std::fs::read(module).unwrap()).unwrap();
    if sizes.code <= MOST.code && sizes.data <= MOST.data {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let made = Command::new("make").args(["--no-print-directory", "sizes"]).current_dir(root).output().unwrap();
    panic!("{sizes:?}, at most {MOST:?}; the code of its crates:\n{}", String::from_utf8_lossy(&made.stdout));
}
