//! How many patterns of tasks one request may match.

use crate::bounds::MAX_MATCHED;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::Draft;
use crate::name::TaskName;
use crate::report::Report;
use crate::sorted::SortedSet;
use crate::workflow::{RequestPattern, Workflow, most_matched};

/// Reports patterns of a draft of which one request may match too many. Those of all workloads count: where a gate does not
/// know its own, a request may be a task of any.
pub(super) fn check(draft: &Draft, report: &mut Report) {
    let led_to: SortedSet<usize> = draft.transitions.iter().map(|transition| transition.to).collect();
    let tasks = led_to.into_iter().filter_map(|task| draft.task(task));
    report_most(tasks.map(|task| task.requests.as_slice()), draft.span, report);
}

/// The same for all workflows of a gate. Of a draft, a gate keeps only what later checks need.
pub(crate) fn check_all<'w>(workflows: impl Iterator<Item = &'w Workflow>, span: Span, report: &mut Report) {
    let tasks = workflows.flat_map(|workflow| {
        let led_to: SortedSet<&TaskName> = workflow.transitions.iter().map(|transition| &transition.to.name).collect();
        led_to.into_iter().filter_map(|task| workflow.tasks.get(task))
    });
    report_most(tasks.map(|task| task.requests.as_slice()), span, report);
}

fn report_most<'p>(tasks: impl Iterator<Item = &'p [RequestPattern]>, span: Span, report: &mut Report) {
    let most = most_matched(tasks.flat_map(RequestPattern::listed));
    if most > MAX_MATCHED {
        let message = words!("one request could match {most} different `requests` of tasks");
        let found = Diagnostic::new(Code::TooMany, span, message);
        let label = words!("at most {MAX_MATCHED} may match one request, in all documents of a gate");
        report
            .push(found.label(label).help("write paths with fewer variables, or give the documents to several gates"));
    }
}
