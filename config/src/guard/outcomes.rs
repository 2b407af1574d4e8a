//! Which outcomes a guard can have, as far as its values are known before a request comes.
//!
//! The guard is evaluated with each combination of the values that make a difference: those that are known, and for each other
//! one the literals that it is compared with, and values between them. A part whose value nothing tells may be true, be false,
//! or fail, in the same way wherever it occurs. So an outcome may be found that no request has, but none is missed.

use super::Condition;
use super::chosen::Tests;
use super::known::{Known, Possible};
use super::test::Choice;

/// Steps that it takes to find the values on which a part of a guard depends.
const BUILD_STEPS: usize = 32;
/// Combinations of values with which one guard is evaluated. Of a guard that takes more, all outcomes are possible.
const MAX_COMBINATIONS: usize = 1 << 12;

/// The outcomes that a guard can have, besides that it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Outcomes {
    /// Whether it can be true.
    pub(crate) holds: bool,
    /// Whether it can be false.
    pub(crate) refuses: bool,
}

impl Outcomes {
    /// Nothing is excluded.
    pub(crate) const ALL: Self = Self { holds: true, refuses: true };

    /// Those of a guard, where so much is known. Subtracts its steps from those that are `left`; where these do not suffice,
    /// nothing is excluded.
    pub(crate) fn of(condition: &Condition, known: &impl Known, left: &mut usize) -> Self {
        if *left == 0 {
            return Self::ALL;
        }
        let (test, choices) = Tests::of(condition, known);
        *left = left.saturating_sub(test.size().saturating_mul(BUILD_STEPS));
        let combined =
            |all: usize, choice: &Choice| all.checked_mul(choice.values.len()).filter(|all| *all <= MAX_COMBINATIONS);
        let combinations = choices.iter().try_fold(1, combined);
        let steps = |combinations: usize| left.checked_sub(combinations.saturating_mul(test.size()));
        let Some((combinations, remaining)) = combinations.and_then(|all| Some((all, steps(all)?))) else {
            return Self::ALL;
        };
        *left = remaining;
        let mut found = Self::default();
        for number in 0..combinations {
            let mut rest = number;
            let chosen: Vec<&Possible> = choices
                .iter()
                .filter_map(|choice| {
                    let many = choice.values.len();
                    let at = rest.checked_rem(many)?;
                    rest = rest.checked_div(many)?;
                    choice.values.get(at)
                })
                .collect();
            match test.truth(&chosen) {
                Some(true) => found.holds = true,
                Some(false) => found.refuses = true,
                None => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::guard::known::Nothing;
    use crate::guard::{Guard, Vocabulary};

    /// Whether the guard can be true, and whether it can be false.
    fn can(source: &str) -> (bool, bool) {
        let guard = Guard::compile(source, &Vocabulary::default()).unwrap();
        let found = Outcomes::of(guard.condition(), &Nothing, &mut 1_000_000);
        (found.holds, found.refuses)
    }

    #[test]
    fn a_guard_that_excludes_something_and_permits_something_can_be_both() {
        for source in [
            r#"request.method == "POST""#,
            r#"request.method == "POST" || request.method == "PUT""#,
            r#"request.method != "POST" && request.method != "PUT""#,
            r#""x-a" in request.headers"#,
            r#""x-a" in request.headers && request.headers["x-a"] == "1""#,
            r#"request.headers["x-a"] == request.headers["x-b"]"#,
            r#"request.headers["x-a"] < request.headers["x-b"] || request.headers["x-a"] > request.headers["x-b"]"#,
            r#"double(request.headers["x-a"]) > 1.0 && double(request.headers["x-a"]) < 1.5"#,
            r#"double(request.headers["x-a"]) > 1.0 && double(request.headers["x-a"]) < 2.0"#,
            r#"int(request.headers["x-a"]) > 1 && int(request.headers["x-a"]) < 3"#,
            r#"request.headers["x-a"] > "a" && request.headers["x-a"] < "ab""#,
            r#"now.getHours("UTC") >= 9 && now.getHours("UTC") < 17"#,
            r#"now > timestamp("2026-01-01T00:00:00Z") && now < timestamp("2026-01-01T00:00:02Z")"#,
            r#"request.path.startsWith("/a") && request.path.endsWith("/b")"#,
            r#"request.path.matches("^/a") ? request.method == "GET" : request.method == "PUT""#,
            r#"request.method in ["GET", "PUT"] && request.method != "GET""#,
            r#"size(request.path) > 3 && size(request.path) < 5"#,
            r#"request.headers["x-a"] == "1" && request.headers["x-b"] == "2""#,
        ] {
            assert_eq!(can(source), (true, true), "{source}");
        }
    }

    #[test]
    fn a_guard_that_permits_all_is_never_false() {
        for source in [
            "true",
            "1 < 2",
            "request.method == request.method",
            r#"request.method != "POST" || request.method != "PUT""#,
            r#"request.headers["x-a"] == "1" || request.headers["x-a"] != "1""#,
            r#"request.headers["x-a"] == "1" || !(request.headers["x-a"] == "1")"#,
            r#"request.path.startsWith("/a") || !request.path.startsWith("/a")"#,
            r#"!("x-a" in request.headers) || "x-a" in request.headers"#,
            r#"int(request.headers["x-a"]) < 5 || int(request.headers["x-a"]) >= 5"#,
            r#"int(request.headers["x-a"]) < 5 || int(request.headers["x-a"]) > 4"#,
            r#"request.headers["x-a"] < request.headers["x-b"] || request.headers["x-a"] >= request.headers["x-b"]"#,
            r#"now.getHours("UTC") >= 0"#,
            r#"request.method == "GET" ? true : request.method != "GET""#,
        ] {
            assert_eq!(can(source), (true, false), "{source}");
        }
    }

    #[test]
    fn a_guard_that_permits_nothing_is_never_true() {
        for source in [
            "false",
            r#"request.method == "POST" && request.method == "PUT""#,
            r#"request.path.startsWith("/a") && !request.path.startsWith("/a")"#,
            r#"!("x-a" in request.headers) && request.headers["x-a"] == "1""#,
            r#"int(request.headers["x-a"]) > 5 && int(request.headers["x-a"]) < 6"#,
            r#"now.getHours("UTC") > 17 && now.getHours("UTC") < 9"#,
            r#"request.headers["x-a"] != request.headers["x-a"]"#,
            r#"now < timestamp("2026-01-01T00:00:00Z") && now > timestamp("2026-06-01T00:00:00Z")"#,
            r#"request.method in ["GET", "PUT"] && request.method == "POST""#,
        ] {
            let (holds, _) = can(source);
            assert!(!holds, "{source}");
        }
    }

    #[test]
    fn where_the_steps_do_not_suffice_nothing_is_excluded() {
        let guard = Guard::compile("false", &Vocabulary::default()).unwrap();
        assert_eq!(Outcomes::of(guard.condition(), &Nothing, &mut 0), Outcomes::ALL);
        let many: Vec<String> = (0..20).map(|at| format!(r#"request.headers["x-{at}"] == "1""#)).collect();
        assert_eq!(can(&format!("({}) && false", many.join(" || "))), (true, true));
    }
}
