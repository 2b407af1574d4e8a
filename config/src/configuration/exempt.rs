//! Exemptions: requests that belong to no workflow.

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Context, request};
use crate::gate::{ExemptPeers, Exemption};
use crate::schema::Fields;
use crate::spiffe::SpiffeId;
use crate::workflow::RequestPattern;

/// Methods that together are as good as every method.
const USUAL_METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];

pub(super) fn read(fields: Fields<'_, '_>, context: &mut Context<'_>) -> Vec<(Exemption, Span)> {
    let inner = fields.items("exempt").iter().filter_map(|node| fields.inner("exempt", node));
    let exempt: Vec<(Exemption, Span)> =
        inner.filter_map(|exemption| Some((self::exemption(exemption, context)?, exemption.head_span()))).collect();
    if let Some(field) = fields.get("exempt") {
        check_union(&exempt, field.key_span, context);
    }
    exempt
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
    if fields.get("path").is_none() {
        let all = Diagnostic::new(Code::ExemptsHost, fields.head_span(), "this exempts every path");
        context.report.push(
            all.label("it has no `path`")
                .help("say which requests are exempt, such as `path: /healthz`: the caller chooses the host"),
        );
        return None;
    }
    Some(Exemption { request: request(fields), peers })
}

/// Judges all exemptions together, whatever host they name.
fn check_union(exempt: &[(Exemption, Span)], span: Span, context: &mut Context<'_>) {
    let of = |anyone: bool| {
        let of_peers = exempt.iter().filter(move |(exemption, _)| !anyone || exemption.peers == ExemptPeers::Anyone);
        of_peers.map(|(exemption, _)| &exemption.request).collect::<Vec<_>>()
    };
    let (all, anyones) = (of(false), of(true));
    if USUAL_METHODS.iter().all(|method| covers(&anyones, method, true)) {
        let all = Diagnostic::new(Code::ExemptsAll, span, "these exemptions let every request through, from anyone");
        context.report.push(all.label("together they match every path").help("say which requests are exempt"));
    } else if PEOPLE && USUAL_METHODS.iter().any(|method| covers(&all, method, false)) {
        let paths = Diagnostic::new(Code::ExemptsPaths, span, "these exemptions cover every path");
        context.report.push(
            paths
                .label("of the requests to this gate, only those of its tasks need a step")
                .help("name the paths that are exempt, such as `path: /healthz`"),
        );
    }
}

/// Whether the patterns together match every path by this method; `root`: also `/`.
fn covers(patterns: &[&RequestPattern], method: &str, root: bool) -> bool {
    let of_method = |pattern: &&&RequestPattern| {
        pattern.port.is_none()
            && (pattern.methods.is_empty() || pattern.methods.iter().any(|own| own.as_str() == method))
    };
    let paths = || patterns.iter().filter(of_method).filter_map(|pattern| pattern.path.as_ref());
    let free: Vec<(usize, bool)> = paths().filter_map(|path| path.free_segments()).collect();
    // From this number of segments on, a tail matches; each smaller number needs a pattern of its own.
    let Some(most) = free.iter().filter(|(_, tail)| *tail).map(|(segments, _)| *segments).min() else { return false };
    (1..=most).all(|number| free.contains(&(number, false)))
        && (!root || paths().any(|path| path.matches(std::iter::once(""))))
}
