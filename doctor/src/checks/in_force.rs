//! The filter's own metrics compared with the configuration of the proxy.

use stepgate_config::GateConfig;
use stepgate_config::gate::KeySource;
use stepgate_config::spiffe::SpiffeId;

use super::configuration;
use super::keys::named;
use super::workflows::configured;
use crate::config_dump::ConfigDump;
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};
use crate::stats::Stats;

pub(super) fn findings(
    expected: &ExpectedState,
    workloads: &[SpiffeId],
    dump: &ConfigDump,
    stats: &Stats,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let gates: Vec<GateConfig> = dump.gates().filter_map(|gate| configuration::read(gate).ok()).collect();
    if !gates.is_empty() {
        findings.extend(other_version(expected, stats));
    }
    if !stats.values("stepgate_no_config", "version").is_empty() && !gates.is_empty() {
        // Readable here and not there: a key that cannot be used, or an older module.
        findings.push(Finding::new(
            Kind::NoConfig,
            "its gate reports that it has no usable configuration, and denies everything",
        ));
    }
    for revision in expected.of_workloads(workloads) {
        let workflow = &revision.workflow;
        let is_configured = gates.iter().any(|config| configured(config, workflow).is_ok());
        let labels = [("workflow", workflow.name.as_str()), ("digest", workflow.digest.as_str())];
        if is_configured && stats.has_gate() && stats.sum("stepgate_gate", &labels) == 0 {
            let message = format!("its gate does not use the `{}` of the proxy's configuration", workflow.name);
            findings.push(Finding::new(Kind::NotInForce, message));
        }
    }
    if !gates.is_empty() {
        findings.extend(outdated(&gates, stats));
    }
    let keys = gates.iter().flat_map(|config| &config.keys);
    let not_held = keys.filter(|key| {
        let labels = [("workflow", key.workflow.as_str()), ("kid", key.kid.as_str())];
        stats.sum("stepgate_key", &labels) == 0
    });
    findings.extend(not_held.map(|key| {
        let from = match &key.source {
            KeySource::Env(variable) => {
                format!("; `{variable}` is not in the proxy's environment, or not passed to the module")
            }
            KeySource::Jwk(_) => String::new(),
        };
        Finding::new(Kind::KeyNotHeld, format!("its gate does not hold {}{from}", named(key)))
    }));
    findings.extend(unfiltered(dump, stats));
    findings
}

/// Revisions that a filter uses and the proxy's configuration no longer has.
fn outdated(gates: &[GateConfig], stats: &Stats) -> Vec<Finding> {
    let used = stats.values("stepgate_gate", "workflow").into_iter();
    let used = used.flat_map(|name| stats.revisions(name).into_iter().map(move |revision| (name, revision)));
    let has = |name: &str, revision: &str| {
        let mut all = gates.iter().flat_map(|config| &config.workflows);
        all.any(|workflow| workflow.name.as_str() == name && workflow.revision.to_string() == revision)
    };
    let outdated = used.filter(|(name, revision)| !has(name, revision));
    let message = |name, revision| {
        format!("its gate uses revision {revision} of `{name}`, which the proxy's configuration does not have")
    };
    outdated.map(|(name, revision)| Finding::new(Kind::NotInForce, message(name, revision))).collect()
}

fn other_version(expected: &ExpectedState, stats: &Stats) -> Option<Finding> {
    let mut versions = stats.values("stepgate_gate", "version");
    versions.extend(stats.values("stepgate_no_config", "version"));
    match versions.iter().find(|version| **version != expected.version) {
        Some(version) => {
            let message = format!("its module is version {version}, not {}", expected.version);
            Some(Finding::new(Kind::OtherVersion, message))
        }
        None if versions.is_empty() => {
            let message = format!("its module reports no version: it never ran, or is older than {}", expected.version);
            Some(Finding::new(Kind::OtherVersion, message))
        }
        None => None,
    }
}

/// More requests reached the applications than the gates let through.
fn unfiltered(dump: &ConfigDump, stats: &Stats) -> Option<Finding> {
    let mut clusters: Vec<String> = dump.chains.iter().flat_map(|chain| chain.clusters.clone()).collect();
    clusters.sort_unstable();
    clusters.dedup();
    let (forwarded, let_through) = (stats.forwarded(&clusters)?, stats.let_through());
    let excess = forwarded.checked_sub(let_through).filter(|excess| *excess > 0)?;
    let message = format!("{excess} of {forwarded} requests that were forwarded to its application passed no gate");
    Some(Finding::new(Kind::Unfiltered, message))
}
