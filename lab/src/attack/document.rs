//! Steps of another document than the gate's.

use stepgate_config::name::MAX_NAME;
use stepgate_reference::{Flaw, Shown};

use super::{Attack, Stopped, attack};
use crate::attack_context::{AttackContext, Requests};

pub(super) const ALL: &[Attack] = &[
    attack(
        "a retired revision",
        "A step of a revision that the gate does not have.",
        Stopped::Always,
        |_| true,
        |context| {
            let other = context.workflow().revision.saturating_add(1);
            if !context.signed() {
                return plain(context, None, other);
            }
            context.minted(Flaw::Revision, |claims| claims.wf.rev = other)
        },
    ),
    attack(
        "another workflow",
        "A step of a workflow that the gate does not have.",
        Stopped::Always,
        |_| true,
        |context| {
            let other = other(context.workflow().name.as_str());
            if context.signed() {
                context.minted(Flaw::Workflow, |claims| claims.wf.name.clone_from(&other))
            } else {
                plain(context, Some(&other), context.workflow().revision)
            }
        },
    ),
    attack(
        "another document of the same name",
        "A token with the digest of another document.",
        Stopped::Signed,
        |context| context.signed(),
        |context| context.minted(Flaw::Digest, |claims| claims.wf.digest = "A".repeat(43)),
    ),
    attack(
        "an unknown task",
        "A step of a task that the document does not have.",
        Stopped::Always,
        |_| true,
        |context| {
            let other = other(context.transition.from.name.as_str());
            if context.signed() {
                return context.minted(Flaw::Task, |claims| claims.wf.task.clone_from(&other));
            }
            let workflow = context.workflow();
            context.with(vec![Shown::Text(format!("{}/{}/{other}", workflow.name, workflow.revision))])
        },
    ),
];

/// Another name, no longer than names are.
fn other(name: &str) -> String {
    format!("{}-other", name.get(..name.len().min(MAX_NAME.saturating_sub(6))).unwrap_or_default())
}

fn plain(context: &AttackContext<'_>, name: Option<&str>, revision: u32) -> Requests {
    let name = name.unwrap_or(context.workflow().name.as_str());
    context.with(vec![Shown::Text(format!("{name}/{revision}/{}", context.transition.from.name))])
}
