//! The histories that a child inherits from its parents: visits, performers, forks.

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Task;

use crate::token::{Claims, Forks, Performers, Visits};

/// The parents' visits.
pub(super) fn visits_before(parents: &[&Claims]) -> Visits {
    let mut visits = Visits::new();
    for (task, &count) in parents.iter().flat_map(|claims| &claims.visits) {
        let highest = visits.entry(task.clone()).or_default();
        *highest = count.max(*highest);
    }
    visits
}

/// The parents' visits, this one included.
pub(super) fn visits(parents: &[&Claims], to: &Task) -> Visits {
    let mut visits = visits_before(parents);
    if to.max_visits.is_some() {
        let count = visits.entry(to.name.clone()).or_default();
        *count = count.saturating_add(1);
    }
    visits
}

/// The parents' performers.
pub(super) fn performers_before(parents: &[&Claims]) -> Performers {
    let mut performers = Performers::new();
    for (task, ids) in parents.iter().flat_map(|claims| &claims.performers) {
        performers.entry(task.clone()).or_default().extend(ids.iter().cloned());
    }
    performers
}

/// The parents' performers, this one included.
pub(super) fn performers(parents: &[&Claims], to: &Task, performer: &SpiffeId) -> Performers {
    let mut performers = performers_before(parents);
    if to.records(performer) {
        performers.entry(to.name.clone()).or_default().insert(performer.clone());
    }
    performers
}

/// The rounds that an arrival at this task begins.
pub(super) fn own_forks(at: &Task, jti: &str) -> Forks {
    at.forks.iter().map(|join| (join.clone(), jti.to_owned())).collect()
}
