//! What is wrong with a text, where, and what would be right.

use std::fmt;

use crate::code::{Code, Severity};

/// A place in the text. Inputs have at most [`crate::MAX_INPUT`] bytes, so 32 bits hold any offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// The first byte, counted from 0.
    pub start: u32,
    /// The byte after the last; never less than `start`.
    pub end: u32,
    /// The line of the first byte, counted from 1.
    pub line: u32,
    /// The column of the first byte in its line, in characters, counted from 1.
    pub column: u32,
}

impl Span {
    /// The beginning of a text.
    pub(crate) const START: Self = Self { start: 0, end: 0, line: 1, column: 1 };

    /// From the beginning of this place to the end of `last`.
    #[must_use]
    pub(crate) fn to(self, last: Self) -> Self {
        Self { end: last.end.max(self.end), ..self }
    }

    /// What stands here in `text`.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        let range = usize::try_from(self.start).ok().zip(usize::try_from(self.end).ok());
        range.and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
    }
}

/// One thing that is wrong, or worth knowing, with its place.
///
/// Its `Display` is one line, for logs; `render` (feature `render`) shows it with the text, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Which kind of thing it is. Stable.
    pub code: Code,
    /// What is wrong, in one line, lower case.
    pub message: String,
    /// The offending text.
    pub primary: Span,
    /// What to say at the offending text; may be empty.
    pub label: String,
    /// Other places that have to do with it.
    pub secondary: Vec<(Span, String)>,
    /// What would be right.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without label, other places or help.
    pub(crate) fn new(code: Code, primary: Span, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), primary, label: String::new(), secondary: Vec::new(), help: None }
    }

    /// The same, with something to say at the offending text.
    #[must_use]
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same, with another place.
    #[must_use]
    pub(crate) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.secondary.push((span, label.into()));
        self
    }

    /// The same, with what would be right.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, with help where there is some.
    #[must_use]
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// How bad it is: a code has one severity.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether nothing is made of the text because of this.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    /// ``error[E014] 17:22: transition to unknown task `grad`: did you mean `grade` (line 9)?``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = (self.primary.line, self.primary.column);
        write!(f, "{}[{}] {line}:{column}: {}", self.severity(), self.code, self.message)?;
        match &self.help {
            Some(help) => write!(f, ": {help}"),
            None => Ok(()),
        }
    }
}
