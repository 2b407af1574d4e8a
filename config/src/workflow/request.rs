//! Request patterns: methods, host and path.

use std::fmt;

use thiserror::Error;

/// Longest pattern, in bytes.
pub const MAX_PATTERN: usize = 1024;

/// An HTTP method: 1 to 32 upper-case letters, `_` or `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(String);

impl Method {
    /// The method as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a method is 1 to 32 upper-case letters, such as `POST`")]
pub struct MethodError;

impl TryFrom<&str> for Method {
    type Error = MethodError;
    /// A method as in RFC 9110, section 9, in upper case: methods are case-sensitive, and a
    /// lower-case one in a document is a mistake that would never match.
    fn try_from(text: &str) -> Result<Self, MethodError> {
        let fits = (1..=32).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MethodError)
        }
    }
}

/// One segment of a path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// Whether some path matches both patterns.
    pub fn overlaps(&self, other: &Self) -> bool {
        let common = self.segments.iter().zip(&other.segments).all(|pair| match pair {
            (Segment::Literal(a), Segment::Literal(b)) => a == b,
            (Segment::Any, Segment::Literal(l)) | (Segment::Literal(l), Segment::Any) => !l.is_empty(),
            (Segment::Any, Segment::Any) => true,
        });
        // A tail begins with a non-empty segment; the only segment of `/` is empty.
        let empty = Segment::Literal(String::new());
        let reaches = |short: &Self, long: &Self| {
            let next = long.segments.get(short.segments.len());
            short.tail && long.least() > short.segments.len() && next != Some(&empty)
        };
        common
            && match self.segments.len().cmp(&other.segments.len()) {
                std::cmp::Ordering::Equal => self.tail == other.tail,
                std::cmp::Ordering::Less => reaches(self, other),
                std::cmp::Ordering::Greater => reaches(other, self),
            }
    }

    /// The smallest number of segments of a matching path.
    fn least(&self) -> usize {
        self.segments.len().saturating_add(usize::from(self.tail))
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

/// One request pattern: all fields that are given must match; an empty or absent one matches any request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RequestPattern {
    /// The methods; empty: any method.
    pub methods: Vec<Method>,
    /// The authority, lower case; without a port it matches any port.
    pub host: Option<String>,
    /// The pattern of the path.
    pub path: Option<PathPattern>,
}

impl RequestPattern {
    /// Whether some request matches both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let methods = self.methods.is_empty()
            || other.methods.is_empty()
            || self.methods.iter().any(|m| other.methods.contains(m));
        let hosts = match (&self.host, &other.host) {
            (Some(a), Some(b)) => a == b || without_port(a) == b || a == without_port(b),
            _ => true,
        };
        let paths = match (&self.path, &other.path) {
            (Some(a), Some(b)) => a.overlaps(b),
            _ => true,
        };
        methods && hosts && paths
    }
}

/// A host without its port, if it has one.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
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
    fn overlap_is_seen_both_ways() {
        for (a, b, expected) in [
            ("/a/{x}", "/a/b", true),
            ("/a/{x}", "/b/{x}", false),
            ("/a/**", "/a/b/c", true),
            ("/a/**", "/a", false),
            ("/a/{x}", "/a/**", true),
            ("/**", "/a/b", true),
            ("/**", "/", false),
            ("/a/b/**", "/a/**", true),
        ] {
            assert_eq!(pattern(a).overlaps(&pattern(b)), expected, "{a} {b}");
            assert_eq!(pattern(b).overlaps(&pattern(a)), expected, "{b} {a}");
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
