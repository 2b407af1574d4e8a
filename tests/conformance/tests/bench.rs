//! `make bench` still measures all that it reports. Durations are not checked: no test checks one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

#[test]
fn a_small_round_measures_every_row() {
    assert!(std::env::var_os("STEPGATE_MODULE").is_some(), "STEPGATE_MODULE names the filter: run `make test`");
    // No figure is zero: an operation that takes no time was not measured.
    let output = Command::new(env!("CARGO_BIN_EXE_bench")).args(["--smoke", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    for row in report["rows"].as_array().unwrap() {
        *groups.entry(row["group"].as_str().unwrap().to_owned()).or_default() += 1;
        assert!(row["value"]["median"].as_f64().unwrap() > 0.0, "{row}");
        let ratio = &row["ratio"]["median"];
        assert!(ratio.is_null() || ratio.as_f64().unwrap() > 0.0, "{row}");
    }
    let sizes: Vec<usize> = groups.into_values().collect();
    assert_eq!(sizes.iter().sum::<usize>(), 3 + 6 + 2 + 13 + 13 + 3 + 3 + 4 + 4, "{report:#}");
}
