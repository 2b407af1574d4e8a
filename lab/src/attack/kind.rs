//! Good tokens of a kind that does not belong here.

use std::sync::Arc;

use stepgate_config::workflow::Task;
use stepgate_reference::{Flaw, Kind, Shown, alter};

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests, plain_step};

pub(super) const ALL: &[Attack] = &[
    attack(
        "an arrival for a receipt",
        "A caller shows an arrival where a receipt is expected.",
        Stopped::Signed,
        |context| context.signed() && context.transition.via,
        |context| shown_as(context, Kind::Arrival),
    ),
    attack(
        "a receipt for an arrival",
        "A performer shows a receipt where an arrival is expected.",
        Stopped::Signed,
        |context| context.signed() && !context.transition.via,
        |context| shown_as(context, Kind::Receipt),
    ),
    attack(
        "a departure",
        "The header names the type that is reserved for outbound gates. A departure has more members.",
        Stopped::Signed,
        |context| context.signed(),
        |context| with_typ(context, Flaw::Form, "wfd+jwt"),
    ),
    attack(
        "a token of another system",
        "The header says `typ: JWT`.",
        Stopped::Signed,
        |context| context.signed(),
        |context| with_typ(context, Flaw::Type, "JWT"),
    ),
    attack(
        "a plain step",
        "The step of level `identity`, where a token is expected.",
        Stopped::Signed,
        |context| context.signed(),
        |context| context.with(vec![plain_step(context.workflow(), &context.transition.from)]),
    ),
    attack(
        "a token for a plain step",
        "Three parts with dots, where a plain step is expected.",
        Stopped::Always,
        |context| !context.signed(),
        |context| context.with(vec![Shown::Text("e30.e30.e30".into())]),
    ),
    attack(
        "a start out of its place",
        "An initiator shows its start token where no transition leads from there.",
        Stopped::Signed,
        |context| context.signed() && begun(context).is_some(),
        |context| {
            let Some(task) = begun(context) else { return Ok(Vec::new()) };
            context.with(context.show_as(context.arrivals_at(task, Kind::Arrival, context.instance), Kind::Arrival)?)
        },
    ),
    attack(
        "a start that says too much",
        "A first-called gate names another arrival than its own in a start token.",
        Stopped::Signed,
        |context| context.signed() && context.begins(),
        |context| context.minted(Flaw::Start, |claims| claims.jti = "chosen".into()),
    ),
];

/// The token with another `typ` in its header.
fn with_typ(context: &AttackContext<'_>, flaw: Flaw, typ: &str) -> Requests {
    context.altered(flaw, |token| alter::header(token, |header| drop(header.insert("typ".into(), typ.into()))))
}

fn shown_as(context: &AttackContext<'_>, kind: Kind) -> Requests {
    context.with(context.show_as(context.arrivals(), kind)?)
}

/// A task where this caller begins, and from which nothing leads to the receiver.
fn begun<'a>(context: &AttackContext<'a>) -> Option<&'a Arc<Task>> {
    let workflow = context.workflow();
    let leads = |task: &Task| {
        let to = &context.transition.to.performer.name;
        workflow.transitions.iter().any(|t| t.from.name == task.name && t.to.performer.name == *to)
    };
    let own = |task: &&Arc<Task>| task.initial && task.performer.name == context.from.actor.name;
    workflow.tasks.values().filter(own).find(|task| !leads(task))
}
