//! Requests to others that belong to no workflow and may leave.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Context, Document, request};
use crate::report::quote;
use crate::schema::Fields;
use crate::sorted::SortedMap;
use crate::spiffe::SpiffeId;
use crate::workflow::{Assurance, RequestPattern, Workflow};

pub(super) fn read(fields: Fields<'_, '_>, documents: &[Document], context: &mut Context<'_>) -> Vec<RequestPattern> {
    let outbound = fields.get("direction").filter(|_| fields.text("direction") == Some("outbound"));
    let asked = outbound.or(fields.get("egress")).map(|field| field.key_span);
    let once = documents.iter().map(|document| &document.draft).find(|draft| draft.assurance == Some(Assurance::Once));
    let once = once.filter(|_| fields.text("direction") != Some("inbound")).map(|draft| draft.span);
    if let Some(span) = asked.or(once).filter(|_| fields.get("self").is_none()) {
        let label = if asked.is_some() {
            "an outbound gate does not know for whom it stands"
        } else {
            "level `once` has a gate on both sides, and the outbound one does not know for whom it stands"
        };
        let missing = Diagnostic::new(Code::MissingKey, span, "an outbound gate requires `self`").label(label);
        context.report.push(
            missing.help("add the SPIFFE ID of the workload, such as `self: spiffe://cluster.local/ns/shop/sa/desk`"),
        );
    }
    let inner = fields.items("egress").iter().filter_map(|node| fields.inner("egress", node));
    inner.filter_map(|egress| self::egress(egress, context)).collect()
}

/// Warns of receivers that an outbound gate of this workload cannot find.
pub(super) fn check_hosts(
    fields: Fields<'_, '_>,
    documents: &[Document],
    own: Option<&SpiffeId>,
    context: &mut Context<'_>,
) {
    let Some(own) = own else { return };
    let outbound = |workflow: &&Workflow| match fields.text("direction") {
        Some("outbound") => true,
        Some("inbound") => false,
        _ => workflow.assurance == Assurance::Once,
    };
    for workflow in documents.iter().filter_map(|document| document.workflow.as_ref()).filter(outbound) {
        let called = workflow.transitions.iter().filter(|transition| transition.caller.includes(own));
        let nameless = called.filter(|transition| transition.to.performer.hosts.is_empty());
        let first: SortedMap<_, Span> = nameless.map(|t| (&t.to.performer.name, t.place)).collect();
        for (actor, place) in &first {
            let message = words!("this workload calls {}, which has no `hosts`", quote(actor.as_str()));
            let none = Diagnostic::new(Code::NoHosts, *place, message).label("an outbound gate denies this request");
            context.report.push(
                none.help(
                    "write under which names others call the actor, such as `hosts: [desk.shop.svc.cluster.local]`",
                ),
            );
        }
    }
}

fn egress(fields: Fields<'_, '_>, context: &mut Context<'_>) -> Option<RequestPattern> {
    let pattern = request(fields);
    if pattern.host.is_none() {
        let missing = Diagnostic::new(Code::MissingKey, fields.head_span(), "missing key `host`");
        context.report.push(
            missing.label("requests to every host could leave").help("say to whom, such as `host: telemetry.example`"),
        );
        return None;
    }
    Some(pattern)
}
