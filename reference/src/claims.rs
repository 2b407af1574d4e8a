//! The claims of a token, from the ancestry of its arrival.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Constraint, Relation};

use crate::ancestry::{performed, rounds};
use crate::arrival::{Arrival, Times, without_plus};
use crate::reader::Reader;
use crate::renamed::is_one_of_many;
use crate::ways;

/// The claims of a token that RFC 7519 does not name, and those that it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The workload whose gate issues it.
    #[serde(skip)]
    pub iss: SpiffeId,
    /// The holder.
    #[serde(skip)]
    pub sub: SpiffeId,
    /// The arrival.
    #[serde(skip)]
    pub jti: String,
    /// The times; of them the library writes `iat` and `exp`.
    #[serde(skip)]
    pub times: Times,
    /// The instance.
    pub txn: String,
    /// The instance's end.
    pub dl: u64,
    /// The parents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// The step.
    pub wf: StepClaim,
    /// Of each task on a cycle, how often it was entered.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub visits: BTreeMap<String, u32>,
    /// Of each task under a constraint, who performed it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub performers: BTreeMap<String, BTreeSet<String>>,
    /// Of each join ahead, its round.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fork: BTreeMap<String, String>,
}

/// The step that a token proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepClaim {
    v: u32,
    /// The workflow.
    pub name: String,
    /// Its revision.
    pub rev: u32,
    /// The digest of the document.
    pub digest: String,
    /// The task.
    pub task: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

impl Reader {
    /// The claims of a token of this arrival for this holder.
    pub fn claims(&self, arrival: &Arc<Arrival>, holder: &SpiffeId) -> Claims {
        let workflow = &self.workflow;
        let line = std::slice::from_ref(arrival);
        let bounded = workflow.tasks.values().filter(|task| task.max_visits.is_some());
        let visits = bounded.map(|task| (task.name.to_string(), self.visits(line, &task.name)));
        let mut performers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (task, id) in performed(line) {
            let named = |constraint: &&Constraint| constraint.tasks.contains(&task);
            let mut naming = workflow.constraints.iter().filter(named);
            // Which of the workloads of an open segment it was matters only to those that bind.
            let performer = workflow.tasks.get(&task).map(|task| &task.performer);
            let one_of_many = performer.is_some_and(|actor| is_one_of_many(workflow, actor, &id));
            if naming.any(|constraint| !one_of_many || constraint.relation == Relation::Bind) {
                performers.entry(task.to_string()).or_default().insert(id.to_string());
            }
        }
        let fork = self.forks.iter().filter_map(|(join, fork)| {
            let round = if *fork == arrival.task.name {
                arrival.name.clone()
            } else if self.leads(&arrival.task, join, fork) {
                self.round_behind(fork, rounds(line, fork).into_iter().flatten().next()?)
            } else {
                return None;
            };
            Some((join.to_string(), round))
        });
        Claims {
            iss: arrival.issuer.clone(),
            sub: holder.clone(),
            jti: arrival.name.clone(),
            times: arrival.times,
            txn: arrival.instance.clone(),
            dl: arrival.times.dl,
            parents: self.parents(arrival),
            wf: StepClaim {
                v: 1,
                name: workflow.name.to_string(),
                rev: workflow.revision,
                digest: workflow.digest.to_string(),
                task: arrival.task.name.to_string(),
                from: arrival.from.as_ref().map(ToString::to_string),
            },
            visits: visits.filter(|(_, count)| *count > 0).collect(),
            performers,
            fork: fork.collect(),
        }
    }

    /// The arrivals that were shown; of an arrival whose past is assumed, as many as a way there shows.
    fn parents(&self, arrival: &Arrival) -> Vec<String> {
        let shown: Vec<String> = arrival.parents.iter().map(|parent| parent.name.clone()).collect();
        if arrival.start || !shown.is_empty() {
            return shown;
        }
        let left = &arrival.left;
        let before =
            || arrival.from.as_ref().or_else(|| ways::sources(&self.workflow, &arrival.task.name).first().copied());
        match before().filter(|before| self.forks.contains_key(*before)) {
            Some(join) => (ways::sources(&self.workflow, join).iter())
                .map(|source| format!("{left}.{}", without_plus(source)))
                .collect(),
            None => vec![left.clone()],
        }
    }

    /// The name of a passage through a fork that lies behind. Of an assumed past it is that of the first fork; each fork
    /// that is a join adds itself.
    fn round_behind(&self, fork: &TaskName, round: String) -> String {
        match self.forks.get(fork) {
            Some(before) if !round.contains('@') => format!("{}@{fork}", self.round_behind(before, round)),
            _ => round,
        }
    }
}
