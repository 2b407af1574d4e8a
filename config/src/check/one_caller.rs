//! Joins whose arrivals all come from one caller: their author perhaps means one call.

use super::AnalyzedJoin;
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::report::{Report, listed, quote};

/// Most tasks that a message names.
const SHOWN: usize = 4;

/// Warns of a join that one actor calls from each of its sources, unless the actor performs the join itself.
pub(super) fn check(draft: &Draft, joins: &[AnalyzedJoin], report: &mut Report) {
    // A gate has no use for what only warns.
    for join in joins.iter().filter(|join| PEOPLE && join.sources.len() > 1) {
        let Some(task) = draft.task(join.task).filter(|task| task.sources.is_empty()) else { continue };
        let mut callers = draft.edges().filter(|edge| edge.to == join.task).map(|edge| edge.caller);
        let Some(Some(caller)) = callers.next() else { continue };
        if task.performer == Some(caller) || callers.any(|other| other != Some(caller)) {
            continue;
        }
        let name = quote(task.name.as_str());
        let sources = listed(join.sources.iter().map(|source| draft.task_name(*source)), SHOWN, "and");
        let leaving = draft.edges().filter(|edge| edge.from == join.task).map(|edge| draft.task_name(edge.to));
        let leaving = listed(leaving, SHOWN, "and");
        let caller = quote(draft.actor_name(caller));
        let message = words!("{name} is called once from each of {sources}, each time by {caller}");
        let one = Diagnostic::new(Code::OneCaller, task.join_span.unwrap_or(task.span), message)
            .label(words!("what leaves it ({leaving}) needs all of these calls"));
        report.push(one.help(words!(
            "if {caller} is to call {name} only once, let the tasks before it follow one another, and remove the `join`: \
             no release yet has a transition from several tasks"
        )));
    }
}
