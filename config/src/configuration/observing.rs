//! A gate that blocks nothing: it only observes.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Context, Document};
use crate::report::listed;
use crate::schema::Fields;
use crate::workflow::Mode;

/// Most workflows that a message names.
const SHOWN: usize = 8;

/// Warns of a gate with `mode: observe`, and says which of its workflows it enforces all the same. Only for people.
pub(super) fn check(fields: Fields<'_, '_>, documents: &[Document], context: &mut Context<'_>) {
    if fields.text("mode") != Some("observe") {
        return;
    }
    let span = fields.get("mode").map_or(Span::START, |field| field.key_span);
    let drafts = || documents.iter().map(|document| &document.draft);
    let enforced = drafts().filter(|draft| draft.mode == Some(Mode::Enforce)).filter_map(|draft| draft.name.as_ref());
    let enforced = listed(enforced.map(|name| name.as_str()), SHOWN, "and");
    let (message, label) = match enforced.is_empty() {
        true => (
            "this gate only observes: it rejects no request".to_owned(),
            "each request that it denies passes all the same",
        ),
        false => (
            words!("this gate only observes, but for {enforced}"),
            "of other requests, each that it denies passes all the same",
        ),
    };
    let observes = Diagnostic::new(Code::Observes, span, message).label(label);
    context.report.push(observes.help("read what it would deny (docs/observe.md), and then write `mode: enforce`"));
}
