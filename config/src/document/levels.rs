//! Keys that the level does not enforce, and what is marked as advisory.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::schema::{Field, Fields, Format, Key, Level, Need, Value};
use crate::syntax::Kind;
use crate::workflow::Assurance;

/// Reports every key of one object that claims more than `assurance` keeps, and every advisory one
/// that the gates do enforce: a reader must be able to trust what a document says.
pub(super) fn check(fields: Fields<'_, '_>, assurance: Option<Assurance>, report: &mut Report) {
    let Some(assurance) = assurance else { return };
    for (key, given) in fields.all() {
        // Constraints are advisory one by one: their own reader looks.
        if key.name == "constraints" {
            continue;
        }
        match (key.from.within(assurance), given.advisory) {
            (false, None) if claims(key, &given) => {
                report.push(not_enforced(key.name, key.from, assurance, given.key_span))
            }
            (true, Some(_)) if key.from > Level::Identity => report.push(advisory(key.name, assurance, given.key_span)),
            _ => {}
        }
    }
}

/// Whether what is given says more than the key's absence would. A life that is given is a promise
/// even where it is the usual one.
fn claims(key: &Key, given: &Field<'_, '_>) -> bool {
    match (key.need, &given.node.kind) {
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
        Level::Once => "enforced from `once` on, which this release does not have".to_owned(),
        Level::Identity | Level::Signed => format!("enforced from `{}` on", from.as_str()),
    };
    Diagnostic::new(Code::NotEnforced, span, format!("`{level}` does not enforce `{key}`")).label(label).help(match key
    {
        "separate" | "bind" => {
            "if it is for people and the audit only, add `advisory: true` to the constraint".to_owned()
        }
        _ => format!("if it is for people and the audit only, write `{key}: {{value: …, advisory: true}}`"),
    })
}

pub(super) fn advisory(key: &str, assurance: Assurance, span: crate::Span) -> Diagnostic {
    let level = name(assurance);
    Diagnostic::new(Code::NotAdvisory, span, format!("`{key}` is advisory, but `{level}` enforces it"))
        .label("the gates will hold this")
        .help("leave out `advisory: true`")
}

/// The level's name in documents.
pub(super) fn name(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Identity => "identity",
        Assurance::Signed => "signed",
    }
}
