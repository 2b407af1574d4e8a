//! The right step on a request whose query can be read in two ways by which its guard would differ.

use super::{Attack, Stopped, attack};
use crate::attack_context::AttackContext;

/// A value that no guard asks for.
const OTHER: &str = "stepgate-lab-of-no-guard";

pub(super) const ALL: &[Attack] = &[
    attack(
        "a parameter of the guard twice",
        "A parameter that the guard reads has its value, and another one in a second place.",
        Stopped::Always,
        |context| read(context).is_some(),
        |context| {
            let name = read(context).unwrap_or_default();
            context.asked(|attempt| attempt.query.push_str(&format!("&{name}={OTHER}")))
        },
    ),
    attack(
        "a parameter of the guard in another spelling",
        "A parameter that the guard reads has its value, and another one under a name that some frameworks take for it.",
        Stopped::Always,
        |context| read(context).is_some(),
        |context| {
            let name = read(context).unwrap_or_default();
            context.asked(|attempt| attempt.query.push_str(&format!("&{name}[]={OTHER}")))
        },
    ),
];

/// The parameter that is attacked: one that the guard reads and the honest request has.
fn read<'a>(context: &AttackContext<'a>) -> Option<&'a str> {
    let name = context.transition.when.as_ref()?.reads().parameters.iter().nth(context.part)?;
    let query = context.request().query;
    let is_there = query.split('&').any(|part| part.split('=').next() == Some(name));
    is_there.then_some(name)
}
