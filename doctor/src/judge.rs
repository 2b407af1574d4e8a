//! What a proxy has, held against what is wanted.

use std::sync::Arc;

use stepgate_config::GateConfig;
use stepgate_config::gate::{KeySource, KeySpec, KeyUse};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Assurance, Mode, Workflow};

use super::dump::{Dump, Installed, Way};
use super::gap::{Gap, Kind};
use super::stats::Stats;
use super::wanted::Wanted;

/// All gaps of a proxy that serves these workloads of the workflow. Without stats, as where istiod was asked,
/// only what is configured is judged.
pub(super) fn gaps(wanted: &Wanted, workloads: &[SpiffeId], dump: &Dump, stats: Option<&Stats>) -> Vec<Gap> {
    let mut gaps: Vec<Gap> =
        dump.refused.iter().map(|(name, why)| Gap::new(Kind::ListenerRefused, format!("`{name}`: {why}"))).collect();
    if dump.ways.is_empty() {
        gaps.push(Gap::new(Kind::NoListener, "it has no inbound listener that carries requests"));
    }
    for way in &dump.ways {
        gaps.extend(of_way(way, wanted, workloads));
    }
    if let Some(stats) = stats {
        gaps.extend(in_force(wanted, workloads, dump, stats));
    }
    // Each way in has the same to say of one plugin.
    let mut seen: Vec<Gap> = Vec::new();
    for gap in gaps {
        if !seen.contains(&gap) {
            seen.push(gap);
        }
    }
    seen
}

fn of_way(way: &Way, wanted: &Wanted, workloads: &[SpiffeId]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    if !way.mtls {
        gaps.push(Gap::new(Kind::NoMtls, format!("`{}` takes callers without a certificate", way.name)));
    }
    if let Some(name) = &way.not_fetched {
        gaps.push(Gap::new(Kind::NotFetched, format!("`{}` has no module for `{name}`", way.name)));
    } else if way.gates.is_empty() {
        gaps.push(Gap::new(Kind::NoGate, format!("no gate is in `{}`", way.name)));
    }
    for gate in &way.gates {
        if gate.fails_open {
            gaps.push(Gap::new(
                Kind::FailsOpen,
                format!("the gate in `{}` lets through what it cannot run for", way.name),
            ));
        }
        gaps.extend(of_gate(gate, wanted, workloads));
    }
    gaps
}

fn of_gate(gate: &Installed, wanted: &Wanted, workloads: &[SpiffeId]) -> Vec<Gap> {
    let config = match stepgate_config::read_gate(gate.configuration.as_bytes()).into_result() {
        Ok((config, _)) => config,
        Err(errors) => {
            let why = errors.first().map_or_else(String::new, |error| format!(": {error}"));
            return vec![Gap::new(Kind::NoConfig, format!("its gate cannot use its configuration{why}"))];
        }
    };
    let mut gaps = Vec::new();
    for (workflow, mode) in of_workloads(wanted, workloads) {
        match held(&config, workflow) {
            Ok(has) => gaps.extend(other_mode(&config, has, *mode)),
            Err(gap) => gaps.push(gap),
        }
        gaps.extend(unknown_keys(&config, &wanted.keys, workflow));
        gaps.extend(no_signer(&config, workflow, workloads));
    }
    gaps
}

fn of_workloads<'w>(wanted: &'w Wanted, workloads: &[SpiffeId]) -> Vec<&'w (Arc<Workflow>, Mode)> {
    let takes_part = |workflow: &Workflow| {
        workflow.actors.values().any(|actor| workloads.iter().any(|workload| actor.includes(workload)))
    };
    wanted.workflows.iter().filter(|(workflow, _)| takes_part(workflow)).collect()
}

/// The workflow as the gate has it, if it is the one that is wanted.
fn held<'c>(config: &'c GateConfig, wanted: &Workflow) -> Result<&'c Workflow, Gap> {
    let name = wanted.name.as_str();
    let of_name: Vec<&Workflow> =
        config.workflows.iter().map(AsRef::as_ref).filter(|w| w.name == wanted.name).collect();
    if of_name.is_empty() {
        return Err(Gap::new(Kind::NoWorkflow, format!("its gate has no workflow `{name}`")));
    }
    let Some(has) = of_name.iter().find(|has| has.revision == wanted.revision) else {
        let revisions: Vec<String> = of_name.iter().map(|has| has.revision.to_string()).collect();
        let what = format!("its gate has revision {} of `{name}`, not {}", revisions.join(", "), wanted.revision);
        return Err(Gap::new(Kind::OtherRevision, what));
    };
    if has.digest != wanted.digest {
        let what = format!(
            "its gate's `{name}` revision {} has the digest {}, not {}",
            has.revision, has.digest, wanted.digest
        );
        return Err(Gap::new(Kind::OtherDigest, what));
    }
    Ok(has)
}

fn other_mode(config: &GateConfig, has: &Workflow, wanted: Mode) -> Option<Gap> {
    let mode = config.mode_of(has);
    let told = |mode: Mode| match mode {
        Mode::Enforce => "enforces",
        Mode::Observe => "observes",
    };
    let what = format!("its gate {} `{}`, where it is meant that it {}", told(mode), has.name.as_str(), told(wanted));
    (mode != wanted).then(|| Gap::new(Kind::OtherMode, what))
}

