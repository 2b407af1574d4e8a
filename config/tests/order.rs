//! Between which tasks a gate can keep a constraint: a token names the performers of all tasks before its own, and behind a
//! join those are the tasks of all its branches.

use stepgate_config::{Code, Diagnostic, read};

/// Two branches, a join, and what is behind it. All tasks but the first can be performed by two workloads, so only tokens can
/// keep a constraint.
const JOINED: &str = "\
workflow: w
revision: 1
trust_domain: t
actors:
  a: {spiffe: [x/a]}
  b: {spiffe: [x/b, x/c]}
tasks:
  start: {actor: a, initial: true, split: all}
  left: {actor: b, requests: /left, split: any}
  right: {actor: b, requests: /right}
  other: {actor: b, requests: /other}
  both: {actor: b, requests: /both, join: all}
  end: {actor: b, requests: /end}
transitions:
  - start -> left -> both -> end
  - start -> right -> both
  - left -> other
";

fn errors(document: &str) -> Vec<Code> {
    read(document.as_bytes()).diagnostics.iter().filter(|one| one.is_error()).map(|one: &Diagnostic| one.code).collect()
}

fn constrained(document: &str, tasks: &str) -> Vec<Code> {
    for relation in ["separate", "bind"] {
        let found = errors(&format!("{document}constraints: [{{{relation}: [{tasks}]}}]\n"));
        assert_eq!(found, errors(&format!("{document}constraints: [{{bind: [{tasks}]}}]\n")), "{relation}: {tasks}");
    }
    errors(&format!("{document}constraints: [{{separate: [{tasks}]}}]\n"))
}

#[test]
fn behind_a_join_all_tasks_of_its_branches_are_before() {
    assert_eq!(errors(JOINED), []);
    for kept in ["left, end", "end, right", "both, end", "left, other"] {
        assert_eq!(constrained(JOINED, kept), [], "{kept}");
    }
    // An arrival at the join itself is of one branch.
    for apart in ["left, right", "left, both", "right, both", "other, end", "other, right"] {
        assert_eq!(constrained(JOINED, apart), [Code::BadConstraint], "{apart}");
    }
}

#[test]
fn a_way_round_the_join_is_a_way_without_its_branches() {
    let round = format!("{JOINED}  - left -> end\n");
    assert_eq!(constrained(&round, "left, end"), []);
    assert_eq!(constrained(&round, "right, end"), [Code::BadConstraint]);
    // Of two ways to one source of the join, one does not pass the task.
    let chosen = JOINED
        .replace("  - left -> other\n", "  - left -> other -> both\n")
        .replace("  - start -> left -> both -> end\n", "  - start -> left\n  - both -> end\n  - left -> right\n");
    assert_eq!(constrained(&chosen, "left, end"), [], "by way of `other`");
    assert_eq!(constrained(&chosen, "right, end"), []);
    let loose = chosen.replace("  - left -> other -> both\n", "  - left -> other -> both\n  - start -> other\n");
    assert_eq!(constrained(&loose, "left, end"), [Code::BadConstraint]);
}

#[test]
fn a_list_of_tasks_is_a_join() {
    let list = JOINED.replace(", join: all", "").replace(
        "  - start -> left -> both -> end\n  - start -> right -> both\n",
        "  - start -> left\n  - start -> right\n  - {from: [left, right], to: both, via: a}\n  - both -> end\n",
    );
    assert_eq!(errors(&list), []);
    for kept in ["left, both", "right, both", "left, end", "right, end"] {
        assert_eq!(constrained(&list, kept), [], "{kept}");
    }
    for apart in ["left, right", "other, both"] {
        assert_eq!(constrained(&list, apart), [Code::BadConstraint], "{apart}");
    }
}

#[test]
fn a_join_behind_a_join_has_the_branches_of_both() {
    let nested = format!(
        "{}  - start -> far -> last\n  - end -> last -> done\n",
        JOINED.replace(
            "transitions:\n",
            "  far: {actor: b, requests: /far}\n  last: {actor: b, requests: /last, join: all}\n  done: {actor: b, requests: /done}\ntransitions:\n",
        )
    );
    assert_eq!(errors(&nested), []);
    for kept in ["left, done", "right, done", "far, done", "end, done"] {
        assert_eq!(constrained(&nested, kept), [], "{kept}");
    }
    for apart in ["far, end", "left, last", "far, left"] {
        assert_eq!(constrained(&nested, apart), [Code::BadConstraint], "{apart}");
    }
}

/// What no token can carry may be advice, and only that.
#[test]
fn a_constraint_that_tokens_keep_is_no_advice() {
    let advice = |tasks: &str| errors(&format!("{JOINED}constraints: [{{separate: [{tasks}], advisory: true}}]\n"));
    assert_eq!(advice("left, end"), [Code::NotAdvisory]);
    assert_eq!(advice("left, right"), []);
}
