//! The tokens of a guard (CEL, "Syntax").

use std::ops::Range;

use super::GuardError;
use super::quoted::{self, Quoted};
use crate::code::Code;
use crate::report::quote;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'s> {
    /// A name or a word of the language, such as `in`.
    Name(&'s str),
    /// A number, as written.
    Number(&'s str),
    Text(String),
    /// A literal of bytes, which guards do not have.
    Bytes,
    /// An operator or a bracket.
    Mark(&'static str),
    End,
}

/// All operators and brackets; those of two characters first.
const MARKS: [&str; 26] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", "{", "}", ",", ".", "?", ":", "+", "-", "*", "/",
    "%", "!", "=", "`",
];

/// The tokens, each with its place; the last one is [`Token::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<(Token<'_>, Range<usize>)>, GuardError> {
    let mut tokens = Vec::new();
    let mut start = 0;
    loop {
        let rest = source.get(start..).unwrap_or_default();
        let (token, length) = match skipped(rest) {
            0 => token(rest, start)?,
            length => {
                start = start.saturating_add(length);
                continue;
            }
        };
        let end = start.saturating_add(length);
        let last = token == Token::End;
        tokens.push((token, start..end));
        if last {
            return Ok(tokens);
        }
        start = end;
    }
}

/// A comment of a guard that the input, `written`, has in several lines: YAML has joined them, and the comment has taken
/// what the later ones say.
pub(crate) fn joined_comment<'s>(source: &'s str, written: &str) -> Option<&'s str> {
    const BREAKS: [char; 2] = ['\n', '\r'];
    let in_one_line = |comment: &str| written.split(BREAKS).any(|line| line.contains(comment));
    // A text in one line has nothing to join.
    let comments = if written.contains(BREAKS) { comments(source) } else { Vec::new() };
    comments.into_iter().find(|comment| !in_one_line(comment.trim_end()))
}

/// The comments of a guard, without their line breaks.
fn comments(source: &str) -> Vec<&str> {
    let (mut comments, mut rest) = (Vec::new(), source);
    while !rest.is_empty() {
        let length = match skipped(rest) {
            0 => token(rest, 0).map_or(rest.len(), |(_, length)| length),
            length => length,
        };
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        comments.extend(Some(part).filter(|part| part.starts_with("//")));
        rest = after;
    }
    comments
}

/// The length of the white space or comment at the start.
fn skipped(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    rest.bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')).count()
}

/// The token at the start of `rest`, and its length.
fn token(rest: &str, at: usize) -> Result<(Token<'_>, usize), GuardError> {
    let Some(first) = rest.chars().next() else { return Ok((Token::End, 0)) };
    let place = |length| at..at.saturating_add(length);
    match quoted::read(rest) {
        None => {}
        Some(Ok((Quoted::Text(text), length))) => return Ok((Token::Text(text), length)),
        Some(Ok((Quoted::Bytes, length))) => return Ok((Token::Bytes, length)),
        Some(Err((label, length))) => return Err(not_cel(&place(length)).label(label)),
    }
    let number = number(rest);
    if number > 0 {
        return Ok((Token::Number(rest.get(..number).unwrap_or_default()), number));
    }
    let word = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if word > 0 {
        return Ok((Token::Name(rest.get(..word).unwrap_or_default()), word));
    }
    match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
        Some(mark) => Ok((Token::Mark(mark), mark.len())),
        None => Err(unexpected(&first.to_string(), at..at.saturating_add(first.len_utf8()))),
    }
}

/// The length of the number at the start.
fn number(rest: &str) -> usize {
    let digits = |from: usize, of: fn(&u8) -> bool| {
        rest.as_bytes().get(from..).unwrap_or_default().iter().take_while(|b| of(b)).count()
    };
    let suffixed = |end: usize| match rest.as_bytes().get(end) {
        Some(b'u' | b'U') => end.saturating_add(1),
        _ => end,
    };
    if rest.starts_with("0x") {
        let hex = digits(2, u8::is_ascii_hexdigit);
        return if hex > 0 { suffixed(hex.saturating_add(2)) } else { 1 };
    }
    let whole = digits(0, u8::is_ascii_digit);
    let mut end = whole;
    if rest.as_bytes().get(end) == Some(&b'.') {
        let fraction = digits(end.saturating_add(1), u8::is_ascii_digit);
        if fraction > 0 {
            end = end.saturating_add(1).saturating_add(fraction);
        }
    }
    if end > 0 && matches!(rest.as_bytes().get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(rest.as_bytes().get(end.saturating_add(1)), Some(b'+' | b'-')));
        let from = end.saturating_add(1).saturating_add(sign);
        let exponent = digits(from, u8::is_ascii_digit);
        if exponent > 0 {
            end = from.saturating_add(exponent);
        }
    }
    if end == whole && whole > 0 { suffixed(end) } else { end }
}

pub(super) fn not_cel(at: &Range<usize>) -> GuardError {
    GuardError::new(Code::GuardSyntax, at, "this guard is not CEL")
}

/// A token, or a part of one, where another would be right.
pub(super) fn unexpected(token: &str, at: Range<usize>) -> GuardError {
    not_cel(&at).label(words!("{} is not expected here", quote(token)))
}
