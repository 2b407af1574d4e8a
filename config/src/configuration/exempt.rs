//! Exemptions: requests that belong to no workflow.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Context, request};
use crate::gate::{ExemptPeers, Exemption};
use crate::schema::Fields;
use crate::spiffe::SpiffeId;

pub(super) fn read(fields: Fields<'_, '_>, context: &mut Context<'_>) -> Vec<(Exemption, Span)> {
    let inner = fields.items("exempt").iter().filter_map(|node| fields.inner("exempt", node));
    inner.filter_map(|exemption| Some((self::exemption(exemption, context)?, exemption.head_span()))).collect()
}

fn exemption(fields: Fields<'_, '_>, context: &mut Context<'_>) -> Option<Exemption> {
    let peers = match fields.text("peers") {
        Some("mesh") => ExemptPeers::Mesh,
        Some("anyone") => ExemptPeers::Anyone,
        _ => {
            let ids = fields.items("peers").iter().filter_map(|node| SpiffeId::try_from(node.text()?.as_bytes()).ok());
            ExemptPeers::These(ids.collect())
        }
    };
    let has = |key| fields.get(key).is_some();
    let narrowed = has("path") || has("methods") || has("host");
    if peers == ExemptPeers::Anyone && !narrowed {
        let all = Diagnostic::new(Code::ExemptsAll, fields.head_span(), "this exempts every request from anyone");
        context.report.push(
            all.label("no `path`, `methods` or `host`").help("say which requests are exempt, such as `path: /healthz`"),
        );
        return None;
    }
    if !has("path") {
        let paths = Diagnostic::new(Code::ExemptsPaths, fields.head_span(), "this exempts every path");
        context.report.push(
            paths
                .label("it has no `path`")
                .help("add a `path`: exempt requests pass without a step, also to tasks of workflows"),
        );
    }
    Some(Exemption { request: request(fields), peers })
}
