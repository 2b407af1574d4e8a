//! The transitions of a document.

use serde_json::Value;

use super::guards::Guards;
use super::names::Names;
use super::several::{self, Several};
use super::{Context, Draft, TransitionDraft, levels};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::quote;
use crate::schema::Fields;
use crate::sorted::SortedMap;

pub(super) fn read(fields: Fields<'_, '_>, draft: &mut Draft, context: &mut Context<'_>) {
    let tasks = Names::of(fields.entries("tasks"), draft.tasks.iter().map(|task| task.name.as_str()));
    let actors = Names::of(fields.entries("actors"), draft.actors.iter().map(|actor| actor.name.as_str()));
    let mut guards = Guards::new(draft, fields);
    // Of each pair of `from` and `to` the first transition: its place, and its number.
    let mut seen: SortedMap<(usize, usize), (Span, usize)> = SortedMap::new();
    // In a chain, one task is the end of a transition and the beginning of the next: it is reported once.
    let mut unknown = None;
    let mut joins = Several::new();
    draft.transitions.reserve_exact(fields.items("transitions").len());
    for node in fields.items("transitions") {
        let Some(of) = fields.inner("transitions", node) else {
            draft.complete = false;
            continue;
        };
        levels::check(of, draft.assurance, &mut context.report);
        let from = match of.get("from") {
            Some(field) if !field.node.items().is_empty() => several::read(&field, &tasks, &mut joins, draft, context),
            _ => of
                .text_and_span("from")
                .filter(|(_, span)| unknown != Some(*span))
                .and_then(|(name, span)| Some((tasks.task(name, span, "transition from", &mut context.report)?, span))),
        };
        let to = of
            .text_and_span("to")
            .and_then(|(name, span)| Some((tasks.task(name, span, "transition to", &mut context.report)?, span)));
        let via = of
            .text_and_span("via")
            .and_then(|(name, span)| Some((actors.actor(name, span, "transition via", &mut context.report)?, span)));
        let when = guards.read(of, draft.assurance, context);
        let (Some((from, span)), Some((to, to_span))) = (from, to) else {
            unknown = of.text_and_span("to").map(|(_, span)| span).filter(|_| to.is_none());
            draft.complete = false;
            continue;
        };
        let whole = span.to(to_span);
        let next = draft.transitions.len();
        let (first, number) = *seen.entry((from, to)).or_insert((whole, next));
        if number < next {
            let (from, to) = (draft.task_name(from), draft.task_name(to));
            let message = words!("the transition {} appears twice", quote(&words!("{from} -> {to}")));
            let duplicate =
                Diagnostic::new(Code::Duplicate, whole, message).label("again here").also(first, "first here");
            let one = draft.transitions.get(number);
            let before = one.and_then(|one| one.when.as_ref());
            let written = one.map(|one| draft.written_from(one)).unwrap_or_default();
            let example = match (before, &when) {
                (Some(one), Some(two)) => {
                    // A string of JSON is one of YAML.
                    let either = Value::from(words!("({}) || ({})", one.source(), two.source()));
                    words!("- {{from: {written}, to: {to}, when: {either}}}")
                }
                // The one without a guard permits all that the other does.
                _ if written != from => words!("- {{from: {written}, to: {to}}}"),
                _ => words!("- {from} -> {to}"),
            };
            let help = "write one transition for the two: combine their guards with `||`";
            context.report.push(duplicate.help(help).example(example));
            continue;
        }
        let performer = draft.task(from).and_then(|task| task.performer);
        let redundant = via.filter(|(actor, _)| Some(*actor) == performer);
        draft.transitions.push(TransitionDraft {
            from,
            to,
            span: whole,
            to_span,
            via: via.filter(|_| redundant.is_none()),
            via_performer: redundant.map(|(_, span)| span),
            uses: of.u32("uses").unwrap_or(1),
            after: of.duration_and_span("after"),
            within: of.duration_and_span("within"),
            when,
            when_span: of.get("when").map_or(whole, |field| field.node.span),
        });
    }
}
