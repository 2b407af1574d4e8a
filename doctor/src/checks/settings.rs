//! The settings of a gate besides its workflows and keys.

use stepgate_config::GateConfig;
use stepgate_config::gate::{Direction, ExemptPeers, Exemption, PeerSource};
use stepgate_config::spiffe::SpiffeId;

use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};

pub(super) fn findings(config: &GateConfig, expected: &ExpectedState, workloads: &[SpiffeId]) -> Vec<Finding> {
    let known: &[Exemption] = expected.gate().map_or(&[], |gate| &gate.exempt);
    let more = config.exempt.iter().filter(|exemption| !known.contains(exemption));
    let mut findings: Vec<Finding> = more
        .map(|exemption| {
            let message = format!("its gate lets {} pass without a step, which is not expected", named(exemption));
            Finding::new(Kind::SurplusExemption, message)
        })
        .collect();
    findings.extend(
        differing(config, expected)
            .map(|key| Finding::new(Kind::OtherSetting, format!("its gate has another `{key}` than expected"))),
    );
    if let Some(own) = config.own.as_ref().filter(|own| !workloads.contains(own)) {
        let message = format!("its gate takes itself for {own}, of which the proxy has no certificate");
        findings.push(Finding::new(Kind::OtherSetting, message));
    }
    findings.extend(
        not_revoked(config, expected)
            .map(|what| Finding::new(Kind::NotRevoked, format!("its gate does not refuse {what}, which is revoked"))),
    );
    findings
}

/// The keys of settings with another value. A document has none of them: then only the source of a peer's identity is
/// compared, with the connection.
fn differing<'a>(config: &'a GateConfig, expected: &'a ExpectedState) -> impl Iterator<Item = &'static str> + use<> {
    let pairs = match expected.gate() {
        Some(gate) => vec![
            ("header", config.header != gate.header),
            ("carrier", config.carrier != gate.carrier),
            // At the inbound listener, where it was found, `auto` is `inbound`.
            ("direction", (config.direction == Direction::Outbound) != (gate.direction == Direction::Outbound)),
            ("peer_source", config.peer_source != gate.peer_source),
            ("leeway", config.leeway != gate.leeway),
        ],
        None => vec![("peer_source", config.peer_source != PeerSource::Connection)],
    };
    pairs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key)
}

/// What the expected configuration stops, and this one does not.
fn not_revoked<'a>(config: &'a GateConfig, expected: &'a ExpectedState) -> impl Iterator<Item = String> + 'a {
    let (has, gate) = (&config.revoked, expected.gate());
    gate.into_iter().map(|gate| &gate.revoked).flat_map(move |revoked| {
        let instances = revoked.instances.difference(&has.instances).map(|txn| format!("the instance `{txn}`"));
        let kids = revoked.kids.difference(&has.kids).map(|kid| format!("the key `{kid}`"));
        let workflows = revoked.workflows.difference(&has.workflows).map(|name| format!("the workflow `{name}`"));
        instances.chain(kids).chain(workflows)
    })
}

fn named(exemption: &Exemption) -> String {
    let request = &exemption.request;
    let methods: Vec<&str> = request.methods.iter().map(|method| method.as_str()).collect();
    let methods = if methods.is_empty() { "every method".to_owned() } else { methods.join(", ") };
    let path = request.path.as_ref().map_or_else(|| "every path".to_owned(), |path| format!("`{path}`"));
    let host = request.host.as_ref().map_or_else(String::new, |host| format!(" of `{host}`"));
    let peers = match &exemption.peers {
        ExemptPeers::Mesh => "every peer of the mesh".to_owned(),
        ExemptPeers::Anyone => "anyone".to_owned(),
        ExemptPeers::These(peers) => peers.iter().map(SpiffeId::as_str).collect::<Vec<_>>().join(", "),
    };
    format!("{methods} to {path}{host}, from {peers},")
}
