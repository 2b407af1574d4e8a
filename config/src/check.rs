//! Checks on a document as a whole: its graph, its joins, its callers, and whether requests can be told apart.

mod analysis;
mod any_path;
mod assignment;
mod bound;
mod branches;
mod by_ids;
mod callers;
mod constant_guards;
mod constraints;
mod contradiction;
mod cycles;
mod early_evidence;
mod guard_slips;
mod guarded;
mod idle_times;
mod in_turn;
mod joins;
mod known;
mod late;
mod matched;
mod merges;
mod mistyped;
mod one_caller;
mod open;
mod own_calls;
mod own_task;
mod reach;
mod reassign;
mod requests;
mod roles;
mod several;
mod splits;
mod times;
mod twins;
mod unjoined;
mod upgrades;

pub(crate) use analysis::Analysis;
pub(crate) use joins::AnalyzedJoin;
pub(crate) use matched::check_all as check_matched;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::document::Draft;
use crate::name::TaskName;
use crate::report::Report;

/// Checks a draft; `leeway` is that of its gate, where it is in one. None where parts of it are missing: its graph would not be the one that the author means.
pub(crate) fn check(draft: &Draft, leeway: Option<Duration>, report: &mut Report) -> Option<Analysis> {
    constraints::check(draft, report);
    contradiction::check(draft, report);
    open::check(draft, report);
    requests::check(draft, report);
    any_path::check(draft, report);
    mistyped::check(draft, report);
    upgrades::check(draft, report);
    matched::check(draft, report);
    guarded::check(draft, report);
    callers::check(draft, report);
    own_calls::check(draft, report);
    several::check(draft, report);
    times::check(draft, leeway, report);
    if !draft.complete {
        return None;
    }
    constant_guards::check(draft, report);
    guard_slips::check(draft, report);
    let graph = draft.graph();
    reach::check(draft, &graph, report);
    late::check(draft, &graph, report);
    idle_times::check(draft, &graph, leeway, report);
    let cyclic = cycles::check(draft, &graph, report);
    let dominators = graph.dominators();
    constraints::check_order(draft, &graph, &dominators, report);
    let joins = joins::check(draft, &graph, &dominators, report);
    one_caller::check(draft, &joins, report);
    early_evidence::check(draft, &graph, &joins, report);
    let splits = splits::check(draft, &graph, report);
    let behind = graph.closure(joins.iter().map(|join| join.task), None, |task| graph.successors(task));
    let apart = twins::apart(draft, &graph);
    Some(Analysis { cyclic, joins, splits, behind, apart })
}

/// Warns of branches of a `split: all` that meet otherwise than their author perhaps means, in a draft without errors. Only for
/// people. Of a task in `bypassed` it is known already that it does not wait.
pub(crate) fn check_branches(draft: &Draft, bypassed: &BTreeSet<&TaskName>, report: &mut Report) {
    if draft.has_tokens() {
        let graph = draft.graph();
        merges::check(draft, &graph, bypassed, report);
        unjoined::check(draft, &graph, report);
    }
}
