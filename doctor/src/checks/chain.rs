//! A filter chain: whether nothing reaches the application past its gate.

use stepgate_config::GateConfig;

use crate::config_dump::{Carries, FilterChain};
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};

pub(super) fn findings(chain: &FilterChain) -> Vec<Finding> {
    let FilterChain { name, .. } = chain;
    let mut findings = Vec::new();
    if !chain.mtls {
        findings.push(Finding::new(Kind::NoMtls, format!("`{name}` accepts callers without a certificate")));
    }
    if chain.carries == Carries::Bytes {
        findings.extend(of_bytes(chain));
        return findings;
    }
    if let Some(filter) = &chain.not_fetched {
        findings.push(Finding::new(Kind::NotFetched, format!("`{name}` has no module for `{filter}`")));
    } else if chain.gates.is_empty() && chain.gates_off.is_empty() {
        findings.push(Finding::new(Kind::NoGate, format!("`{name}` has no gate")));
    }
    let off = chain.gates_off.iter();
    findings.extend(off.map(|why| Finding::new(Kind::NoGate, format!("in `{name}`, {why}, which is the gate"))));
    if chain.gates.iter().any(|gate| gate.fails_open) {
        let message = format!("the gate in `{name}` lets requests pass when the module cannot run");
        findings.push(Finding::new(Kind::FailsOpen, message));
    }
    let changes = chain.changes.iter();
    findings.extend(changes.map(|change| {
        let message = format!("in `{name}`, {change} comes after the gate and may change what the gate let through");
        Finding::new(Kind::ChangedAfterGate, message)
    }));
    findings
}

/// A port that carries no HTTP is refused by the interlock's policy, or has nothing.
fn of_bytes(chain: &FilterChain) -> Option<Finding> {
    let FilterChain { name, .. } = chain;
    let (kind, message) = match chain.port {
        _ if chain.interlock => return None,
        Some(port) => (Kind::NotHttp, format!("`{name}` carries port {port} to the application unread, past the gate")),
        None => (
            Kind::NoInterlock,
            format!("`{name}` carries connections to undeclared ports unread, and no interlock refuses them"),
        ),
    };
    Some(Finding::new(kind, message))
}

/// A gate without an interlock where one is expected, or whose interlock no policy requires.
pub(super) fn no_interlock(chain: &FilterChain, config: &GateConfig, expected: &ExpectedState) -> Option<Finding> {
    let message = match config.interlock.is_empty() {
        true if expected.has_interlock() => "its gate has no `interlock`".to_owned(),
        false if !chain.interlock => format!("no policy after the gate in `{}` requires its interlock", chain.name),
        _ => return None,
    };
    Some(Finding::new(Kind::NoInterlock, message))
}
