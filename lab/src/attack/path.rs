//! Paths that two readers would read in two ways.

use stepgate_config::workflow::RequestPattern;

use super::request::targets;
use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests};

pub(super) const ALL: &[Attack] = &[
    attack(
        "a double slash",
        "The right path with `//` before it.",
        Stopped::Always,
        |_| true,
        |context| spelled(context, |path| format!("/{path}")),
    ),
    attack(
        "a dot segment",
        "The right path with `/.` before it.",
        Stopped::Always,
        |_| true,
        |context| spelled(context, |path| format!("/.{path}")),
    ),
    attack(
        "a way round",
        "A path that climbs back to the right one by `..`.",
        Stopped::Always,
        |_| true,
        |context| spelled(context, |path| format!("/elsewhere/..{path}")),
    ),
    attack(
        "a way round, encoded",
        "The same with `%2e%2e`.",
        Stopped::Always,
        |_| true,
        |context| spelled(context, |path| format!("/elsewhere/%2e%2e{path}")),
    ),
    attack(
        "an encoded slash",
        "The last slash of the right path as `%2F`.",
        Stopped::Always,
        |_| true,
        |context| {
            spelled(context, |path| {
                let (head, tail) = path.rsplit_once('/').unwrap_or_default();
                if head.is_empty() { format!("/%2F{tail}") } else { format!("{head}%2F{tail}") }
            })
        },
    ),
    attack(
        "a path parameter",
        "The right path with `;x=1` after it, where some frameworks cut.",
        Stopped::Always,
        |_| true,
        |context| spelled(context, |path| format!("{path};x=1")),
    ),
    attack(
        "an encoded letter",
        "The right path with `%61` after it.",
        Stopped::Always,
        |_| true,
        |context| spelled(context, |path| format!("{path}%61")),
    ),
    attack(
        "an encoded colon",
        "A `:` that the task's path has as it is, as `%3A`.",
        Stopped::Always,
        |context| context.transition.to.example().path.contains(':'),
        |context| spelled(context, |path| path.replacen(':', "%3A", 1)),
    ),
    attack(
        "another end of the path",
        "The right path with a `/` at its end, or without the one that it has.",
        Stopped::Always,
        |context| {
            let path = other_end(&context.transition.to.example().path);
            let is = |pattern: &RequestPattern| {
                pattern.path.as_ref().is_none_or(|wanted| wanted.matches(path.split('/').skip(1)))
            };
            let mut patterns = targets(context).peekable();
            patterns.peek().is_some() && !patterns.any(is)
        },
        |context| spelled(context, other_end),
    ),
];

fn spelled(context: &AttackContext<'_>, spell: impl Fn(&str) -> String) -> Requests {
    context.asked(|attempt| attempt.path = spell(&attempt.path))
}

fn other_end(path: &str) -> String {
    path.strip_suffix('/').filter(|path| !path.is_empty()).map_or_else(|| format!("{path}/"), str::to_owned)
}
