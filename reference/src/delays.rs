//! How much later one token of a name may be minted than another, by holders that present their steps late.

use std::collections::{BTreeMap, BTreeSet};

use stepgate_config::name::TaskName;
use stepgate_config::workflow::{Task, Workflow};

use crate::arrival::seconds;
use crate::ways;

/// Of each task: the seconds that the tokens before may have been held, and their number.
pub(crate) type Delays = BTreeMap<TaskName, (u64, u64)>;

/// Looks at the tasks again and again, until none of them has a longer delay.
pub(crate) fn of(workflow: &Workflow) -> Delays {
    let next = |task: &TaskName| -> Vec<&TaskName> {
        workflow.transitions.iter().filter(|t| t.from.name == *task).map(|t| &t.to.name).collect()
    };
    let after: BTreeMap<&TaskName, BTreeSet<&TaskName>> =
        workflow.tasks.keys().map(|task| (task, ways::from(workflow, &next(task), None))).collect();
    let leads = |a: &TaskName, b: &TaskName| after.get(a).is_some_and(|after| after.contains(b));
    let meets = |a: &TaskName, b: &TaskName| a == b || (leads(a, b) && leads(b, a));
    let held = |task: &Task, times: u64| (seconds(task.ttl).saturating_mul(times), times);
    let mut delays: Delays = workflow.tasks.keys().map(|task| (task.clone(), (0, 0))).collect();
    loop {
        let mut longer = delays.clone();
        for (name, task) in &workflow.tasks {
            let mut longest = (0, 0);
            let entering =
                workflow.transitions.iter().filter(|t| meets(&t.to.name, name) && !meets(&t.from.name, name));
            for transition in entering {
                let sum =
                    plus(delays.get(&transition.from.name).copied().unwrap_or_default(), held(&transition.from, 1));
                longest = (longest.0.max(sum.0), longest.1.max(sum.1));
            }
            // On a cycle each other task of it, and this one before, as often as it may be entered.
            for other in workflow.tasks.values().filter(|other| meets(&other.name, name)) {
                let visits = u64::from(other.max_visits.unwrap_or(1));
                let before = if other.name == task.name { visits.saturating_sub(1) } else { visits };
                longest = plus(longest, held(other, before));
            }
            longer.insert(name.clone(), longest);
        }
        if longer == delays {
            return delays;
        }
        delays = longer;
    }
}

fn plus(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    (a.0.saturating_add(b.0), a.1.saturating_add(b.1))
}
