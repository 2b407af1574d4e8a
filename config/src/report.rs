//! The collector of diagnostics, and how names are quoted and found again.

use std::borrow::Cow;

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};

/// Most diagnostics that are kept; one more says how many others there are.
pub const MAX_DIAGNOSTICS: usize = 256;
/// Most comparisons of names in search of the nearest one, for one input: one comparison takes time in the
/// square of the names' length, and a hostile document has an unknown name at every key.
const MAX_COMPARISONS: usize = 20_000;
/// The longest part of the input that a message repeats, in characters.
const MAX_QUOTE: usize = 64;

/// Collects diagnostics.
#[derive(Debug)]
pub(crate) struct Report {
    diagnostics: Vec<Diagnostic>,
    /// How many there are beyond the bound.
    more: usize,
    errors: usize,
    comparisons: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { diagnostics: Vec::new(), more: 0, errors: 0, comparisons: MAX_COMPARISONS }
    }

    /// Adds a diagnostic. A gate has no use for what only warns.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if !PEOPLE && !diagnostic.is_error() {
            return;
        }
        self.errors = self.errors.saturating_add(usize::from(diagnostic.is_error()));
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
            return;
        }
        self.more = self.more.saturating_add(1);
        // Errors replace warnings: the diagnostics that are kept must show why the input is rejected.
        let replaceable = self.diagnostics.iter_mut().rfind(|kept| !kept.is_error());
        if let Some(replaceable) = replaceable.filter(|_| diagnostic.is_error()) {
            *replaceable = diagnostic;
        }
    }

    /// Adds a diagnostic without help.
    pub(crate) fn add(&mut self, code: Code, span: Span, message: impl Into<String>, label: impl Into<String>) {
        self.push(Diagnostic::new(code, span, message).label(label));
    }

    /// The number of errors so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Whether further diagnostics are only counted: an explanation that takes time can then be skipped.
    pub(crate) fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// All diagnostics, in the order of the input.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        if self.errors > 0 {
            self.diagnostics.retain(|diagnostic| !diagnostic.code.may_be_a_consequence());
        }
        let mut in_order: Vec<Diagnostic> = Vec::with_capacity(self.diagnostics.len());
        let key = |diagnostic: &Diagnostic| (diagnostic.primary.start, diagnostic.code);
        for diagnostic in self.diagnostics.drain(..) {
            let at = in_order.partition_point(|other| key(other) <= key(&diagnostic));
            in_order.insert(at, diagnostic);
        }
        self.diagnostics = in_order;
        if self.more > 0 {
            let last = self.diagnostics.last().map_or(Span::default(), |diagnostic| diagnostic.primary);
            let are = if self.more == 1 { "is" } else { "are" };
            let more = format!("{} {are} not shown", more(self.more, "diagnostic"));
            self.diagnostics.push(Diagnostic::new(Code::More, last, more));
        }
        self.diagnostics
    }

    /// The one of `names` that `given` probably means.
    pub(crate) fn nearest<'n>(&mut self, given: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        if !PEOPLE || given.len() > MAX_QUOTE || self.comparisons == 0 {
            return None;
        }
        let within = given.chars().count().checked_div(3).unwrap_or_default();
        let mut best: Option<(usize, &'n str)> = None;
        for name in names {
            if name.len().abs_diff(given.len()) > within {
                continue;
            }
            self.comparisons = self.comparisons.checked_sub(1)?;
            let distance = distance(given, name);
            if distance <= within && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, name));
            }
        }
        best.map(|(_, name)| name)
    }

    /// ``did you mean `grade`?``, where a name is close enough.
    pub(crate) fn did_you_mean<'n>(&mut self, given: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
        self.nearest(given, names).map(|name| format!("did you mean `{name}`?"))
    }

    /// ``did you mean `grade` (line 9)?``, where a name is close enough.
    pub(crate) fn did_you_mean_at<'n>(
        &mut self,
        given: &str,
        names: impl Clone + IntoIterator<Item = (&'n str, Span)>,
    ) -> Option<String> {
        let near = self.nearest(given, names.clone().into_iter().map(|(name, _)| name))?;
        let line = names.into_iter().find(|(name, _)| *name == near).map(|(_, span)| span.line)?;
        Some(format!("did you mean `{near}` (line {line})?"))
    }
}

#[cfg(feature = "people")]
fn distance(given: &str, name: &str) -> usize {
    strsim::damerau_levenshtein(given, name)
}

#[cfg(not(feature = "people"))]
fn distance(_: &str, _: &str) -> usize {
    usize::MAX
}

/// A part of the input for a message: in backticks, escaped, at most [`MAX_QUOTE`] characters.
pub(crate) fn quote(text: &str) -> String {
    words!("`{}`", shorten(text))
}

/// Adds the text at its place to a message that is only that of its code: a gate's JSON is one long line.
pub(crate) fn quote_source(diagnostic: &mut Diagnostic, source: &str) {
    if diagnostic.code.may_be_quoted() {
        diagnostic.message = format!("{}: `{}`", diagnostic.message, shorten(diagnostic.primary.of(source)));
    }
}

/// A part of the input, escaped, at most [`MAX_QUOTE`] characters.
fn shorten(text: &str) -> Cow<'_, str> {
    let short = match text.char_indices().nth(MAX_QUOTE) {
        Some((at, _)) => Cow::Owned(format!("{}…", text.get(..at).unwrap_or_default())),
        None => Cow::Borrowed(text),
    };
    if short.chars().any(char::is_control) { Cow::Owned(short.escape_debug().to_string()) } else { short }
}

/// `1 more task`, `3 more tasks`: how many are not shown.
pub fn more(hidden: usize, noun: &str) -> String {
    let s = if hidden == 1 { "" } else { "s" };
    words!("{hidden} more {noun}{s}")
}

/// `a`, `b` and `c`: names in a sentence, at most `most` of them.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>, most: usize, word: &str) -> String {
    if !PEOPLE {
        return String::new();
    }
    let mut names: Vec<String> = names.into_iter().map(quote).collect();
    let hidden = names.len().saturating_sub(most);
    if hidden > 0 {
        names.truncate(most);
        names.push(format!("{hidden} more"));
    }
    match names.pop() {
        None => String::new(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} {word} {last}", names.join(", ")),
    }
}
