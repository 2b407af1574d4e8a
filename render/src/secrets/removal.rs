//! The removal of secrets that no document mentions.

use std::collections::BTreeSet;

use stepgate_config::KeyOwner;

use super::{Secrets, owners};
use crate::inventory::{Inventory, is_selected};

impl Secrets {
    /// Removes the Secrets, and the keys in them, that the documents of an inventory do not mention, from these
    /// namespaces only; an empty list selects all. Returns the Secrets with the names of the keys.
    pub fn remove(&mut self, inventory: &Inventory<'_>, namespaces: &[String]) -> Vec<String> {
        let mut removed = Vec::new();
        let keys = &self.keys;
        let kids = |owner: &KeyOwner| {
            let generations = keys.get(owner).into_iter().flat_map(|keys| keys.iter());
            generations.map(|(generation, _)| owner.kid(generation)).collect::<Vec<_>>()
        };
        self.workloads.retain(|workload, holding| {
            if !is_selected(namespaces, workload.namespace()) {
                return true;
            }
            let roles = inventory.roles(workload);
            let mentioned: BTreeSet<KeyOwner> = owners(roles).collect();
            let lost: Vec<String> = holding.owners.difference(&mentioned).flat_map(kids).collect();
            holding.owners.retain(|owner| mentioned.contains(owner));
            let name = format!("{}/{}", workload.namespace(), workload.resource());
            match (roles.is_empty(), lost.as_slice()) {
                (true, []) => removed.push(format!("{name}: all of it")),
                (true, _) => removed.push(format!("{name}: all of it, with {}", lost.join(", "))),
                (false, []) => {}
                (false, _) => removed.push(format!("{name}: {}", lost.join(", "))),
            }
            !roles.is_empty()
        });
        let held: BTreeSet<&KeyOwner> = self.workloads.values().flat_map(|holding| &holding.owners).collect();
        self.keys.retain(|owner, _| held.contains(owner));
        removed
    }
}
