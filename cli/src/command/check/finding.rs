//! A diagnostic in the form of `--json`: what every other format has of it, too.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use stepgate_config::workflow::MixedLevels;
use stepgate_config::{Code, Diagnostic, MAX_INPUT, Severity, Span};

use crate::command::output::BAD;

/// One error or warning.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Finding {
    pub(super) file: String,
    #[serde(serialize_with = "text")]
    #[schemars(with = "String")]
    severity: Severity,
    #[serde(serialize_with = "text")]
    #[schemars(with = "String")]
    code: Code,
    pub(super) message: String,
    label: String,
    #[serde(flatten)]
    pub(super) span: TextSpan,
    help: Option<String>,
    /// What to write in its place: lines of YAML.
    example: Option<String>,
    pub(super) related: Vec<Related>,
}

/// A span of a text. Lines and columns count from 1, columns in characters; offsets count bytes from 0. The end is
/// exclusive. All 0: no place.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub(super) struct TextSpan {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) end_line: u32,
    pub(super) end_column: u32,
    start: u32,
    end: u32,
}

/// A related place.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Related {
    pub(super) message: String,
    #[serde(flatten)]
    pub(super) span: TextSpan,
}

impl Finding {
    pub(super) fn of(diagnostic: &Diagnostic, text: &str, file: &str) -> Self {
        let related =
            |(span, message): &(Span, String)| Related { message: message.clone(), span: TextSpan::of(*span, text) };
        Self {
            file: file.to_owned(),
            severity: diagnostic.severity(),
            code: diagnostic.code,
            message: diagnostic.message.clone(),
            label: diagnostic.label.clone(),
            span: TextSpan::of(diagnostic.primary, text),
            help: diagnostic.help.clone(),
            example: diagnostic.example.clone(),
            related: diagnostic.secondary.iter().map(related).collect(),
        }
    }

    /// A file with more bytes than the bound.
    pub(super) fn too_large(file: &str) -> Self {
        let message = format!("the input has more than {MAX_INPUT} bytes (8 MiB)");
        Self { code: Code::Unreadable, ..Self::unread(file, message) }
    }

    /// A workflow that this file and another have at levels that cannot be used together.
    pub(super) fn mixed_levels(file: &str, mixed: &MixedLevels) -> Self {
        let help = Some(MixedLevels::HELP.to_owned());
        Self { code: Code::MixedLevels, help, ..Self::unread(file, mixed.to_string()) }
    }

    /// A file that could not be read.
    pub(super) fn unread(file: &str, message: String) -> Self {
        Self {
            file: file.to_owned(),
            severity: Severity::Error,
            code: Code::NotRead,
            message,
            label: String::new(),
            span: TextSpan::default(),
            help: None,
            example: None,
            related: Vec::new(),
        }
    }

    pub(super) fn severity(&self) -> Severity {
        self.severity
    }

    pub(super) fn code(&self) -> Code {
        self.code
    }

    /// The message with its label and how to correct it, for a reader who does not see the file.
    pub(super) fn whole(&self) -> String {
        let label = if self.label.is_empty() { String::new() } else { format!(": {}", self.label) };
        let help = self.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        let example = self.example.as_ref().map(|lines| format!("\nwrite:\n{lines}")).unwrap_or_default();
        format!("{}{label}{help}{example}", self.message)
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

fn text<S: Serializer>(value: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}
