//! Tasks that one `separate` and some `bind` name: one workload is to perform both, and none may.

use std::collections::{BTreeMap, BTreeSet};

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::report::{Report, quote};
use crate::workflow::Relation;

/// A gate has no use for it: it denies what breaks either constraint.
pub(super) fn check(draft: &Draft, report: &mut Report) {
    if !PEOPLE || draft.constraints.len() < 2 {
        return;
    }
    let enforced = |relation| draft.constraints.iter().filter(move |one| !one.advisory && one.relation == relation);
    // Of each task a task that stands for all that are bound to it.
    let mut bound: BTreeMap<usize, usize> = BTreeMap::new();
    for constraint in enforced(Relation::Bind) {
        let of = |task: &usize, bound: &BTreeMap<usize, usize>| bound.get(task).copied().unwrap_or(*task);
        let groups: BTreeSet<usize> = constraint.tasks.iter().map(|(task, _)| of(task, &bound)).collect();
        let Some(first) = groups.first().copied() else { continue };
        let joined = bound.iter().filter(|(_, group)| groups.contains(group)).map(|(task, _)| *task);
        let joined: Vec<usize> = joined.chain(constraint.tasks.iter().map(|(task, _)| *task)).collect();
        bound.extend(joined.into_iter().map(|task| (task, first)));
    }
    for constraint in enforced(Relation::Separate) {
        let mut seen = BTreeMap::new();
        for (task, span) in &constraint.tasks {
            let Some(other) = bound.get(task).and_then(|group| seen.insert(*group, *task)) else { continue };
            let [one, other] = [other, *task].map(|task| quote(draft.task_name(task)));
            let message = words!(
                "this constraint cannot be satisfied: {one} and {other} are bound, and the two contradict each other"
            );
            let bind = enforced(Relation::Bind).find(|bind| bind.tasks.iter().any(|(bound, _)| bound == task));
            let mut found =
                Diagnostic::new(Code::BadConstraint, *span, message).label("one workload is to perform both");
            if let Some(bind) = bind {
                found = found.also(bind.span, "by this `bind`");
            }
            report.push(found.help("remove one of the two constraints, or name other tasks in it"));
        }
    }
}
