//! The collector of diagnostics, and how names are quoted and found again.

use std::borrow::Cow;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};

/// Most diagnostics that are kept; one more line says how many there were besides.
pub const MAX_DIAGNOSTICS: usize = 256;
/// Most comparisons of names in search of the nearest one, for one input: the search costs the square
/// of a name's length, and a hostile document would ask for it at every key.
const MAX_COMPARISONS: usize = 20_000;
/// The longest stretch of the input that a message repeats, in characters.
const MAX_QUOTE: usize = 64;

/// Collects what is wrong.
#[derive(Debug)]
pub(crate) struct Report {
    diagnostics: Vec<Diagnostic>,
    /// Those beyond the bound.
    more: usize,
    errors: usize,
    comparisons: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { diagnostics: Vec::new(), more: 0, errors: 0, comparisons: MAX_COMPARISONS }
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.errors = self.errors.saturating_add(usize::from(diagnostic.is_error()));
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
            return;
        }
        self.more = self.more.saturating_add(1);
        // Errors go before warnings: what is kept must show why there is no value.
        let lesser = self.diagnostics.iter_mut().rfind(|kept| !kept.is_error());
        if let Some(lesser) = lesser.filter(|_| diagnostic.is_error()) {
            *lesser = diagnostic;
        }
    }

    /// How many errors there are so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Whether more would only be counted: what costs time to explain may then be left out.
    pub(crate) fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// All of them, in the order of the text.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        if self.errors > 0 {
            self.diagnostics.retain(|diagnostic| !diagnostic.code.may_be_a_consequence());
        }
        self.diagnostics.sort_by_key(|diagnostic| (diagnostic.primary.start, diagnostic.code));
        if self.more > 0 {
            let last = self.diagnostics.last().map_or(Span::default(), |diagnostic| diagnostic.primary);
            let code = if self.errors > 0 { Code::TooMany } else { Code::More };
            self.diagnostics.push(Diagnostic::new(code, last, format!("{} more diagnostics are not shown", self.more)));
        }
        self.diagnostics
    }

    /// The one of `names` that `given` was probably meant to be.
    pub(crate) fn nearest<'n>(&mut self, given: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        if given.len() > MAX_QUOTE || self.comparisons == 0 {
            return None;
        }
        let within = given.chars().count().checked_div(3).unwrap_or_default();
        let mut best: Option<(usize, &'n str)> = None;
        for name in names {
            if name.len().abs_diff(given.len()) > within {
                continue;
            }
            self.comparisons = self.comparisons.checked_sub(1)?;
            let distance = strsim::damerau_levenshtein(given, name);
            if distance <= within && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, name));
            }
        }
        best.map(|(_, name)| name)
    }

    /// ``did you mean `grade`?``, where there is something near.
    pub(crate) fn did_you_mean<'n>(&mut self, given: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
        self.nearest(given, names).map(|name| format!("did you mean `{name}`?"))
    }

    /// ``did you mean `grade` (line 9)?``, where there is something near.
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

/// A part of the input in a message: in backticks, escaped, not longer than a line bears.
pub(crate) fn quote(text: &str) -> String {
    format!("`{}`", shorten(text))
}

/// A part of the input, escaped, not longer than a line bears.
fn shorten(text: &str) -> Cow<'_, str> {
    let short = match text.char_indices().nth(MAX_QUOTE) {
        Some((at, _)) => Cow::Owned(format!("{}…", text.get(..at).unwrap_or_default())),
        None => Cow::Borrowed(text),
    };
    if short.chars().any(char::is_control) { Cow::Owned(short.escape_debug().to_string()) } else { short }
}

/// `a`, `b` and `c`: names in a sentence, at most `most` of them.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>, most: usize, word: &str) -> String {
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
