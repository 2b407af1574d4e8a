//! What the document says of an attempt, read as a person would: is there a transition for it, and was it
//! taken before?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Relation, RequestPattern, Task, Transition, Workflow};

use super::attempt::Attempt;
use super::setting::EXEMPT_PATH;

/// What the document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// The request is this transition.
    Permit(String),
    /// It is this one if its guard is true, which the decision says: the time, for one, decides it.
    Depends(String),
    /// It belongs to no workflow, and reaches the application without a step.
    Exempt,
    /// It is none.
    Deny,
}

/// What an attempt's step is worth, for the reader of the document.
#[derive(Debug, Clone)]
pub(super) enum Shown {
    Nothing,
    /// All that the holder of this step has, unchanged.
    Step(Held),
    Worthless,
}

/// A step that somebody holds.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) at: Arc<Task>,
    pub(super) holder: SpiffeId,
    pub(super) instance: String,
    /// How often each task was entered on the way here.
    pub(super) entered: BTreeMap<TaskName, u32>,
    /// Who has done what on the way here.
    pub(super) performed: BTreeSet<(TaskName, SpiffeId)>,
}

/// What has got through: by workload, instance and transition, how often.
#[derive(Debug, Default)]
pub(super) struct Taken(BTreeMap<(String, String, String), u32>);

impl Taken {
    /// Notes what reached the application as this transition of the instance that was shown.
    pub(super) fn note(&mut self, attempt: &Attempt, shown: &Shown, expected: &Expected) {
        let (Expected::Permit(transition) | Expected::Depends(transition), Shown::Step(held)) = (expected, shown)
        else {
            return;
        };
        let count = self.0.entry((attempt.to.name.clone(), held.instance.clone(), transition.clone())).or_default();
        *count = count.saturating_add(1);
    }

    fn count(&self, attempt: &Attempt, held: &Held, transition: &Transition) -> u32 {
        let key = (attempt.to.name.clone(), held.instance.clone(), transition.to_string());
        self.0.get(&key).copied().unwrap_or_default()
    }
}

/// Reads the document.
pub(super) fn expected(workflow: &Workflow, attempt: &Attempt, shown: &Shown, taken: &Taken) -> Expected {
    let Some(sender) = attempt.from.member() else { return Expected::Deny };
    let upgrade = attempt.headers.iter().find(|(name, _)| name == "upgrade").map(|(_, wanted)| wanted.as_str());
    if attempt.path == EXEMPT_PATH && attempt.method == "GET" && upgrade.is_none() {
        return Expected::Exempt;
    }
    let mut fitting = workflow.transitions.iter().filter(|t| {
        starts_where_shown(workflow, t, attempt, shown)
            && t.caller.name == sender.actor.name
            && t.to.performer.name == attempt.to.actor.name
            && accepts(&t.to, attempt)
    });
    let (Some(only), None) = (fitting.next(), fitting.next()) else { return Expected::Deny };
    if upgrade.is_some_and(|wanted| !only.to.upgrade.contains(wanted)) {
        return Expected::Deny;
    }
    if let (Shown::Step(held), Assurance::Signed) = (shown, workflow.assurance)
        && (entered_too_often(only, held)
            || !keeps_constraints(workflow, &held.performed, &only.to, &attempt.to.id)
            || taken.count(attempt, held, only) >= only.uses)
    {
        return Expected::Deny;
    }
    if let (Shown::Nothing, Assurance::Signed) = (shown, workflow.assurance)
        && !keeps_constraints(workflow, &begun_by(only, &sender.id), &only.to, &attempt.to.id)
    {
        return Expected::Deny;
    }
    if only.when.is_some() { Expected::Depends(only.to_string()) } else { Expected::Permit(only.to_string()) }
}

/// Whether every constraint holds once `id` has performed `task` too.
pub(super) fn keeps_constraints(
    workflow: &Workflow,
    performed: &BTreeSet<(TaskName, SpiffeId)>,
    task: &Task,
    id: &SpiffeId,
) -> bool {
    let now = (task.name.clone(), id.clone());
    let all: Vec<&(TaskName, SpiffeId)> = performed.iter().chain([&now]).collect();
    workflow.constraints.iter().all(|constraint| {
        let under: Vec<_> = all.iter().filter(|(task, _)| constraint.tasks.contains(task)).collect();
        let pairs = under.iter().flat_map(|one| under.iter().map(move |other| (one, other)));
        pairs.into_iter().all(|((task, id), (other, theirs))| match constraint.relation {
            Relation::Separate => task == other || id != theirs,
            Relation::Bind => id == theirs,
        })
    })
}

/// Who begins has done the initial task.
fn begun_by(transition: &Transition, sender: &SpiffeId) -> BTreeSet<(TaskName, SpiffeId)> {
    BTreeSet::from([(transition.from.name.clone(), sender.clone())])
}

fn starts_where_shown(workflow: &Workflow, transition: &Transition, attempt: &Attempt, shown: &Shown) -> bool {
    match (shown, workflow.assurance) {
        (Shown::Nothing, _) => transition.from.initial && !transition.via,
        // A plain step proves nothing: whoever may carry on from there may say that it is there.
        (Shown::Step(held), Assurance::Identity) => held.at.name == transition.from.name,
        (Shown::Step(held), Assurance::Signed) => {
            held.at.name == transition.from.name && attempt.from.id() == Some(held.holder.as_str())
        }
        (Shown::Worthless, _) => false,
    }
}

fn entered_too_often(transition: &Transition, held: &Held) -> bool {
    let before = held.entered.get(&transition.to.name).copied().unwrap_or_default();
    transition.to.max_visits.is_some_and(|most| before >= most)
}

fn accepts(task: &Task, attempt: &Attempt) -> bool {
    let fits = |pattern: &RequestPattern| {
        let method = pattern.methods.is_empty() || pattern.methods.iter().any(|m| m.as_str() == attempt.method);
        let host = pattern.host.as_ref().is_none_or(|host| attempt.host.as_ref() == Some(host));
        let path = pattern
            .path
            .as_ref()
            .is_none_or(|path| attempt.path.strip_prefix('/').is_some_and(|rest| path.matches(rest.split('/'))));
        method && host && path
    };
    reads_one_way(&attempt.path) && (task.requests.is_empty() || task.requests.iter().any(fits))
}

/// The lab's own paths are letters, digits and a few signs. What is encoded, doubled, dotted or cut off is there
/// to be refused.
fn reads_one_way(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let last = rest.split('/').count();
    let plain = |(n, segment): (usize, &str)| {
        let odd = segment.contains(['%', ';', '\\', '#']) || matches!(segment, "." | "..");
        !odd && (!segment.is_empty() || n.saturating_add(1) == last)
    };
    rest.split('/').enumerate().all(plain)
}
