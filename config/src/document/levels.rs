//! Keys that the level does not enforce, and keys that are marked as advisory.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::schema::{Field, Fields, Format, Key, Level, Need, Value};
use crate::syntax::Kind;
use crate::workflow::Assurance;

/// Reports every key of one object that gates of this `assurance` do not enforce, and every advisory key that
/// they do enforce: readers must be able to rely on a document.
pub(super) fn check(fields: Fields<'_, '_>, assurance: Option<Assurance>, report: &mut Report) {
    let Some(assurance) = assurance else { return };
    for (key, field) in fields.all() {
        // Each constraint is advisory by itself; `constraints` checks them.
        if key.name == "constraints" {
            continue;
        }
        match (key.from.within(assurance), field.advisory) {
            (false, None) if promises(key, &field) => {
                report.push(not_enforced(key.name, key.from, assurance, field.key_span))
            }
            (true, Some(_)) if key.from > Level::Identity => report.push(advisory(key.name, assurance, field.key_span)),
            _ => {}
        }
    }
}

/// Whether the field promises more than its absence would. A duration that is written down is a promise even
/// where it is the default.
fn promises(key: &Key, field: &Field<'_, '_>) -> bool {
    match (key.need, &field.node.kind) {
        (Need::Default(_), _) if matches!(key.value, Value::Text(Format::Duration)) => true,
        (Need::Default(default), Kind::Text(text)) => *text != default,
        (Need::Default(default), Kind::Int(number)) => number.to_string() != default,
        (_, Kind::Broken) => false,
        _ => true,
    }
}

pub(super) fn not_enforced(key: &str, from: Level, assurance: Assurance, span: crate::Span) -> Diagnostic {
    let level = name(assurance);
    let label = match from {
        Level::Once => "enforced from level `once` on, which this release does not support".to_owned(),
        Level::Identity | Level::Signed => words!("enforced from level `{}` on", from.as_str()),
    };
    Diagnostic::new(Code::NotEnforced, span, words!("level `{level}` does not enforce `{key}`")).label(label).help(
        match key {
            "separate" | "bind" => {
                "remove it, or add `advisory: true` to the constraint if it is only for people and audits".to_owned()
            }
            _ => {
                words!("remove it, or write `{key}: {{value: …, advisory: true}}` if it is only for people and audits")
            }
        },
    )
}

pub(super) fn advisory(key: &str, assurance: Assurance, span: crate::Span) -> Diagnostic {
    let level = name(assurance);
    Diagnostic::new(Code::NotAdvisory, span, words!("`{key}` is advisory, but level `{level}` enforces it"))
        .label("the gates enforce this")
        .help("remove `advisory: true`")
}

/// The level's name in documents.
pub(super) fn name(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Identity => "identity",
        Assurance::Signed => "signed",
    }
}
