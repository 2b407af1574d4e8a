//! Regular expressions that a guard matches with texts.

use regex_lite::Regex;

/// Letters outside ASCII that RE2 takes for letters in ASCII where the case counts for nothing, and others do not: the long s,
/// and the sign of Kelvin.
const FOLDED: [char; 2] = ['\u{17f}', '\u{212a}'];

/// A checked regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// Whether letters of two cases match each other.
    folds: bool,
}

impl Pattern {
    pub(super) fn new(regex: Regex, folds: bool) -> Self {
        Self { regex, folds }
    }

    /// The pattern as written.
    pub(crate) fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether the text's beginning or end is a part of it.
    pub(crate) fn is_anchored(&self) -> bool {
        let text = self.as_str();
        ["^", "$", "\\A", "\\z"].iter().any(|anchor| text.contains(anchor))
    }

    /// Whether it matches somewhere in the text; none if readers of the pattern disagree about the text.
    pub fn is_match(&self, text: &str) -> Option<bool> {
        (!self.folds || !text.contains(FOLDED)).then(|| self.regex.is_match(text))
    }
}
