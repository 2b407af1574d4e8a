//! Requests that are valid and probably mistyped: a variable in another notation, a method with letters exchanged, a word for
//! "any" or "none" as the value of a header.

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::Draft;
use crate::report::{Report, quote};
use crate::workflow::{HeaderPattern, RequestPattern};

/// The methods of HTTP (RFC 9110, section 9, and RFC 5789), which others may resemble.
const METHODS: [&str; 8] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// Methods that resemble one of these, and are registered (IANA, "HTTP Method Registry").
const REGISTERED: [&str; 4] = ["LINK", "LOCK", "MOVE", "COPY"];

pub(super) fn check(draft: &Draft, report: &mut Report) {
    for task in draft.tasks.iter().filter(|_| PEOPLE) {
        let span = task.requests_span.unwrap_or(task.span);
        for request in &task.requests {
            let doubts = [variable(request), method(request, report), header(request)];
            for (doubt, help) in doubts.into_iter().flatten() {
                let message = words!("in the `requests` of {}, {doubt}", quote(task.name.as_str()));
                let mistyped = Diagnostic::new(Code::Mistyped, span, message).label("read as it is written");
                report.push(mistyped.help(help));
            }
        }
    }
}

/// `/orders/:id`, as other tools write a variable.
fn variable(request: &RequestPattern) -> Option<(String, String)> {
    let path = request.path.as_ref()?.to_string();
    let segment =
        path.split('/').find(|segment| segment.len() > 1 && segment.starts_with(':') && !segment.contains('{'))?;
    let name = segment.strip_prefix(':').unwrap_or_default();
    Some((words!("the segment {} is a text, and no variable", quote(segment)), words!("a variable is `{{{name}}}`")))
}

fn method(request: &RequestPattern, report: &mut Report) -> Option<(String, String)> {
    let unknown = |method: &&str| !METHODS.contains(method) && !REGISTERED.contains(method);
    let mut methods = request.methods.iter().map(|method| method.as_str()).filter(unknown);
    let (method, near) = methods.find_map(|method| Some((method, report.nearest(method, METHODS)?)))?;
    Some((words!("the method {} is not {}", quote(method), quote(near)), words!("did you mean {}?", quote(near))))
}

/// `Absent` is a value, and so is `*`.
fn header(request: &RequestPattern) -> Option<(String, String)> {
    let mut values = request.headers.iter().filter_map(|(name, rule)| Some((name, rule.value()?)));
    let (name, value) = values.find(|(_, value)| *value == "*" || value.eq_ignore_ascii_case(HeaderPattern::ABSENT))?;
    let help = match value {
        "*" => "a header has one value here, and a request without a rule for it may have any: leave it out".to_owned(),
        _ => words!("a request without the header is `{name}: {}`", HeaderPattern::ABSENT),
    };
    Some((words!("the header {} must have the value {}", quote(name), quote(value)), help))
}
