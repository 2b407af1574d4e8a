//! All random values in one file of Kubernetes Secrets: one Secret for each workload, with the keys that its gate holds
//! and its interlock's secret. Its public parts (kids, public keys, which key signs) are in annotations, so a reader of
//! the manifests need not read the secrets.
//!
//! A change concerns the workloads and keys of the given documents. Everything else in the file stays as it is.
//!
//! Keys and interlocks have generations, from 1. A variable is named after its generation, so a proxy can hold two of
//! them, and a change from one to the other needs no restart.

mod generations;
mod manifest;
mod read;
mod removal;
mod rotation;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stepgate_config::KeyOwner;
use stepgate_config::name::WorkflowName;
use stepgate_config::workflow::Assurance;
use stepgate_decision::keys::Algorithm;

use crate::error::RenderError;
use crate::inventory::{Inventory, Role};
use crate::jwk::{self, Jwks};
use crate::workload::Workload;
use generations::Generations;

/// The variable of an interlock is this and its generation.
const INTERLOCK_PREFIX: &str = "STEPGATE_INTERLOCK_";

/// Keys and interlocks of workloads.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// Without JWKs, they are in a file that was not given.
    keys: BTreeMap<KeyOwner, Generations<Option<Jwks>>>,
    workloads: BTreeMap<Workload, Holding>,
}

/// The content of one workload's Secret.
#[derive(Debug, Clone)]
struct Holding {
    /// The owners whose private keys it has.
    owners: BTreeSet<KeyOwner>,
    interlock: Generations<String>,
}

impl Secrets {
    /// The secrets that manifests refer to if no file of secrets is given: one shared key for each workflow, everything
    /// in its first generation.
    pub fn assumed(inventory: &Inventory<'_>) -> Self {
        let mut secrets = Self::default();
        for (workload, roles) in inventory.workloads() {
            let owners: BTreeSet<KeyOwner> = signed(roles).map(|role| owner(role, Algorithm::Hs256)).collect();
            secrets.keys.extend(owners.iter().map(|owner| (owner.clone(), Generations::one(1, None))));
            let interlock = Generations::one(1, String::new());
            secrets.workloads.insert(workload.clone(), Holding { owners, interlock });
        }
        secrets
    }

    /// Generates the missing secrets of an inventory; `asked` is the algorithm of new keys, by default that of the
    /// workflow's others.
    ///
    /// # Errors
    /// A workflow whose keys are of another kind; the system has no randomness.
    pub fn complete(&mut self, inventory: &Inventory<'_>, asked: Option<Algorithm>) -> Result<(), RenderError> {
        for (workload, roles) in inventory.workloads() {
            let mut owners = BTreeSet::new();
            for role in signed(roles) {
                let algorithm = self.algorithm(role, asked);
                let owner = owner(role, algorithm);
                let is_mixed = |other: &KeyOwner| {
                    other.workflow == owner.workflow && other.actor.is_some() != owner.actor.is_some()
                };
                if self.keys.keys().any(is_mixed) {
                    let workflow = owner.workflow.to_string();
                    return Err(RenderError::MixedKeys { workflow, algorithm: algorithm.alg() });
                }
                if !self.keys.contains_key(&owner) {
                    let jwks = jwk::generate(algorithm, &owner.kid(1))?;
                    self.keys.insert(owner.clone(), Generations::one(1, Some(jwks)));
                }
                owners.insert(owner);
            }
            match self.workloads.get_mut(workload) {
                Some(holding) => holding.owners.append(&mut owners),
                None => {
                    let interlock = self.joining(workload)?;
                    self.workloads.insert(workload.clone(), Holding { owners, interlock });
                }
            }
        }
        Ok(())
    }

