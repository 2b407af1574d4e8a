//! Steps of another document than the gate's.

use stepgate_config::name::{MAX_NAME, TaskName, WorkflowName};
use stepgate_config::workflow::Digest;

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::scene::{Move, Scene};

pub(super) const ALL: &[Attack] = &[
    attack(
        "a retired revision",
        "A step of a revision that the gate does not have.",
        Stopped::Always,
        |_| true,
        |scene| {
            let other = scene.workflow().revision.saturating_add(1);
            if scene.signed() { scene.minted(|claims| claims.wf.rev = other) } else { plain(scene, None, other) }
        },
    ),
    attack(
        "another workflow",
        "A step of a workflow that the gate does not have.",
        Stopped::Always,
        |_| true,
        |scene| {
            let other = other(scene.workflow().name.as_str());
            if scene.signed() {
                let other = WorkflowName::try_from(other.as_str()).map_err(|e| LabError::Gate(e.to_string()))?;
                scene.minted(|claims| claims.wf.name.clone_from(&other))
            } else {
                plain(scene, Some(&other), scene.workflow().revision)
            }
        },
    ),
    attack(
        "another document of the same name",
        "A token with the digest of another document.",
        Stopped::Signed,
        |scene| scene.signed(),
        |scene| {
            let zeros = Digest::try_from("A".repeat(43).as_str()).map_err(|e| LabError::Gate(e.to_string()))?;
            scene.minted(|claims| claims.wf.digest.clone_from(&zeros))
        },
    ),
    attack(
        "an unknown task",
        "A step of a task that the document does not have.",
        Stopped::Always,
        |_| true,
        |scene| {
            let other = other(scene.transition.from.name.as_str());
            if scene.signed() {
                let other = TaskName::try_from(other.as_str()).map_err(|e| LabError::Gate(e.to_string()))?;
                return scene.minted(|claims| claims.wf.task.clone_from(&other));
            }
            let workflow = scene.workflow();
            Ok(scene.worthless(vec![format!("{}/{}/{other}", workflow.name, workflow.revision)]))
        },
    ),
];

/// Another name, no longer than names are.
fn other(name: &str) -> String {
    format!("{}-other", name.get(..name.len().min(MAX_NAME.saturating_sub(6))).unwrap_or_default())
}

fn plain(scene: &Scene<'_>, name: Option<&str>, revision: u32) -> Result<Vec<Move>, LabError> {
    let name = name.unwrap_or(scene.workflow().name.as_str());
    Ok(scene.worthless(vec![format!("{name}/{revision}/{}", scene.transition.from.name)]))
}
