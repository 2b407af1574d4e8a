//! A diagnostic in the form of `--json`.

use serde::Serialize;
use stepgate_config::workflow::MixedLevels;
use stepgate_config::{Code, Diagnostic, MAX_INPUT, Severity, Span};

use crate::command::output::BAD;

/// The code of a file that could not be read.
const UNREADABLE: &str = "IO";

/// One error or warning.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    file: String,
    severity: String,
    code: String,
    message: String,
    label: String,
    #[serde(flatten)]
    span: TextSpan,
    help: Option<String>,
    related: Vec<Related>,
}

/// A span of a text. Lines and columns count from 1, columns in characters; offsets count bytes from 0. The end is
/// exclusive. All 0: no place.
#[derive(Debug, Default, Serialize)]
struct TextSpan {
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    start: u32,
    end: u32,
}

/// A related place.
#[derive(Debug, Serialize)]
struct Related {
    message: String,
    #[serde(flatten)]
    span: TextSpan,
}

impl Finding {
    pub(super) fn of(diagnostic: &Diagnostic, text: &str, file: &str) -> Self {
        let related =
            |(span, message): &(Span, String)| Related { message: message.clone(), span: TextSpan::of(*span, text) };
        Self {
            file: file.to_owned(),
            severity: diagnostic.severity().to_string(),
            code: diagnostic.code.to_string(),
            message: diagnostic.message.clone(),
            label: diagnostic.label.clone(),
            span: TextSpan::of(diagnostic.primary, text),
            help: diagnostic.help.clone(),
            related: diagnostic.secondary.iter().map(related).collect(),
        }
    }

    /// A file with more bytes than the bound.
    pub(super) fn too_large(file: &str) -> Self {
        let message = format!("the input has more than {MAX_INPUT} bytes (8 MiB)");
        Self { code: Code::Unreadable.to_string(), ..Self::unreadable(file, message) }
    }

    /// A workflow that this file and another have at levels that cannot be used together.
    pub(super) fn mixed_levels(file: &str, mixed: &MixedLevels) -> Self {
        let (code, help) = (Code::MixedLevels.to_string(), Some(MixedLevels::HELP.to_owned()));
        Self { code, help, ..Self::unreadable(file, mixed.to_string()) }
    }

    /// A file that could not be read.
    pub(super) fn unreadable(file: &str, message: String) -> Self {
        Self {
            file: file.to_owned(),
            severity: Severity::Error.to_string(),
            code: UNREADABLE.into(),
            message,
            label: String::new(),
            span: TextSpan::default(),
            help: None,
            related: Vec::new(),
        }
    }

    pub(super) fn is(&self, severity: Severity) -> bool {
        self.severity == severity.to_string()
    }

    /// The finding as text, if there is no text of the file to quote.
    pub(super) fn line(&self) -> String {
        let help = self.help.as_ref().map(|help| format!("  = help: {help}\n")).unwrap_or_default();
        format!("{BAD}error[{}]{BAD:#}: {}\n  --> {}\n{help}\n", self.code, self.message, self.file)
    }
}

impl TextSpan {
    fn of(span: Span, text: &str) -> Self {
        let (mut end_line, mut end_column) = (span.line, span.column);
        for c in span.of(text).chars() {
            if c == '\n' {
                end_line = end_line.saturating_add(1);
                end_column = 1;
            } else {
                end_column = end_column.saturating_add(1);
            }
        }
        Self { line: span.line, column: span.column, end_line, end_column, start: span.start, end: span.end }
    }
}
