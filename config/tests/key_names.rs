//! No two owners of keys have a name in common: not a `kid`, not a variable, not a Secret.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::HashMap;

use proptest::prelude::*;
use stepgate_config::KeyOwner;
use stepgate_config::name::{ActorName, Kid, WorkflowName};

const MAX_VARIABLE: usize = 128;
const MAX_OBJECT: usize = 253;
const MAX_LABEL: usize = 63;

fn owner(workflow: &str, actor: Option<&str>) -> KeyOwner {
    KeyOwner {
        workflow: WorkflowName::try_from(workflow).unwrap(),
        actor: actor.map(|actor| ActorName::try_from(actor).unwrap()),
    }
}

/// Environment variables as every shell and the gate's configuration accept them.
fn is_variable(name: &str) -> bool {
    let inside = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    (1..=MAX_VARIABLE).contains(&name.len())
        && name.bytes().all(inside)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// A DNS subdomain (RFC 1123), as Kubernetes requires of the name of a Secret.
fn is_object(name: &str) -> bool {
    let label = |label: &str| {
        let inside = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        !label.is_empty() && inside && !label.starts_with('-') && !label.ends_with('-')
    };
    (1..=MAX_OBJECT).contains(&name.len()) && name.split('.').all(label)
}

/// The names of an owner, each with its kind: `secrets` writes `kid`s and variables, `keygen` objects too, and `render` labels.
fn names(owner: &KeyOwner) -> Vec<(&'static str, String)> {
    let all = vec![
        ("kid", owner.kid(1)),
        ("kid", owner.kid(u32::MAX)),
        ("variable", owner.variable(Some(1))),
        ("variable", owner.variable(Some(u32::MAX))),
        ("variable", owner.variable(None)),
        ("object", owner.object("stepgate.")),
        ("label", owner.label("stepgate-")),
    ];
    for (kind, name) in &all {
        let is_valid = match *kind {
            "kid" => Kid::try_from(name.as_str()).is_ok(),
            "variable" => is_variable(name),
            "label" => is_object(name) && name.len() <= MAX_LABEL && !name.contains('.'),
            // A workload's Secret is `stepgate-ACCOUNT`.
            _ => is_object(name) && !name.starts_with("stepgate-"),
        };
        assert!(is_valid, "{kind} {name} of {owner:?}");
    }
    all
}

#[test]
fn ordinary_names_stay_readable() {
    let shown = |workflow, actor| {
        let owner = owner(workflow, actor);
        [owner.kid(1), owner.variable(Some(1)), owner.variable(None), owner.object("stepgate.")]
    };
    assert_eq!(
        shown("movie", None),
        ["movie.k1", "STEPGATE_KEY_MOVIE_K1", "STEPGATE_KEY_MOVIE", "stepgate.movie"].map(String::from)
    );
    assert_eq!(
        shown("movie", Some("vfx-1")),
        ["movie.vfx-1.k1", "STEPGATE_KEY_MOVIE__VFX_1_K1", "STEPGATE_KEY_MOVIE__VFX_1", "stepgate.movie.vfx-1"]
            .map(String::from)
    );
    assert_eq!(
        shown("a.b_c-d", None),
        ["a-b-c-d---duh.k1", "STEPGATE_KEY_A_B_C_D___DUH_K1", "STEPGATE_KEY_A_B_C_D___DUH", "stepgate.a-b-c-d---duh"]
            .map(String::from)
    );
}

/// Every name of up to three characters of an alphabet in which names can be confused, with every actor of up to two.
#[test]
fn no_two_short_names_meet() {
    let mut short: Vec<String> = Vec::new();
    let mut longest = vec![String::new()];
    for _ in 0..3 {
        longest = longest.iter().flat_map(|name| "ak1._-".chars().map(move |c| format!("{name}{c}"))).collect();
        short.extend(longest.iter().cloned());
    }
    let actors =
        || std::iter::once(None).chain(short.iter().filter(|name| name.len() < 3).map(|name| Some(name.as_str())));
    let mut seen: HashMap<(&str, String), (&str, Option<&str>)> = HashMap::new();
    for workflow in &short {
        for actor in actors() {
            for name in names(&owner(workflow, actor)) {
                let (text, own) = (format!("{name:?}"), (workflow.as_str(), actor));
                let before = seen.insert(name, own);
                assert!(before.is_none(), "{own:?} and {before:?} are both {text}");
            }
        }
    }
    assert!(seen.len() > 60_000);
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ak1._-]{1,64}",
        "[a-z0-9]{1,20}([._-][a-z0-9]{1,10}){0,4}",
        "[a-z0-9._-]{1,64}",
        "x(-|_|\\.){0,3}x?[hdu0-9a-f]{0,8}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_two_owners_meet(
        workflows in [name(), name()], actors in [proptest::option::of(name()), proptest::option::of(name())],
    ) {
        let [one, other] = [0, 1].map(|at| owner(&workflows[at], actors[at].as_deref()));
        let (own, others) = (names(&one), names(&other));
        if one != other {
            prop_assert!(own.iter().all(|name| !others.contains(name)), "{own:?} and {others:?}");
        }
    }

    /// The same letters, cut and separated elsewhere: the names that are nearest to each other.
    #[test]
    fn names_with_the_same_letters_do_not_meet(
        letters in proptest::collection::vec("[a-z0-9]{1,3}|k1", 2..8),
        separators in [proptest::collection::vec("[._-]|--|/", 8), proptest::collection::vec("[._-]|--|/", 8)],
    ) {
        let joined = separators.each_ref().map(|separators| {
            let parts = letters.iter().zip(separators.iter());
            parts.map(|(letters, separator)| format!("{letters}{separator}")).collect::<String>()
        });
        // The first `/` ends the workflow's name.
        let owners = joined.each_ref().map(|text| match text.split_once('/') {
            Some((workflow, actor)) if !actor.is_empty() => owner(workflow, Some(&actor.replace('/', "_"))),
            _ => owner(&text.replace('/', "_"), None),
        });
        let [own, others] = owners.each_ref().map(names);
        if owners[0] != owners[1] {
            prop_assert!(own.iter().all(|name| !others.contains(name)), "{own:?} and {others:?}");
        }
    }
}
