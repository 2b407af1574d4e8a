//! The right step on a request with other headers than its task names.

use stepgate_config::workflow::{GRPC_HEADERS, HeaderPattern};

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests};
use crate::attempt::Attempt;

/// A value that no document has for a header.
const OTHER: &str = "stepgate-lab-of-no-task";

pub(super) const ALL: &[Attack] = &[
    attack(
        "another value in a header",
        "A header by which the task is told apart has a value of no task.",
        Stopped::Always,
        has_value,
        |context| changed(context, |attempt, at| set(attempt, at, OTHER)),
    ),
    attack(
        "without a header of the task",
        "A header by which the task is told apart is missing.",
        Stopped::Always,
        |context| has_value(context) && no_target_is_without(context),
        |context| changed(context, remove),
    ),
    attack(
        "a header of the task twice",
        "A header by which the task is told apart has its value, and another one in a second line.",
        Stopped::Always,
        has_value,
        |context| {
            changed(context, |attempt, at| {
                if let Some((name, _)) = attempt.headers.get(at).cloned() {
                    attempt.headers.push((name, OTHER.into()));
                }
            })
        },
    ),
    attack(
        "a header of the task in another spelling",
        "A header by which the task is told apart has its value, and another one under a name with `_`.",
        Stopped::Always,
        |context| hyphened(context).is_some(),
        |context| {
            let name = hyphened(context).unwrap_or_default().replace('-', "_");
            context.asked(|attempt| attempt.headers.push((name.clone(), OTHER.into())))
        },
    ),
    attack(
        "a header that must be absent",
        "A header that the task says is absent.",
        Stopped::Always,
        |context| absent(context).is_some(),
        |context| {
            let name = absent(context).unwrap_or_default().to_owned();
            context.asked(|attempt| attempt.headers.push((name.clone(), OTHER.into())))
        },
    ),
];

/// The header that is attacked, of those by which the task of the honest request is told apart.
fn attacked<'a>(context: &AttackContext<'a>) -> Option<(&'a str, &'a HeaderPattern)> {
    let pattern = context.transition.to.requests.first()?;
    pattern.headers.iter().nth(context.part)
}

/// The same, if it must have a value.
fn named<'a>(context: &AttackContext<'a>) -> Option<&'a str> {
    attacked(context).filter(|(_, rule)| rule.value().is_some()).map(|(name, _)| name)
}

fn has_value(context: &AttackContext<'_>) -> bool {
    named(context).is_some()
}

fn hyphened<'a>(context: &AttackContext<'a>) -> Option<&'a str> {
    named(context).filter(|name| name.contains('-'))
}

fn absent<'a>(context: &AttackContext<'a>) -> Option<&'a str> {
    attacked(context).filter(|(_, rule)| **rule == HeaderPattern::Absent).map(|(name, _)| name)
}

/// Whether no task to which the step leads lets this header be missing.
fn no_target_is_without(context: &AttackContext<'_>) -> bool {
    let name = named(context);
    let mut patterns = super::request::targets(context);
    let requires = |(other, rule): (&str, &HeaderPattern)| Some(other) == name && rule.value().is_some();
    patterns.all(|pattern| pattern.headers.iter().any(requires))
}

/// The honest request with this header changed.
fn changed(context: &AttackContext<'_>, change: impl Fn(&mut Attempt, usize)) -> Requests {
    let name = named(context).unwrap_or_default();
    context.asked(|attempt| {
        if let Some(at) = attempt.headers.iter().position(|(other, _)| other == name) {
            change(attempt, at);
        }
    })
}

fn remove(attempt: &mut Attempt, at: usize) {
    let (name, _) = attempt.headers.remove(at);
    // Otherwise a gRPC call would get it again.
    attempt.plain |= GRPC_HEADERS.iter().any(|(own, _)| *own == name);
}

fn set(attempt: &mut Attempt, at: usize, value: &str) {
    if let Some((_, own)) = attempt.headers.get_mut(at) {
        value.clone_into(own);
    }
}
