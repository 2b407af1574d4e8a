//! JSON (RFC 8259), without the YAML parser.
//!
//! Without recursion: the builder keeps the open lists and mappings.

use std::borrow::Cow;

use super::builder::{Builder, Open};
use super::narrow;
use super::scalar::is_digits;
use super::{Kind, Node, scalar};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::Report;

/// The tree of a JSON text; none where it is rejected, with the reason in `report`.
///
/// # Errors
/// The place at which the text is not JSON; `report` is then of no use.
pub(super) fn parse<'a>(text: &'a str, report: &mut Report) -> Result<Option<Node<'a>>, Span> {
    let mut cursor = Cursor { text, at: 0, line: 1, column: 1 };
    read(&mut cursor, report).ok_or_else(|| cursor.advance(0))
}

/// The same; none where the text is not JSON, with the cursor there.
fn read<'a>(cursor: &mut Cursor<'a>, report: &mut Report) -> Option<Option<Node<'a>>> {
    let mut builder = Builder::new(report);
    let mut lists: Vec<bool> = Vec::new();
    let mut next = Next::Value;
    loop {
        cursor.space();
        let Some(first) = cursor.peek() else {
            return (next == Next::End).then_some(builder.root);
        };
        let done = match (next, first) {
            (Next::Value | Next::ValueOrEnd, b'{') => {
                let span = cursor.advance(1);
                lists.push(false);
                next = Next::KeyOrEnd;
                builder.begin(Open::Map { start: span, entries: Vec::new(), key: None }, span)
            }
            (Next::Value | Next::ValueOrEnd, b'[') => {
                let span = cursor.advance(1);
                lists.push(true);
                next = Next::ValueOrEnd;
                builder.begin(Open::List { start: span, items: Vec::new() }, span)
            }
            (Next::ValueOrEnd | Next::CommaOrEnd, b']') if lists.last() == Some(&true) => {
                lists.pop();
                next = Next::after(&lists);
                builder.end(cursor.advance(1))
            }
            (Next::KeyOrEnd | Next::CommaOrEnd, b'}') if lists.last() == Some(&false) => {
                lists.pop();
                next = Next::after(&lists);
                builder.end(cursor.advance(1))
            }
            (Next::CommaOrEnd, b',') => {
                cursor.advance(1);
                next = if lists.last() == Some(&true) { Next::Value } else { Next::Key };
                Ok(())
            }
            (Next::Key | Next::KeyOrEnd, b'"') => {
                let node = cursor.string()?;
                cursor.space();
                if cursor.peek() != Some(b':') {
                    return None;
                }
                cursor.advance(1);
                next = Next::Value;
                builder.value(node)
            }
            (Next::Value | Next::ValueOrEnd, b'"') => {
                next = Next::after(&lists);
                builder.value(cursor.string()?)
            }
            (Next::Value | Next::ValueOrEnd, _) => {
                next = Next::after(&lists);
                let node = cursor.word(builder.report)?;
                builder.value(node)
            }
            (Next::Key | Next::KeyOrEnd | Next::CommaOrEnd | Next::End, _) => return None,
        };
        if done.is_err() {
            return Some(None);
        }
    }
}

/// The parts that may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
    /// Nothing: the text has ended.
    End,
}

impl Next {
    /// The parts that may come after a value; `lists` says for each open part whether it is a list.
    fn after(lists: &[bool]) -> Self {
        if lists.is_empty() { Self::End } else { Self::CommaOrEnd }
    }
}

/// A place in the text, with its line and column.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    column: u32,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        let blanks = self.rest().bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.advance(blanks);
    }

    /// Advances by so many bytes, and returns their place.
    fn advance(&mut self, bytes: usize) -> Span {
        let (start, line, column) = (self.at, self.line, self.column);
        for byte in self.rest().bytes().take(bytes) {
            match byte {
                b'\n' => {
                    self.line = self.line.saturating_add(1);
                    self.column = 1;
                }
                // A continuation byte of UTF-8 is not a column of its own.
                0x80..0xc0 => {}
                _ => self.column = self.column.saturating_add(1),
            }
        }
        self.at = self.at.saturating_add(bytes);
        Span { start: narrow(start), end: narrow(self.at), line, column }
    }

    /// `null`, `true`, `false` or a number.
    fn word(&mut self, report: &mut Report) -> Option<Node<'a>> {
        let length = self.rest().bytes().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
        let word = self.rest().get(..length).unwrap_or_default();
        if !matches!(word, "null" | "true" | "false") && !is_number(word) {
            return None;
        }
        let span = self.advance(length);
        let kind = scalar::plain(Cow::Borrowed(word)).unwrap_or_else(|error| {
            report.push(Diagnostic::new(Code::BadValue, span, words!("{error}")));
            Kind::Broken
        });
        Some(Node { span, kind })
    }

    /// A string, section 7.
    fn string(&mut self) -> Option<Node<'a>> {
        let inner = self.rest().strip_prefix('"')?;
        let plain = inner.bytes().take_while(|b| !matches!(b, b'"' | b'\\' | 0..0x20)).count();
        let mut text = Cow::Borrowed(inner.get(..plain)?);
        let mut rest = inner.get(plain..)?;
        loop {
            let c = rest.chars().next()?;
            rest = rest.get(c.len_utf8()..)?;
            match c {
                '"' => break,
                '\\' => rest = escape(rest, text.to_mut())?,
                '\0'..='\u{1f}' => return None,
                _ => text.to_mut().push(c),
            }
        }
        let length = self.rest().len().saturating_sub(rest.len());
        Some(Node { span: self.advance(length), kind: Kind::Text(text) })
    }
}

/// `-? (0 | [1-9][0-9]*) (\.[0-9]+)? ([eE][-+]?[0-9]+)?`, section 6.
fn is_number(word: &str) -> bool {
    let (number, exponent) =
        word.split_once(['e', 'E']).map_or((word, None), |(number, exponent)| (number, Some(exponent)));
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, fraction)| (whole, Some(fraction)));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|exponent| is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// Adds the character of an escape to `text`, and returns the rest after the escape.
fn escape<'a>(rest: &'a str, text: &mut String) -> Option<&'a str> {
    let c = rest.chars().next()?;
    let mut rest = rest.get(c.len_utf8()..)?;
    text.push(match c {
        '"' | '\\' | '/' => c,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let mut units = vec![unit(&mut rest)?];
            // A high surrogate requires a low one.
            if units.iter().any(|unit| (0xd800..0xdc00).contains(unit)) {
                rest = rest.strip_prefix("\\u")?;
                units.push(unit(&mut rest)?);
            }
            char::decode_utf16(units).next()?.ok()?
        }
        _ => return None,
    });
    Some(rest)
}

/// Four hexadecimal digits.
fn unit(rest: &mut &str) -> Option<u16> {
    let (digits, after) = rest.split_at_checked(4)?;
    *rest = after;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests;
