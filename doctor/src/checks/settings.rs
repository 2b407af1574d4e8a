//! The settings of a gate besides its workflows and keys.

use stepgate_config::GateConfig;
use stepgate_config::gate::{Direction, ExemptPeers, Exemption, PeerSource};
use stepgate_config::spiffe::SpiffeId;

use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};

/// The side of the application on which a gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Inbound,
    Outbound,
}

/// What is known of the settings that a gate should have.
#[derive(Clone, Copy)]
pub(super) enum Given<'g> {
    /// All of them.
    Configuration(&'g GateConfig),
    /// A document has none: exemptions and an `egress` list are not expected, and the peer is that of the connection.
    Documents(Side),
    /// Nothing: the configuration that was given is of the other side of the application.
    Nothing,
}

impl<'g> Given<'g> {
    /// A configuration with a direction is of the gates on that side; one without is of those that have none either.
    pub(super) fn of(expected: &'g ExpectedState, config: &GateConfig, side: Side) -> Self {
        match (expected.gate(), side) {
            (None, _) => Self::Documents(side),
            (Some(gate), Side::Inbound) if gate.direction != Direction::Outbound => Self::Configuration(gate),
            (Some(gate), Side::Outbound) if gate.direction == Direction::Outbound => Self::Configuration(gate),
            (Some(gate), Side::Outbound) if gate.direction == config.direction => Self::Configuration(gate),
            (Some(_), _) => Self::Nothing,
        }
    }
}

pub(super) fn findings(config: &GateConfig, given: Given<'_>, workloads: &[SpiffeId]) -> Vec<Finding> {
    let mut findings = surplus_exemptions(config, given);
    let differing = match given {
        Given::Configuration(expected) => differing(config, expected),
        Given::Documents(side) => of_documents(config, side),
        Given::Nothing => Vec::new(),
    };
    findings.extend(
        differing
            .into_iter()
            .map(|key| Finding::new(Kind::OtherSetting, format!("its gate has another `{key}` than expected"))),
    );
    if let Some(own) = config.own.as_ref().filter(|own| !workloads.contains(own)) {
        let message = format!("its gate takes itself for {own}, of which the proxy has no certificate");
        findings.push(Finding::new(Kind::OtherSetting, message));
    }
    if let Given::Configuration(expected) = given {
        findings.extend(
            not_revoked(config, expected).map(|what| {
                Finding::new(Kind::NotRevoked, format!("its gate does not refuse {what}, which is revoked"))
            }),
        );
    }
    findings
}

fn surplus_exemptions(config: &GateConfig, given: Given<'_>) -> Vec<Finding> {
    let known: &[Exemption] = match given {
        Given::Configuration(expected) => &expected.exempt,
        Given::Documents(_) => &[],
        Given::Nothing => return Vec::new(),
    };
    let more = config.exempt.iter().filter(|exemption| !known.contains(exemption));
    let message = |exemption| format!("its gate lets {} pass without a step, which is not expected", named(exemption));
    more.map(|exemption| Finding::new(Kind::SurplusExemption, message(exemption))).collect()
}

/// The keys of settings with another value. Each setting is named here, so that a new one cannot be forgotten.
fn differing(config: &GateConfig, expected: &GateConfig) -> Vec<&'static str> {
    let GateConfig {
        mode: _, // of each workflow: `OTHER_MODE`
        header,
        carrier,
        direction,
        own: _, // compared with the proxy's certificate
        peer_source,
        crypto,
        leeway,
        interlock,
        egress,
        exempt,
        keys: _, // `KEY_UNKNOWN`, `SURPLUS_KEY`
        revoked,
        starts,
        log,
        workflows: _, // `NO_WORKFLOW`, `SURPLUS_WORKFLOW` and others
    } = config;
    // Without one, or where none is expected, it is `NO_INTERLOCK` or no hole.
    let other_interlock = *interlock != expected.interlock && !interlock.is_empty() && !expected.interlock.is_empty();
    let pairs = [
        ("header", *header != expected.header),
        ("carrier", *carrier != expected.carrier),
        // At the inbound listener, where it was found, `auto` is `inbound`.
        ("direction", (*direction == Direction::Outbound) != (expected.direction == Direction::Outbound)),
        ("peer_source", *peer_source != expected.peer_source),
        ("crypto", *crypto != expected.crypto),
        ("leeway", *leeway != expected.leeway),
        ("interlock", other_interlock),
        ("egress", !has_all(egress, &expected.egress) || !has_all(&expected.egress, egress)),
        ("exempt", !has_all(exempt, &expected.exempt)),
        ("revoked", *revoked != expected.revoked && not_revoked(config, expected).next().is_none()),
        ("limits", *starts != expected.starts),
        ("log", *log != expected.log),
    ];
    pairs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

fn of_documents(config: &GateConfig, side: Side) -> Vec<&'static str> {
    let pairs = [
        ("peer_source", config.peer_source != PeerSource::Connection),
        // It has no effect on the inbound side, and all gates may have one configuration.
        ("egress", side == Side::Outbound && !config.egress.is_empty()),
    ];
    pairs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}

fn has_all<T: PartialEq>(all: &[T], these: &[T]) -> bool {
    these.iter().all(|one| all.contains(one))
}

/// What the expected configuration stops, and this one does not.
fn not_revoked<'a>(config: &'a GateConfig, expected: &'a GateConfig) -> impl Iterator<Item = String> + 'a {
    let (has, revoked) = (&config.revoked, &expected.revoked);
    let instances = revoked.instances.difference(&has.instances).map(|txn| format!("the instance `{txn}`"));
    let kids = revoked.kids.difference(&has.kids).map(|kid| format!("the key `{kid}`"));
    let workflows = revoked.workflows.difference(&has.workflows).map(|name| format!("the workflow `{name}`"));
    instances.chain(kids).chain(workflows)
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
