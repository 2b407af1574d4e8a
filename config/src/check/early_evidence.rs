//! Joins whose evidence ends before a slow branch comes: each arrival at a join lives as long as the join's `ttl`, however
//! long the branches may take.

use super::AnalyzedJoin;
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::duration::written;
use crate::report::{Report, quote};

/// Warns of a join without a `ttl` of its own, if the tokens of a task on one of its branches live longer than those of the
/// join. A `ttl` says how far apart its author lets the branches come.
pub(super) fn check(draft: &Draft, joins: &[AnalyzedJoin], report: &mut Report) {
    // A gate has no use for what only warns.
    if !PEOPLE || !draft.has_tokens() {
        return;
    }
    let Some(deadline) = draft.deadline else { return };
    let lives = |task: usize| Some(draft.ttl(draft.task(task)?)?.min(deadline));
    for join in joins.iter().filter(|join| join.sources.len() > 1) {
        let (Some(task), Some(own)) = (draft.task(join.task).filter(|task| task.ttl.is_none()), lives(join.task))
        else {
            continue;
        };
        let branches = join.before.iter().filter(|at| **at != join.task && **at != join.fork);
        let slowest = branches.filter_map(|at| Some((lives(*at)?, draft.task(*at)?))).max_by_key(|(lives, _)| *lives);
        let Some((longest, slow)) = slowest.filter(|(longest, _)| *longest > own) else { continue };
        let (name, slow_name, longest) = (quote(task.name.as_str()), quote(slow.name.as_str()), written(longest));
        let message = words!(
            "evidence at the join {name} ends after {}, and {slow_name} may take {longest}: that of an earlier branch may end first",
            written(own)
        );
        let mut early = Diagnostic::new(Code::EarlyEvidence, task.join_span.unwrap_or(task.span), message)
            .label("a branch that comes early waits for the others no longer than this task's tokens live")
            .help(words!(
                "give {name} a `ttl` as long as its branches may come apart, such as `ttl: {longest}`: what leaves it ends with \
                 the first evidence"
            ));
        if let Some((_, span)) = slow.ttl {
            early = early.also(span, words!("{slow_name} may take {longest}"));
        }
        report.push(early);
    }
}
