//! Diagnostics: what is wrong with an input, where, and how to correct it.

use std::fmt;

use crate::PEOPLE;
use crate::code::{Code, Severity};

/// A place in the input. Inputs have at most [`crate::MAX_INPUT`] bytes, so 32 bits hold any offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// The first byte, counted from 0.
    pub start: u32,
    /// The offset after the last byte; never less than `start`.
    pub end: u32,
    /// The line of the first byte, counted from 1.
    pub line: u32,
    /// The column of the first byte in its line, in characters, counted from 1.
    pub column: u32,
}

impl Span {
    /// The beginning of the input.
    pub(crate) const START: Self = Self { start: 0, end: 0, line: 1, column: 1 };

    /// From the beginning of this place to the end of `last`.
    #[must_use]
    pub(crate) fn to(self, last: Self) -> Self {
        Self { end: last.end.max(self.end), ..self }
    }

    /// The part of `text` at this place.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        let range = usize::try_from(self.start).ok().zip(usize::try_from(self.end).ok());
        range.and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
    }
}

/// One error, warning or note, with its place.
///
/// Its `Display` is one line, for logs; `render` (feature `people`) shows it with the lines of the input, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Its kind. Stable.
    pub code: Code,
    /// What is wrong, in one line, without a capital or a full stop.
    pub message: String,
    /// The place of the error.
    pub primary: Span,
    /// A short text for the place of the error; may be empty.
    pub label: String,
    /// Related places, each with a short text.
    pub secondary: Vec<(Span, String)>,
    /// How to correct it.
    pub help: Option<String>,
    /// What to write in its place: some lines of YAML, without a line feed at the end. The keys of an actor, a task or the
    /// document take the place of its own. Transitions, constraints and other items of a list take the place of all that the
    /// places above are in.
    pub example: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without label, other places or help. Where there are no people, its message is that of its code.
    pub(crate) fn new(code: Code, primary: Span, message: impl Into<String>) -> Self {
        let message = if PEOPLE { message.into() } else { code.title().to_owned() };
        Self { code, message, primary, label: String::new(), secondary: Vec::new(), help: None, example: None }
    }

    /// The same, with a short text for the place of the error.
    #[must_use]
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        if PEOPLE {
            self.label = label.into();
        }
        self
    }

    /// The same, with a related place.
    #[must_use]
    pub(crate) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        if PEOPLE {
            self.secondary.push((span, label.into()));
        }
        self
    }

    /// The same, with how to correct it.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        if PEOPLE {
            self.help = Some(help.into());
        }
        self
    }

    /// The same, with what to write in its place.
    #[must_use]
    pub(crate) fn example(mut self, lines: impl Into<String>) -> Self {
        if PEOPLE {
            self.example = Some(lines.into());
        }
        self
    }

    /// The same, with what to write in its place, where that is known.
    #[must_use]
    pub(crate) fn maybe_example(mut self, lines: Option<String>) -> Self {
        if PEOPLE {
            self.example = lines;
        }
        self
    }

    /// The same, with `help` where it is given.
    #[must_use]
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        if PEOPLE {
            self.help = help.or(self.help);
        }
        self
    }

    /// Its severity, which depends only on its code.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether the input is rejected because of it.
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
