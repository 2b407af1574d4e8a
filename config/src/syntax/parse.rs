//! From bytes to the tree.

use super::{MAX_INPUT, Node, json, offsets, yaml};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::Report;

/// The tree of `text`; none where it is rejected, with the reason in `report`.
pub(crate) fn parse<'a>(text: &'a [u8], report: &mut Report) -> Option<Node<'a>> {
    trees(text, false, report).pop()
}

/// The trees of all documents of `text`; none where it is rejected, with the reason in `report`.
pub(crate) fn parse_all<'a>(text: &'a [u8], report: &mut Report) -> Vec<Node<'a>> {
    trees(text, true, report)
}

fn trees<'a>(text: &'a [u8], several: bool, report: &mut Report) -> Vec<Node<'a>> {
    let text = match readable(text) {
        Ok(text) => text,
        Err(diagnostic) => {
            report.push(*diagnostic);
            return Vec::new();
        }
    };
    // A proxy passes on a configuration as JSON, on one long line, and the YAML parser would keep all of it as tokens
    // before its first event. A text that is not JSON may still be YAML.
    if text.trim_start().starts_with(['{', '[']) {
        let mut own = Report::new();
        if let Some(tree) = json::parse(text, &mut own) {
            *report = own;
            return tree.into_iter().collect();
        }
    }
    yaml::parse(text, several, report)
}

/// The input as text, if it is UTF-8 without NUL and not too large.
fn readable(text: &[u8]) -> Result<&str, Box<Diagnostic>> {
    let unreadable = |at: Span, message: String| Box::new(Diagnostic::new(Code::Unreadable, at, message));
    if text.len() > MAX_INPUT {
        return Err(unreadable(
            Span::START,
            format!("the input has {} bytes; at most {MAX_INPUT} are allowed", text.len()),
        ));
    }
    let place = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let lines = before.split(|&b| b == b'\n');
        let column = String::from_utf8_lossy(lines.clone().next_back().unwrap_or_default()).chars().count();
        let (at, line) = (offsets::narrow(at), offsets::narrow(lines.count()));
        Span { start: at, end: at, line, column: offsets::narrow(column.saturating_add(1)) }
    };
    let text =
        std::str::from_utf8(text).map_err(|e| unreadable(place(e.valid_up_to()), "the input is not UTF-8".into()))?;
    match text.bytes().position(|b| b == 0) {
        Some(at) => Err(unreadable(place(at), "the input has a NUL character".into())),
        None => Ok(text),
    }
}
