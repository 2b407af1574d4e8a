//! The constraints of a document.

use super::names::Names;
use super::{ConstraintDraft, Context, Draft, levels};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::level::Level;
use crate::proposal;
use crate::report::quote;
use crate::schema::{Field, Fields};
use crate::syntax::Node;
use crate::workflow::Relation;

pub(super) fn read(fields: Fields<'_, '_>, draft: &mut Draft, context: &mut Context<'_>) {
    // A join of several tasks comes after all tasks. Nobody performs it.
    let tasks = draft.tasks.iter().filter(|task| task.sources.is_empty());
    let tasks = Names::of(fields.entries("tasks"), tasks.map(|task| task.name.as_str()));
    for node in fields.items("constraints") {
        let Some(of) = fields.inner("constraints", node) else { continue };
        let (key, relation, field) = match (of.get("separate"), of.get("bind")) {
            (Some(field), None) => ("separate", Relation::Separate, field),
            (None, Some(field)) => ("bind", Relation::Bind, field),
            (both, _) => {
                let message = "a constraint requires exactly one of `separate` and `bind`";
                let label = if both.is_some() { "this one has both" } else { "this one has neither" };
                let constraint = Diagnostic::new(Code::BadConstraint, of.head_span(), message).label(label);
                let example = both.is_some().then(|| one_for_each(of));
                let help = if example.is_some() {
                    "write one constraint for each"
                } else {
                    "name at least two tasks, such as `separate: [one, two]`"
                };
                context.report.push(constraint.help(help).maybe_example(example));
                continue;
            }
        };
        let advisory = of.flag("advisory").unwrap_or_default();
        // A constraint may be advisory at every level: some cannot be enforced at `signed`.
        if let Some(assurance) = draft.assurance
            && !Level::Signed.within(assurance)
            && !advisory
        {
            let names = names(&field);
            let rule = words!("constraints:\n  - {{{key}: [{names}]}}");
            let both = (rule.as_str(), "advisory: true");
            context.report.push(levels::not_enforced((key, Level::Signed), assurance, field.key_span, both));
        }
        let mut named: Vec<(usize, crate::Span)> = Vec::new();
        for node in field.node.items() {
            let Some(name) = node.text() else { continue };
            let Some(task) = tasks.task(name, node.span, "constraint on", &mut context.report) else { continue };
            match named.iter().find(|(known, _)| *known == task) {
                Some((_, first)) => context.report.push(
                    Diagnostic::new(Code::Duplicate, node.span, words!("the task {} appears twice", quote(name)))
                        .label("again here")
                        .also(*first, "first here")
                        .help(match (field.node.items().len(), relation) {
                            (2, Relation::Bind) => {
                                "one task alone cannot be bound: a `bind` with another task holds for every visit of both, so \
                                 name the other task, or remove the constraint"
                            }
                            (2, Relation::Separate) => {
                                "two visits of one task cannot be separated: give the second visit a task of its own, or \
                                 remove the constraint"
                            }
                            _ => "name each task once: remove this one",
                        }),
                ),
                None => named.push((task, node.span)),
            }
        }
        draft.constraints.push(ConstraintDraft { relation, advisory, tasks: named, span: field.key_span });
    }
}

/// The names in a constraint as a document writes them.
fn names(field: &Field<'_, '_>) -> String {
    let names: Vec<String> = field.node.items().iter().filter_map(Node::text).map(proposal::scalar).collect();
    names.join(", ")
}

/// A constraint that is both, as two.
fn one_for_each(of: Fields<'_, '_>) -> String {
    let advisory = if of.flag("advisory").unwrap_or_default() { ", advisory: true" } else { "" };
    let each = ["separate", "bind"].into_iter().filter_map(|key| Some((key, of.get(key)?)));
    let each: String = each.map(|(key, field)| words!("\n  - {{{key}: [{}]{advisory}}}", names(&field))).collect();
    words!("constraints:{each}")
}
