//! Parts of guards that are valid and seldom meant: an order of texts that are numbers, and a pattern that matches any part of a
//! text.

use std::collections::BTreeSet;

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TransitionDraft};
use crate::guard::{Comparison, Condition, Entry, Scalar};
use crate::report::{Report, listed, quote};

/// Most attributes that a message names.
const SHOWN: usize = 4;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    // An attribute may be read by a guard with errors.
    if !PEOPLE || report.errors() > 0 {
        return;
    }
    let mut read = BTreeSet::new();
    for transition in &draft.transitions {
        let Some(guard) = &transition.when else { continue };
        let mut open = vec![guard.condition()];
        while let Some(part) = open.pop() {
            open.extend(part.parts());
            report_part(part, transition, report);
            if let Condition::Entry(Entry::Attribute, name) | Condition::Has(Entry::Attribute, name) = part {
                read.insert(name.to_string());
            }
        }
    }
    let performers = draft.tasks.iter().filter_map(|task| task.performer);
    let active: BTreeSet<usize> = performers.chain(draft.transitions.iter().filter_map(|t| draft.caller(t))).collect();
    // One that takes no part has a warning of its own.
    for (_, actor) in draft.actors.iter().enumerate().filter(|(number, _)| active.contains(number)) {
        let own = actor.own.values().chain(actor.own_open.values()).chain([&actor.attributes]);
        let unread: BTreeSet<&str> =
            own.flat_map(|own| own.keys().map(String::as_str)).filter(|name| !read.contains(*name)).collect();
        if !unread.is_empty() {
            let unread = listed(unread, SHOWN, "and");
            let message = words!("no guard reads {unread} of {}", quote(actor.name.as_str()));
            let idle = Diagnostic::new(Code::NoEffect, actor.span, message).label("it has no effect");
            report.push(
                idle.help("add a guard such as `when: 'peer.NAME == …'` to a transition, or remove the attribute"),
            );
        }
    }
}

fn report_part(part: &Condition, transition: &TransitionDraft, report: &mut Report) {
    if let Condition::Compare(comparison, sides) = part
        && !matches!(comparison, Comparison::Equal | Comparison::NotEqual)
        && let Some(number) = sides.iter().find_map(number_in_text)
    {
        let message = "this guard compares texts by their order: as texts, \"9\" is more than \"10\"";
        let order = Diagnostic::new(Code::TextOrder, transition.when_span, message).label("character by character");
        report.push(
            order.help(words!("compare numbers: `int(…)` or `double(…)` of the value, beside {number} without quotes")),
        );
    }
    if let Condition::Matches(_, pattern) = part
        && !pattern.is_anchored()
    {
        let message = words!("the pattern {} matches any part of the text", quote(pattern.as_str()));
        let part = Diagnostic::new(Code::MatchesPart, transition.when_span, message);
        report.push(part.label("write `^` before it and `$` after it, if all of the text is meant"));
    }
}

/// A literal text that is a number.
fn number_in_text(part: &Condition) -> Option<String> {
    let Condition::Literal(Scalar::Text(text)) = part else { return None };
    let is_number = text.parse::<f64>().is_ok() && text.contains(|c: char| c.is_ascii_digit());
    is_number.then(|| quote(text))
}
