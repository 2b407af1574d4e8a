//! Whether a guard can read the requests to which its transition leads.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::report::{Report, quote};
use crate::workflow::{PathPattern, RequestPattern};

/// A guard that reads `request.path` fails on a path with a `/` at its end, since many applications ignore that `/`. Where
/// all requests of the task have one, the guard denies all of them.
pub(super) fn check(draft: &Draft, report: &mut Report) {
    let has_slash = |request: &RequestPattern| request.path.as_ref().is_some_and(PathPattern::has_final_slash);
    for transition in draft.transitions.iter().filter(|t| t.when.as_ref().is_some_and(|guard| guard.reads().path)) {
        let Some(to) = draft.task(transition.to) else { continue };
        if to.requests.is_empty() || !to.requests.iter().all(has_slash) {
            continue;
        }
        let [from, name] = [draft.task_name(transition.from), to.name.as_str()];
        let guard = quote(&words!("{from} -> {name}"));
        let message = words!(
            "the guard of {guard} reads `request.path`, which it cannot: all paths of {} end with `/`",
            quote(name)
        );
        let denied = Diagnostic::new(Code::GuardValue, transition.span, message);
        let denied = denied.label("the gate would deny every request here: most applications ignore a `/` at the end");
        report
            .push(denied.help("leave `request.path` out of the guard, since `requests` say which paths the task has"));
    }
}
