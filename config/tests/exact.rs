//! The lowest level that decides a document exactly, and why.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use stepgate_config::exact::Exact;

/// The level that decides the document exactly, the one for one replica of each actor, and the reasons.
///
/// Actors are single letters of `p` to `s`, all with one SPIFFE ID but `s`, which has two; `o` begins at `start`.
fn exact(tasks: &str, transitions: &str, more: &str) -> (&'static str, &'static str, Vec<String>) {
    let text = format!(
        "workflow: w\nrevision: 1\ntrust_domain: t\nnamespace: n1\n{more}\nactors: {{o: {{}}, p: {{}}, q: {{}}, r: {{}}, s: {{spiffe: [s/1, s/2]}}}}\n\
         tasks:\n  start: {{actor: o, initial: true}}\n{tasks}\ntransitions:\n{transitions}\n"
    );
    let workflow =
        stepgate_config::read_workflow(text.as_bytes()).into_result().unwrap_or_else(|e| panic!("{e:?}\n{text}")).0;
    let Exact { minimal, alone, because } = Exact::of(&workflow);
    let because = because.iter().map(|why| format!("{}: {why}", why.level().as_str()));
    (minimal.as_str(), alone.as_str(), because.collect())
}

/// The levels, and the reasons that start with this level.
fn levels(tasks: &str, transitions: &str, more: &str, level: &str) -> (&'static str, &'static str, Vec<String>) {
    let (minimal, alone, mut because) = exact(tasks, transitions, more);
    because.retain(|why| why.starts_with(level));
    (minimal, alone, because)
}

const PLAIN: &str = "  a: {actor: p, requests: POST /a}\n  b: {actor: q, requests: POST /b}\n  c: {actor: r, requests: POST /c}\n  d: {actor: s, requests: POST /d}";
const REPLICAS: &str = "once: below `once`, a step may be taken once at each replica of its receiver";

#[test]
fn requests_that_each_begin_an_instance_need_no_token() {
    let tasks = "  a: {actor: p, requests: POST /a}\n  b: {actor: q, requests: POST /b}";
    assert_eq!(exact(tasks, "  - start -> a\n  - start -> b", ""), ("identity", "identity", vec![]));
}

#[test]
fn a_second_step_needs_the_proof_of_the_first() {
    let tasks = "  a: {actor: p, requests: POST /a}\n  b: {actor: q, requests: POST /b}";
    let proof = "signed: a plain step does not prove that the instance has come to `a` before `a -> b`";
    assert_eq!(
        exact(tasks, "  - start -> a -> b", ""),
        ("once", "signed", vec![proof.to_owned(), REPLICAS.to_owned()])
    );
}

#[test]
fn keys_name_the_level_that_they_need() {
    let tasks = "  a: {actor: p, requests: POST /a, max_visits: 2}\n  b: {actor: s, requests: POST /b, max_visits: 2}\n  c: {actor: s, requests: POST /c}";
    let transitions = "  - start -> a\n  - {from: a, to: b, within: 5m}\n  - b -> a\n  - b -> c";
    let (minimal, alone, because) = levels(tasks, transitions, "constraints: [{separate: [b, c]}]", "signed");
    assert_eq!((minimal, alone), ("once", "signed"));
    let expected = [
        "signed: a plain step does not prove that the instance has come to `a` before `a -> b`",
        "signed: tokens count the visits of `a` and `b`",
        "signed: `after` and `within` count from the time in a token: `a -> b`",
        "signed: tokens name the performers for `separate: [b, c]`",
    ];
    assert_eq!(because, expected);
}

/// No workload could perform both: the certificates keep the constraint.
#[test]
fn a_constraint_between_strangers_needs_nothing() {
    let (_, _, because) = exact(
        PLAIN,
        "  - start -> a\n  - start -> b\n  - start -> c\n  - start -> d",
        "constraints: [{separate: [a, d]}]",
    );
    assert_eq!(because, [""; 0]);
}

#[test]
fn a_choice_needs_the_callers_gate() {
    let tasks = PLAIN.replace("  a: {", "  a: {split: {value: one, advisory: true}, ");
    let (minimal, alone, because) = levels(&tasks, "  - start -> a -> b\n  - a -> c\n  - a -> d", "", "once");
    assert_eq!((minimal, alone), ("once", "once"));
    assert_eq!(because, [REPLICAS, "once: below `once`, a choice does not exclude: `a`"]);
    let (minimal, alone, because) =
        levels(&tasks, "  - start -> a -> b\n  - {from: a, to: c, via: o}\n  - a -> d", "", "ledger");
    assert_eq!((minimal, alone), ("ledger", "ledger"));
    assert_eq!(because, ["ledger: the ways out of `a` have different callers, so no single gate sees both"]);
}

