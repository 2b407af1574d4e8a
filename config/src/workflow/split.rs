//! Which of its outgoing transitions a visit of a task takes.

use std::fmt;

use super::assurance::Assurance;

/// What the author of a document means where several transitions leave one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Each of them, in parallel.
    All,
    /// Only one of them. Gates enforce it from level `once` on; below, it is advisory.
    One,
    /// Each may be taken or not.
    Any,
}

impl Split {
    /// The word for it in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::One => "one",
            Self::Any => "any",
        }
    }

    /// What it means and what gates of this level do about it, in one sentence.
    pub fn meaning(self, assurance: Assurance) -> &'static str {
        match self {
            Self::One if assurance == Assurance::Once => "one of them is taken, and then gates let no other leave",
            Self::All => {
                "all of them are to be taken; a gate lets each in, and nothing forces an application to take all"
            }
            Self::One => "one of them is to be taken; that is advice, and gates let each in",
            Self::Any => "each may be taken or not, and several together: the application decides",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
