//! Runs, as values and as texts.

use std::fmt;

use crate::name::TaskName;
use crate::report::more;
use crate::workflow::Transition;

/// Most transitions of a run in a message.
const SHOWN: usize = 24;

/// A run: the task in which the instance begins, and the transitions in the order in which they are taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Run<'w> {
    /// The initial task.
    pub start: &'w TaskName,
    /// The transitions.
    pub taken: Vec<&'w Transition>,
}

impl Run<'_> {
    /// For the place of a finding.
    pub(super) fn label(&self) -> String {
        words!("the shortest run: {self}")
    }
}

impl fmt::Display for Run<'_> {
    /// `brief -> shots -> plates, shots -> models`: each branch as far as it goes, and then the next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.start)?;
        let (mut left, mut at) = (self.taken.as_slice().to_vec(), self.start);
        for _ in 0..self.taken.len().min(SHOWN) {
            let next = left.iter().position(|transition| transition.from.name == *at);
            let transition = left.remove(next.unwrap_or_default());
            match next {
                Some(_) => write!(f, " -> {}", transition.to.name)?,
                None => write!(f, ", {transition}")?,
            }
            at = &transition.to.name;
        }
        match left.len() {
            0 => Ok(()),
            hidden => write!(f, ", and {}", more(hidden, "transition")),
        }
    }
}
