//! Regular expressions that a guard matches with texts.

use regex_lite::Regex;

/// Letters outside ASCII that RE2 takes for letters in ASCII where the case counts for nothing, and others do not: the long s,
/// and the sign of Kelvin.
const FOLDED: [char; 2] = ['\u{17f}', '\u{212a}'];

/// A checked regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    disputed: Disputed,
}

/// The texts about which readers of a pattern disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Disputed {
    /// Those with a letter of another alphabet that is the same in another case: it has the flag `i`.
    pub(super) letters: bool,
    /// Those with a vertical tab: it has `\s` or `\S`, which is white space without it in RE2.
    pub(super) vertical_tabs: bool,
    /// Those with characters outside ASCII: it has `\B`, which RE2 also finds between two bytes of one character.
    pub(super) bytes: bool,
}

impl Disputed {
    fn include(self, text: &str) -> bool {
        (self.letters && text.contains(FOLDED))
            || (self.vertical_tabs && text.contains('\x0b'))
            || (self.bytes && !text.is_ascii())
    }
}

impl Pattern {
    pub(super) fn new(regex: Regex, disputed: Disputed) -> Self {
        Self { regex, disputed }
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
        (!self.disputed.include(text)).then(|| self.regex.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::super::literal::regex;

    #[test]
    fn no_text_matches_about_which_readers_disagree() {
        for (pattern, text, expected) in [
            (r"\s", "a b", Some(true)),
            (r"\s", "a\x0bb", None),
            (r"[^\S]", "a\x0bb", None),
            ("[[:space:]]", "a\x0bb", Some(true)),
            (r"\B", "ab", Some(true)),
            (r"\B", "a\u{e9}a", None),
            (r"\b", "a\u{e9}a", Some(true)),
            ("(?i)s", "\u{17f}", None),
            ("s", "\u{17f}", Some(false)),
        ] {
            assert_eq!(regex(pattern).unwrap().0.is_match(text), expected, "{pattern} {text:?}");
        }
    }
}
