//! Whether each workload under an open segment is of one actor only.

use crate::PEOPLE;
use crate::bounds::MAX_OVERLAPS;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::Draft;
use crate::report::{Report, quote};

pub(super) fn check(draft: &Draft, report: &mut Report) {
    let mut left = MAX_OVERLAPS;
    for (number, actor) in draft.actors.iter().enumerate() {
        for (open, span) in &actor.open {
            if PEOPLE && !open.is_in_namespace() {
                let message = words!("the open segment of {} is not within a namespace", quote(&open.to_string()));
                let wide = Diagnostic::new(Code::WideOpen, *span, message).label("workloads of any namespace match");
                report.push(wide.help("begin the ID with `ns/NAMESPACE/`, and open a later segment"));
            }
            for (other, actor) in draft.actors.iter().enumerate().filter(|(other, _)| *other != number) {
                let Some(remaining) = left.checked_sub(actor.spiffe.len().saturating_add(actor.open.len())) else {
                    let message = "too many SPIFFE IDs to compare with open segments";
                    return report.push(Diagnostic::new(Code::TooMany, *span, message));
                };
                left = remaining;
                let covered =
                    actor.spiffe.iter().find(|(id, _)| open.matches(id)).map(|(id, at)| (id.to_string(), *at));
                // Of two patterns, the later one is reported.
                let mut patterns = actor.open.iter().filter(|_| other < number);
                let crossed = patterns.find(|(theirs, _)| open.overlaps(theirs)).map(|(id, at)| (id.to_string(), *at));
                if let Some((id, at)) = covered.or(crossed) {
                    covers(&open.to_string(), *span, (&id, at, actor.name.as_str()), report);
                }
            }
        }
    }
}

fn covers(open: &str, span: Span, (id, at, actor): (&str, Span, &str), report: &mut Report) {
    let message = words!("{} covers an ID of {}", quote(open), quote(actor));
    report.push(
        Diagnostic::new(Code::Duplicate, span, message)
            .label("a workload under an open segment is of one actor only")
            .also(at, quote(id))
            .help("use an open segment that no ID of another actor fits")
            .example(words!("actors:\n  {actor}: {{spiffe: [\"{id}\"]}}")),
    );
}
