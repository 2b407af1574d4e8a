//! Which levels one workflow may have.

use super::Assurance;
use crate::name::WorkflowName;
use crate::sorted::SortedMap;

/// Revisions of one workflow at level `identity` and at a higher level.
///
/// A plain step proves nothing: whoever performs a task may claim to have reached it. So a revision at `identity`, open
/// or closed, would be a way around the signatures of another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the workflow `{0}` has revisions at level `identity` and at a higher level")]
pub struct MixedLevels(pub WorkflowName);

impl MixedLevels {
    /// How to move a workflow to a higher level.
    pub const HELP: &str = "to move to a higher level, give the workflow another name, or replace its revisions at once \
                            while the gates only observe (`mode: observe`)";

    /// The first workflow, by name, whose revisions have levels that cannot be used together.
    pub fn among<'w>(revisions: impl IntoIterator<Item = (&'w WorkflowName, Assurance)>) -> Option<Self> {
        let mut levels: SortedMap<&WorkflowName, [bool; 2]> = SortedMap::new();
        for (name, assurance) in revisions {
            let [plain, proved] = levels.entry(name).or_default();
            match assurance {
                Assurance::Identity => *plain = true,
                Assurance::Signed | Assurance::Once => *proved = true,
            }
        }
        levels.into_iter().find(|(_, levels)| *levels == [true, true]).map(|(name, _)| Self(name.clone()))
    }
}