const JOIN: &str = "  fork: {actor: p, requests: POST /fork, split: all}\n  left: {actor: q, requests: POST /left}\n  right: {actor: r, requests: POST /right}\n  \
                    both: {actor: s, requests: POST /both, join: all}\n  end: {actor: o, requests: POST /end}";

#[test]
fn a_join_is_decided_where_its_first_token_is() {
    let plain = "  - start -> fork -> left -> both -> end\n  - fork -> right -> both";
    let (minimal, alone, because) = levels(JOIN, plain, "", "ledger");
    assert_eq!((minimal, alone, because), ("once", "signed", vec![]));
    // `left` sorts first. Two tokens of it can be at two replicas, of which each would decide a round.
    let twice = "ledger: one round of the join `both` may have two tokens of `left`, at different replicas";
    for transitions in [
        "  - start -> fork\n  - {from: fork, to: left, uses: 2}\n  - left -> both -> end\n  - fork -> right -> both",
        "  - start -> fork -> left\n  - {from: left, to: both, uses: 2}\n  - both -> end\n  - fork -> right -> both",
    ] {
        assert_eq!(
            levels(JOIN, transitions, "", "ledger"),
            ("ledger", "signed", vec![twice.to_owned()]),
            "{transitions}"
        );
    }
    // Several tokens of another source do not matter: only one of them is evidence beside the first.
    let other = "  - start -> fork -> left -> both -> end\n  - {from: fork, to: right, uses: 2}\n  - right -> both";
    assert_eq!(levels(JOIN, other, "", "ledger").0, "once");
}

/// Two ways to one source: both may be taken, unless a choice excludes one, or a join has brought them together.
#[test]
fn two_ways_to_the_first_source_of_a_join() {
    let ways =
        "  - start -> fork -> way -> card -> left -> both -> end\n  - way -> cash -> left\n  - fork -> right -> both";
    let tasks = |way: &str, left: &str| {
        let left = JOIN.replace("  left: {", &format!("  left: {{{left}"));
        format!(
            "{left}\n  way: {{actor: p, requests: POST /way, {way}}}\n  card: {{actor: q, requests: POST /card}}\n  cash: {{actor: r, requests: POST /cash}}"
        )
    };
    assert_eq!(levels(&tasks("split: any", ""), ways, "", "ledger").0, "ledger");
    let (minimal, _, because) = levels(&tasks("split: {value: one, advisory: true}", ""), ways, "", "ledger");
    assert_eq!((minimal, because), ("once", vec![]));
    let inner = "  - start -> fork -> way -> card -> gather -> left -> both -> end\n  - way -> cash -> gather\n  - fork -> right -> both";
    let joined = format!("{}\n  gather: {{actor: o, requests: POST /gather, join: all}}", tasks("split: all", ""));
    assert_eq!(levels(&joined, inner, "", "ledger").2, [""; 0]);
    // What leaves the inner join twice is there twice.
    let again = inner.replace(
        "gather -> left -> both -> end\n",
        "gather\n  - {from: gather, to: left, uses: 2}\n  - left -> both -> end\n",
    );
    assert_eq!(levels(&joined, &again, "", "ledger").0, "ledger");
}

/// A round begins at each arrival of the fork, so a way back to it is no second token. One within the round is.
#[test]
fn cycles_within_a_round_and_around_it() {
    let around = JOIN.replace("fork: {", "fork: {max_visits: 3, ").replace("left: {", "left: {max_visits: 3, ");
    let around = around
        .replace("right: {", "right: {max_visits: 3, ")
        .replace("both: {", "both: {max_visits: 3, ")
        .replace("end: {", "end: {max_visits: 3, ");
    let back = "  - start -> fork -> left -> both -> end -> fork\n  - fork -> right -> both";
    assert_eq!(levels(&around, back, "", "ledger").2, [""; 0]);
    let within = format!(
        "{}\n  again: {{actor: p, requests: POST /again, max_visits: 3}}",
        JOIN.replace("left: {", "left: {max_visits: 3, ")
    );
    let turns = "  - start -> fork -> left -> both -> end\n  - left -> again -> left\n  - fork -> right -> both";
    assert_eq!(levels(&within, turns, "", "ledger").0, "ledger");
}

