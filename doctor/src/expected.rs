//! The state that every gate of a workflow should have: read from its document, or from a gate's configuration.

use std::sync::Arc;

use stepgate_config::gate::{GateConfig, KeySpec};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Mode, Workflow};

/// The expected state.
#[derive(Debug, Clone)]
pub struct ExpectedState {
    /// The workflows, each with its expected mode.
    pub(crate) workflows: Vec<(Arc<Workflow>, Mode)>,
    /// The keys; empty if only a document was given.
    pub(crate) keys: Vec<KeySpec>,
    /// The version of the module.
    pub(crate) version: String,
}

impl ExpectedState {
    /// A document is expected to be enforced.
    pub fn of_workflow(workflow: Arc<Workflow>, version: String) -> Self {
        Self { workflows: vec![(workflow, Mode::Enforce)], keys: Vec::new(), version }
    }

    /// A configuration is expected as it is, with the open revision of each workflow.
    pub fn of_gate(config: &GateConfig, version: String) -> Self {
        let open = config.workflows.iter().filter(|workflow| workflow.open);
        Self {
            workflows: open.map(|workflow| (Arc::clone(workflow), config.mode_of(workflow))).collect(),
            keys: config.keys.clone(),
            version,
        }
    }

    /// The workflows in which at least one of these workloads takes part.
    pub(crate) fn of_workloads(&self, workloads: &[SpiffeId]) -> Vec<&(Arc<Workflow>, Mode)> {
        let takes_part = |workflow: &Workflow| {
            workflow.actors.values().any(|actor| workloads.iter().any(|workload| actor.includes(workload)))
        };
        self.workflows.iter().filter(|(workflow, _)| takes_part(workflow)).collect()
    }

    /// Every workload that takes part in a workflow, in order.
    pub(crate) fn workloads(&self) -> Vec<SpiffeId> {
        let actors = self.workflows.iter().flat_map(|(workflow, _)| workflow.actors.values());
        let mut all: Vec<SpiffeId> = actors.flat_map(|actor| actor.spiffe.iter().cloned()).collect();
        all.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        all.dedup();
        all
    }
}
