//! Revocations.

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Context, Document};
use crate::gate::{KeySpec, Revoked};
use crate::name::{Kid, WorkflowName};
use crate::report::quote;
use crate::schema::Fields;
use crate::syntax::Node;

pub(super) fn read(
    fields: Fields<'_, '_>,
    documents: &[Document],
    keys: &[(KeySpec, crate::Span)],
    context: &mut Context<'_>,
) -> Revoked {
    let Some(inner) = fields.get("revoked").and_then(|field| fields.inner("revoked", field.node)) else {
        return Revoked::default();
    };
    // A mistyped name would revoke nothing, in an emergency.
    let mut check_known = |node: &Node<'_>, known: Vec<&str>, noun: &str| {
        if let Some(name) = node.text().filter(|name| PEOPLE && !known.contains(name)) {
            let help = context.report.did_you_mean(name, known);
            let message = words!("revocation of unknown {noun} {}", quote(name));
            let unknown = Diagnostic::new(Code::RevokesNothing, node.span, message).label("this revokes nothing");
            context.report.push(unknown.maybe_help(help));
        }
    };
    for node in inner.items("kids") {
        check_known(node, keys.iter().map(|(key, _)| key.kid.as_str()).collect(), "key");
    }
    for node in inner.items("workflows") {
        let known = documents.iter().filter_map(|document| document.draft.name.as_ref()).map(WorkflowName::as_str);
        check_known(node, known.collect(), "workflow");
    }
    let workflows = inner.items("workflows").iter();
    Revoked {
        instances: inner.items("instances").iter().filter_map(Node::text).map(str::to_owned).collect(),
        kids: inner.items("kids").iter().filter_map(|node| Kid::try_from(node.text()?).ok()).collect(),
        workflows: workflows.filter_map(|node| WorkflowName::try_from(node.text()?).ok()).collect(),
    }
}
