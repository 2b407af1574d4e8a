//! The right step on another request.

use stepgate_config::workflow::RequestPattern;

use super::{Attack, Stopped, attack};
use crate::attack_context::AttackContext;

pub(super) const ALL: &[Attack] = &[
    attack(
        "another method",
        "A method that the task does not accept.",
        Stopped::Always,
        |context| wrong_method(context).is_some(),
        |context| context.asked(|attempt| attempt.method = wrong_method(context).unwrap_or_default().into()),
    ),
    attack(
        "a method override",
        "A method that the task does not accept, and the right one in `x-http-method-override`.",
        Stopped::Always,
        |context| wrong_method(context).is_some(),
        |context| {
            context.asked(|attempt| {
                let wrong = wrong_method(context).unwrap_or_default().to_owned();
                let right = std::mem::replace(&mut attempt.method, wrong);
                attempt.headers.push(("x-http-method-override".into(), right));
            })
        },
    ),
    attack("another path", "A path of no task.", Stopped::Always, has_paths, |context| {
        context.asked(|attempt| attempt.path = "/stepgate-lab/of/no/task".into())
    }),
    attack(
        "another path in a header",
        "A path of no task, and the right one in `x-original-url`.",
        Stopped::Always,
        has_paths,
        |context| {
            context.asked(|attempt| {
                let right = std::mem::replace(&mut attempt.path, "/stepgate-lab/of/no/task".into());
                attempt.headers.push(("x-original-url".into(), right));
            })
        },
    ),
    attack(
        "another host",
        "An authority that the task does not accept.",
        Stopped::Always,
        |context| {
            let mut patterns = targets(context).peekable();
            patterns.peek().is_some() && patterns.all(|pattern| pattern.host.is_some())
        },
        |context| context.asked(|attempt| attempt.host = Some("elsewhere.invalid".into())),
    ),
    attack(
        "another port",
        "The right request at a port that the task does not name.",
        Stopped::Always,
        |context| {
            let mut patterns = targets(context).peekable();
            patterns.peek().is_some() && patterns.all(|pattern| pattern.port.is_some())
        },
        |context| context.asked(|attempt| attempt.port = None),
    ),
    attack(
        "an upgrade",
        "The request asks for a WebSocket, which the task does not declare.",
        Stopped::Always,
        |context| !context.request().grpc() && context.transition.to.upgrade.is_empty(),
        |context| context.asked(|attempt| attempt.ask_for_upgrade("websocket")),
    ),
    attack(
        "without what a guard asks for",
        "A gRPC call as plain HTTP, without the headers of one: a guard may require them.",
        Stopped::Never,
        |context| context.transition.when.is_some() && context.request().grpc(),
        |context| context.asked(|attempt| attempt.plain = true),
    ),
];

/// The requests of all tasks of the receiver to which this step leads.
pub(super) fn targets<'a>(context: &AttackContext<'a>) -> impl Iterator<Item = &'a RequestPattern> {
    let (from, to) = (context.transition.from.name.clone(), context.transition.to.performer.name.clone());
    let transitions = context.workflow().transitions.iter();
    transitions.filter(move |t| t.from.name == from && t.to.performer.name == to).flat_map(|t| t.to.requests.iter())
}

fn wrong_method(context: &AttackContext<'_>) -> Option<&'static str> {
    // A task without patterns accepts any request; a pattern without methods, any method.
    let mut patterns = targets(context).peekable();
    patterns.peek()?;
    let named: Vec<&str> = targets(context).flat_map(|pattern| &pattern.methods).map(|m| m.as_str()).collect();
    let any = targets(context).any(|pattern| pattern.methods.is_empty());
    ["DELETE", "PATCH", "PUT", "POST"].into_iter().find(|method| !any && !named.contains(method))
}

fn has_paths(context: &AttackContext<'_>) -> bool {
    let mut patterns = targets(context).peekable();
    let elsewhere = ["stepgate-lab", "of", "no", "task"];
    patterns.peek().is_some()
        && patterns.all(|pattern| pattern.path.as_ref().is_some_and(|path| !path.matches(elsewhere.into_iter())))
}
