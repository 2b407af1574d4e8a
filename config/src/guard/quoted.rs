//! String literals (CEL, "String and Bytes Values").

/// A literal in quotes.
#[derive(Debug, PartialEq)]
pub(super) enum Quoted {
    Text(String),
    /// Guards have no bytes: their value is not read.
    Bytes,
}

/// The literal at the start of `rest`, and its length; none if there is none. In an error, the length of the text that is
/// wrong.
pub(super) fn read(rest: &str) -> Option<Result<(Quoted, usize), (String, usize)>> {
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (prefix, quoted) = rest.split_at_checked(letters)?;
    let (bytes, raw) = match prefix {
        "" => (false, false),
        "r" | "R" => (false, true),
        "b" | "B" => (true, false),
        "br" | "bR" | "Br" | "BR" => (true, true),
        _ => return None,
    };
    let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let triple = quoted.chars().take(3).all(|c| c == quote) && quoted.len() >= 3;
    let marks = if triple { 3 } else { 1 };
    let Some(length) = length(quoted, quote, marks, raw) else {
        return Some(Err(("this string has no closing quote".to_owned(), letters.saturating_add(1))));
    };
    let end = length.checked_sub(marks)?;
    let inner = quoted.get(marks..end)?;
    let whole = letters.saturating_add(length);
    if bytes {
        return Some(Ok((Quoted::Bytes, whole)));
    }
    let text = if raw { Some(inner.to_owned()) } else { unescaped(inner) };
    Some(text.map(|text| (Quoted::Text(text), whole)).ok_or(("this string has an unknown escape".to_owned(), whole)))
}

/// The length of a literal with its quotes; none if it does not end. Only one in three quotes has line breaks.
fn length(quoted: &str, quote: char, marks: usize, raw: bool) -> Option<usize> {
    let end = quoted.get(..marks)?;
    let mut escaped = false;
    for (at, c) in quoted.char_indices().skip(marks) {
        if escaped {
            escaped = false;
        } else if c == '\\' && !raw {
            escaped = true;
        } else if c == quote && quoted.get(at..)?.starts_with(end) {
            return Some(at.saturating_add(marks));
        }
        if marks == 1 && matches!(c, '\n' | '\r') {
            return None;
        }
    }
    None
}

/// The text with its escapes decoded; none if one is unknown.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let kind = after.chars().next()?;
        let (radix, skipped, digits) = match kind {
            'x' | 'X' => (16, 1, 2),
            'u' => (16, 1, 4),
            'U' => (16, 1, 8),
            '0'..='3' => (8, 0, 3),
            _ => {
                out.push(named(kind)?);
                rest = after.get(kind.len_utf8()..)?;
                continue;
            }
        };
        let (number, left) = after.get(skipped..)?.split_at_checked(digits)?;
        let plain = number.chars().all(|c| c.is_digit(radix));
        out.push(u32::from_str_radix(number, radix).ok().filter(|_| plain).and_then(char::from_u32)?);
        rest = left;
    }
    out.push_str(rest);
    Some(out)
}

/// The character of an escape of one letter.
fn named(letter: char) -> Option<char> {
    Some(match letter {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '?' | '"' | '\'' | '`' => letter,
        _ => return None,
    })
}
