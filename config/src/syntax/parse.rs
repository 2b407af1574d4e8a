//! From bytes to the tree.

use super::{MAX_INPUT, Node, json, offsets, yaml};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::Report;

/// The tree of `text`; none where there is no sense to be made of it, which `report` then says.
pub(crate) fn parse<'a>(text: &'a [u8], report: &mut Report) -> Option<Node<'a>> {
    let text = match readable(text) {
        Ok(text) => text,
        Err(diagnostic) => {
            report.push(*diagnostic);
            return None;
        }
    };
    // JSON is a part of YAML, and what a proxy hands on is JSON, on one long line: the YAML parser
    // would hold all of it as tokens before its first event. What is not quite JSON may still be YAML.
    if text.trim_start().starts_with(['{', '[']) {
        let mut own = Report::new();
        if let Some(tree) = json::parse(text, &mut own) {
            *report = own;
            return tree;
        }
    }
    yaml::parse(text, report)
}

/// The text, if it is one and within bounds.
fn readable(text: &[u8]) -> Result<&str, Box<Diagnostic>> {
    let fail = |at: Span, message: String| Box::new(Diagnostic::new(Code::Unreadable, at, message));
    if text.len() > MAX_INPUT {
        return Err(fail(Span::START, format!("the input has {} bytes; at most {MAX_INPUT} are read", text.len())));
    }
    let place = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let lines = before.split(|&b| b == b'\n');
        let column = String::from_utf8_lossy(lines.clone().next_back().unwrap_or_default()).chars().count();
        let (at, line) = (offsets::narrow(at), offsets::narrow(lines.count()));
        Span { start: at, end: at, line, column: offsets::narrow(column.saturating_add(1)) }
    };
    let text = std::str::from_utf8(text).map_err(|e| fail(place(e.valid_up_to()), "the input is not UTF-8".into()))?;
    match text.bytes().position(|b| b == 0) {
        Some(at) => Err(fail(place(at), "the input has a NUL character".into())),
        None => Ok(text),
    }
}
