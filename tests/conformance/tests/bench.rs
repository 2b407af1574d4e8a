//! `make bench` still measures all that it reports. Durations are not checked: no test checks one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

/// The rows of each quantity, over all numbers of connections and workers.
const ROWS: [(&str, usize); 9] = [
    ("a configuration read, natively", 4),
    ("a message each way on an open stream: latency", 3),
    ("a message each way on an open stream: processor time of Envoy", 3),
    ("a permitted request, natively", 6),
    ("a request: latency", 16 + 3 * 7),
    ("a request: processor time of Envoy", 16 + 3 * 7),
    // A small round starts only the main set-ups, and two larger workflows.
    ("an Envoy starts: its memory then", 2 * 9),
    ("an Envoy starts: until it serves", 2 * 9),
    ("the module", 5),
];

#[test]
fn a_small_round_measures_every_row() {
    for built in ["STEPGATE_MODULE", "STEPGATE_EMPTY"] {
        assert!(std::env::var_os(built).is_some(), "{built} names a filter: run `make test`");
    }
    let folder = tempfile::tempdir().unwrap();
    let (page, picture) = (folder.path().join("performance.md"), folder.path().join("performance.svg"));
    fs::write(&page, "# Before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n").unwrap();
    let arguments = ["--smoke", "--json", "--write"];
    let output = Command::new(env!("CARGO_BIN_EXE_bench")).args(arguments).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for row in report["rows"].as_array().unwrap() {
        let group = row["group"].as_str().unwrap();
        *groups.entry(group.split_once("; ").map_or(group, |(quantity, _)| quantity)).or_default() += 1;
        // No figure is zero: an operation that takes no time was not measured.
        assert!(row["value"]["median"].as_f64().unwrap() > 0.0, "{row}");
        let ratio = &row["ratio"];
        assert!(ratio.is_null() || ratio.as_f64().unwrap() > 0.0, "{row}");
    }
    assert_eq!(groups, BTreeMap::from(ROWS), "{report:#}");
    assert_eq!(report["goals"].as_array().unwrap().len(), 13, "{report:#}");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("# Before\n") && page.ends_with("-->\nafter\n") && !page.contains("old\n"), "{page}");
    assert!(page.contains("| the module: its code |") && page.contains("](performance.svg)"), "{page}");
    assert!(fs::read_to_string(picture).unwrap().starts_with("<svg"));
}
