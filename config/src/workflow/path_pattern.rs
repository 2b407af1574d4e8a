//! Patterns of paths, and which of two is the more specific.

use std::cmp::Ordering;
use std::fmt;

use super::path_pattern_error::{MAX_PATTERN, MAX_ROUND, PathPatternError};
use super::segment::Segment;

/// How a path pattern ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// With its last segment.
    Here,
    /// With a `/`.
    Slash,
    /// With `**`: any tail of one segment or more.
    Tail,
}

/// A path pattern: `/a/{id}/b`, `/jobs/{id}:cancel`, `/a/`, with `**` as its last segment for any tail of one segment or
/// more.
///
/// It is compared with decoded paths. Its text has the ASCII characters that all readers of a URL interpret alike
/// (`[A-Za-z0-9._~!$&'()*+,=:@-]`), and visible characters beyond ASCII, as their bytes of UTF-8: `é` as one character
/// and as two are two texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern {
    text: String,
    pub(super) segments: Vec<Segment>,
    pub(super) end: End,
}

impl PathPattern {
    /// Whether a path, given as its segments, matches. A path that ends with `/` has an empty last segment.
    pub fn matches<'a>(&self, mut path: impl Iterator<Item = &'a str>) -> bool {
        let begins = self.segments.iter().all(|own| path.next().is_some_and(|segment| own.accepts(segment)));
        begins
            && match (self.end, path.next()) {
                (End::Here, next) => next.is_none(),
                (End::Slash, next) => next == Some("") && path.next().is_none(),
                (End::Tail, next) => next.is_some_and(|first| !first.is_empty()),
            }
    }

    /// Whether some application may take the path for one that matches: it may ignore a `/` at the end, and find the
    /// variable of a segment elsewhere than [`PathPattern::matches`] does.
    pub fn may_match<'a>(&self, path: impl Iterator<Item = &'a str>) -> bool {
        // Only the last segment of a path can be empty.
        let mut path = path.filter(|segment| !segment.is_empty());
        let begins = self.segments.iter().all(|own| path.next().is_some_and(|segment| own.may_accept(segment)));
        begins && path.next().is_some() == (self.end == End::Tail)
    }

    /// Whether every path that may match `other` may match this pattern. A `/` at the end makes no difference.
    pub fn contains(&self, other: &Self) -> bool {
        let (own, others) = (self.segments.len(), other.segments.len());
        let (tail, other_tail) = (self.end == End::Tail, other.end == End::Tail);
        let ends = if own < others { tail } else { own == others && tail == other_tail };
        ends && self.segments.iter().zip(&other.segments).all(|(own, other)| own.contains(other))
    }

    /// Whether all paths that match have a `/` at their end, and more than that.
    pub fn has_final_slash(&self) -> bool {
        self.end == End::Slash && !self.segments.is_empty()
    }

    /// Whether the two differ in the `/` at their end, and in nothing else.
    pub fn differs_in_slash(&self, other: &Self) -> bool {
        self.segments == other.segments && self.end != other.end && ![self.end, other.end].contains(&End::Tail)
    }

    /// Whether some path may match both. It is no if it can be seen without a search for that path.
    pub(super) fn may_overlap(&self, other: &Self) -> bool {
        let (own, others) = (self.segments.len(), other.segments.len());
        let ends = match own.cmp(&others) {
            Ordering::Less => self.end == End::Tail,
            Ordering::Greater => other.end == End::Tail,
            Ordering::Equal => (self.end == End::Tail) == (other.end == End::Tail),
        };
        // Patterns are compared that begin alike.
        ends && self.segments.iter().zip(&other.segments).rev().all(|(own, other)| own.may_meet(other))
    }

    /// An example of a path that matches one of the patterns and may match the other; none where there is no such path.
    pub fn common(&self, other: &Self) -> Option<String> {
        self.matched_that_may_match(other).or_else(|| other.matched_that_may_match(self))
    }

    fn matched_that_may_match(&self, other: &Self) -> Option<String> {
        let (mut path, most) = (String::new(), self.segments.len().max(other.segments.len()));
        for at in 0..most {
            path.push('/');
            path.push_str(&match (self.segments.get(at), other.segments.get(at)) {
                (Some(own), Some(other)) => own.common(other)?,
                (Some(more), None) if other.end == End::Tail => more.example("x"),
                (None, Some(more)) if self.end == End::Tail => more.example("x"),
                _ => return None,
            });
        }
        let goes_on = |pattern: &Self| pattern.end == End::Tail && pattern.segments.len() == most;
        if goes_on(self) || goes_on(other) {
            if self.end != other.end {
                return None;
            }
            path.push_str("/x");
        }
        if self.end == End::Slash || (self.end == End::Tail && other.end == End::Slash) {
            path.push('/');
        }
        Some(path)
    }

    /// A path that matches, percent-encoded: each variable is 7, where that may be, and a tail `a/b`.
    pub fn example(&self) -> String {
        let segments = self.segments.iter().map(|segment| segment.example("7"));
        let end = match self.end {
            End::Here => None,
            End::Slash => Some(String::new()),
            End::Tail => Some("a/b".to_owned()),
        };
        let path: String = segments.chain(end).flat_map(|part| ["/".to_owned(), part]).collect();
        let sent = |byte: u8| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        path.bytes().map(sent).collect()
    }

    /// The literal segments before the first other one. Every path that matches begins with them.
    pub fn prefix(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map_while(|segment| match segment {
            Segment::Literal(literal) => Some(literal.as_str()),
            Segment::Variable { .. } => None,
        })
    }

    /// The number of its segments.
    pub(super) fn len(&self) -> usize {
        self.segments.len()
    }

    /// Its segments, and how many of them have text. Of two patterns of which one contains the other, the narrower one has
    /// more of the first, or as many and not fewer of the second.
    pub(super) fn depth(&self) -> (usize, usize) {
        let with_text = self.segments.iter().filter(|segment| !segment.is_free()).count();
        (self.segments.len(), with_text)
    }

    /// The number of segments before the tail, and whether there is a tail; none where a segment has any text, or where
    /// the pattern ends with `/`.
    pub fn free_segments(&self) -> Option<(usize, bool)> {
        let free = self.end != End::Slash && self.segments.iter().all(Segment::is_free);
        free.then_some((self.segments.len(), self.end == End::Tail))
    }

    /// The same pattern with one name for all variables, so that equal patterns are those that match the same paths.
    #[must_use]
    pub(super) fn normal(&self) -> Self {
        let shown = |segment: &Segment| match segment {
            Segment::Literal(literal) => format!("/{literal}"),
            Segment::Variable { before, after } => format!("/{before}{{x}}{after}"),
        };
        let end = match self.end {
            End::Here => "",
            End::Slash => "/",
            End::Tail => "/**",
        };
        Self { text: self.segments.iter().map(shown).chain([end.to_owned()]).collect(), ..self.clone() }
    }
}

