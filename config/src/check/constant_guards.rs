//! Guards that are the same on every request of their transition: they let nothing through, or exclude nothing.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::known::Request;
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TransitionDraft};
use crate::guard::{Condition, Nothing, Outcomes};
use crate::report::{Report, listed, quote};

/// Steps of the evaluation in one document. Of guards that take more, it is not found.
const MAX_STEPS: usize = 1 << 22;
/// Most attributes that a message names.
const SHOWN: usize = 4;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    let mut left = MAX_STEPS;
    for transition in draft.transitions.iter().filter(|_| PEOPLE) {
        if let Some(guard) = &transition.when {
            judge(draft, transition, guard.condition(), &mut left, report);
        }
    }
}

fn judge(draft: &Draft, transition: &TransitionDraft, guard: &Condition, left: &mut usize, report: &mut Report) {
    let Some((caller, to)) = draft.caller(transition).zip(draft.task(transition.to)) else { return };
    let anywhere = Outcomes::of(guard, &Nothing, left);
    let (mut found, mut missing) = (Outcomes::default(), None::<BTreeSet<String>>);
    for request in Request::all(draft, caller, to) {
        let outcomes = Outcomes::of(guard, &request, left);
        found.holds |= outcomes.holds;
        found.refuses |= outcomes.refuses;
        let own = RefCell::into_inner(request.missing);
        missing = Some(missing.map_or_else(|| own.clone(), |all| all.intersection(&own).cloned().collect()));
    }
    let (name, to) = (quote(draft.actor_name(caller)), quote(to.name.as_str()));
    let written = quote(&words!("{} -> {}", draft.task_name(transition.from), draft.task_name(transition.to)));
    let at = |code, message| Diagnostic::new(code, transition.when_span, message);
    // Without a workload, its SPIFFE IDs have errors.
    let Some(missing) = missing else { return };
    report.push(match (found.holds, found.refuses) {
        (true, true) => return,
        (false, _) => {
            let never = at(Code::ConstantGuard, words!("no request passes the guard of {written}"));
            let label = if !anywhere.holds {
                "it is false or fails, whatever the request".to_owned()
            } else if missing.is_empty() {
                words!(
                    "by what the document says of {name}, and of the `requests` of {to}, it is false or fails on each"
                )
            } else {
                words!("{name} has no attribute {}", listed(missing.iter().map(String::as_str), SHOWN, "and"))
            };
            let help = match anywhere.holds && !missing.is_empty() {
                true => words!("a guard reads the attributes of the caller: give them to {name}, or remove the guard"),
                false => "correct the guard; if nothing is to take this transition, remove it".to_owned(),
            };
            never.label(label).help(help)
        }
        (true, false) if !anywhere.refuses => {
            at(Code::ConstantGuard, words!("the guard of {written} excludes nothing"))
                .label("it is never false")
                .help("correct the guard, or remove it")
        }
        (true, false) => at(Code::PassesAll, words!("each request from {name} to {to} passes this guard"))
            .label("by what the document says of both, it is never false"),
    });
}
