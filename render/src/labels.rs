//! The labels of pods: the service account's name under one key, or for an ingress gateway those that it has.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::error::RenderError;
use crate::inventory::Inventory;
use crate::options::Options;
use crate::workload::Workload;

/// The labels by workload.
pub(crate) struct Labels<'o> {
    key: &'o str,
    own: BTreeMap<Workload, &'o BTreeMap<String, String>>,
}

impl<'o> Labels<'o> {
    /// # Errors
    /// Labels of an actor that is not an entry.
    pub(crate) fn of(inventory: &Inventory<'_>, options: &'o Options) -> Result<Self, RenderError> {
        let mut own = BTreeMap::new();
        for (name, labels) in &options.entry_labels {
            if !options.entries.iter().any(|entry| entry.actor == *name) {
                return Err(RenderError::LabelsWithoutEntry(name.clone()));
            }
            for document in &inventory.documents {
                let actor = document.workflow.actors.get(name.as_str());
                let workloads = actor.map(|actor| inventory.of_actor(&document.workflow, actor));
                own.extend(workloads.into_iter().flatten().map(|workload| (workload, labels)));
            }
        }
        Ok(Self { key: &options.label, own })
    }

    /// The labels that select the pods of a workload.
    pub(crate) fn select(&self, workload: &Workload) -> Value {
        self.own.get(workload).map_or_else(|| workload.labels(self.key), |labels| json!(labels))
    }
}
