//! Which requests are a task: methods, host and path.

use std::fmt;

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

impl TryFrom<&str> for Method {
    type Error = &'static str;
    /// A method as in RFC 9110, section 9, in upper case: methods are case-sensitive, and a
    /// lower-case one in a document is a mistake that would never match.
    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let fits = (1..=32).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-')) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a method is 1 to 32 upper-case letters, such as `POST`")
        }
    }
}

/// One segment of a path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Exactly this text.
    Literal(String),
    /// `{name}`: any one segment that is not empty.
    Any,
}

/// A path pattern: `/a/{id}/b`, with `**` as its last segment for any tail of one segment or more.
///
/// Literals have only characters that every reader of a URL takes alike
/// (`[A-Za-z0-9._~!$&'()*+,=:@-]`, none encoded), so a literal never depends on who decodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    segments: Vec<Segment>,
    tail: bool,
}

impl PathPattern {
    /// Whether a path, given as its segments, is one of these.
    pub fn matches<'a>(&self, mut path: impl Iterator<Item = &'a str>) -> bool {
        for segment in &self.segments {
            match (segment, path.next()) {
                (Segment::Literal(literal), Some(given)) if literal == given => {}
                (Segment::Any, Some(given)) if !given.is_empty() => {}
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
        // A tail begins with a segment that is not empty, which the one segment of `/` is.
        let nothing = Segment::Literal(String::new());
        let reaches = |short: &Self, long: &Self| {
            let next = long.segments.get(short.segments.len());
            short.tail && long.least() > short.segments.len() && next != Some(&nothing)
        };
        common
            && match self.segments.len().cmp(&other.segments.len()) {
                std::cmp::Ordering::Equal => self.tail == other.tail,
                std::cmp::Ordering::Less => reaches(self, other),
                std::cmp::Ordering::Greater => reaches(other, self),
            }
    }

    /// The least number of segments that a matching path has.
    fn least(&self) -> usize {
        self.segments.len().saturating_add(usize::from(self.tail))
    }
}

impl TryFrom<&str> for PathPattern {
    type Error = &'static str;
    fn try_from(text: &str) -> Result<Self, Self::Error> {
        if text.len() > MAX_PATTERN {
            return Err("a path pattern has at most 1024 bytes");
        }
        let rest = text.strip_prefix('/').ok_or("a path pattern begins with `/`")?;
        let (rest, tail) = match rest.strip_suffix("**") {
            Some("") => (None, true),
            Some(head) => (Some(head.strip_suffix('/').ok_or("`**` is a whole segment, the last")?), true),
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

fn segment(text: &str) -> Result<Segment, &'static str> {
    if let Some(name) = text.strip_prefix('{') {
        let name = name.strip_suffix('}').ok_or("`{name}` stands for one whole segment")?;
        let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        return if named { Ok(Segment::Any) } else { Err("`{name}` wants a name of letters, digits, `_` and `-`") };
    }
    match text {
        "" => Err("a path pattern has no empty segment"),
        "." | ".." => Err("a path pattern has no `.` or `..`: no request that has one is let through"),
        "*" | "**" => Err("`**` may stand only at the end; for one segment write `{name}`"),
        _ if text.bytes().all(is_plain) => Ok(Segment::Literal(text.to_owned())),
        _ => Err(
            "a path pattern has letters, digits and `._~!$&'()*+,=:@-`; what else a client encodes, `{name}` matches",
        ),
    }
}

/// Characters that nobody decodes, strips or splits at.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._~!$&'()*+,=:@-".contains(&byte)
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One kind of request. All that is given must match; what is empty or absent matches anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RequestPattern {
    /// The methods, or none for any.
    pub methods: Vec<Method>,
    /// The authority, lower case; without a port it matches any port.
    pub host: Option<String>,
    /// The path.
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
    fn what_two_readers_could_take_differently_is_no_pattern() {
        for text in ["a", "/a//b", "/a/./b", "/a/../b", "/%41", "/a;b", "/a\\b", "/{}", "/{x}y", "/*/a", "/**/a", "/é"]
        {
            assert!(PathPattern::try_from(text).is_err(), "{text}");
        }
    }
}
