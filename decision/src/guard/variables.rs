//! The values that a guard may read.

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Task};

use crate::facts::Facts;

/// The values that a guard may read.
pub(crate) struct Variables<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) peer: &'a SpiffeId,
    /// The actor as whom the peer makes the transition.
    pub(crate) peer_actor: &'a Actor,
    pub(crate) task: &'a Task,
    /// The instance's `txn`; none at level `identity`.
    pub(crate) instance: Option<&'a str>,
    pub(crate) revision: u32,
}
