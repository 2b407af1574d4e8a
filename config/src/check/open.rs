//! Whether each workload under an open segment is of one actor only.

use crate::PEOPLE;
use crate::bounds::MAX_OVERLAPS;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{ActorDraft, Draft};
use crate::open_id::OpenId;
use crate::proposal;
use crate::report::{Report, listed, quote};

/// Most actors that a message names.
const SHOWN: usize = 4;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    let mut left = MAX_OVERLAPS;
    for (number, actor) in draft.actors.iter().enumerate() {
        for (open, span) in &actor.open {
            if PEOPLE && !open.is_in_namespace() {
                let message = words!("the open segment of {} is not within a namespace", quote(&open.to_string()));
                let wide = Diagnostic::new(Code::WideOpen, *span, message).label("workloads of any namespace match");
                report.push(wide.help("begin the ID with `ns/NAMESPACE/`, and open a later segment"));
            }
            let mut covered = Vec::new();
            for (other, actor) in draft.actors.iter().enumerate().filter(|(other, _)| *other != number) {
                let Some(remaining) = left.checked_sub(actor.spiffe.len().saturating_add(actor.open.len())) else {
                    let message = "too many SPIFFE IDs to compare with open segments";
                    return report.push(Diagnostic::new(Code::TooMany, *span, message));
                };
                left = remaining;
                let id = actor.spiffe.iter().find(|(id, _)| open.matches(id)).map(|(_, at)| *at);
                // Of two patterns, the later one is reported.
                let mut patterns = actor.open.iter().filter(|_| other < number);
                let pattern = || patterns.find(|(theirs, _)| open.overlaps(theirs)).map(|(_, at)| *at);
                covered.extend(id.or_else(pattern).map(|at| (other, at)));
            }
            if !covered.is_empty() {
                covers(draft, (open, *span, actor), &covered, report);
            }
        }
    }
}

/// `covered` has an ID of each other actor.
fn covers(
    draft: &Draft,
    (open, span, actor): (&OpenId, Span, &ActorDraft),
    covered: &[(usize, Span)],
    report: &mut Report,
) {
    let actors = listed(covered.iter().map(|(other, _)| draft.actor_name(*other)), SHOWN, "and");
    let ids = if covered.len() == 1 { "an ID" } else { "IDs" };
    let message = words!("{} covers {ids} of {actors}", quote(&open.to_string()));
    let mut found = Diagnostic::new(Code::Duplicate, span, message)
        .label("a workload under an open segment is of one actor only")
        .help(words!("give the workloads of {} a segment that no ID of another actor has", quote(actor.name.as_str())))
        .example(elsewhere(actor, open));
    for (other, at) in covered.iter().take(SHOWN) {
        found = found.also(*at, words!("an ID of {}", quote(draft.actor_name(*other))));
    }
    report.push(found);
}

/// The actor with an open segment elsewhere in place of this one.
fn elsewhere(actor: &ActorDraft, open: &OpenId) -> String {
    if !PEOPLE {
        return String::new();
    }
    let name = actor.name.as_str();
    let others = actor.open.iter().map(|(other, _)| match other == open {
        true => proposal::open(actor, other, &proposal::own_segment(other, name)),
        false => proposal::open(actor, other, &other.to_string()),
    });
    let all: Vec<String> = others.chain(actor.spiffe.iter().map(|(id, _)| proposal::id(actor, id))).collect();
    words!("actors:\n  {}: {{spiffe: [{}]}}", proposal::scalar(name), all.join(", "))
}
