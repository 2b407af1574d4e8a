//! Whether the `requests` of a task can be the upgrades that it lists.

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TaskDraft};
use crate::report::{Report, listed, quote};

/// Most upgrades that a message names.
const SHOWN: usize = 4;

/// A WebSocket begins with a GET (RFC 6455, section 4.1), or with a CONNECT over HTTP/2 (RFC 8441, section 4), a tunnel with a
/// CONNECT. A CONNECT passes only where the task lists an upgrade.
pub(super) fn check(draft: &Draft, report: &mut Report) {
    for task in draft.tasks.iter().filter(|task| PEOPLE && !task.requests.is_empty()) {
        let span = task.requests_span.unwrap_or(task.span);
        let idle = task.upgrade.iter().filter(|upgrade| !takes(task, begins(upgrade.as_str())));
        let idle = listed(idle.map(String::as_str), SHOWN, "and");
        if !idle.is_empty() {
            let message = words!("`upgrade` has no effect: no request of {} begins {idle}", quote(task.name.as_str()));
            let none = Diagnostic::new(Code::NoEffect, span, message).label("by the methods that are listed here");
            report
                .push(none.help("`websocket` begins with GET (over HTTP/2 with CONNECT), and `connect` with CONNECT"));
        }
        let listed = task.requests.iter().filter(|request| !request.methods.is_empty());
        let mut methods = listed.flat_map(|request| &request.methods);
        if task.upgrade.is_empty() && methods.any(|method| method.as_str() == "CONNECT") {
            let message = words!("no CONNECT is let through: {} lists no `upgrade`", quote(task.name.as_str()));
            let denied = Diagnostic::new(Code::NoEffect, span, message).label("gates deny a CONNECT to this task");
            report.push(denied.help("add `upgrade: [connect]`, or remove the method"));
        }
    }
}

/// The methods with which an upgrade may begin; none of them: any.
fn begins(upgrade: &str) -> &'static [&'static str] {
    match upgrade {
        "connect" => &["CONNECT"],
        "websocket" => &["GET", "CONNECT"],
        _ => &[],
    }
}

fn takes(task: &TaskDraft, methods: &[&str]) -> bool {
    methods.is_empty()
        || task.requests.iter().any(|request| {
            request.methods.is_empty() || request.methods.iter().any(|method| methods.contains(&method.as_str()))
        })
}
