//! How many patterns of tasks one request may match.

use crate::bounds::MAX_MATCHED;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::Draft;
use crate::report::Report;
use crate::sorted::SortedSet;
use crate::workflow::{RequestPattern, most_matched};

/// Reports patterns of which one request may match too many. Those of all workloads count: where a gate does not know its own,
/// a request may be a task of any.
pub(crate) fn check<'d>(drafts: impl Iterator<Item = &'d Draft>, span: Span, report: &mut Report) {
    let led_to = |draft: &'d Draft| draft.transitions.iter().map(|transition| transition.to).collect::<SortedSet<_>>();
    let tasks = drafts.flat_map(|draft| led_to(draft).into_iter().filter_map(|task| draft.task(task)));
    let most = most_matched(tasks.flat_map(|task| RequestPattern::listed(&task.requests)));
    if most > MAX_MATCHED {
        let message = words!("one request could match {most} different `requests` of tasks");
        let found = Diagnostic::new(Code::TooMany, span, message);
        let label = words!("at most {MAX_MATCHED} may match one request, in all documents of a gate");
        report
            .push(found.label(label).help("write paths with fewer variables, or give the documents to several gates"));
    }
}
