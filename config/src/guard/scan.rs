//! A check before the parser: whether a guard is short and flat enough to be parsed.
//!
//! The parser, its visitor, the interpreter and the destructor of the tree all recurse, and a gate's stack is small.
//! Nesting is counted here on tokens: the count may be too high, but never too low. Where the source is not CEL, the parser
//! does not stop: it skips characters and tokens, and what it then reads may nest. So the tokens are the lexer's, and source
//! that would make it skip one is rejected here.

use std::ops::Range;

use super::{GuardError, MAX_CHAIN, MAX_NESTING, MAX_SOURCE};
use crate::code::Code;
use crate::report::quote;

pub(super) fn scan(source: &str) -> Result<(), GuardError> {
    if source.len() > MAX_SOURCE {
        let label = format!("it has {} bytes; at most {MAX_SOURCE} are allowed", source.len());
        return Err(GuardError::new(Code::GuardBound, None, "this guard is too long").label(label));
    }
    let mut depth =
        Depth { levels: vec![Level { close: None, siblings: false, links: 0 }], conditionals: 0, last: Last::Operator };
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let at = source.len().saturating_sub(rest.len());
        let place = at..at.saturating_add(first.len_utf8());
        let not_cel = |label: String| {
            GuardError::new(Code::GuardSyntax, Some(place.clone()), "this guard is not CEL").label(label)
        };
        let unexpected = || not_cel(format!("{} is not expected here", quote(first.encode_utf8(&mut [0; 4]))));
        let length = match literal(rest).map_err(|label| not_cel(label.to_owned()))? {
            Some(length) if depth.literal(rest) => length,
            Some(_) => return Err(unexpected()),
            None => {
                let length = token(rest);
                if !length.is_some_and(|length| depth.count(rest.get(..length).unwrap_or_default())) {
                    let error = unexpected();
                    return Err(if first == '=' { error.help("compare with `==`") } else { error });
                }
                depth.check(place)?;
                length.unwrap_or_default()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// The token before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Word,
    /// Another end of an operand.
    Operand,
    Open,
    Comma,
    Operator,
}

/// A level of brackets.
struct Level {
    /// The bracket that closes it; none outside all brackets.
    close: Option<&'static str>,
    /// Whether commas separate its parts: in a list, and in a call.
    siblings: bool,
    /// The length of the chain.
    links: usize,
}

/// The chains at each level of brackets, up to a place.
///
/// The parser takes what is on both sides of a token that it skips for one chain. So what begins a chain anew, or ends a
/// level, must be where the grammar has it.
struct Depth {
    levels: Vec<Level>,
    conditionals: usize,
    last: Last,
}

impl Depth {
    /// Takes note of a comment, or of an operand; false where it is not CEL.
    fn literal(&mut self, rest: &str) -> bool {
        let comment = rest.starts_with('/');
        let fits = comment || !self.is_after_operand();
        if !comment {
            let is_word = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            self.last = if is_word { Last::Word } else { Last::Operand };
        }
        fits
    }

    fn is_after_operand(&self) -> bool {
        matches!(self.last, Last::Word | Last::Operand)
    }

    /// Counts a token that is no literal; false where it is not CEL.
    fn count(&mut self, token: &str) -> bool {
        let after_operand = self.is_after_operand();
        let Some(level) = self.levels.last_mut() else { return false };
        match token {
            "(" | "{" if self.last == Last::Operand => return false,
            "(" | "[" | "{" => {
                level.links = level.links.saturating_add(1);
                // A word before `(` is called; an operand before `[` is indexed.
                let (siblings, close) = match token {
                    "(" => (self.last == Last::Word, ")"),
                    "[" => (!after_operand, "]"),
                    _ => (true, "}"),
                };
                self.levels.push(Level { close: Some(close), siblings, links: 0 });
                self.last = Last::Open;
            }
            ")" | "]" | "}" => {
                let ends = match self.last {
                    Last::Word | Last::Operand => true,
                    Last::Open => level.siblings,
                    Last::Comma => token != ")",
                    Last::Operator => false,
                };
                if level.close != Some(token) || !ends {
                    return false;
                }
                self.levels.pop();
                self.last = Last::Operand;
            }
            "," => {
                if !after_operand || !level.siblings {
                    return false;
                }
                level.links = 0;
                self.last = Last::Comma;
            }
            // The parser balances these two operators.
            "&&" | "||" => {
                if !after_operand {
                    return false;
                }
                level.links = 0;
                self.last = Last::Operator;
            }
            "?" => {
                self.conditionals = self.conditionals.saturating_add(1);
                self.last = Last::Operator;
            }
            ":" => self.last = Last::Operator,
            _ if token.trim_ascii().is_empty() => {}
            _ => {
                level.links = level.links.saturating_add(1);
                self.last = Last::Operator;
            }
        }
        true
    }

    fn check(&self, place: Range<usize>) -> Result<(), GuardError> {
        let deep =
            |label| GuardError::new(Code::GuardBound, Some(place), "this guard is nested too deeply").label(label);
        if self.levels.len() > MAX_NESTING.saturating_add(1) || self.conditionals > MAX_NESTING {
            return Err(deep(format!("at most {MAX_NESTING} levels of brackets and {MAX_NESTING} `?` are allowed")));
        }
        if self.levels.iter().map(|level| level.links).sum::<usize>() > MAX_CHAIN {
            return Err(deep(format!("at most {MAX_CHAIN} operators that depend on each other are allowed")));
        }
        Ok(())
    }
}

/// The length of the operator, bracket or space at the start of `rest`. None for another character: the parser's lexer
/// skips it, and perhaps the next one with it, which may be a quote.
fn token(rest: &str) -> Option<usize> {
    const TOKENS: [&str; 26] = [
        "&&", "||", "==", "!=", "<=", ">=", "in", "(", ")", "[", "]", "{", "}", ",", "?", ":", ".", "+", "-", "*", "/",
        "%", "!", "<", ">", " ",
    ];
    let blank = rest.starts_with(['\t', '\r', '\n', '\u{c}']).then_some(1);
    TOKENS.iter().find(|token| rest.starts_with(**token)).map(|token| token.len()).or(blank)
}

/// The length of the string literal, comment, number or word at the start of `rest`, in which nothing nests; none if there
/// is none of these.
///
/// # Errors
/// Text that the parser's lexer does not read in the same way, in words.
fn literal(rest: &str) -> Result<Option<usize>, &'static str> {
    if rest.starts_with("//") {
        return Ok(Some(rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with('`') {
        return Err("guards have no names in backticks");
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    if whole > 0 {
        // What follows a point is a part of the number only if it is a digit.
        let fraction = rest.get(whole..).and_then(|rest| rest.strip_prefix('.')).map_or(0, digits);
        let number = if fraction > 0 { whole.saturating_add(1).saturating_add(fraction) } else { whole };
        // Its exponent, or the digits after `0x`.
        let length = number.saturating_add(word(rest.get(number..).unwrap_or_default()).len());
        return if rest.get(length..).is_some_and(|rest| rest.starts_with(['"', '\''])) {
            Err("a string cannot follow here")
        } else {
            Ok(Some(length))
        };
    }
    let prefix = word(rest);
    let string = rest.get(prefix.len()..).unwrap_or_default();
    match string.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        Some(quote) => {
            let raw = match prefix.to_ascii_lowercase().as_str() {
                "" | "b" => false,
                "r" | "br" => true,
                _ => return Err("a string cannot follow here"),
            };
            let length = string_len(string, quote, raw)?;
            Ok(Some(prefix.len().saturating_add(length)))
        }
        None => Ok(Some(prefix.len()).filter(|length| *length > 0 && prefix != "in")),
    }
}

fn word(rest: &str) -> &str {
    let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    rest.get(..length).unwrap_or_default()
}

/// The length of a string with its quotes.
fn string_len(string: &str, quote: char, raw: bool) -> Result<usize, &'static str> {
    const OPEN: &str = "this string has no closing quote";
    let triple: String = [quote; 3].iter().collect();
    let lines = string.starts_with(&triple);
    let end = if lines { triple } else { quote.to_string() };
    let mut at = end.len();
    loop {
        let rest = string.get(at..).unwrap_or_default();
        if rest.starts_with(&end) {
            return Ok(at.saturating_add(end.len()));
        }
        let c = rest.chars().next().filter(|c| lines || !matches!(c, '\n' | '\r')).ok_or(OPEN)?;
        let length = if c == '\\' && !raw {
            escape(rest).ok_or("a `\\` in a string begins an escape of CEL")?
        } else {
            c.len_utf8()
        };
        at = at.saturating_add(length);
    }
}

/// The length of the escape at the start of `rest` (CEL, "String and Bytes Values").
fn escape(rest: &str) -> Option<usize> {
    let [_, kind, digits @ ..] = rest.as_bytes() else { return None };
    let (count, fits): (usize, fn(&u8) -> bool) = match kind {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`' => (0, |_| false),
        b'x' | b'X' => (2, u8::is_ascii_hexdigit),
        b'u' => (4, u8::is_ascii_hexdigit),
        b'U' => (8, u8::is_ascii_hexdigit),
        b'0'..=b'3' => (2, |digit| matches!(digit, b'0'..=b'7')),
        _ => return None,
    };
    digits.get(..count)?.iter().all(fits).then_some(count.saturating_add(2))
}

#[cfg(test)]
mod tests;
