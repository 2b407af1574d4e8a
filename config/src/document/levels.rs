//! Keys that the level does not enforce, and keys that are marked as advisory.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::level::Level;
use crate::report::{Report, quote};
use crate::schema::{Field, Fields, Format, Key, Need, Value};
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
        let any_level = key.only.is_some_and(|only| field.node.text() != Some(only));
        match (key.from.within(assurance), field.advisory) {
            (_, None) if any_level => {}
            (_, Some(_)) if any_level => report.push(no_advice(key, &field)),
            (false, None) if promises(key, &field) => {
                let value = match &field.node.kind {
                    Kind::Text(text) => text.to_string(),
                    Kind::Int(number) => number.to_string(),
                    Kind::Null | Kind::Bool(_) | Kind::Float(_) | Kind::List(_) | Kind::Map(_) | Kind::Broken => {
                        "…".into()
                    }
                };
                let advice = words!("{}: {{value: {value}, advisory: true}}", key.name);
                let rule = words!("{}: {value}", key.name);
                report.push(not_enforced((key.name, key.from), assurance, field.key_span, (&rule, &advice)));
            }
            (true, Some(_)) if key.from > Level::Identity => report.push(advisory(key.name, assurance, field.key_span)),
            _ => {}
        }
    }
}

/// A value that no gate has to enforce, marked as advisory.
fn no_advice(key: &Key, field: &Field<'_, '_>) -> Diagnostic {
    let written = words!("{}: {}", key.name, field.node.text().unwrap_or_default());
    Diagnostic::new(Code::NotAdvisory, field.key_span, words!("`{written}` cannot be advisory"))
        .label(words!("only `{}` can: the other values restrict nothing", key.only.unwrap_or_default()))
        .help(words!("write `{written}`"))
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

/// A key that gates of this `assurance` do not enforce, as the rule that it is written as, and as advice.
pub(super) fn not_enforced(
    (key, from): (&str, Level),
    assurance: Assurance,
    span: crate::Span,
    (rule, advice): (&str, &str),
) -> Diagnostic {
    let level = assurance.as_str();
    let lowest = from.as_str();
    let label = words!("enforced from level `{lowest}` on");
    let help = match from {
        Level::Once | Level::Ledger => words!(
            "use level `once`, with a gate on the outbound side of each caller; or let the application that acts check which \
             way was taken, and write `{key}: any`, or the choice as advice, which no gate enforces: {}",
            quote(advice)
        ),
        Level::Identity | Level::Signed => words!(
            "use level `{lowest}`, or write it as advice for people and audits, which no gate enforces: {}",
            quote(advice)
        ),
    };
    let what = if from == Level::Once { rule } else { key };
    let message = words!("level `{level}` does not enforce `{what}`");
    Diagnostic::new(Code::NotEnforced, span, message)
        .label(label)
        .help(help)
        .example(words!("assurance: {lowest}\n{rule}"))
}

pub(super) fn advisory(key: &str, assurance: Assurance, span: crate::Span) -> Diagnostic {
    let level = assurance.as_str();
    Diagnostic::new(Code::NotAdvisory, span, words!("`{key}` is advisory, but level `{level}` enforces it"))
        .label("the gates enforce this")
        .help("remove `advisory: true`")
}
