//! Ways round a join: which transitions are warned of, and which are not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use stepgate_config::{Code, read};

/// The ways of which `check` warns, in a workflow with these transitions: chains, by `;`. `begin` is initial; `join…` are
/// joins, other tasks are what `splits` says.
fn ways(chains: &str, splits: &[(&str, &str)]) -> Vec<String> {
    let arrows: Vec<(&str, &str)> = chains
        .split(';')
        .flat_map(|chain| {
            let tasks: Vec<&str> = chain.split("->").map(str::trim).collect();
            tasks.windows(2).map(|pair| (*pair.first().unwrap(), *pair.last().unwrap())).collect::<Vec<_>>()
        })
        .collect();
    let tasks: BTreeSet<&str> = arrows.iter().flat_map(|(from, to)| [*from, *to]).collect();
    let mut text = String::from("workflow: w\nrevision: 1\ntrust_domain: t\nnamespace: shop\nactors: [a]\ntasks:\n");
    for task in tasks {
        let split = splits.iter().find(|(of, _)| *of == task).map_or("all", |(_, split)| *split);
        let several = if arrows.iter().filter(|(from, _)| *from == task).count() > 1 {
            format!(", split: {split}")
        } else {
            String::new()
        };
        let kind = match task {
            "begin" => "initial: true".to_owned(),
            join if join.starts_with("join") => format!("requests: POST /{join}, join: all"),
            other => format!("requests: POST /{other}"),
        };
        let bound = if chains.contains("again") { ", max_visits: 3" } else { "" };
        text.push_str(&format!("  {task}: {{actor: a, {kind}{several}{bound}}}\n"));
    }
    text.push_str("transitions:\n");
    text.extend(arrows.iter().map(|(from, to)| format!("  - {from} -> {to}\n")));
    let outcome = read(text.as_bytes());
    assert!(outcome.checked.is_some(), "{text}{:?}", outcome.diagnostics);
    let found = outcome.diagnostics.into_iter().filter(|found| found.code == Code::Bypass);
    found.map(|found| found.message.split('`').nth(5).unwrap().to_owned()).collect()
}

const ONE: &str = "{value: one, advisory: true}";
const DIAMOND: &str = "begin -> fork -> left -> join -> act -> end; fork -> right -> join";

#[test]
fn a_join_that_all_ways_pass_is_not_warned_of() {
    assert_eq!(ways(DIAMOND, &[]), [""; 0]);
    // A task behind the join that only leads back to the fork, from a branch, too: the join comes again.
    let back = "again -> fork; left -> again; act -> again";
    assert_eq!(ways(&format!("{DIAMOND}; {back}"), &[]), [""; 0]);
    // A branch that ends for itself.
    assert_eq!(ways(&format!("{DIAMOND}; left -> cancelled"), &[("left", ONE)]), [""; 0]);
}

#[test]
fn a_branch_that_leads_behind_the_join_is_warned_of() {
    assert_eq!(ways(&format!("{DIAMOND}; left -> act"), &[]), ["fork -> left -> act"]);
    // Also as advice or as a possibility: the join is not one for whoever performs the branch.
    assert_eq!(ways(&format!("{DIAMOND}; left -> act"), &[("left", ONE)]), ["fork -> left -> act"]);
    assert_eq!(ways(&format!("{DIAMOND}; left -> far -> end"), &[("left", "any")]), ["fork -> left -> far -> end"]);
    assert_eq!(ways(&format!("{DIAMOND}; fork -> end"), &[]), ["fork -> end"]);
    assert_eq!(
        ways(&format!("{DIAMOND}; left -> act; right -> end"), &[]),
        ["fork -> left -> act", "fork -> right -> end"]
    );
    // A rework that may also end.
    let back = "left -> again -> fork; act -> again -> end";
    assert_eq!(ways(&format!("{DIAMOND}; {back}"), &[]), ["fork -> left -> again"]);
}

#[test]
fn a_way_that_parts_before_the_fork_is_warned_of_unless_it_is_a_choice() {
    assert_eq!(ways(&format!("{DIAMOND}; begin -> act"), &[]), ["begin -> act"]);
    assert_eq!(ways(&format!("{DIAMOND}; begin -> small -> act"), &[]), ["begin -> small -> act"]);
    for choice in [ONE, "any"] {
        assert_eq!(ways(&format!("{DIAMOND}; begin -> small -> act"), &[("begin", choice)]), [""; 0]);
    }
}

#[test]
fn a_further_join_that_waits_for_the_first_one_is_no_way_round() {
    let outer = "begin -> fork -> left -> join -> act -> join2 -> end; fork -> right -> join; fork -> third -> join2";
    assert_eq!(ways(outer, &[]), [""; 0]);
    // But a further join may come without the first one, and the first one without it.
    let own = "begin -> fork -> left -> join -> act -> end; fork -> right -> join; left -> one -> join2 -> act; left -> two -> join2";
    assert_eq!(ways(own, &[]), ["left -> join -> act", "fork -> left -> one -> join2 -> act"]);
}
