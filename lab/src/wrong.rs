//! Wrong answers, each with how to repeat it.

use std::fmt::Write;

use super::attempt::{Attempt, Sender};
use super::expectation::Expected;
use super::report::Report;
use super::table::Paint;
use super::trial::{Outcome, Trial};
use stepgate_mesh::Mesh;

/// Most wrong answers that are listed.
const MAX_LISTED: usize = 20;

/// What is wrong, before anything else is said.
pub(super) fn list(report: &Report<'_>, text: &mut String, paint: &Paint) {
    if report.all_right() {
        return;
    }
    let _ = writeln!(text, "\n{} WRONG ANSWERS", report.wrong());
    for hop in report.hops().filter(|hop| !hop.right()).take(MAX_LISTED) {
        let wanted = hop.code.as_deref().map_or("permitted".to_owned(), |code| format!("denied {code}"));
        let _ = writeln!(
            text,
            "{} {} -> {}: {} {}, `{}` of an instance: {wanted} is right, the answer was {} {}",
            paint.bad("wrong"),
            hop.from.name,
            hop.to.name,
            hop.method,
            hop.path,
            hop.transition,
            hop.answer.status,
            hop.answer.code.as_deref().unwrap_or(""),
        );
    }
    for trial in report.trials.iter().filter(|trial| !trial.right()).take(MAX_LISTED) {
        let _ = writeln!(text, "{} attempt {}, {}{}", paint.bad("wrong"), trial.number, trial.label.name, about(trial));
        for outcome in trial.outcomes() {
            let _ = writeln!(text, "  {}", told(outcome));
        }
    }
    let again = format!("stepgate lab {} --seed {}", report.name, report.seed);
    let _ = writeln!(text, "to repeat it: {again}\nto repeat it by hand, with curl: {again} --keep");
}

/// The lines by which wrong answers can be repeated, as long as the mesh runs and the tokens live.
pub(super) fn curl_lines(report: &Report<'_>, mesh: &Mesh) -> String {
    let mut text = String::new();
    for trial in report.trials.iter().filter(|trial| !trial.right()).take(MAX_LISTED) {
        let _ = writeln!(text, "\n# wrong: attempt {}, {}{}", trial.number, trial.label.name, about(trial));
        for outcome in trial.outcomes() {
            let _ = writeln!(text, "{}", curl(&outcome.attempt, mesh));
        }
    }
    text
}

/// What the document says of it.
pub(super) fn said(expected: &Expected) -> String {
    match expected {
        Expected::Permit(transition) => format!("`{transition}`"),
        Expected::Depends(transition) => format!("`{transition}` if its guard is true"),
        Expected::Exempt => "exempt, without a step".to_owned(),
        Expected::Deny => "no transition".to_owned(),
    }
}

fn about(trial: &Trial) -> String {
    trial.subject.as_ref().map(|subject| format!(", `{subject}`")).unwrap_or_default()
}

pub(super) fn told(outcome: &Outcome) -> String {
    let Outcome { attempt, expected, code, answer, .. } = outcome;
    format!(
        "{} -> {}: {} {}: the document says {}, the decision {}, the answer was {} {}",
        attempt.from.name(),
        attempt.to.name,
        attempt.method,
        attempt.path,
        said(expected),
        code.as_deref().unwrap_or("permits it"),
        answer.status,
        answer.code.as_deref().unwrap_or(if answer.reached { "from the application" } else { "" }),
    )
}

/// Straight at the gate, with the sender's certificate.
fn curl(attempt: &Attempt, mesh: &Mesh) -> String {
    let who = match &attempt.from {
        Sender::Member(from) => mesh
            .files(&from.name)
            .map(|files| format!(" --cert '{}' --key '{}'", files.certificate.display(), files.key.display())),
        Sender::Stranger(id) => return format!("# as {id}, for whom there is no certificate here"),
        Sender::Nobody => Ok(String::new()),
    };
    let (Ok(who), Ok(at)) = (who, mesh.addresses(&attempt.to.name)) else { return "# it is not there".into() };
    let mut headers = format!(" -H 'host: {}'", attempt.authority());
    for (name, value) in attempt.lines() {
        // An empty header is written with a semicolon.
        let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(headers, " -H '{line}'");
    }
    let version = if attempt.grpc() { " --http2-prior-knowledge" } else { "" };
    let (method, inbound, path) = (&attempt.method, at.inbound, &attempt.path);
    format!("curl -sik --path-as-is{version} -X {method}{who}{headers} 'https://{inbound}{path}'")
}
