//! Paths that every reader takes alike. Any other path is refused.
//!
//! Between the gate and the application are Envoy, perhaps a router, and a framework; each may
//! decode, fold dots or slashes, or cut at `;`. The gate does not guess which: it refuses a path that any
//! of them could read differently. The others are compared decoded, byte for byte.

use std::borrow::Cow;

use stepgate_config::workflow::PathPattern;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPath<'a> {
    /// Decoded, without its first `/`. No escape decodes to a `/`.
    decoded: Cow<'a, str>,
    /// The same with a NUL, which no pattern has, for each ASCII character that the request has encoded.
    masked: Cow<'a, str>,
}

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
            if segment.is_empty() && segments.peek().is_some() {
                return Err(PathError("it has an empty segment"));
            }
            if matches!(segment, "." | "..") {
                return Err(PathError("it has a `.` or `..` segment"));
            }
        }
        let mut bytes = rest.bytes();
        if !rest.contains('%') {
            bytes.try_for_each(check_byte)?;
            return Ok(Self { decoded: Cow::Borrowed(rest), masked: Cow::Borrowed(rest) });
        }
        let (mut decoded, mut masked) = (Vec::with_capacity(rest.len()), Vec::with_capacity(rest.len()));
        while let Some(byte) = bytes.next() {
            if byte == b'%' {
                let escaped = check_escape(bytes.next(), bytes.next())?;
                decoded.push(escaped);
                masked.push(if escaped.is_ascii() { 0 } else { escaped });
            } else {
                check_byte(byte)?;
                decoded.push(byte);
                masked.push(byte);
            }
        }
        // An overlong form (`%C0%AF`) is a slash to a careless reader.
        let text = |bytes| String::from_utf8(bytes).map_err(|_| PathError("it encodes bytes that are not UTF-8"));
        Ok(Self { decoded: text(decoded)?.into(), masked: text(masked)?.into() })
    }

    /// Decoded, without the `/` at both ends.
    pub(crate) fn inner(&self) -> &str {
        self.decoded.strip_suffix('/').unwrap_or(&self.decoded)
    }

    /// Whether the pattern matches, however the path is read: decoded, and as it is sent.
    pub fn is(&self, pattern: &PathPattern) -> bool {
        pattern.matches(self.decoded.split('/')) && pattern.matches(self.masked.split('/'))
    }

    /// Whether some application may take it for a path of the pattern.
    pub(crate) fn may_be(&self, pattern: &PathPattern) -> bool {
        pattern.may_match(self.decoded.split('/'))
    }

    /// Whether it reaches a literal character of a pattern that it [may be](Self::may_be) through an escape.
    pub(crate) fn escapes(&self, pattern: &PathPattern) -> bool {
        !pattern.may_match(self.masked.split('/'))
    }
}

fn check_byte(byte: u8) -> Result<(), PathError> {
    match byte {
        // RFC 3986, section 3.3, but for `;`, at which some frameworks cut.
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' => Ok(()),
        b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':'
        | b'@' => Ok(()),
        b';' => Err(PathError("it has a `;`")),
        _ => Err(PathError("it has a character that should be encoded")),
    }
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

    #[test]
    fn a_literal_character_is_not_reached_through_an_escape_but_letters_beyond_ascii_are() {
        for (wanted, target, expected) in [
            ("/caf\u{e9}", "/caf%C3%A9", (true, true, false)),
            ("/caf\u{e9}", "/caf%c3%a9/", (false, true, false)),
            ("/jobs/7:cancel", "/jobs/7%3acancel", (false, true, true)),
            ("/jobs/{id}:cancel", "/jobs/7%3Acancel", (false, true, true)),
            // The colon in the variable is one to a reader who decodes first.
            ("/jobs/{id}:cancel", "/jobs/7%3Acancel:cancel", (false, true, false)),
            ("/jobs/{id}:cancel", "/jobs/%C3%A9%20x:cancel", (true, true, false)),
            // The last digit of an escape is no letter of the path.
            ("/{x}A", "/b%3A", (false, false, true)),
            ("/{x}A", "/%3AbA", (true, true, false)),
        ] {
            let (path, pattern) = (CanonicalPath::of(target).unwrap(), PathPattern::try_from(wanted).unwrap());
            assert_eq!(
                (path.is(&pattern), path.may_be(&pattern), path.escapes(&pattern)),
                expected,
                "{wanted} {target}"
            );
        }
    }
}