impl TryFrom<&str> for PathPattern {
    type Error = PathPatternError;
    fn try_from(text: &str) -> Result<Self, PathPatternError> {
        if text.len() > MAX_PATTERN {
            return Err(PathPatternError::TooLong);
        }
        let rest = text.strip_prefix('/').ok_or(PathPatternError::Start)?;
        let mut segments: Vec<&str> = rest.split('/').collect();
        let end = match segments.pop() {
            Some("**") => End::Tail,
            Some("") => End::Slash,
            Some(last) => {
                segments.push(last);
                End::Here
            }
            None => return Err(PathPatternError::Start),
        };
        Ok(Self { text: text.to_owned(), segments: segments.into_iter().map(segment).collect::<Result<_, _>>()?, end })
    }
}

fn segment(text: &str) -> Result<Segment, PathPatternError> {
    match text {
        "" => return Err(PathPatternError::Empty),
        "." | ".." => return Err(PathPatternError::Dots),
        "*" => return Err(PathPatternError::Tail),
        _ if text.ends_with("**") => return Err(PathPatternError::Tail),
        _ => {}
    }
    let plain = |text: &str| text.chars().all(is_plain).then(|| text.to_owned()).ok_or(PathPatternError::Character);
    let Some((before, rest)) = text.split_once('{') else {
        return if text.contains('}') { Err(PathPatternError::Variable) } else { plain(text).map(Segment::Literal) };
    };
    let (name, after) = rest.split_once('}').ok_or(PathPatternError::Variable)?;
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Err(PathPatternError::Name);
    }
    if before.contains('}') || after.contains(['{', '}']) {
        return Err(PathPatternError::Variable);
    }
    if before.len().max(after.len()) > MAX_ROUND {
        return Err(PathPatternError::Round);
    }
    Ok(Segment::Variable { before: plain(before)?, after: plain(after)? })
}

/// Characters at which no reader decodes, strips or splits, and that a reader of the document sees.
fn is_plain(character: char) -> bool {
    match character {
        'A'..='Z' | 'a'..='z' | '0'..='9' => true,
        _ if character.is_ascii() => "._~!$&'()*+,=:@-".contains(character),
        // Controls, spaces, characters without a shape or that turn the direction, forms of ASCII in full width,
        // characters of no meaning.
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' => false,
        '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' => false,
        '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ff00}'..='\u{ff5e}' | '\u{fff0}'..='\u{ffff}' => false,
        _ => character < '\u{e0000}' && !character.is_control() && !character.is_whitespace(),
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