    /// Generates all secrets of an inventory anew. No `kid` is used again.
    ///
    /// # Errors
    /// As [`Secrets::complete`]; a workload outside the inventory needs the keys, too.
    pub fn replace(&mut self, inventory: &Inventory<'_>, asked: Option<Algorithm>) -> Result<(), RenderError> {
        self.require_all(inventory)?;
        let mut replaced = BTreeSet::new();
        for role in inventory.workloads().flat_map(|(_, roles)| signed(roles)) {
            let algorithm = self.algorithm(role, asked);
            let (own, shared) = (owner(role, Algorithm::Es256), owner(role, Algorithm::Hs256));
            let (kept, dropped) = if algorithm == Algorithm::Hs256 { (shared, own) } else { (own, shared) };
            self.keys.remove(&dropped);
            if let Some(keys) = self.keys.get_mut(&kept).filter(|_| replaced.insert(kept.clone())) {
                let next = keys.newest().saturating_add(1);
                *keys = Generations::one(next, Some(jwk::generate(algorithm, &kept.kid(next))?));
            }
        }
        for (workload, _) in inventory.workloads() {
            if let Some(holding) = self.workloads.get_mut(workload) {
                holding.interlock = Generations::one(holding.interlock.used(), jwk::random_text()?);
            }
        }
        let keys = &self.keys;
        self.workloads.values_mut().for_each(|holding| holding.owners.retain(|owner| keys.contains_key(owner)));
        self.complete(inventory, asked)
    }

    /// The interlock of a new workload, in the generations of the others: they may share a plugin.
    fn joining(&self, workload: &Workload) -> Result<Generations<String>, RenderError> {
        let near = self.workloads.iter().find(|(other, _)| other.namespace() == workload.namespace());
        match near.or_else(|| self.workloads.iter().next()) {
            Some((_, holding)) => Ok(holding.interlock.anew(jwk::random_text)?),
            None => Ok(Generations::one(1, jwk::random_text()?)),
        }
    }

    /// The algorithm of a role's keys: the one asked for, else that of its workflow's keys, else of any.
    fn algorithm(&self, role: &Role<'_>, asked: Option<Algorithm>) -> Algorithm {
        let workflow = &role.document.workflow.name;
        let of = |(_, keys): (&KeyOwner, &Generations<Option<Jwks>>)| {
            keys.iter().find_map(|(_, jwks)| jwks.as_ref()?.algorithm())
        };
        let own = || self.keys.iter().filter(|(owner, _)| owner.workflow == *workflow).find_map(of);
        asked.or_else(own).or_else(|| self.keys.iter().find_map(of)).unwrap_or(Algorithm::Hs256)
    }

    /// The names of the workloads.
    pub fn workloads(&self) -> Vec<String> {
        self.workloads.keys().map(ToString::to_string).collect()
    }

    /// The keys without their secrets: `movie.k1 (signs)`.
    pub fn summary(&self) -> Vec<String> {
        let line = |owner: &KeyOwner, keys: &Generations<_>, generation: u32| {
            let role = if generation == keys.used() { "signs" } else { "verifies" };
            format!("{} ({role})", owner.kid(generation))
        };
        let lines = self
            .keys
            .iter()
            .flat_map(|(owner, keys)| keys.iter().map(move |(generation, _)| line(owner, keys, generation)));
        lines.collect()
    }

    /// The namespaces that share a secret key of a workflow of the inventory, if there are several.
    pub fn sharing(&self, inventory: &Inventory<'_>) -> Option<BTreeSet<&str>> {
        let shared = inventory.workloads().flat_map(|(_, roles)| owners(roles)).filter(|owner| owner.actor.is_none());
        let mut namespaces = shared.map(|owner| {
            let holders = self.workloads.iter().filter(|(_, holding)| holding.owners.contains(&owner));
            holders.map(|(workload, _)| workload.namespace()).collect::<BTreeSet<&str>>()
        });
        namespaces.find(|namespaces| namespaces.len() > 1)
    }

    /// Whether a workflow of the inventory has a key for each actor.
    pub fn is_per_actor(&self, inventory: &Inventory<'_>) -> bool {
        inventory.workloads().any(|(_, roles)| self.is_per_actor_in(roles))
    }

