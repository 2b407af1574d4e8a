//! Wrong answers, each with how to repeat it.

use std::fmt::Write;

use super::attempt::{Answer, Attempt, Sender};
use super::expected::Expected;
use super::report::Report;
use super::runner::{CaseResult, Outcome};
use super::shell::command;
use super::table::Tone;
use super::walk::Hop;
use stepgate_mesh::Mesh;

/// Most wrong answers that are listed.
const MAX_LISTED: usize = 20;

/// Lists the wrong answers.
pub(super) fn list(report: &Report<'_>, text: &mut String, colour: bool) {
    if report.all_right() {
        return;
    }
    let wrong = Tone::Bad.paint("wrong", colour);
    let _ = writeln!(text, "\n{} WRONG ANSWERS", report.wrong());
    for hop in report.hops().filter(|hop| !hop.right).take(MAX_LISTED) {
        let _ = writeln!(text, "{wrong} {}", describe_hop(hop));
    }
    for (task, count, most) in report.too_often() {
        let _ = writeln!(text, "{wrong} an instance entered `{task}` {count} times, and may {most} times");
    }
    for case in report.cases.iter().filter(|case| !case.right()).take(MAX_LISTED) {
        let _ = writeln!(text, "{wrong} attempt {}, {}{}", case.number, case.label.name, about(case));
        for outcome in case.outcomes() {
            let _ = writeln!(text, "  {}", describe(outcome));
        }
    }
    let seed = report.seed.to_string();
    let words = ["stepgate", "lab", &report.name, "--seed", &seed].into_iter();
    let again = command(words.chain(report.arguments.iter().map(String::as_str)));
    let _ = writeln!(text, "to repeat it: {again}\nto repeat it by hand, with curl: {again} --keep");
}

/// Lines that repeat wrong answers, as long as the mesh runs and the tokens live.
pub(super) fn curl_lines(report: &Report<'_>, mesh: &Mesh) -> String {
    let mut text = String::new();
    for case in report.cases.iter().filter(|case| !case.right()).take(MAX_LISTED) {
        let _ = writeln!(text, "\n# wrong: attempt {}, {}{}", case.number, case.label.name, about(case));
        for outcome in case.outcomes() {
            let _ = writeln!(text, "{}", curl(&outcome.attempt, mesh));
        }
    }
    text
}

fn about(case: &CaseResult) -> String {
    case.subject.as_ref().map(|subject| format!(", `{subject}`")).unwrap_or_default()
}

/// A hop and its answer, in words.
pub(super) fn describe_hop(hop: &Hop) -> String {
    let expected = hop.expected.code().map_or("permitted".to_owned(), |code| format!("denied {code}"));
    format!(
        "{} -> {}: {} {}, `{}` of an instance: {expected} is right, the answer was {}{}",
        hop.from.name,
        hop.to.name,
        hop.method,
        hop.path,
        hop.transition,
        answered(&hop.answer),
        missing(&hop.expected, &hop.answer),
    )
}

/// The status, and the code or the application.
fn answered(answer: &Answer) -> String {
    let by = answer.code.as_deref().unwrap_or(if answer.reached { "from the application" } else { "" });
    format!("{} {by}", answer.status).trim_end().to_owned()
}

/// The tokens that a permitted request should have brought, and did not, or brought and should not.
fn missing(expected: &Expected, answer: &Answer) -> String {
    let Expected::Permit { start, receipt, .. } = expected else { return String::new() };
    let tokens =
        [("step", true, &answer.step), ("start token", *start, &answer.start), ("receipt", *receipt, &answer.receipt)];
    let wrong = tokens.iter().filter(|(_, due, token)| answer.reached && *due != token.is_some());
    let said = wrong.map(|(name, due, _)| format!(", {} a {name}", if *due { "without" } else { "with" }));
    said.collect()
}

/// A request and its answer, in words.
pub(super) fn describe(outcome: &Outcome) -> String {
    let Outcome { attempt, expected, answer, .. } = outcome;
    format!(
        "{} -> {}: {} {}: the document says {}, {}; the answer was {}{}",
        attempt.from.name(),
        attempt.to.name,
        attempt.method,
        attempt.target(),
        expected.said(),
        expected.code().unwrap_or("permitted"),
        answered(answer),
        missing(expected, answer),
    )
}

/// Directly to the gate, with the sender's certificate.
fn curl(attempt: &Attempt, mesh: &Mesh) -> String {
    let files = match &attempt.from {
        Sender::Workload(from) => mesh.files(&from.name).map(|files| vec![files.certificate, files.key]),
        Sender::Stranger(id) => return format!("# as {id}, which has no certificate here"),
        Sender::Anonymous => Ok(Vec::new()),
    };
    let (Ok(files), Ok(at)) = (files, mesh.addresses(&attempt.to.name)) else {
        return "# its workload no longer exists".into();
    };
    let mut words = ["curl", "-sik", "--path-as-is", "-X", &attempt.method].map(str::to_owned).to_vec();
    if attempt.grpc() {
        words.push("--http2-prior-knowledge".into());
    }
    for (option, file) in ["--cert", "--key"].into_iter().zip(files) {
        words.extend([option.into(), file.display().to_string()]);
    }
    let host = [("host".to_owned(), attempt.authority().to_owned())];
    for (name, value) in host.into_iter().chain(attempt.lines()) {
        // An empty header is written with a semicolon.
        let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        words.extend(["-H".into(), line]);
    }
    words.push(format!("https://{}{}", at.inbound, attempt.target()));
    command(words.iter().map(String::as_str))
}
