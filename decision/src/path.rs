//! Paths that every reader takes alike. Any other path is refused.
//!
//! Between the gate and the application are Envoy, perhaps a router, and a framework; each may
//! decode, fold dots or slashes, or cut at `;`. The gate does not guess which: it refuses a path that any
//! of them could read differently. The others are compared byte for byte.

use std::borrow::Cow;

use stepgate_config::workflow::PathPattern;

use crate::percent;

/// In words, what two readers could take differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PathError(&'static str);

/// An escape where the document has the character itself: some applications route by the decoded path, some by the path
/// as it is sent.
pub(crate) const ESCAPED_LITERAL: PathError = PathError("it encodes a character that a task's path has as it is");

/// Longest path with its query, in bytes.
const MAX_PATH: usize = 8192;

/// A path in the one form that normalisation (RFC 3986, section 6.2.2) does not change: it begins
/// with `/`, has no empty segment but perhaps the last, no `.` or `..`, and percent-encodes only
/// characters that must be encoded and that no reader splits at, cuts at or decodes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CanonicalPath<'a>(Option<&'a str>);

impl<'a> CanonicalPath<'a> {
    /// The path of a request target in origin form (RFC 9112, section 3.2.1), without its query.
    ///
    /// # Errors
    /// Where two readers could take it differently.
    pub fn of(target: &'a str) -> Result<Self, PathError> {
        if target.len() > MAX_PATH {
            return Err(PathError("it is longer than 8192 bytes"));
        }
        if target.contains('#') {
            return Err(PathError("it has a fragment"));
        }
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        let rest = path.strip_prefix('/').ok_or(PathError("it does not begin with `/`"))?;
        let mut segments = rest.split('/').peekable();
        while let Some(segment) = segments.next() {
            check_segment(segment, segments.peek().is_none())?;
        }
        Ok(Self(Some(rest)))
    }

    /// The path of a CONNECT, which has none: only a pattern without a path matches it.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// The same path without the `/` at its end, which most applications ignore.
    #[must_use]
    pub(crate) fn trimmed(self) -> Self {
        Self(self.0.map(|path| path.strip_suffix('/').unwrap_or(path)))
    }

    /// The path with its escapes decoded, without its first `/`. No escape decodes to a `/`.
    pub(crate) fn decoded(self) -> Option<Cow<'a, str>> {
        let path = self.0?;
        if !path.contains('%') {
            return Some(Cow::Borrowed(path));
        }
        percent::decode(path).map(Cow::Owned)
    }

    /// Whether the pattern matches.
    pub fn is(&self, pattern: &PathPattern) -> bool {
        self.0.is_some_and(|path| pattern.matches(path.split('/')))
    }
}

fn check_segment(segment: &str, last: bool) -> Result<(), PathError> {
    if segment.is_empty() && !last {
        return Err(PathError("it has an empty segment"));
    }
    if matches!(segment, "." | "..") {
        return Err(PathError("it has a `.` or `..` segment"));
    }
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => check_escape(bytes.next(), bytes.next())?,
            // RFC 3986, section 3.3, but for `;`, at which some frameworks cut.
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => byte,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':'
            | b'@' => byte,
            b';' => return Err(PathError("it has a `;`")),
            _ => return Err(PathError("it has a character that should be encoded")),
        });
    }
    // An overlong form (`%C0%AF`) is a slash to a careless reader.
    std::str::from_utf8(&decoded).map(drop).map_err(|_| PathError("it encodes bytes that are not UTF-8"))
}

fn check_escape(high: Option<u8>, low: Option<u8>) -> Result<u8, PathError> {
    let digit = |byte: Option<u8>| {
        byte.and_then(|b| char::from(b).to_digit(16)).ok_or(PathError("it has a `%` that encodes nothing"))
    };
    let value = digit(high)?.saturating_mul(16).saturating_add(digit(low)?);
    match u8::try_from(value).unwrap_or_default() {
        // Some decode these before they match, some after, some twice.
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            Err(PathError("it encodes a character that needs no encoding"))
        }
        b'/' | b'\\' => Err(PathError("it encodes a slash")),
        b'%' => Err(PathError("it encodes a `%`")),
        b';' | b'?' | b'#' => Err(PathError("it encodes a separator")),
        0..=0x1f | 0x7f => Err(PathError("it encodes a control character")),
        byte => Ok(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_reads_one_way_is_accepted() {
        for target in ["/", "/a", "/a/", "/a/b?x=../%2e#".trim_end_matches('#'), "/a%20b", "/caf%C3%A9", "/a:b@c,d=e"] {
            assert!(CanonicalPath::of(target).is_ok(), "{target}");
        }
    }

    #[test]
    fn a_connect_has_no_path_to_match() {
        for pattern in ["/", "/**", "/{any}"] {
            assert!(!CanonicalPath::none().is(&PathPattern::try_from(pattern).unwrap()), "{pattern}");
        }
    }

    #[test]
    fn a_path_that_could_read_two_ways_is_refused() {
        for target in [
            "",
            "*",
            "a",
            "http://h/a",
            "//a",
            "/a//b",
            "/a/./b",
            "/a/../b",
            "/..",
            "/a/..",
            "/a%2fb",
            "/a%2Fb",
            "/%2e%2e/b",
            "/a%5cb",
            "/a\\b",
            "/a;b",
            "/a%3bb",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%00",
            "/a%2520",
            "/%41",
            "/a#b",
            "/é",
            "/a b",
            "/a%0d%0a",
            "/a\u{7f}",
            "/a%C0%AFb",
            "/%C0%AE%C0%AE/b",
            "/%FF",
            "/%C3a%A9",
        ] {
            assert!(CanonicalPath::of(target).is_err(), "{target}");
        }
        assert!(CanonicalPath::of(&format!("/{}", "a".repeat(MAX_PATH))).is_err());
    }
}
