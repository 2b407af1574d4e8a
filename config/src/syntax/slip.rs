//! The usual slips in YAML that the parser only stops at: texts without quotes, tabs, brackets that are not closed.
//!
//! The parser says where it stopped; this says what to write, where the line shows it.

use crate::report::quote;

/// How to correct the line at which the parser stopped; `at` is the offset, `said` the parser's reason.
pub(super) fn help(text: &str, at: usize, said: &str) -> Option<String> {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let says = |part: &str| said.contains(part);
    if says("tab") {
        return Some(
            "indent with spaces, and put spaces between a key and its value: YAML has no tabs there".to_owned(),
        );
    }
    let rest = text.get(at..).unwrap_or_default().lines().next().unwrap_or_default();
    if says("trailing content after") {
        let value =
            line.get(..at.saturating_sub(start))?.rfind(": ").and_then(|colon| line.get(colon.saturating_add(2)..))?;
        let value = value.trim_end_matches(['}', ']']).trim_end();
        return Some(match value.starts_with('"') {
            true => format!("the text goes on after its closing quote: put all of it in quotes: {}", quoted(value)),
            false => "the text goes on after its closing quote: within `'…'`, write `'` twice".to_owned(),
        });
    }
    if says("quoted scalar") {
        return Some("close the quote; within `'…'`, write `'` twice, and within `\"…\"` write `\\\"`".to_owned());
    }
    if says("unexpected character") || says("did not find expected node content") || says("alphabetic or numeric") {
        return begins(rest);
    }
    let in_brackets = says("flow") || says("misplaced bracket");
    if let Some(value) = in_brackets.then(|| variable(line)).flatten() {
        return Some(format!(
            "a text with `{{` and `}}` needs quotes inside `{{…}}` and `[…]`: write {}",
            quoted(value)
        ));
    }
    let parts = if in_brackets { line.rsplit(['{', '[']).next().unwrap_or(line).split(", ") } else { line.split("\n") };
    if let Some(value) = (in_brackets || says("mapping values are not allowed")).then(|| colon(parts)).flatten() {
        return Some(format!("a text with `: ` needs quotes: write {}", quoted(value)));
    }
    let (bracket, number) =
        if in_brackets || says("illegal placement") || says("eof") { unclosed(before)? } else { return None };
    Some(format!("the `{bracket}` in line {number} is not closed"))
}

/// A text that YAML takes for something else because of its first character.
fn begins(rest: &str) -> Option<String> {
    let first = rest.chars().next().filter(|first| "@`%*&!|>".contains(*first))?;
    let end = rest.find(['\n', ',', ']', '}']).unwrap_or(rest.len());
    let value = rest.get(..end).unwrap_or_default().trim_end();
    Some(format!("a text that begins with {} needs quotes: write {}", quote(&first.to_string()), quoted(value)))
}

/// The text in quotes, in backticks.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) {
        quote(&format!("'{}'", text.replace('\'', "''")))
    } else {
        quote(&format!("\"{text}\""))
    }
}

/// The path with a variable outside of quotes, with the methods before it: `POST /a/{id}`.
fn variable(line: &str) -> Option<&str> {
    let mut within: Option<char> = None;
    let mut found = None;
    for (at, c) in line.char_indices() {
        match within {
            Some(open) if c == open => within = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => within = Some(c),
            None if c == '{' && in_path(line.get(..at).unwrap_or_default()) => {
                found = Some(at);
                break;
            }
            None => {}
        }
    }
    let at = found?;
    let stops = |c: char| c.is_whitespace() || ",[{\"'".contains(c);
    let mut start = line.get(..at)?.rfind(stops).map_or(0, |stop| stop.saturating_add(1));
    let methods = line.get(..start)?.trim_end();
    let word = methods.rfind(|c: char| !(c.is_ascii_uppercase() || c == ',')).map_or(0, |stop| stop.saturating_add(1));
    if methods.get(word..).is_some_and(|word| word.chars().any(|c| c.is_ascii_uppercase())) {
        start = word.saturating_add(
            methods.get(word..)?.len().saturating_sub(methods.get(word..)?.trim_start_matches(',').len()),
        );
    }
    // Up to the bracket that closes more than the text opens.
    let rest = line.get(start..)?;
    let mut depth: usize = 0;
    let end = rest.char_indices().find(|(at, c)| match c {
        '{' => {
            depth = depth.saturating_add(1);
            false
        }
        '}' => {
            let closes = depth == 0;
            depth = depth.saturating_sub(1);
            closes
        }
        ',' | ']' | '"' | '\'' => depth == 0 && rest.get(..*at).is_some_and(|before| before.contains('/')),
        c => c.is_whitespace() && depth == 0 && rest.get(..*at).is_some_and(|before| before.contains('/')),
    });
    rest.get(..end.map_or(rest.len(), |(at, _)| at)).map(|text| text.trim_end_matches(':'))
}

/// Whether a `{` behind this text is within a path or a SPIFFE ID.
fn in_path(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || ",[{\"'".contains(c)).next().unwrap_or_default();
    word.contains('/')
}

/// The value that has a further `: `, in one of these parts of a line.
fn colon<'t>(mut parts: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    parts.find_map(|part| {
        let value = part.split_once(": ")?.1.trim().trim_end_matches(['}', ']']).trim_end();
        value.contains(": ").then_some(value)
    })
}

/// The last bracket that is not closed, and the number of its line.
fn unclosed(before: &str) -> Option<(char, usize)> {
    let mut open = Vec::new();
    for (number, line) in before.lines().enumerate() {
        let (mut within, mut last): (Option<char>, char) = (None, ' ');
        for c in line.chars() {
            match (within, c) {
                (Some(quote), c) if quote == c => within = None,
                (Some(_), _) => {}
                (None, '"' | '\'') if " [{,:".contains(last) => within = Some(c),
                (None, '#') if last.is_whitespace() => break,
                (None, '[' | '{') => open.push((c, number.saturating_add(1))),
                (None, ']' | '}') => drop(open.pop()),
                (None, _) => {}
            }
            last = c;
        }
    }
    open.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_variable_is_found_with_its_methods() {
        for (line, found) in [
            ("  a: {actor: b, requests: POST /a/{id}}", Some("POST /a/{id}")),
            ("  a: {actor: b, requests: [GET,HEAD /a/{id}:cancel, /b]}", Some("GET,HEAD /a/{id}:cancel")),
            ("  a: {requests: [{path: /a/{id}/b/{c}}], actor: b}", Some("/a/{id}/b/{c}")),
            ("  a: {spiffe: [ns/x/pod/{pod}]}", Some("ns/x/pod/{pod}")),
            ("  a: {requests: [\"/a/{id}\", /{b}]}", Some("/{b}")),
            ("  a: {requests: \"POST /a/{id}\", x: y", None),
        ] {
            assert_eq!(variable(line), found, "{line}");
        }
    }

    #[test]
    fn a_value_with_a_colon_is_found() {
        assert_eq!(colon(["  when: peer.x == a: b"].into_iter()), Some("peer.x == a: b"));
        assert_eq!(colon(["actor: b", "when: x ? a: b}"].into_iter()), Some("x ? a: b"));
        assert_eq!(colon(["  actor: b"].into_iter()), None);
    }

    #[test]
    fn a_bracket_that_is_not_closed_is_found() {
        assert_eq!(unclosed("a: [b]\nc: {d: '}', # }\n  e: f\n"), Some(('{', 2)));
        assert_eq!(unclosed("a: POST /a/{id}\nb: \"{\"\n"), None);
    }
}
