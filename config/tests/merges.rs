//! Parallel branches that meet in a task without a join: which tasks are warned of, and which are not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use stepgate_config::{Code, read};

/// The tasks of which W028 warns, in a workflow with these chains; each split is `all`, but for those in `says`, where a
/// task may also have further keys. It begins at `s`.
fn merges(chains: &[&[&str]], says: &[(&str, &str)]) -> Vec<String> {
    let arrows: BTreeSet<(&str, &str)> =
        chains.iter().flat_map(|chain| chain.iter().copied().zip(chain.iter().copied().skip(1))).collect();
    let mut leaving: BTreeMap<&str, usize> = BTreeMap::new();
    for (from, to) in &arrows {
        let ways = leaving.entry(from).or_default();
        *ways = ways.saturating_add(1);
        leaving.entry(to).or_default();
    }
    let mut text = String::from("workflow: w\nrevision: 1\ntrust_domain: t\nnamespace: shop\nactors: [a]\ntasks:\n");
    for (task, ways) in leaving {
        let own = says.iter().find(|(of, _)| *of == task).map_or_else(
            || if ways > 1 { "split: all".to_owned() } else { String::new() },
            |(_, says)| (*says).to_owned(),
        );
        let begins = if task == "s" { "initial: true".to_owned() } else { format!("requests: /{task}") };
        text.push_str(&format!("  {task}: {{actor: a, {begins}, {own}}}\n").replace(", }", "}"));
    }
    text.push_str("transitions:\n");
    text.extend(arrows.iter().map(|(from, to)| format!("  - {from} -> {to}\n")));
    let outcome = read(text.as_bytes());
    assert!(outcome.checked.is_some(), "{text}{:?}", outcome.diagnostics);
    let found = outcome.diagnostics.into_iter().filter(|found| found.code == Code::Merge);
    found.map(|found| found.message.split('`').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn branches_that_meet_without_a_join_are_warned_of_once() {
    let diamond: [&[&str]; 2] = [&["s", "left", "both", "end"], &["s", "right", "both"]];
    assert_eq!(merges(&diamond, &[]), ["both"]);
    assert_eq!(merges(&[&["s", "both", "end"], &["s", "right", "both"]], &[]), ["both"]);
    let three: [&[&str]; 3] = [&["s", "a1", "x", "z"], &["s", "a2", "x"], &["s", "a3", "z"]];
    assert_eq!(merges(&three, &[]), ["x", "z"]);
}

#[test]
fn a_join_and_a_word_are_not_warned_of() {
    let diamond: [&[&str]; 2] = [&["s", "left", "both", "end"], &["s", "right", "both"]];
    assert_eq!(merges(&diamond, &[("both", "join: all")]), [""; 0]);
    assert_eq!(merges(&diamond, &[("both", "join: any")]), [""; 0]);
    assert_eq!(merges(&diamond, &[("s", "split: any")]), [""; 0]);
    // Behind the join all branches are one.
    let after: [&[&str]; 3] = [&["s", "left", "both", "one", "end"], &["s", "right", "both"], &["both", "two", "end"]];
    let choice = [("both", "join: all, split: any")];
    assert_eq!(merges(&after, &choice), [""; 0]);
    assert_eq!(merges(&after, &[("both", "join: all, split: all")]), ["end"]);
}
