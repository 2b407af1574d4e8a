//! How an instance moves.

use std::collections::{BTreeMap, BTreeSet};

use super::guards::Guards;
use super::tasks::unknown_actor;
use super::{Context, Draft, TransitionDraft, levels};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::report::{Report, quote};
use crate::schema::Fields;
use crate::syntax::Entry;

pub(super) fn read(fields: Fields<'_, '_>, draft: &mut Draft, context: &mut Context<'_>) {
    let tasks = Names::of(fields.entries("tasks"), draft.tasks.iter().map(|task| task.name.as_str()));
    let actors = Names::of(fields.entries("actors"), draft.actors.iter().map(|actor| actor.name.as_str()));
    let mut guards = Guards::new(draft);
    let mut seen: BTreeMap<(usize, usize), Span> = BTreeMap::new();
    for node in fields.items("transitions") {
        let Some(of) = fields.inner("transitions", node) else {
            draft.complete = false;
            continue;
        };
        levels::check(of, draft.assurance, &mut context.report);
        let from = tasks.end(of, "from", &mut context.report);
        let to = tasks.end(of, "to", &mut context.report);
        let via = actors.via(of, &mut context.report);
        let when = guards.read(of, draft.assurance, context);
        let (Some((from, span)), Some((to, to_span))) = (from, to) else {
            draft.complete = false;
            continue;
        };
        let whole = span.to(to_span);
        if let Some(first) = seen.insert((from, to), whole) {
            let (from, to) = (draft.task_name(from), draft.task_name(to));
            let twice = Diagnostic::new(
                Code::Duplicate,
                whole,
                format!("the transition {} stands twice", quote(&format!("{from} -> {to}"))),
            );
            context.report.push(
                twice
                    .label("again here")
                    .also(first, "first here")
                    .help("one transition for each pair of tasks: join their guards with `||`"),
            );
            continue;
        }
        let performer = draft.task(from).and_then(|task| task.performer);
        let redundant = via.filter(|(actor, _)| Some(*actor) == performer);
        if let Some((_, span)) = redundant {
            let message = format!("`via` changes nothing: this actor performs {}", quote(draft.task_name(from)));
            context.report.push(Diagnostic::new(Code::NoEffect, span, message).label("leave it out"));
        }
        draft.transitions.push(TransitionDraft {
            from,
            to,
            span: whole,
            to_span,
            via: via.filter(|_| redundant.is_none()),
            uses: of.u32("uses").unwrap_or(1),
            when,
        });
    }
}

/// The names of tasks or actors, as they were written and as they were understood.
pub(super) struct Names<'t, 'a> {
    written: &'t [Entry<'a>],
    /// Those that were written, to be found.
    all: BTreeSet<&'t str>,
    known: BTreeMap<String, usize>,
}

impl<'t, 'a> Names<'t, 'a> {
    pub(super) fn of<'n>(written: &'t [Entry<'a>], known: impl Iterator<Item = &'n str>) -> Self {
        let all = written.iter().map(|entry| &*entry.key).collect();
        Self { written, all, known: known.enumerate().map(|(index, name)| (name.to_owned(), index)).collect() }
    }

    /// The task at `from` or `to`.
    fn end(&self, of: Fields<'_, '_>, key: &str, report: &mut Report) -> Option<(usize, Span)> {
        let (name, span) = of.text_and_span(key)?;
        let task = self.task(name, span, if key == "from" { "transition from" } else { "transition to" }, report)?;
        // Where to point for the whole of a transition: from the key of the first to the name of the last.
        Some((task, span))
    }

    /// The task called `name`; where there is none, that is reported.
    pub(super) fn task(&self, name: &str, span: Span, what: &str, report: &mut Report) -> Option<usize> {
        let known = self.known.get(name).copied();
        if known.is_none() && !self.all.contains(name) {
            let help = report.did_you_mean_at(name, self.written.iter().map(|entry| (&*entry.key, entry.key_span)));
            let message = format!("{what} unknown task {}", quote(name));
            report.push(
                Diagnostic::new(Code::UnknownTask, span, message).label("no task has this name").maybe_help(help),
            );
        }
        known
    }

    /// The actor that `via` names.
    fn via(&self, of: Fields<'_, '_>, report: &mut Report) -> Option<(usize, Span)> {
        let (name, span) = of.text_and_span("via")?;
        let known = self.known.get(name).copied();
        if known.is_none() {
            let names: Vec<&Entry<'_>> = self.written.iter().collect();
            unknown_actor("transition via", name, span, &names, report);
        }
        known.map(|actor| (actor, span))
    }
}
