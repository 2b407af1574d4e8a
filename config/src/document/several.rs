//! Transitions from several tasks. For one such transition these tasks are a join: it leaves the join, as it would leave a task
//! with `join: all`, but no request enters it. Transitions from the same tasks leave the same join.

use super::names::Names;
use super::{Context, Draft, TaskDraft};
use crate::bounds::MAX_JOINS;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::level::Level;
use crate::name::TaskName;
use crate::report::quote;
use crate::schema::Field;
use crate::workflow::JoinKind;

/// The joins of several tasks, as tasks of the draft.
pub(super) type Several = Vec<usize>;

/// The join of the tasks in this list, and its place. None: a task is unknown or named twice, which is reported.
pub(super) fn read(
    field: &Field<'_, '_>,
    tasks: &Names<'_, '_>,
    several: &mut Several,
    draft: &mut Draft,
    context: &mut Context<'_>,
) -> Option<(usize, Span)> {
    let span = field.node.span;
    // By their names.
    let mut named: Vec<(usize, Span)> = Vec::new();
    let mut valid = true;
    for node in field.node.items() {
        let task = |name| tasks.task(name, node.span, "transition from", &mut context.report);
        let found = node.text().and_then(task);
        let Some(index) = found else {
            valid = false;
            continue;
        };
        if let Some((_, first)) = named.iter().find(|(known, _)| *known == index) {
            let message = words!("the task {} appears twice", quote(draft.task_name(index)));
            let twice =
                Diagnostic::new(Code::Duplicate, node.span, message).label("again here").also(*first, "first here");
            context.report.push(twice.help("name each task once: the request shows one token of each"));
            valid = false;
        } else {
            let name = draft.task_name(index);
            let place = named.partition_point(|(before, _)| draft.task_name(*before) < name);
            named.insert(place, (index, node.span));
        }
    }
    if !valid || named.len() < 2 {
        return None;
    }
    if let Some(assurance) = draft.assurance.filter(|assurance| !Level::Signed.within(*assurance)) {
        let message = words!("level `{}` has no transition from several tasks", assurance.as_str());
        let plain = Diagnostic::new(Code::NotEnforced, span, message).label("a plain step proves nothing of another");
        context.report.push(plain.help("use level `signed`").example("assurance: signed"));
    }
    let sources: Vec<usize> = named.iter().map(|(index, _)| *index).collect();
    if let Some(known) = several.iter().find(|join| draft.task(**join).is_some_and(|join| join.sources == sources)) {
        return Some((*known, span));
    }
    if several.len() == MAX_JOINS {
        let many = words!("more than {MAX_JOINS} lists of tasks at `from`");
        context.report.push(Diagnostic::new(Code::TooMany, span, many));
        return None;
    }
    let index = draft.tasks.len();
    let name = TaskName::of_several(sources.iter().filter_map(|source| draft.task(*source)).map(|task| &task.name));
    draft.tasks.push(join(draft, name, span, &sources));
    several.push(index);
    Some((index, span))
}

fn join(draft: &Draft, name: TaskName, span: Span, sources: &[usize]) -> TaskDraft {
    let of = || sources.iter().filter_map(|source| draft.task(*source));
    let mut splits = of().map(|task| task.split.map(|(split, _)| split));
    let split = splits.next().flatten().filter(|first| splits.all(|other| other == Some(*first)));
    TaskDraft {
        name,
        span,
        performer: draft.common_performer(sources),
        requests: Vec::new(),
        requests_span: None,
        initial: false,
        join: JoinKind::All,
        join_span: Some(span),
        split: split.map(|split| (split, span)),
        upgrade: Default::default(),
        max_visits: None,
        // Its evidence ends with the shortest-lived token.
        ttl: of().filter_map(|task| draft.ttl(task)).min().map(|ttl| (ttl, span)),
        sources: sources.to_vec(),
    }
}

impl Draft {
    /// The actor that sends the first of the requests that leave this task.
    pub(super) fn first_caller(&self, task: usize) -> Option<usize> {
        self.transitions.iter().find(|transition| transition.from == task).and_then(|first| self.caller(first))
    }

    /// The actor that performs all of these tasks, if one does.
    pub(super) fn common_performer(&self, tasks: &[usize]) -> Option<usize> {
        let mut performers = tasks.iter().map(|task| self.task(*task)?.performer);
        performers.next().flatten().filter(|first| performers.all(|other| other == Some(*first)))
    }
}
