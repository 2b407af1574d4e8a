//! Patterns of paths, and which of two is the more specific.

use std::fmt;

use thiserror::Error;

/// Longest pattern, in bytes.
pub const MAX_PATTERN: usize = 1024;

/// One segment of a path pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// Exactly this text.
    Literal(String),
    /// `{name}`: any one segment that is not empty.
    Any,
}

/// A path pattern: `/a/{id}/b`, with `**` as its last segment for any tail of one segment or more.
///
/// Literals have only characters that all readers of a URL interpret alike
/// (`[A-Za-z0-9._~!$&'()*+,=:@-]`, none percent-encoded), so a literal never depends on decoding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern {
    text: String,
    segments: Vec<Segment>,
    tail: bool,
}

impl PathPattern {
    /// Whether a path, given as its segments, matches.
    pub fn matches<'a>(&self, mut path: impl Iterator<Item = &'a str>) -> bool {
        for expected in &self.segments {
            match (expected, path.next()) {
                (Segment::Literal(literal), Some(segment)) if literal == segment => {}
                (Segment::Any, Some(segment)) if !segment.is_empty() => {}
                _ => return false,
            }
        }
        match (path.next(), self.tail) {
            (None, tail) => !tail,
            (Some(first), true) => !first.is_empty(),
            (Some(_), false) => false,
        }
    }

    /// Whether every path that matches `other` matches this pattern.
    pub fn contains(&self, other: &Self) -> bool {
        let common = self.segments.iter().zip(&other.segments).all(|pair| match pair {
            (Segment::Literal(a), Segment::Literal(b)) => a == b,
            (Segment::Any, Segment::Literal(b)) => !b.is_empty(),
            (Segment::Literal(_), Segment::Any) => false,
            (Segment::Any, Segment::Any) => true,
        });
        let lengths = match other.segments.get(self.segments.len()) {
            Some(next) => self.tail && !next.is_empty(),
            None => self.segments.len() == other.segments.len() && self.tail == other.tail,
        };
        common && lengths
    }

    /// An example of a path that matches both patterns; none where there is no such path.
    pub fn common(&self, other: &Self) -> Option<String> {
        let (mut path, most) = (String::new(), self.segments.len().max(other.segments.len()));
        for at in 0..most {
            let segment = match (self.segments.get(at), other.segments.get(at)) {
                (Some(a), Some(b)) if a == b => a,
                (Some(Segment::Any), Some(literal)) | (Some(literal), Some(Segment::Any)) => {
                    Some(literal).filter(|literal| !literal.is_empty())?
                }
                (Some(_), Some(_)) | (None, None) => return None,
                // The other pattern is at its tail, which begins with a segment that is not empty.
                (Some(more), None) => Some(more).filter(|more| other.tail && !more.is_empty())?,
                (None, Some(more)) => Some(more).filter(|more| self.tail && !more.is_empty())?,
            };
            path.push('/');
            path.push_str(segment.example());
        }
        let goes_on = |pattern: &Self| pattern.tail && pattern.segments.len() == most;
        if goes_on(self) || goes_on(other) {
            if !(self.tail && other.tail) {
                return None;
            }
            path.push_str("/x");
        }
        Some(path)
    }

    /// The literal segments before the first other one. Every path that matches begins with them.
    pub fn prefix(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map_while(|segment| match segment {
            Segment::Literal(literal) => Some(literal.as_str()),
            Segment::Any => None,
        })
    }

    /// Its segments, and how many of them are literal. Of two patterns of which one contains the other, the narrower one has
    /// more of the first, or as many and not fewer of the second.
    pub(super) fn depth(&self) -> (usize, usize) {
        let literal = self.segments.iter().filter(|segment| **segment != Segment::Any).count();
        (self.segments.len(), literal)
    }

    /// The number of segments before the tail, and whether there is a tail; none where a segment is literal.
    pub fn free_segments(&self) -> Option<(usize, bool)> {
        self.segments.iter().all(|segment| *segment == Segment::Any).then_some((self.segments.len(), self.tail))
    }

    /// The same pattern with one name for all variables, so that equal patterns are those that match the same paths.
    #[must_use]
    pub(super) fn normal(&self) -> Self {
        let shown = |segment: &Segment| match segment {
            Segment::Literal(literal) => format!("/{literal}"),
            Segment::Any => "/{x}".to_owned(),
        };
        let tail = if self.tail { "/**" } else { "" };
        Self { text: self.segments.iter().map(shown).chain([tail.to_owned()]).collect(), ..self.clone() }
    }
}

impl Segment {
    /// Whether it is the last segment of a path that ends with `/`.
    fn is_empty(&self) -> bool {
        *self == Self::Literal(String::new())
    }

    fn example(&self) -> &str {
        match self {
            Self::Literal(literal) => literal,
            Self::Any => "x",
        }
    }
}

