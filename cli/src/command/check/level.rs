//! Which level decides a document exactly, and why no lower one does.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use stepgate_config::exact::{Because, Exact};
use stepgate_config::workflow::Workflow;

/// The lowest level whose gates let no instance do more than the document says.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LevelSummary {
    /// However many replicas the actors have: `identity`, `signed`, `once` or `ledger`; no release has the last.
    minimal: &'static str,
    /// While each actor has one replica.
    with_one_replica: &'static str,
    because: Vec<Reason>,
}

/// Why no level below this one decides it exactly.
#[derive(Debug, Serialize, JsonSchema)]
struct Reason {
    level: &'static str,
    why: String,
}

impl LevelSummary {
    pub(super) fn of(workflow: &Workflow) -> Self {
        let Exact { minimal, alone, because } = Exact::of(workflow);
        let reason = |why: &Because<'_>| Reason { level: why.level().as_str(), why: why.to_string() };
        let because = because.iter().map(reason).collect();
        Self { minimal: minimal.as_str(), with_one_replica: alone.as_str(), because }
    }

    /// Why not a lower level than the minimal one, and than the one for single replicas.
    pub(super) fn reasons(&self) -> Vec<&str> {
        let decides = |reason: &&Reason| [self.minimal, self.with_one_replica].contains(&reason.level);
        self.because.iter().rev().filter(decides).map(|reason| reason.why.as_str()).collect()
    }
}

impl fmt::Display for LevelSummary {
    /// `` `once` decides it exactly, `signed` while each actor has one replica ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` decides it exactly", self.minimal)?;
        if self.with_one_replica != self.minimal {
            write!(f, ", `{}` while each actor has one replica", self.with_one_replica)?;
        }
        f.write_str(if self.minimal == "ledger" { " (no release has that level yet)" } else { "" })
    }
}
