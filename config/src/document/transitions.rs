//! The transitions of a document.

use super::guards::Guards;
use super::names::Names;
use super::several::{self, Several};
use super::{Context, Draft, TransitionDraft, levels};
use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::guard::Guard;
use crate::proposal;
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
        let performer = draft.task(from).and_then(|task| task.performer);
        let redundant = via.filter(|(actor, _)| Some(*actor) == performer);
        let transition = TransitionDraft {
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
        };
        match draft.transitions.get(number) {
            Some(earlier) => {
                let twice = twice(draft, (earlier, first), (&transition, whole));
                context.report.push(twice);
            }
            None => draft.transitions.push(transition),
        }
    }
}

/// A transition that is there twice. Only the author knows which is meant where they differ in more than their guards.
fn twice(
    draft: &Draft,
    (earlier, first): (&TransitionDraft, Span),
    (later, again): (&TransitionDraft, Span),
) -> Diagnostic {
    let (from, to) = (draft.task_name(later.from), draft.task_name(later.to));
    let message = words!("the transition {} appears twice", quote(&words!("{from} -> {to}")));
    let duplicate = Diagnostic::new(Code::Duplicate, again, message).label("again here").also(first, "first here");
    let times = |of: &TransitionDraft| (of.after.map(|(after, _)| after), of.within.map(|(within, _)| within));
    let actor = |of: &TransitionDraft| of.via.map(|(actor, _)| actor);
    let differ = (actor(earlier), earlier.uses, times(earlier)) != (actor(later), later.uses, times(later));
    let guards = [earlier, later].map(|one| one.when.as_ref().map(Guard::source));
    let (help, when) = match guards {
        _ if differ => return duplicate.help("remove one: they differ in more than their guards"),
        [Some(one), Some(two)] if one != two => {
            ("write one transition for the two: combine their guards with `||`", Some(words!("({one}) || ({two})")))
        }
        [None, Some(guard)] | [Some(guard), None] => (
            "write one transition for the two: without a guard, each request would be permitted that the other's guard denies",
            Some(guard.to_owned()),
        ),
        [guard, _] => ("write one transition for the two", guard.map(str::to_owned)),
    };
    if !PEOPLE {
        return duplicate;
    }
    let via = actor(later).map(|actor| draft.actor_name(actor));
    let one = proposal::guarded(later, (&proposal::from(draft, later), to), via, when);
    duplicate.help(help).example(words!("- {one}"))
}
