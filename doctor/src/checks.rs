//! The state of a proxy compared with the expected state.

use std::sync::Arc;

use stepgate_config::GateConfig;
use stepgate_config::gate::{KeySource, KeySpec, KeyUse};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Assurance, Mode, Workflow};

use crate::config_dump::{ConfigDump, FilterChain, InstalledGate};
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};
use crate::stats::Stats;

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
    if dump.chains.is_empty() {
        findings.push(Finding::new(Kind::NoListener, "it has no inbound listener that carries requests"));
    }
    for chain in &dump.chains {
        findings.extend(of_chain(chain, expected, workloads));
    }
    if let Some(stats) = stats {
        findings.extend(in_force(expected, workloads, dump, stats));
    }
    // Several chains with one plugin have the same findings.
    let mut seen: Vec<Finding> = Vec::new();
    for finding in findings {
        if !seen.contains(&finding) {
            seen.push(finding);
        }
    }
    seen
}

fn of_chain(chain: &FilterChain, expected: &ExpectedState, workloads: &[SpiffeId]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !chain.mtls {
        findings.push(Finding::new(Kind::NoMtls, format!("`{}` accepts callers without a certificate", chain.name)));
    }
    if let Some(name) = &chain.not_fetched {
        findings.push(Finding::new(Kind::NotFetched, format!("`{}` has no module for `{name}`", chain.name)));
    } else if chain.gates.is_empty() {
        findings.push(Finding::new(Kind::NoGate, format!("`{}` has no gate", chain.name)));
    }
    for gate in &chain.gates {
        if gate.fails_open {
            findings.push(Finding::new(
                Kind::FailsOpen,
                format!("the gate in `{}` lets requests pass when the module cannot run", chain.name),
            ));
        }
        findings.extend(of_gate(gate, expected, workloads));
    }
    findings
}

fn of_gate(gate: &InstalledGate, expected: &ExpectedState, workloads: &[SpiffeId]) -> Vec<Finding> {
    let config = match stepgate_config::read_gate(gate.configuration.as_bytes()).into_result() {
        Ok((config, _)) => config,
        Err(errors) => {
            let why = errors.first().map_or_else(String::new, |error| format!(": {error}"));
            return vec![Finding::new(Kind::NoConfig, format!("its gate cannot use its configuration{why}"))];
        }
    };
    let mut findings = Vec::new();
    for (workflow, mode) in expected.of_workloads(workloads) {
        match configured(&config, workflow) {
            Ok(has) => findings.extend(other_mode(&config, has, *mode)),
            Err(finding) => findings.push(finding),
        }
        findings.extend(unknown_keys(&config, &expected.keys, workflow));
        findings.extend(no_signer(&config, workflow, workloads));
    }
    findings
}

/// The workflow in the configuration, if it is the expected one.
fn configured<'c>(config: &'c GateConfig, expected: &Workflow) -> Result<&'c Workflow, Finding> {
    let name = expected.name.as_str();
    let of_name: Vec<&Workflow> =
        config.workflows.iter().map(AsRef::as_ref).filter(|w| w.name == expected.name).collect();
    if of_name.is_empty() {
        return Err(Finding::new(Kind::NoWorkflow, format!("its gate has no workflow `{name}`")));
    }
    let Some(has) = of_name.iter().find(|has| has.revision == expected.revision) else {
        let revisions: Vec<String> = of_name.iter().map(|has| has.revision.to_string()).collect();
        let message = format!("its gate has revision {} of `{name}`, not {}", revisions.join(", "), expected.revision);
        return Err(Finding::new(Kind::OtherRevision, message));
    };
    if has.digest != expected.digest {
        let message = format!(
            "its gate's `{name}` revision {} has the digest {}, not {}",
            has.revision, has.digest, expected.digest
        );
        return Err(Finding::new(Kind::OtherDigest, message));
    }
    Ok(has)
}

fn other_mode(config: &GateConfig, has: &Workflow, expected: Mode) -> Option<Finding> {
    let mode = config.mode_of(has);
    let name = |mode: Mode| match mode {
        Mode::Enforce => "enforce",
        Mode::Observe => "observe",
    };
    let message = format!("its gate has `{}` in the mode `{}`, not `{}`", has.name, name(mode), name(expected));
    (mode != expected).then(|| Finding::new(Kind::OtherMode, message))
}

/// Keys with which others may sign and that are missing in this gate's configuration. The key of one actor is configured
/// with `sign` at that actor's gates and with `verify` at all others, under the same name.
fn unknown_keys(config: &GateConfig, expected: &[KeySpec], workflow: &Workflow) -> Vec<Finding> {
    let known = |key: &KeySpec| config.keys.iter().any(|has| has.workflow == key.workflow && has.kid == key.kid);
    let missing = expected.iter().filter(|key| key.workflow == workflow.name && !known(key));
    missing.map(|key| Finding::new(Kind::KeyUnknown, format!("its gate does not know {}", named(key)))).collect()
}

/// A gate that cannot sign denies every request that has a next step.
fn no_signer(config: &GateConfig, workflow: &Workflow, workloads: &[SpiffeId]) -> Vec<Finding> {
    if workflow.assurance == Assurance::Identity {
        return Vec::new();
    }
    let here = |actor: &&Arc<Actor>| workloads.iter().any(|workload| actor.includes(workload));
    let signs = |actor: &Actor| {
        let of_actor = |key: &KeySpec| key.actor.as_ref().is_none_or(|of| *of == actor.name);
        config.keys.iter().any(|key| key.workflow == workflow.name && key.key_use == KeyUse::Sign && of_actor(key))
    };
    let without = workflow.actors.values().filter(here).filter(|actor| !signs(actor));
    let message = |actor: &Actor| {
        format!("its gate has no key with which `{}` signs for `{}`", actor.name.as_str(), workflow.name.as_str())
    };
    without.map(|actor| Finding::new(Kind::NoSigningKey, message(actor))).collect()
}

/// The filter's own metrics compared with the configuration of the proxy.
fn in_force(expected: &ExpectedState, workloads: &[SpiffeId], dump: &ConfigDump, stats: &Stats) -> Vec<Finding> {
    let mut findings = Vec::new();
    let gates: Vec<GateConfig> = dump
        .chains
        .iter()
        .flat_map(|chain| &chain.gates)
        .filter_map(|gate| stepgate_config::read_gate(gate.configuration.as_bytes()).checked)
        .collect();
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
    for (workflow, _) in expected.of_workloads(workloads) {
        let is_configured = gates.iter().any(|config| configured(config, workflow).is_ok());
        let labels = [("workflow", workflow.name.as_str()), ("digest", workflow.digest.as_str())];
        if is_configured && stats.has_gate() && stats.sum("stepgate_gate", &labels) == 0 {
            let message = format!("its gate does not use the `{}` of the proxy's configuration", workflow.name);
            findings.push(Finding::new(Kind::NotInForce, message));
        }
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

fn named(key: &KeySpec) -> String {
    format!("the key `{}` of `{}`", key.kid.as_str(), key.workflow.as_str())
}
