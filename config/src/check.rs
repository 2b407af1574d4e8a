//! Checks on a document as a whole: its graph, its joins, its callers, and whether requests can be told apart.

mod analysis;
mod assignment;
mod by_ids;
mod callers;
mod constraints;
mod cycles;
mod early_evidence;
mod guarded;
mod in_turn;
mod joins;
mod matched;
mod merges;
mod one_caller;
mod open;
mod reach;
mod requests;
mod roles;
mod several;
mod splits;
mod times;
mod twins;

pub(crate) use analysis::Analysis;
pub(crate) use joins::AnalyzedJoin;
pub(crate) use matched::check as check_matched;
pub(crate) use merges::check as check_merges;

use std::time::Duration;

use crate::document::Draft;
use crate::report::Report;

/// Checks a draft; `leeway` is that of its gate, where it is in one. None where parts of it are missing: its graph would not be the one that the author means.
pub(crate) fn check(draft: &Draft, leeway: Option<Duration>, report: &mut Report) -> Option<Analysis> {
    constraints::check(draft, report);
    open::check(draft, report);
    requests::check(draft, report);
    matched::check([draft].into_iter(), draft.span, report);
    guarded::check(draft, report);
    callers::check(draft, report);
    several::check(draft, report);
    times::check(draft, leeway, report);
    if !draft.complete {
        return None;
    }
    let graph = draft.graph();
    reach::check(draft, &graph, report);
    let cyclic = cycles::check(draft, &graph, report);
    let dominators = graph.dominators();
    constraints::check_order(draft, &dominators, report);
    let joins = joins::check(draft, &graph, &dominators, report);
    one_caller::check(draft, &joins, report);
    early_evidence::check(draft, &joins, report);
    let splits = splits::check(draft, &graph, report);
    let behind = graph.closure(joins.iter().map(|join| join.task), None, |task| graph.successors(task));
    let apart = twins::apart(draft, &graph);
    Some(Analysis { cyclic, joins, splits, behind, apart })
}
