//! When transitions are open.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use stepgate_config::duration;
use stepgate_config::workflow::{Transition, Workflow};

/// When a transition is open.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Times {
    from: String,
    to: String,
    after: Option<String>,
    within: Option<String>,
    /// From which arrival both count: the one at `from`, or, where a request shows several, the latest.
    counts_from: String,
}

impl Times {
    /// None if the transition is open at any time.
    pub(super) fn of(workflow: &Workflow, transition: &Transition) -> Option<Self> {
        let (after, within) = (transition.after.map(duration::written), transition.within.map(duration::written));
        let (from, to) = (transition.from.name.to_string(), transition.to.name.to_string());
        let several = workflow.joins.get(&transition.from.name).filter(|join| join.sources.len() > 1);
        let counts_from = match several {
            Some(join) if join.several => format!("the latest of the arrivals at `{}`", from.replace('+', "` and `")),
            Some(_) => format!("the latest of its arrivals at `{from}`"),
            None => format!("the arrival at `{from}`"),
        };
        (after.is_some() || within.is_some()).then_some(Self { from, to, after, within, counts_from })
    }
}

impl fmt::Display for Times {
    /// `` `both -> pay` opens 15m after the latest of its arrivals at `both` ``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.after.as_ref().map(|after| format!("opens {after}"));
        let within = self.within.as_ref().map(|within| format!("closes {within}"));
        let times: Vec<String> = after.into_iter().chain(within).collect();
        write!(f, "`{} -> {}` {} after {}", self.from, self.to, times.join(" and "), self.counts_from)
    }
}
