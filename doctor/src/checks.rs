//! The state of a proxy compared with the expected state: what is missing, and what is there besides.

mod chain;
mod configuration;
#[cfg(test)]
mod each_setting;
mod envoy;
mod gate;
mod in_force;
mod keys;
mod outbound;
mod retries;
mod settings;
mod workflows;

use stepgate_config::spiffe::SpiffeId;

use crate::config_dump::ConfigDump;
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};
use crate::stats::Stats;
pub(crate) use configuration::read;
use settings::Side;

/// All findings of a proxy that serves these workloads. Without stats, as from istiod, only the configuration is
/// checked.
pub(crate) fn findings(
    expected: &ExpectedState,
    workloads: &[SpiffeId],
    dump: &ConfigDump,
    stats: Option<&Stats>,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = dump
        .refused
        .iter()
        .map(|(name, why)| Finding::new(Kind::ListenerRefused, format!("`{name}`: {why}")))
        .collect();
    // A configuration of outbound gates says nothing of the inbound side.
    if !expected.is_outbound() {
        findings.extend(inbound(expected, workloads, dump));
    }
    findings.extend(outbound::findings(expected, workloads, dump));
    findings.extend(envoy::findings(dump));
    if let Some(stats) = stats {
        findings.extend(in_force::findings(expected, workloads, dump, stats));
    }
    findings.extend(retries::finding(expected, dump));
    // Several chains with one plugin have the same findings.
    let mut seen: Vec<Finding> = Vec::new();
    for finding in findings {
        if !seen.contains(&finding) {
            seen.push(finding);
        }
    }
    seen
}

/// The findings of a proxy whose workloads take no part: it may still call one that does.
pub(crate) fn of_caller(expected: &ExpectedState, dump: &ConfigDump) -> Vec<Finding> {
    retries::finding(expected, dump).into_iter().collect()
}

fn inbound(expected: &ExpectedState, workloads: &[SpiffeId], dump: &ConfigDump) -> Vec<Finding> {
    let mut findings = Vec::new();
    if dump.chains.is_empty() {
        findings.push(Finding::new(Kind::NoListener, "it has no inbound listener that leads to an application"));
    }
    for chain in &dump.chains {
        findings.extend(chain::findings(chain));
        for gate in &chain.gates {
            let config = match read(gate) {
                Ok(config) => config,
                Err(finding) => {
                    findings.push(finding);
                    continue;
                }
            };
            findings.extend(gate::findings(&config, expected, workloads, Side::Inbound));
            findings.extend(chain::no_interlock(chain, &config, expected));
        }
    }
    findings
}
