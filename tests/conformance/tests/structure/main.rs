//! The structure of the workspace: no files use each other in a circle, and crates depend on each other only as
//! `MAY_USE` allows.
//!
//! A file uses another file if its code names an item that the other file defines: in a `use`, or by a path in an
//! expression, a type, a pattern or the arguments of a macro. Re-exports are followed to the definition. `mod` lines,
//! re-exports themselves, method calls and test code do not count.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what is wrong by failing"
)]

mod checker;
mod circles;
mod crates;
mod imports;
mod items;
mod tree;
mod uses;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use circles::circles;
use crates::{Crate, workspace};
use tree::{Tree, sources};

/// The crates of the workspace that each crate may have as normal dependencies. Crates below `tests/` may have all.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("config", &[]),
    ("decision", &["config"]),
    ("filter", &["config", "decision"]),
    ("reference", &["config"]),
    ("mesh", &["config"]),
    ("lab", &["config", "mesh", "reference"]),
    ("render", &["config", "decision"]),
    ("doctor", &["config"]),
    ("cli", &["config", "decision", "doctor", "lab", "mesh", "reference", "render"]),
    ("image", &[]),
    ("clock", &[]),
    ("empty", &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let mut found = BTreeSet::new();
    for one in workspace(&root()) {
        for tree in trees(&one) {
            found.extend(circles(&tree).iter().map(|circle| circle.describe(&root())));
        }
    }
    assert!(
        found.is_empty(),
        "{} circles of files. Cut each one: move the items that both sides use to a file of their own.\n\n{}",
        found.len(),
        found.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn the_checker_reads_every_file_of_the_workspace() {
    for one in workspace(&root()) {
        let read: BTreeSet<PathBuf> = trees(&one).iter().flat_map(Tree::files).collect();
        let present = ["src", "tests"].iter().flat_map(|folder| sources(&one.folder.join(folder)).into_keys());
        let unread: Vec<PathBuf> = present.filter(|file| !read.contains(file)).collect();
        assert!(unread.is_empty(), "no `mod` line leads to these files of `{}`: {unread:#?}", one.name);
    }
}

/// A tree for each target of a crate.
fn trees(one: &Crate) -> Vec<Tree> {
    one.targets.iter().map(|root| Tree::read(&sources(root.parent().unwrap()), root)).collect()
}

#[test]
fn crates_depend_only_on_allowed_crates() {
    let crates = workspace(&root());
    let wrong: Vec<String> =
        crates.iter().filter(|one| !one.folder.starts_with(root().join("tests"))).flat_map(forbidden).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let stale: Vec<&str> =
        MAY_USE.iter().map(|(name, _)| *name).filter(|name| !crates.iter().any(|one| one.name == *name)).collect();
    assert!(stale.is_empty(), "`MAY_USE` names crates that the workspace does not have: {stale:?}");
}

/// The dependencies of one crate that `MAY_USE` does not allow, in words.
fn forbidden(one: &Crate) -> Vec<String> {
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == one.name) else {
        return vec![format!("`{}` has no row in `MAY_USE`: add one, with the crates that it may depend on", one.name)];
    };
    let extra = one.uses.iter().filter(|used| !allowed.contains(&used.as_str()));
    extra.map(|used| format!("`{}` must not depend on `{used}`: `MAY_USE` allows {allowed:?}", one.name)).collect()
}
