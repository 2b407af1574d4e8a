//! Annotations of GitHub Actions: workflow commands on the output, one for each finding.

use stepgate_config::Severity;

use super::finding::Finding;
use super::report::Report;
use crate::command::output;

/// A line for each finding: `::error file=movie.yaml,line=13,…,title=E014::…`.
pub(super) fn annotations(report: &Report) -> String {
    report.findings().map(annotation).collect()
}

fn annotation(finding: &Finding) -> String {
    let level = match finding.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let span = finding.span;
    let place = match span.line {
        0 => String::new(),
        line => format!(",line={line},endLine={},col={},endColumn={}", span.end_line, span.column, span.end_column),
    };
    let (file, code, message) = (property(&finding.file), finding.code(), data(&finding.whole()));
    format!("::{level} file={file}{place},title={code}::{message}\n")
}

/// The message, in which a line would end the command and `%` begins an escape.
fn data(text: &str) -> String {
    let escaped = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    output::escape(&escaped)
}

/// A property, which `,` and `:` would end, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