/// Keys by which others may sign, and which this gate has never heard of. A key of one actor stands with
/// `sign` at that actor's gates and with `verify` at all others; its name is the same.
fn unknown_keys(config: &GateConfig, wanted: &[KeySpec], workflow: &Workflow) -> Vec<Gap> {
    let known = |key: &KeySpec| config.keys.iter().any(|has| has.workflow == key.workflow && has.kid == key.kid);
    let missing = wanted.iter().filter(|key| key.workflow == workflow.name && !known(key));
    missing.map(|key| Gap::new(Kind::KeyUnknown, format!("its gate does not know {}", named(key)))).collect()
}

/// A gate that cannot sign lets no request in that goes on.
fn no_signer(config: &GateConfig, workflow: &Workflow, workloads: &[SpiffeId]) -> Vec<Gap> {
    if workflow.assurance == Assurance::Identity {
        return Vec::new();
    }
    let here = |actor: &&Arc<Actor>| workloads.iter().any(|workload| actor.includes(workload));
    let signs = |actor: &Actor| {
        let of_actor = |key: &KeySpec| key.actor.as_ref().is_none_or(|of| *of == actor.name);
        config.keys.iter().any(|key| key.workflow == workflow.name && key.key_use == KeyUse::Sign && of_actor(key))
    };
    let without = workflow.actors.values().filter(here).filter(|actor| !signs(actor));
    let told = |actor: &Actor| {
        format!("its gate has no key with which `{}` signs for `{}`", actor.name.as_str(), workflow.name.as_str())
    };
    without.map(|actor| Gap::new(Kind::NoSigningKey, told(actor))).collect()
}

/// What the filter itself says, against what the proxy was configured with.
fn in_force(wanted: &Wanted, workloads: &[SpiffeId], dump: &Dump, stats: &Stats) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let gates: Vec<GateConfig> = dump
        .ways
        .iter()
        .flat_map(|way| &way.gates)
        .filter_map(|gate| stepgate_config::read_gate(gate.configuration.as_bytes()).checked)
        .collect();
    if !gates.is_empty() {
        gaps.extend(other_version(wanted, stats));
    }
    if !stats.values("stepgate_no_config", "version").is_empty() && !gates.is_empty() {
        // A configuration that reads here and not there: a key that cannot be used, an older module.
        gaps.push(Gap::new(Kind::NoConfig, "its gate says that it has no usable configuration, and denies everything"));
    }
    for (workflow, _) in of_workloads(wanted, workloads) {
        let configured = gates.iter().any(|config| held(config, workflow).is_ok());
        let labels = [("workflow", workflow.name.as_str()), ("digest", workflow.digest.as_str())];
        if configured && stats.has_gate() && stats.sum("stepgate_gate", &labels) == 0 {
            let what = format!("its gate does not go by the `{}` that the proxy has", workflow.name.as_str());
            gaps.push(Gap::new(Kind::NotInForce, what));
        }
    }
    let keys = gates.iter().flat_map(|config| &config.keys);
    let not_held = keys.filter(|key| {
        let labels = [("workflow", key.workflow.as_str()), ("kid", key.kid.as_str())];
        stats.sum("stepgate_key", &labels) == 0
    });
    gaps.extend(not_held.map(|key| {
        let from = match &key.source {
            KeySource::Env(variable) => {
                format!("; `{variable}` is not in the proxy's environment, or not handed to the module")
            }
            KeySource::Jwk(_) => String::new(),
        };
        Gap::new(Kind::KeyNotHeld, format!("its gate does not hold {}{from}", named(key)))
    }));
    gaps.extend(unfiltered(dump, stats));
    gaps
}

fn other_version(wanted: &Wanted, stats: &Stats) -> Option<Gap> {
    let mut versions = stats.values("stepgate_gate", "version");
    versions.extend(stats.values("stepgate_no_config", "version"));
    match versions.iter().find(|version| **version != wanted.version) {
        Some(version) => {
            let what = format!("its module is version {version}, not {}", wanted.version);
            Some(Gap::new(Kind::OtherVersion, what))
        }
        None if versions.is_empty() => {
            let what = format!("its module names no version: it never ran, or is older than {}", wanted.version);
            Some(Gap::new(Kind::OtherVersion, what))
        }
        None => None,
    }
}

/// More requests reached the applications than any gate let through.
fn unfiltered(dump: &Dump, stats: &Stats) -> Option<Gap> {
    let mut clusters: Vec<String> = dump.ways.iter().flat_map(|way| way.clusters.clone()).collect();
    clusters.sort_unstable();
    clusters.dedup();
    let (went_on, let_through) = (stats.went_on(&clusters)?, stats.let_through());
    let beyond = went_on.checked_sub(let_through).filter(|beyond| *beyond > 0)?;
    let what = format!("{beyond} of {went_on} requests that went on to its application were let through by no gate");
    Some(Gap::new(Kind::Unfiltered, what))
}

fn named(key: &KeySpec) -> String {
    format!("the key `{}` of `{}`", key.kid.as_str(), key.workflow.as_str())
}
