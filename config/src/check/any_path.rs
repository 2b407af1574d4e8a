//! Requests that say something of a task, and leave its path open: `POST` alone matches every path of the workload.

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::report::{Report, quote};
use crate::sorted::SortedSet;
use crate::workflow::RequestPattern;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    // A pattern with errors has been reported.
    if !PEOPLE || report.errors() > 0 {
        return;
    }
    let entered: SortedSet<usize> = draft.transitions.iter().map(|transition| transition.to).collect();
    for task in entered.into_iter().filter_map(|task| draft.task(task)) {
        if !task.requests.iter().any(is_open) {
            continue;
        }
        let message =
            words!("any path matches task {}: one of its `requests` has no `path`", quote(task.name.as_str()));
        let open = Diagnostic::new(Code::AnyPath, task.requests_span.unwrap_or(task.span), message);
        report.push(open.label("a request to any path of this workload may be this task").help(
            "add a `path`; if any path is meant, say so with `path: /**` (and an entry with `path: /`, which that leaves out)",
        ));
    }
}

/// Whether the pattern has other keys, and no path. A CONNECT has none.
fn is_open(pattern: &RequestPattern) -> bool {
    let is_connect = !pattern.methods.is_empty() && pattern.methods.iter().all(|method| method.as_str() == "CONNECT");
    pattern.path.is_none() && !is_connect && *pattern != RequestPattern::default()
}
