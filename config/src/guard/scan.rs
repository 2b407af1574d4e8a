//! A check before the parser: whether a guard is short and flat enough to be parsed.
//!
//! The parser, its visitor, the interpreter and the destructor of the tree all recurse, and a gate's stack is small.
//! Nesting is counted here on characters alone: the count may be too high, but never too low.

use super::{GuardError, MAX_CHAIN, MAX_NESTING, MAX_SOURCE};
use crate::code::Code;

pub(super) fn scan(source: &str) -> Result<(), GuardError> {
    if source.len() > MAX_SOURCE {
        let label = words!("it has {} bytes; at most {MAX_SOURCE} are allowed", source.len());
        return Err(GuardError::new(Code::GuardBound, None, "this guard is too long").label(label));
    }
    let mut depth = Depth { levels: vec![0], conditionals: 0 };
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let at = source.len().saturating_sub(rest.len());
        let length = match literal(rest) {
            Some(length) => length,
            None => {
                depth.count(first, rest, at)?;
                first.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// The length of the chain at each level of brackets.
struct Depth {
    levels: Vec<usize>,
    conditionals: usize,
}

impl Depth {
    fn count(&mut self, c: char, rest: &str, at: usize) -> Result<(), GuardError> {
        let place = Some(at..at.saturating_add(c.len_utf8()));
        match c {
            '(' | '[' | '{' => {
                self.link();
                self.levels.push(0);
            }
            ')' | ']' | '}' if self.levels.len() > 1 => {
                self.levels.pop();
            }
            // The parser balances these two operators, and a comma separates siblings.
            ',' => self.restart(),
            '&' | '|' if rest.starts_with("&&") || rest.starts_with("||") => self.restart(),
            '?' => self.conditionals = self.conditionals.saturating_add(1),
            '.' | '+' | '-' | '*' | '/' | '%' | '!' | '<' | '>' | '=' => self.link(),
            'i' if rest.starts_with("in ") => self.link(),
            _ => {}
        }
        if self.levels.len() > MAX_NESTING.saturating_add(1) || self.conditionals > MAX_NESTING {
            let label = words!("at most {MAX_NESTING} levels of brackets and {MAX_NESTING} `?` are allowed");
            return Err(GuardError::new(Code::GuardBound, place, "this guard is nested too deeply").label(label));
        }
        if self.levels.iter().sum::<usize>() > MAX_CHAIN {
            let label = words!("at most {MAX_CHAIN} operators that depend on each other are allowed");
            return Err(GuardError::new(Code::GuardBound, place, "this guard is nested too deeply").label(label));
        }
        Ok(())
    }

    fn link(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            *level = level.saturating_add(1);
        }
    }

    fn restart(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            *level = 0;
        }
    }
}

/// The length of the string literal, comment, number or word at the start of `rest`, in which nothing nests.
fn literal(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'.').count());
    }
    let word = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let prefix = rest.get(..word).unwrap_or_default();
    let string = rest.get(word..).unwrap_or_default();
    let quote = string.chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(quote) if prefix.chars().all(|c| matches!(c, 'r' | 'R' | 'b' | 'B')) => {
            let raw = prefix.contains(['r', 'R']);
            Some(word.saturating_add(string_len(string, quote, raw)))
        }
        _ if word > 0 && prefix != "in" => Some(word),
        _ => None,
    }
}

/// The length of a string with its quotes; to the end of the guard where the closing quote is missing.
fn string_len(string: &str, quote: char, raw: bool) -> usize {
    let triple: String = [quote; 3].iter().collect();
    let end = if string.starts_with(&triple) { triple } else { quote.to_string() };
    let mut escaped = false;
    for (at, c) in string.char_indices().skip(end.len()) {
        if escaped {
            escaped = false;
        } else if c == '\\' && !raw {
            escaped = true;
        } else if string.get(at..).is_some_and(|rest| rest.starts_with(&end)) {
            return at.saturating_add(end.len());
        }
    }
    string.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_guards_pass() {
        for source in [
            "a.b == 1 && c.d < 2".to_owned(),
            vec!["peer.tenure > 10"; 100].join(" || "),
            format!("peer.actor in [{}]", vec!["\"a\""; 300].join(", ")),
            "x == \"((((((((((((((((((((((((((((((\"".to_owned(),
            "x == r'\\' && y == '\\'((((((((((((((((((((((('".to_owned(),
            "x == '''((((((((((((((((((((((('' '''".to_owned(),
            "1.5 + 2.5".to_owned(),
        ] {
            assert_eq!(scan(&source), Ok(()), "{source}");
        }
    }

    #[test]
    fn deep_guards_are_rejected() {
        for source in [
            "(".repeat(MAX_NESTING + 1),
            "a?b:".repeat(MAX_NESTING + 1),
            vec!["1"; 66].join("+"),
            vec!["a"; 66].join("."),
            "!".repeat(65),
            "a[".repeat(MAX_NESTING + 1),
            format!("a{}", "[0]".repeat(65)),
            vec!["1"; 66].join(" in "),
            "x".repeat(MAX_SOURCE + 1),
            format!("{}{}", "(1+1+1+1+1+1".repeat(12), ")".repeat(12)),
        ] {
            assert_eq!(scan(&source).unwrap_err().code, Code::GuardBound, "{source}");
        }
    }
}