/// Why a text is not a path pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PathPatternError {
    /// Longer than [`MAX_PATTERN`].
    #[error("a path pattern has at most {MAX_PATTERN} bytes")]
    TooLong,
    /// No `/` at the start.
    #[error("a path pattern begins with `/`")]
    Start,
    /// `**` elsewhere than as the last segment.
    #[error("`**` must be the last segment; use `{{name}}` for one segment")]
    Tail,
    /// `{` without `}` at the end of the segment.
    #[error("`{{name}}` must be a whole segment")]
    Placeholder,
    /// A placeholder without a name, or with other characters.
    #[error("the name in `{{name}}` has letters, digits, `_` and `-`")]
    PlaceholderName,
    /// An empty segment.
    #[error("a path pattern has no empty segment")]
    Empty,
    /// A segment `.` or `..`.
    #[error("a path pattern has no `.` or `..`: gates deny all requests that have one")]
    Dots,
    /// A character that readers of a URL could interpret differently.
    #[error(
        "a path pattern has letters, digits and `._~!$&'()*+,=:@-`; use `{{name}}` for segments with other characters"
    )]
    Character,
}

impl TryFrom<&str> for PathPattern {
    type Error = PathPatternError;
    fn try_from(text: &str) -> Result<Self, PathPatternError> {
        if text.len() > MAX_PATTERN {
            return Err(PathPatternError::TooLong);
        }
        let rest = text.strip_prefix('/').ok_or(PathPatternError::Start)?;
        let (rest, tail) = match rest.strip_suffix("**") {
            Some("") => (None, true),
            Some(head) => (Some(head.strip_suffix('/').ok_or(PathPatternError::Tail)?), true),
            None => (Some(rest), false),
        };
        let segments = match rest {
            None => Vec::new(),
            // `/` itself: one empty segment.
            Some("") if !tail => vec![Segment::Literal(String::new())],
            Some(rest) => rest.split('/').map(segment).collect::<Result<_, _>>()?,
        };
        Ok(Self { text: text.to_owned(), segments, tail })
    }
}

fn segment(text: &str) -> Result<Segment, PathPatternError> {
    if let Some(name) = text.strip_prefix('{') {
        let name = name.strip_suffix('}').ok_or(PathPatternError::Placeholder)?;
        let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        return if named { Ok(Segment::Any) } else { Err(PathPatternError::PlaceholderName) };
    }
    match text {
        "" => Err(PathPatternError::Empty),
        "." | ".." => Err(PathPatternError::Dots),
        "*" | "**" => Err(PathPatternError::Tail),
        _ if text.bytes().all(is_plain) => Ok(Segment::Literal(text.to_owned())),
        _ => Err(PathPatternError::Character),
    }
}

/// Characters at which no reader decodes, strips or splits.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._~!$&'()*+,=:@-".contains(&byte)
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::try_from(text).unwrap()
    }

    fn matches(pattern_text: &str, path: &str) -> bool {
        pattern(pattern_text).matches(path.strip_prefix('/').unwrap().split('/'))
    }

    #[test]
    fn segments_match_one_for_one() {
        assert!(matches("/shots/{id}", "/shots/7"));
        assert!(!matches("/shots/{id}", "/shots/"));
        assert!(!matches("/shots/{id}", "/shots/7/8"));
        assert!(!matches("/shots", "/shots/"));
        assert!(matches("/", "/"));
        assert!(!matches("/", "/a"));
        assert!(matches("/a/**", "/a/b/c"));
        assert!(!matches("/a/**", "/a"));
        assert!(!matches("/a/**", "/a/"));
        assert!(matches("/**", "/x"));
    }

    #[test]
    fn what_two_patterns_have_in_common_is_seen_both_ways() {
        for (a, b, expected) in [
            ("/a/{x}", "/a/b", Some("/a/b")),
            ("/a/{x}", "/b/{x}", None),
            ("/a/**", "/a/b/c", Some("/a/b/c")),
            ("/a/**", "/a", None),
            ("/a/{x}", "/a/**", Some("/a/x")),
            ("/**", "/a/b", Some("/a/b")),
            ("/**", "/", None),
            ("/{x}", "/", None),
            ("/", "/", Some("/")),
            ("/a/b/**", "/a/**", Some("/a/b/x")),
            ("/a/**", "/{x}/**", Some("/a/x")),
            ("/files/{n}/raw", "/files/public/{op}", Some("/files/public/raw")),
        ] {
            assert_eq!(pattern(a).common(&pattern(b)).as_deref(), expected, "{a} {b}");
            assert_eq!(pattern(b).common(&pattern(a)).as_deref(), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_more_specific_pattern_is_contained_in_the_other() {
        for (wide, narrow) in [
            ("/a/{x}", "/a/b"),
            ("/a/**", "/a/{x}"),
            ("/a/**", "/a/{x}/**"),
            ("/**", "/a"),
            ("/**", "/**"),
            ("/{x}", "/{y}"),
            ("/{x}/**", "/a/b/c"),
        ] {
            assert!(pattern(wide).contains(&pattern(narrow)), "{wide} {narrow}");
            assert!(wide == "/**" && narrow == wide || wide == "/{x}" || !pattern(narrow).contains(&pattern(wide)));
        }
        for (one, other) in [("/**", "/"), ("/a/{x}/c", "/a/b/{y}"), ("/a/**", "/a"), ("/a", "/a/**"), ("/{x}", "/")] {
            assert!(!pattern(one).contains(&pattern(other)), "{one} {other}");
        }
    }

    #[test]
    fn ambiguous_texts_are_not_patterns() {
        for text in ["a", "/a//b", "/a/./b", "/a/../b", "/%41", "/a;b", "/a\\b", "/{}", "/{x}y", "/*/a", "/**/a", "/é"]
        {
            assert!(PathPattern::try_from(text).is_err(), "{text}");
        }
    }
}