/// The evidence of a list is a token of each task, whatever leaves it.
#[test]
fn a_list_is_decided_by_the_task_that_sorts_first() {
    let tasks = "  fork: {actor: p, requests: POST /fork, split: all}\n  left: {actor: q, requests: POST /left}\n  right: {actor: q, requests: POST /right}\n  end: {actor: o, requests: POST /end}";
    let list = "  - start -> fork\n  - {from: fork, to: left}\n  - fork -> right\n  - {from: [left, right], to: end}";
    assert_eq!(levels(tasks, list, "", "ledger").2, [""; 0]);
    let twice = list.replace("to: left}", "to: left, uses: 2}");
    let expected = "ledger: one round of the join `left+right` may have two tokens of `left`, at different replicas";
    assert_eq!(levels(tasks, &twice, "", "ledger").2, [expected]);
}

#[test]
fn performers_on_different_branches_need_the_ledger() {
    let tasks = JOIN.replace("left: {actor: q", "left: {actor: s").replace("right: {actor: r", "right: {actor: s");
    let transitions = "  - start -> fork -> left -> both -> end\n  - fork -> right -> both";
    let (minimal, alone, because) =
        levels(&tasks, transitions, "constraints: [{separate: [left, right], advisory: true}]", "ledger");
    assert_eq!((minimal, alone), ("ledger", "ledger"));
    let expected = "ledger: no token names all the performers for `separate: [left, right]`: the tasks may be on different branches";
    assert_eq!(because, [expected]);
}

#[test]
fn uses_on_a_cycle_need_the_ledger() {
    let tasks = "  a: {actor: p, requests: POST /a, max_visits: 2}\n  b: {actor: q, requests: POST /b, max_visits: 2}";
    let (minimal, alone, because) =
        levels(tasks, "  - start -> a\n  - {from: a, to: b, uses: 3}\n  - b -> a", "", "ledger");
    assert_eq!((minimal, alone), ("ledger", "ledger"));
    let expected =
        "ledger: `a -> b` is on a cycle and has 3 uses, and a token counts the visits of its own branch only";
    assert_eq!(because, [expected]);
    let before = "  - {from: start, to: a, uses: 3}\n  - a -> b\n  - b -> a";
    assert_eq!(levels(tasks, before, "", "ledger").0, "once");
}

/// What leaves a join knows the performers of all its branches.
#[test]
fn a_constraint_behind_a_join_is_held_by_tokens() {
    let tasks = "  fork: {actor: p, split: all, requests: POST /fork}\n  left: {actor: s, requests: POST /left}\n  right: {actor: q, requests: POST /right}\n  both: {actor: r, join: all, requests: POST /both}\n  end: {actor: s, requests: POST /end}";
    let transitions = "  - start -> fork -> left -> both -> end\n  - fork -> right -> both";
    let (.., because) = levels(tasks, transitions, "constraints: [{separate: [left, end]}]", "ledger");
    assert!(!because.iter().any(|why| why.contains("separate")), "{because:?}");
    let (.., because) = levels(tasks, transitions, "constraints: [{separate: [left, end]}]", "signed");
    assert!(
        because.contains(&"signed: tokens name the performers for `separate: [left, end]`".to_owned()),
        "{because:?}"
    );
}

/// Each arrival leaves one way, so a rework loop brings no second token.
#[test]
fn a_loop_that_a_choice_closes_brings_one_token() {
    let choice = "left: {max_visits: 3, split: {value: one, advisory: true}, ";
    let tasks = JOIN.replace("left: {", choice);
    let tasks = format!("{tasks}\n  again: {{actor: p, requests: POST /again, max_visits: 3}}");
    let turns = "  - start -> fork -> left -> both -> end\n  - left -> again -> left\n  - fork -> right -> both";
    assert_eq!(levels(&tasks, turns, "", "ledger").2, [""; 0]);
}

#[test]
fn several_uses_of_a_receipt_need_the_ledger() {
    let tasks = "  a: {actor: p, requests: POST /a}\n  b: {actor: q, requests: POST /b}";
    let transitions = "  - start -> a\n  - {from: a, to: b, via: o, uses: 2}";
    let expected = "ledger: `a -> b` has 2 uses, and only the caller's gate says how often it has shown a receipt";
    assert_eq!(levels(tasks, transitions, "", "ledger"), ("ledger", "signed", vec![expected.to_owned()]));
}
