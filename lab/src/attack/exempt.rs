//! Exempt requests: nothing rides in on them.

use super::request::ask_for_upgrade;
use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::attempt::Attempt;
use crate::expectation::Shown;
use crate::scene::{Move, Scene};
use crate::setting::EXEMPT_PATH;

pub(super) const ALL: &[Attack] = &[
    attack(
        "a step in an exempt request",
        "A health check with a good step: the check reaches the application, the step must not.",
        Stopped::Always,
        |_| true,
        |scene| exempt(scene, |_| ()),
    ),
    attack(
        "a step under a folded name",
        "The same under `x_workflow_step`, which some servers take for the header.",
        Stopped::Always,
        |_| true,
        |scene| {
            exempt(scene, |attempt| {
                let steps = std::mem::take(&mut attempt.steps).join(",");
                attempt.headers.push(("x_workflow_step".into(), steps));
            })
        },
    ),
    attack(
        "a tunnel through an exempt request",
        "A health check that asks for a WebSocket.",
        Stopped::Always,
        |_| true,
        |scene| exempt(scene, ask_for_upgrade),
    ),
];

fn exempt(scene: &Scene<'_>, change: impl Fn(&mut Attempt)) -> Result<Vec<Move>, LabError> {
    let mut attempt = Attempt {
        method: "GET".into(),
        path: EXEMPT_PATH.into(),
        host: None,
        steps: scene.steps()?,
        ..scene.request()
    };
    change(&mut attempt);
    Ok(vec![Move { attempt, shown: Shown::Worthless }])
}