    /// The same for these roles: then no configuration fits several workloads.
    pub(super) fn is_per_actor_in(&self, roles: &[Role<'_>]) -> bool {
        owners(roles).any(|owner| owner.actor.is_some() && self.keys.contains_key(&owner))
    }

    /// The entries under `keys` for the gate of a workload in these roles.
    ///
    /// # Errors
    /// The workload has no Secret, or none with a key for one of its roles.
    pub(super) fn entries(&self, workload: &Workload, roles: &[Role<'_>]) -> Result<Vec<Value>, RenderError> {
        let holding = self.holding(workload)?;
        for role in signed(roles) {
            if !owners(std::slice::from_ref(role)).any(|owner| holding.owners.contains(&owner)) {
                let (workflow, workload) = (role.document.workflow.name.to_string(), workload.to_string());
                return Err(RenderError::NoKey { workflow, workload });
            }
        }
        // A gate refuses a key of an actor that its documents do not have.
        let is_known = |owner: &KeyOwner| {
            signed(roles).map(|role| &role.document.workflow).any(|workflow| {
                workflow.name == owner.workflow
                    && owner.actor.as_ref().is_none_or(|actor| workflow.actors.contains_key(actor))
            })
        };
        let entries = self.all_entries(holding).filter(|(owner, _)| is_known(owner));
        Ok(entries.map(|(_, entry)| entry).collect())
    }

    /// The entries for all keys of the workflows in which a workload signs.
    fn all_entries<'s>(&'s self, holding: &'s Holding) -> impl Iterator<Item = (&'s KeyOwner, Value)> {
        let workflows: BTreeSet<&WorkflowName> = holding.owners.iter().map(|owner| &owner.workflow).collect();
        let of_them = self.keys.iter().filter(move |(owner, _)| workflows.contains(&owner.workflow));
        of_them.flat_map(|(owner, keys)| {
            let is_held = holding.owners.contains(owner);
            keys.iter().map(move |(generation, jwks)| {
                let public = jwks.as_ref().and_then(|jwks| jwks.public.as_ref()).filter(|_| !is_held);
                (owner, entry(owner, generation, generation == keys.used(), public))
            })
        })
    }

    /// The variables of the interlock, beginning with the one that gates set.
    pub(super) fn interlock(&self, workload: &Workload) -> Result<Vec<String>, RenderError> {
        Ok(self.holding(workload)?.interlock.order().into_iter().map(interlock_variable).collect())
    }

    /// The variables that the workload's proxy holds.
    pub(super) fn variables(&self, workload: &Workload, roles: &[Role<'_>]) -> Result<Vec<String>, RenderError> {
        let entries = self.entries(workload, roles)?;
        let keys = entries.iter().filter_map(|entry| entry.get("env")?.as_str().map(str::to_owned));
        let mut variables: Vec<String> = keys.chain(self.interlock(workload)?).collect();
        variables.sort();
        Ok(variables)
    }

    fn holding(&self, workload: &Workload) -> Result<&Holding, RenderError> {
        self.workloads.get(workload).ok_or_else(|| RenderError::NoSecret(workload.to_string()))
    }
}

/// A key in the configuration of a gate: with its secret, or only to verify.
fn entry(owner: &KeyOwner, generation: u32, signs: bool, public: Option<&Value>) -> Value {
    let (workflow, kid) = (&owner.workflow, owner.kid(generation));
    let actor = owner.actor.as_ref().map_or("*", |actor| actor.as_str());
    match public {
        Some(jwk) => json!({"workflow": workflow, "actor": actor, "kid": kid, "use": "verify", "jwk": jwk}),
        None => {
            let (key_use, env) = (if signs { "sign" } else { "verify" }, owner.variable(Some(generation)));
            json!({"workflow": workflow, "actor": actor, "kid": kid, "use": key_use, "env": env})
        }
    }
}

/// The roles in workflows whose steps are signed.
fn signed<'r, 'd>(roles: &'r [Role<'d>]) -> impl Iterator<Item = &'r Role<'d>> {
    roles.iter().filter(|role| role.document.workflow.assurance != Assurance::Identity)
}

/// The owners of keys of these roles, of either kind.
fn owners(roles: &[Role<'_>]) -> impl Iterator<Item = KeyOwner> {
    signed(roles).flat_map(|role| [Algorithm::Hs256, Algorithm::Es256].map(|algorithm| owner(role, algorithm)))
}

/// The owner of the keys of a role. A shared secret belongs to all actors.
fn owner(role: &Role<'_>, algorithm: Algorithm) -> KeyOwner {
    let actor = (algorithm != Algorithm::Hs256).then(|| role.actor.name.clone());
    KeyOwner { workflow: role.document.workflow.name.clone(), actor }
}

fn interlock_variable(generation: u32) -> String {
    format!("{INTERLOCK_PREFIX}{generation}")
}
