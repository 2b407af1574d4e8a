//! Steps in exempt requests, which must not reach the application.

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests};
use crate::attempt::Attempt;
use crate::gate_setup::EXEMPT_PATH;

pub(super) const ALL: &[Attack] = &[
    attack(
        "a step in an exempt request",
        "A health check with a good step: the check reaches the application, the step must not.",
        Stopped::Always,
        |_| true,
        |context| exempt(context, |_| ()),
    ),
    attack(
        "a step under a folded name",
        "The same under `x_workflow_step`, which some servers take for the header.",
        Stopped::Always,
        |_| true,
        |context| {
            exempt(context, |attempt| {
                attempt.headers.push(("x_workflow_step".into(), attempt.step_line()));
                attempt.steps.clear();
            })
        },
    ),
    attack(
        "a tunnel through an exempt request",
        "A health check that asks for a WebSocket.",
        Stopped::Always,
        |_| true,
        |context| exempt(context, |attempt| attempt.ask_for_upgrade("websocket")),
    ),
];

fn exempt(context: &AttackContext<'_>, change: impl Fn(&mut Attempt)) -> Requests {
    let mut attempt = Attempt {
        method: "GET".into(),
        path: EXEMPT_PATH.into(),
        host: None,
        port: None,
        steps: context.steps()?,
        headers: Vec::new(),
        ..context.request()
    };
    change(&mut attempt);
    Ok(vec![attempt])
}
