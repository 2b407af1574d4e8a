//! Requests of the cases, and what their answers contain.

use std::time::Duration;

use stepgate_cluster_tests::{Error, Request, Response, Result};

pub(crate) const STEP: &str = "x-workflow-step";
pub(crate) const INTERLOCK_HEADER: &str = "x-stepgate-permit";
/// Part of every path, header and body that the cases send.
pub(crate) const MARKER: &str = "clear-text-of-the-movie";
/// What a change of the configuration may take until it is in force.
pub(crate) const SOON: Duration = Duration::from_secs(90);

pub(crate) fn post(path: &str) -> Request {
    Request::new("POST", format!("{path}-{MARKER}"))
        .header("x-note", format!("header-{MARKER}"))
        .body(format!("body-{MARKER}"))
}

/// The code of a denial by a gate.
pub(crate) fn code(response: &Response) -> Option<String> {
    let problem: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
    Some(problem.get("code")?.as_str()?.to_owned())
}

/// The token that the application was given.
pub(crate) fn step(response: &Response) -> Result<String> {
    let what = || Error::new(format!("{}: {}", response.status, String::from_utf8_lossy(&response.body)));
    let seen = response.seen().ok_or_else(what)?;
    let step = seen.header(STEP).next().map(str::to_owned);
    step.ok_or_else(|| Error::new("the application was given no step"))
}

/// Status and code of an answer.
pub(crate) fn verdict(answer: &Response) -> (u16, Option<String>) {
    (answer.status, code(answer))
}
