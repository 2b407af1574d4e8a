//! What every gate of a workflow should have: read from its document, or from a gate's configuration.

use std::sync::Arc;

use stepgate_config::gate::{GateConfig, KeySpec};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Mode, Workflow};

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The workflows, each with the mode that it should be in.
    pub(super) workflows: Vec<(Arc<Workflow>, Mode)>,
    /// The keys; none where only a document was given.
    pub(super) keys: Vec<KeySpec>,
    /// The version of the module.
    pub(super) version: String,
}

impl Wanted {
    /// A document is wanted in force.
    pub fn of_workflow(workflow: Arc<Workflow>, version: String) -> Self {
        Self { workflows: vec![(workflow, Mode::Enforce)], keys: Vec::new(), version }
    }

    /// A configuration is wanted as it stands, of each workflow its open revision.
    pub fn of_gate(config: &GateConfig, version: String) -> Self {
        let open = config.workflows.iter().filter(|workflow| workflow.open);
        Self {
            workflows: open.map(|workflow| (Arc::clone(workflow), config.mode_of(workflow))).collect(),
            keys: config.keys.clone(),
            version,
        }
    }

    /// The workflows in which a workload takes part.
    pub(super) fn of_workload(&self, id: &SpiffeId) -> Vec<&(Arc<Workflow>, Mode)> {
        self.workflows.iter().filter(|(workflow, _)| workflow.actors.values().any(|actor| actor.includes(id))).collect()
    }

    /// Every workload that takes part in something, in order.
    pub(super) fn workloads(&self) -> Vec<SpiffeId> {
        let actors = self.workflows.iter().flat_map(|(workflow, _)| workflow.actors.values());
        let mut all: Vec<SpiffeId> = actors.flat_map(|actor| actor.spiffe.iter().cloned()).collect();
        all.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        all.dedup();
        all
    }
}
