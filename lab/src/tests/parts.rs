//! Attacks on one part of a request after the other: each header of a task, each parameter of a guard.

use super::*;

/// The attacks of this name on `parts.yaml`, each with its answer, by what they change.
fn attacked(name: &str, what: impl Fn(&Attempt) -> String) -> BTreeSet<String> {
    let fixture = fixture(PARTS.as_bytes(), 1, Algorithm::Hs256);
    let native = Native(Oracle::new(&fixture));
    let cases = results(&fixture, &native, |case| case.label().name == name);
    cases
        .iter()
        .map(|case| {
            assert!(case.right() && !case.last.answer.reached, "{}", told(case));
            what(&case.last.attempt)
        })
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn headers(attempt: &Attempt, is: impl Fn(&str, &str) -> bool) -> String {
    let named = attempt.headers.iter().filter(|(name, value)| is(name, value));
    named.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_header_of_a_task_is_attacked() {
    let other = |_: &str, value: &str| value.starts_with("stepgate-lab");
    for name in ["another value in a header", "a header of the task twice"] {
        assert_eq!(attacked(name, |attempt| headers(attempt, other)), set(&["x-kind", "x-page"]), "{name}");
    }
    let spelled = attacked("a header of the task in another spelling", |attempt| headers(attempt, other));
    assert_eq!(spelled, set(&["x_kind", "x_page"]));
    let left = attacked("without a header of the task", |attempt| headers(attempt, |name, _| name.starts_with("x-")));
    assert_eq!(left, set(&["x-kind", "x-page"]));
    let there = attacked("a header that must be absent", |attempt| headers(attempt, other));
    assert_eq!(there, set(&["x-none", "x-never"]));
}

#[test]
fn each_parameter_of_a_guard_is_attacked() {
    let added = |attempt: &Attempt| attempt.target();
    let twice = attacked("a parameter of the guard twice", added);
    let query = "/shown?page=1&kind=a";
    let other = "stepgate-lab-of-no-guard";
    assert_eq!(twice, set(&[&format!("{query}&kind={other}"), &format!("{query}&page={other}")]));
    let spelled = attacked("a parameter of the guard in another spelling", added);
    assert_eq!(spelled, set(&[&format!("{query}&kind[]={other}"), &format!("{query}&page[]={other}")]));
}

/// Without the query that its guard asks for, nothing of the transition can be tried.
#[test]
fn a_guard_is_satisfied_by_the_query_of_the_options() {
    for (query, reached) in [(&["page=1".to_owned(), "kind=a".to_owned()][..], true), (&[], false)] {
        let mut fixture = fixture(PARTS.as_bytes(), 1, Algorithm::Hs256);
        fixture.circumstances = Circumstances::of(None, Vec::new(), query);
        let native = Native(Oracle::new(&fixture));
        let walks = crate::walk::all(&fixture, &native).unwrap();
        let hops: Vec<_> = walks.iter().flat_map(|walk| &walk.hops).collect();
        assert!(hops.iter().all(|hop| hop.right), "{query:?}");
        let last = hops.iter().find(|hop| hop.transition.to.name.as_str() == "show").unwrap();
        assert_eq!(last.answer.reached, reached, "{query:?}");
        let guarded = results(&fixture, &native, |case| case.label().name == "a parameter of the guard twice");
        assert_eq!(guarded.is_empty(), !reached);
    }
}
