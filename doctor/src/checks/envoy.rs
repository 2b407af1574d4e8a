//! Settings of the proxy that take away what its gates rely on.

use stepgate_config::GateConfig;
use stepgate_config::workflow::Assurance;

use super::configuration::read;
use crate::config_dump::{ConfigDump, InstalledGate};
use crate::finding::{Finding, Kind};

pub(super) fn findings(dump: &ConfigDump) -> Vec<Finding> {
    header_prefix(dump).into_iter().chain(callers_port(dump)).chain(several_records(dump)).collect()
}

/// The router obeys headers of another name than those that gates remove.
fn header_prefix(dump: &ConfigDump) -> Option<Finding> {
    let prefix = dump.header_prefix.as_ref().filter(|_| dump.gates().next().is_some())?;
    let message = format!("its router obeys headers `{prefix}-…` of the caller, which its gate does not remove");
    Some(Finding::new(Kind::HeaderPrefix, message))
}

/// The caller says at which port it is, and the gate relies on that.
fn callers_port(dump: &ConfigDump) -> Vec<Finding> {
    let told = dump.chains.iter().filter(|chain| chain.port_of_the_caller);
    let relied_on = told.filter(|chain| chain.gates.iter().filter_map(|gate| read(gate).ok()).any(|c| reads_port(&c)));
    let message = |name| {
        format!(
            "callers of `{name}` name its port themselves (PROXY protocol), and its gate's configuration has `port`"
        )
    };
    relied_on.map(|chain| Finding::new(Kind::CallersPort, message(&chain.name))).collect()
}

fn reads_port(config: &GateConfig) -> bool {
    let tasks = config.workflows.iter().flat_map(|workflow| workflow.tasks.values());
    let requests = tasks.flat_map(|task| &task.requests);
    requests.chain(config.exempt.iter().map(|exemption| &exemption.request)).any(|request| request.port.is_some())
}

/// Gates of one document that do not share their data: a token that one of them has used up is new to the other.
fn several_records(dump: &ConfigDump) -> Option<Finding> {
    let gates = dump.chains.iter().flat_map(|chain| &chain.gates);
    let mut read_so_far: Vec<(&InstalledGate, GateConfig)> = Vec::new();
    for gate in gates {
        let Ok(config) = read(gate) else { continue };
        let other = read_so_far.iter().find(|(other, of_other)| other.vm_id != gate.vm_id && share(of_other, &config));
        if let Some((other, _)) = other {
            let message = format!(
                "its gates have the VMs `{}` and `{}`, and so a replay record each, for one document",
                other.vm_id, gate.vm_id
            );
            return Some(Finding::new(Kind::SeveralRecords, message));
        }
        read_so_far.push((gate, config));
    }
    None
}

/// Whether a token may be of both.
fn share(one: &GateConfig, other: &GateConfig) -> bool {
    let mut recorded = one.workflows.iter().filter(|workflow| workflow.assurance != Assurance::Identity);
    recorded.any(|one| other.workflows.iter().any(|also| also.digest == one.digest))
}
