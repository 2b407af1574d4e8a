//! The constraints of a document.

use super::names::Names;
use super::{ConstraintDraft, Context, Draft, levels};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::level::Level;
use crate::report::quote;
use crate::schema::Fields;
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
                let example = "constraints:\n  - separate: [one, two]\n  - bind: [one, three]";
                let constraint = Diagnostic::new(Code::BadConstraint, of.head_span(), message).label(label);
                context.report.push(constraint.help("write one constraint for each").example(example));
                continue;
            }
        };
        let advisory = of.flag("advisory").unwrap_or_default();
        // A constraint may be advisory at every level: some cannot be enforced at `signed`.
        if let Some(assurance) = draft.assurance
            && !Level::Signed.within(assurance)
            && !advisory
        {
            let names = field.node.items().iter().filter_map(Node::text).collect::<Vec<_>>().join(", ");
            let rule = words!("constraints:\n  - {{{key}: [{names}]}}");
            let advice = words!("constraints:\n  - {{{key}: [{names}], advisory: true}}");
            let both = (rule.as_str(), advice.as_str());
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
