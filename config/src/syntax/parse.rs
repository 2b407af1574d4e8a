//! From bytes to the tree.

use super::{MAX_INPUT, Node, json, narrow};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::Report;

/// The tree of `text`; none where it is rejected, with the reason in `report`.
pub(crate) fn parse<'a>(text: &'a [u8], report: &mut Report) -> Option<Node<'a>> {
    trees(text, false, report).pop()
}

/// The trees of all documents of `text`; none where it is rejected, with the reason in `report`.
#[cfg(feature = "people")]
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
    let mut place = Span::START;
    // The YAML parser would keep a JSON text of one long line as tokens before its first event.
    if text.trim_start().starts_with(['{', '[']) {
        let mut own = Report::new();
        match json::parse(text, &mut own) {
            Ok(tree) => {
                *report = own;
                return tree.into_iter().collect();
            }
            Err(at) => place = at,
        }
    }
    other(text, several, place, report)
}

/// The trees of a text that is not JSON.
#[cfg(feature = "people")]
fn other<'a>(text: &'a str, several: bool, _: Span, report: &mut Report) -> Vec<Node<'a>> {
    super::yaml::parse(text, several, report)
}

#[cfg(not(feature = "people"))]
fn other<'a>(_: &'a str, _: bool, place: Span, report: &mut Report) -> Vec<Node<'a>> {
    report.push(Diagnostic::new(Code::Syntax, place, ""));
    Vec::new()
}

/// The input as text, if it is UTF-8 without NUL and not too large.
fn readable(text: &[u8]) -> Result<&str, Box<Diagnostic>> {
    let unreadable = |at: Span, message: String| Box::new(Diagnostic::new(Code::Unreadable, at, message));
    if text.len() > MAX_INPUT {
        return Err(unreadable(
            Span::START,
            words!("the input has {} bytes; at most {MAX_INPUT} are allowed", text.len()),
        ));
    }
    let place = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let lines = before.split(|&b| b == b'\n');
        let column = String::from_utf8_lossy(lines.clone().next_back().unwrap_or_default()).chars().count();
        let (at, line) = (narrow(at), narrow(lines.count()));
        Span { start: at, end: at, line, column: narrow(column.saturating_add(1)) }
    };
    let text =
        std::str::from_utf8(text).map_err(|e| unreadable(place(e.valid_up_to()), "the input is not UTF-8".into()))?;
    match text.bytes().position(|b| b == 0) {
        Some(at) => Err(unreadable(place(at), "the input has a NUL character".into())),
        None => Ok(text),
    }
}
