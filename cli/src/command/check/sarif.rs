//! Findings in the Static Analysis Results Interchange Format (SARIF 2.1.0, an OASIS standard), for code scanning.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use stepgate_config::{Code, Severity};

use super::finding::{Finding, TextSpan};
use super::report::Report;

/// All but the unreserved characters of a URI (RFC 3986, section 2.3) and `/`.
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A log with one run.
pub(super) fn log(report: &Report) -> Value {
    let driver = json!({
        "name": "stepgate",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": Code::ALL.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": !report.is_unread()}],
            "results": report.findings().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": code.title()},
        "fullDescription": {"text": code.explanation()},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

fn result(finding: &Finding) -> Value {
    let place = |span: TextSpan| {
        let file = json!({"uri": utf8_percent_encode(&finding.file, IN_A_PATH).to_string()});
        if span.line == 0 {
            json!({"artifactLocation": file})
        } else {
            json!({"artifactLocation": file, "region": region(span)})
        }
    };
    let related = finding
        .related
        .iter()
        .map(|related| json!({"physicalLocation": place(related.span), "message": {"text": related.message}}));
    json!({
        "ruleId": finding.code().as_str(),
        "ruleIndex": Code::ALL.iter().position(|code| *code == finding.code()),
        "level": level(finding.severity()),
        "message": {"text": finding.whole()},
        "locations": [{"physicalLocation": place(finding.span)}],
        "relatedLocations": related.collect::<Vec<_>>(),
    })
}

fn region(span: TextSpan) -> Value {
    json!({
        "startLine": span.line, "startColumn": span.column, "endLine": span.end_line, "endColumn": span.end_column,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
