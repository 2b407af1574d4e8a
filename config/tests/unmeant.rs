//! What one instance may do beyond the usual reading of a document.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use stepgate_config::unmeant::Unmeant;

/// The sentences about choices in a document of these transitions, which begins at `s`; tasks in `joins` are joins.
fn choices(transitions: &[(&str, &str)], joins: &[&str]) -> Vec<String> {
    let text = document(transitions, joins, "signed");
    let workflow = stepgate_config::read_workflow(text.as_bytes()).into_result().unwrap_or_else(|e| panic!("{e:?}")).0;
    Unmeant::of(&workflow).unwrap().choices.iter().map(ToString::to_string).collect()
}

fn document(transitions: &[(&str, &str)], joins: &[&str], level: &str) -> String {
    let mut tasks: Vec<&str> = transitions.iter().flat_map(|(from, to)| [*from, *to]).filter(|t| *t != "s").collect();
    tasks.sort_unstable();
    tasks.dedup();
    let task = |task: &&str| {
        let join = if joins.contains(task) { "join: all, " } else { "" };
        let visits = if level == "signed" && task.starts_with("loop") { "max_visits: 2, " } else { "" };
        format!("  {task}: {{actor: b, {join}{visits}requests: [{{path: /{task}}}]}}\n")
    };
    let lines = |(from, to): &(&str, &str)| format!("  - {{from: {from}, to: {to}}}\n");
    let deadline = if level == "signed" { "" } else { "deadline: {value: 1h, advisory: true}\n" };
    format!(
        "workflow: w\nrevision: 1\ntrust_domain: t\nassurance: {level}\n{deadline}actors: {{a: {{spiffe: [x/a]}}, b: {{spiffe: [x/b]}}}}\n\
         tasks:\n  s: {{actor: a, initial: true}}\n{}transitions:\n{}",
        tasks.iter().map(task).collect::<String>(),
        transitions.iter().map(lines).collect::<String>()
    )
}

#[test]
fn ways_that_do_not_meet_read_like_a_choice() {
    let refused = choices(&[("s", "assess"), ("assess", "refuse"), ("assess", "approve"), ("approve", "pay")], &[]);
    assert_eq!(refused, ["after `assess`, `approve` (then `pay`) and also `refuse`"]);
    // Both lead to the same task, which is no join.
    let either = choices(&[("s", "card"), ("s", "cash"), ("card", "ship"), ("cash", "ship")], &[]);
    assert_eq!(either, ["after `s`, `card` and also `cash`"]);
    assert_eq!(choices(&[("s", "a"), ("a", "b")], &[]), [""; 0]);
}

#[test]
fn branches_that_meet_in_a_join_are_meant() {
    let join = [("s", "left"), ("s", "right"), ("left", "both"), ("right", "both"), ("both", "end")];
    assert_eq!(choices(&join, &["both"]), [""; 0]);
    let mut cancel = join.to_vec();
    cancel.push(("s", "cancel"));
    assert_eq!(choices(&cancel, &["both"]), ["after `s`, `cancel` and also `left` with `right` (then `both`, `end`)"]);
}

/// Two ways to one source of a join: the evidence of one of them is enough.
#[test]
fn two_ways_to_one_source_of_a_join_do_not_meet() {
    let ways = [
        ("s", "fork"),
        ("fork", "left"),
        ("fork", "right"),
        ("right", "card"),
        ("right", "cash"),
        ("card", "paid"),
        ("cash", "paid"),
        ("left", "both"),
        ("paid", "both"),
        ("both", "end"),
    ];
    assert_eq!(choices(&ways, &["both"]), ["after `right`, `card` and also `cash`"]);
}

#[test]
fn a_way_back_is_a_way_out() {
    let again = choices(&[("s", "loop-a"), ("loop-a", "loop-b"), ("loop-b", "loop-a"), ("loop-a", "end")], &[]);
    assert_eq!(again, ["after `loop-a`, `end` and also `loop-b`"]);
}

/// What tasks without `split` allow, in one sentence for each.
#[test]
fn a_task_that_does_not_say_which_way() {
    let edges = [("s", "loop-a"), ("loop-a", "loop-b"), ("loop-b", "loop-a"), ("loop-a", "pay")];
    let text = document(&edges, &[], "signed");
    let unsaid = |text: &str| -> Vec<String> {
        let workflow = stepgate_config::read_workflow(text.as_bytes()).into_result().unwrap().0;
        Unmeant::of(&workflow).unwrap().unsaid.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        unsaid(&text),
        ["from `loop-a` both `loop-b` and `pay` may be taken, `pay` up to 2 times in an instance"]
    );
    for split in ["all", "any", "{value: one, advisory: true}"] {
        let said = text.replace("loop-a: {", &format!("loop-a: {{split: {split}, "));
        assert_eq!(unsaid(&said), [""; 0], "{split}");
    }
}

/// `any` and `one` are said with their meaning; with `all` nothing is left to say.
#[test]
fn a_split_that_is_said() {
    let text = document(&[("s", "card"), ("s", "cash")], &[], "signed");
    let choices = |split: &str| -> Vec<String> {
        let text = text.replace("initial: true", &format!("initial: true, split: {split}"));
        let workflow = stepgate_config::read_workflow(text.as_bytes()).into_result().unwrap().0;
        Unmeant::of(&workflow).unwrap().choices.iter().map(ToString::to_string).collect()
    };
    assert_eq!(choices("all"), [""; 0]);
    assert_eq!(
        choices("any"),
        [
            "after `s`, `card` and also `cash` (`any`: each may be taken or not, and several together: the application decides)"
        ]
    );
    assert_eq!(
        choices("{value: one, advisory: true}"),
        [
            "after `s`, `card` and also `cash` (`one`: one of them is to be taken; that is advice, and gates let each in)"
        ]
    );
}

/// At `identity` a join is a task like another, and nothing is counted.
#[test]
fn identity_allows_anything() {
    let text = document(&[("s", "a"), ("s", "b")], &[], "identity");
    let workflow = stepgate_config::read_workflow(text.as_bytes()).into_result().unwrap().0;
    assert_eq!(Unmeant::of(&workflow), None);
}

/// The largest documents are answered in time; what was not looked at is counted.
#[test]
fn a_large_document_is_bounded() {
    let names: Vec<String> = (0..600).map(|n| format!("t{n}")).collect();
    let mut pairs = vec![("s", "t0")];
    for (at, from) in names.iter().enumerate() {
        pairs.extend(names.iter().skip(at + 1).take(60).map(|to| (from.as_str(), to.as_str())));
    }
    let text = document(&pairs, &[], "signed");
    let workflow = stepgate_config::read_workflow(text.as_bytes()).into_result().unwrap_or_else(|e| panic!("{e:?}")).0;
    let begun = Instant::now();
    let found = Unmeant::of(&workflow).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(found.choices.len() + found.left_out, 598);
    assert!(found.left_out > 0);
}
