//! Whether `split` has an effect: which of several outgoing transitions a visit takes.

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::graph::Graph;
use crate::report::{Report, quote};

/// Whether several transitions leave each task. A `split` on any other task says nothing.
pub(super) fn check(draft: &Draft, graph: &Graph, report: &mut Report) -> Vec<bool> {
    let several = |task: usize| graph.successors(task).len() > 1;
    for (index, task) in draft.tasks.iter().enumerate().filter(|(index, _)| PEOPLE && !several(*index)) {
        let Some((_, span)) = task.split else { continue };
        let leaving = if graph.successors(index).is_empty() { "no transition leaves" } else { "one transition leaves" };
        let message = words!("`split` has no effect: {leaving} {}", quote(task.name.as_str()));
        report.push(Diagnostic::new(Code::NoEffect, span, message).label("remove it, or add the missing transition"));
    }
    (0..draft.tasks.len()).map(several).collect()
}
