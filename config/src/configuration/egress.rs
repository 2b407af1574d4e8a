//! Requests to others that belong to no workflow and may leave.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Context, request};
use crate::schema::Fields;
use crate::workflow::RequestPattern;

pub(super) fn read(fields: Fields<'_, '_>, context: &mut Context<'_>) -> Vec<RequestPattern> {
    if let Some(field) = fields.get("egress").filter(|_| fields.get("self").is_none()) {
        let missing = Diagnostic::new(Code::MissingKey, field.key_span, "a gate with `egress` requires `self`");
        context.report.push(
            missing
                .label("an outbound gate does not know for whom it stands")
                .help("add the SPIFFE ID of the workload, such as `self: spiffe://cluster.local/ns/shop/sa/desk`"),
        );
    }
    let inner = fields.items("egress").iter().filter_map(|node| fields.inner("egress", node));
    inner.filter_map(|egress| self::egress(egress, context)).collect()
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
