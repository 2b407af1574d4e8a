//! The rotation of secrets in three steps, without an interruption.

use std::collections::BTreeSet;

use stepgate_config::KeyOwner;
use stepgate_config::name::WorkflowName;

use super::{Secrets, owners, signed};
use crate::error::RenderError;
use crate::inventory::Inventory;
use crate::jwk;
use crate::rotation::RotationStep;

impl Secrets {
    /// Takes a step for the keys and interlocks of an inventory.
    ///
    /// # Errors
    /// Another step is next; a workload outside the inventory needs the keys too; the system has no randomness.
    pub fn rotate(&mut self, inventory: &Inventory<'_>, step: RotationStep) -> Result<(), RenderError> {
        for (workload, _) in inventory.workloads() {
            let next = self.holding(workload)?.interlock.next();
            step.require(next, || format!(" of `{workload}`"))?;
        }
        self.require_all(inventory)?;
        let owners: BTreeSet<KeyOwner> = inventory.workloads().flat_map(|(_, roles)| owners(roles)).collect();
        for (owner, keys) in self.keys.iter_mut().filter(|(owner, _)| owners.contains(owner)) {
            let (_, newest) = keys.iter().last().ok_or(RenderError::NoAlgorithm)?;
            let algorithm = newest.as_ref().and_then(jwk::Jwks::algorithm).ok_or(RenderError::NoAlgorithm)?;
            keys.rotate(step, |generation| Ok(Some(jwk::generate(algorithm, &owner.kid(generation))?)))?;
        }
        for (workload, _) in inventory.workloads() {
            if let Some(holding) = self.workloads.get_mut(workload) {
                holding.interlock.rotate(step, |_| Ok(jwk::random_text()?))?;
            }
        }
        Ok(())
    }

    /// Every gate of a workflow needs its new keys. One that is not rendered again would refuse them.
    ///
    /// # Errors
    /// A workload outside the inventory has keys of the same workflow.
    pub(super) fn require_all(&self, inventory: &Inventory<'_>) -> Result<(), RenderError> {
        let roles = inventory.workloads().flat_map(|(_, roles)| signed(roles));
        let workflows: BTreeSet<&WorkflowName> = roles.map(|role| &role.document.workflow.name).collect();
        let is_changed = |owner: &&KeyOwner| workflows.contains(&owner.workflow);
        let left_out = self.workloads.iter().filter(|(workload, _)| inventory.roles(workload).is_empty());
        let mut holders =
            left_out.filter_map(|(workload, holding)| Some((workload, holding.owners.iter().find(is_changed)?)));
        match holders.next() {
            Some((workload, owner)) => {
                Err(RenderError::KeyElsewhere { workflow: owner.workflow.to_string(), workload: workload.to_string() })
            }
            None => Ok(()),
        }
    }
}
