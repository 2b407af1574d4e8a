//! One segment of a path pattern.

/// One segment of a path pattern, which is never empty.
///
/// A segment with text round its variable is compared in two ways. What it [accepts](Segment::accepts) reads in one way;
/// what it [may accept](Segment::may_accept) also has requests in which some applications find the variable elsewhere, or
/// find it empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Segment {
    /// Exactly this text.
    Literal(String),
    /// `{name}`, perhaps with text round it.
    Variable { before: String, after: String },
}

impl Segment {
    /// A variable without text round it.
    pub(super) fn is_free(&self) -> bool {
        matches!(self, Self::Variable { before, after } if before.is_empty() && after.is_empty())
    }

    /// Whether this is the text, or its variable is not empty and no copy of the text round it begins or ends in the
    /// variable.
    pub(super) fn accepts(&self, segment: &str) -> bool {
        let (before, after) = match self {
            Self::Literal(literal) => return literal == segment,
            Self::Variable { before, after } => (before.as_str(), after.as_str()),
        };
        let Some(end) = segment.len().checked_sub(after.len()).filter(|end| *end > before.len()) else { return false };
        let is_within = |text: &str| {
            let copies = segment.char_indices().map(|(at, _)| at).filter(|at| *at < end);
            let mut near = copies.filter(|at| at.saturating_add(text.len()) > before.len());
            !text.is_empty() && near.any(|at| segment.get(at..).is_some_and(|rest| rest.starts_with(text)))
        };
        segment.starts_with(before) && segment.ends_with(after) && !is_within(before) && !is_within(after)
    }

    /// Whether some application may take this segment for one of the pattern: it has the text round the variable.
    pub(super) fn may_accept(&self, segment: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == segment,
            Self::Variable { before, after } => {
                let long = segment.len() >= before.len().saturating_add(after.len()).max(1);
                long && segment.starts_with(before) && segment.ends_with(after)
            }
        }
    }

    /// Whether this may accept all that the other may.
    pub(super) fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Literal(literal)) => self.may_accept(literal),
            (Self::Literal(_), Self::Variable { .. }) => false,
            (Self::Variable { before, after }, Self::Variable { before: longer, after: other }) => {
                longer.starts_with(before) && other.ends_with(after)
            }
        }
    }

    /// Whether the other may accept a text that this may accept. Segments that have no text in common may pass where both
    /// have a variable; [`Segment::common`] looks closer, and takes hundreds of times as long.
    pub(super) fn may_meet(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(text), Self::Literal(other)) => text == other,
            (Self::Literal(text), variable) | (variable, Self::Literal(text)) => variable.may_accept(text),
            (Self::Variable { before, after }, Self::Variable { before: b, after: a }) => {
                longer(before, b, str::starts_with).is_some() && longer(after, a, str::ends_with).is_some()
            }
        }
    }

    /// A text that this accepts and the other may accept; none where there is none.
    pub(super) fn common(&self, other: &Self) -> Option<String> {
        let (before, after, others) = match (self, other) {
            (Self::Literal(text), _) => return other.may_accept(text).then(|| text.clone()),
            (_, Self::Literal(text)) => return self.accepts(text).then(|| text.clone()),
            (Self::Variable { before, after }, Self::Variable { before: b, after: a }) => {
                (longer(before, b, str::starts_with)?, longer(after, a, str::ends_with)?, [before, after, b, a])
            }
        };
        let apart = with_filler(before, "x", &others.map(String::as_str), after);
        // In a text that both accept, the two may also overlap.
        let overlapping = (0..=before.len().min(after.len())).filter_map(|shared| {
            let (begun, rest) = after.split_at_checked(shared)?;
            before.ends_with(begun).then(|| [before, rest].concat())
        });
        std::iter::once(apart).chain(overlapping).find(|text| self.accepts(text) && other.may_accept(text))
    }

    /// A text that this accepts; the variable is `wish` where that is possible.
    pub(super) fn example(&self, wish: &str) -> String {
        match self {
            Self::Literal(literal) => literal.clone(),
            Self::Variable { before, after } => with_filler(before, wish, &[before, after], after),
        }
    }
}

/// The longer of two texts, if it begins or ends with the other.
fn longer<'t>(one: &'t str, other: &'t str, has: impl Fn(&'t str, &'t str) -> bool) -> Option<&'t str> {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    has(long, short).then_some(long)
}

/// The two texts with a character between them that none of the others has.
fn with_filler(before: &str, wish: &str, texts: &[&str], after: &str) -> String {
    let wished = wish.chars().chain('a'..='z').chain('\u{e0}'..='\u{2000}');
    let mut fresh = wished.filter(|c| c.is_alphanumeric() && !texts.iter().any(|text| text.contains(*c)));
    before.chars().chain(fresh.next()).chain(after.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(before: &str, after: &str) -> Segment {
        Segment::Variable { before: before.to_owned(), after: after.to_owned() }
    }

    #[test]
    fn the_variable_is_not_empty_and_has_none_of_the_text_round_it() {
        for (before, after, accepted, not) in [
            ("", ":cancel", &["7:cancel", ":c:cancel"][..], &[":cancel", "7:cancel:cancel", "7", "7:Cancel"][..]),
            ("v", "", &["v1", "vx"], &["v", "vv", "v1v", "1v"]),
            (":", ":", &[":a:"], &["::", ":", ":::", ":a:b:"]),
            ("", "aa", &["baa"], &["aa", "aaa", "baaa"]),
            ("a", "a", &["aba"], &["a", "aa", "aaa", "abaa"]),
            // The first `ab` begins before the variable.
            ("a", "ab", &["acab"], &["abcab"]),
        ] {
            let segment = variable(before, after);
            accepted.iter().for_each(|text| assert!(segment.accepts(text), "{before}{{x}}{after} {text}"));
            not.iter().for_each(|text| assert!(!segment.accepts(text), "{before}{{x}}{after} {text}"));
        }
        let loose = variable("", ":cancel");
        assert!(loose.may_accept(":cancel") && loose.may_accept("7:cancel:cancel") && !loose.may_accept("7"));
        assert!(!variable("a", "a").may_accept("a") && !variable("", "").may_accept(""));
    }

    #[test]
    fn texts_that_two_segments_have_in_common_are_found_also_where_they_overlap() {
        for (one, other, expected) in [
            (variable("", ".pdf"), variable("report-", ""), Some("report-x.pdf")),
            (variable("a", "b"), variable("", "axb"), Some("axb")),
            (variable("ab", ""), variable("", "bc"), Some("abxbc")),
            (variable("a", ""), variable("", "a"), None),
            (variable("v", ""), variable("w", ""), None),
            (variable("x", ""), variable("", ""), Some("xa")),
        ] {
            assert_eq!(one.common(&other).as_deref(), expected, "{one:?} {other:?}");
        }
    }
}
