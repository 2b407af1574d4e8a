//! All random values in one file of Kubernetes Secrets: one Secret for each workload, with the keys that its gate holds
//! and its interlock's secret. Its public parts (kids, public keys, which key signs) are in annotations, so a reader of
//! the manifests need not read the secrets.
//!
//! Keys and interlocks have generations, from 1. A variable is named after its generation, so a proxy can hold two of
//! them, and a change from one to the other needs no restart.

mod manifest;
mod read;
mod rotation;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stepgate_config::name::MAX_NAME;
use stepgate_config::workflow::Assurance;
use stepgate_decision::keys::Algorithm;

use crate::error::RenderError;
use crate::inventory::{Inventory, Role, is_selected};
use crate::jwk::{self, Jwks};
use crate::workload::Workload;

/// The variable of an interlock is this and its generation.
const INTERLOCK_PREFIX: &str = "STEPGATE_INTERLOCK_";

/// The owner of a ring of keys: one actor of a workflow, or all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RingName {
    workflow: String,
    actor: Option<String>,
}

/// A key of a ring. Without JWKs it is in a file that was not given.
#[derive(Debug, Clone)]
struct Key {
    generation: u32,
    signs: bool,
    jwks: Option<Jwks>,
}

/// The interlocks of all workloads: one generation is set by the gates, all are accepted by the policies.
#[derive(Debug, Clone, Default)]
struct Interlocks {
    generations: BTreeSet<u32>,
    set: u32,
    secrets: BTreeMap<(Workload, u32), String>,
}

/// Keys and interlocks of an inventory.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    rings: BTreeMap<RingName, Vec<Key>>,
    interlocks: Interlocks,
}

impl Secrets {
    /// The secrets that manifests refer to if no file of secrets is given: one shared key for each workflow, everything
    /// in its first generation.
    pub fn assumed(inventory: &Inventory<'_>) -> Self {
        let first = || vec![Key { generation: 1, signs: true, jwks: None }];
        let rings = ring_names(inventory, Algorithm::Hs256).into_iter().map(|name| (name, first())).collect();
        let mut secrets = Self { rings, interlocks: Interlocks::first() };
        for (workload, _) in inventory.workloads() {
            secrets.interlocks.secrets.insert((workload.clone(), 1), String::new());
        }
        secrets
    }

    /// Generates the missing secrets of an inventory.
    ///
    /// # Errors
    /// A workflow whose keys are of another kind; a name that is too long; the system has no randomness.
    pub fn complete(&mut self, inventory: &Inventory<'_>, algorithm: Algorithm) -> Result<(), RenderError> {
        for name in ring_names(inventory, algorithm) {
            if self
                .rings
                .keys()
                .any(|other| other.workflow == name.workflow && other.actor.is_some() != name.actor.is_some())
            {
                return Err(RenderError::MixedKeys { workflow: name.workflow, algorithm: algorithm.alg() });
            }
            let kid = name.kid(1);
            // Later generations have more digits.
            if kid.len().saturating_add(2) > MAX_NAME {
                return Err(RenderError::KidTooLong(kid));
            }
            if let Entry::Vacant(vacant) = self.rings.entry(name) {
                let jwks = Some(jwk::generate(algorithm, &kid)?);
                vacant.insert(vec![Key { generation: 1, signs: true, jwks }]);
            }
        }
        if self.interlocks.generations.is_empty() {
            self.interlocks = Interlocks::first();
        }
        for (workload, _) in inventory.workloads() {
            for generation in &self.interlocks.generations {
                if let Entry::Vacant(vacant) = self.interlocks.secrets.entry((workload.clone(), *generation)) {
                    vacant.insert(jwk::random_text()?);
                }
            }
        }
        Ok(())
    }

    /// A namespace with secrets that is not among these; an empty list selects all.
    pub fn namespace_outside(&self, namespaces: &[String]) -> Option<&str> {
        let mut all = self.interlocks.secrets.keys().map(|(workload, _)| workload.namespace());
        all.find(|namespace| !is_selected(namespaces, namespace))
    }

    /// The algorithm of the existing keys.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.rings.values().flatten().find_map(Key::algorithm)
    }

    /// The keys without their secrets: `movie.k1 (signs)`.
    pub fn summary(&self) -> Vec<String> {
        let line = |name: &RingName, key: &Key| {
            let role = if key.signs { "signs" } else { "verifies" };
            format!("{} ({role})", name.kid(key.generation))
        };
        self.rings.iter().flat_map(|(name, keys)| keys.iter().map(move |key| line(name, key))).collect()
    }

    /// Whether keys belong to single actors: then no configuration fits several workloads.
    pub(super) fn per_actor(&self) -> bool {
        self.rings.keys().any(|name| name.actor.is_some())
    }

    /// The entries under `keys` for a gate of these roles.
    pub(super) fn entries(&self, roles: &[Role<'_>]) -> Result<Vec<Value>, RenderError> {
        let mut actors: BTreeMap<&str, &str> = BTreeMap::new();
        for role in roles.iter().filter(|role| role.document.workflow.assurance != Assurance::Identity) {
            actors.insert(role.document.workflow.name.as_str(), role.actor.name.as_str());
        }
        let mut entries = Vec::new();
        for (workflow, actor) in actors {
            let before = entries.len();
            for (name, keys) in self.rings.iter().filter(|(name, _)| name.workflow == workflow) {
                entries.extend(keys.iter().map(|key| name.entry(key, actor)));
            }
            if entries.len() == before {
                return Err(RenderError::NoKey(workflow.to_owned()));
            }
        }
        Ok(entries)
    }

    /// The variables of the interlock, beginning with the one that gates set.
    pub(super) fn interlock(&self, workload: &Workload) -> Result<Vec<String>, RenderError> {
        let set = self.interlocks.set;
        let others = self.interlocks.generations.iter().copied().filter(|generation| *generation != set);
        let all: Vec<u32> = std::iter::once(set).chain(others).collect();
        if all.iter().any(|generation| !self.interlocks.secrets.contains_key(&(workload.clone(), *generation))) {
            return Err(RenderError::NoInterlock(workload.to_string()));
        }
        Ok(all.into_iter().map(interlock_variable).collect())
    }

    /// The variables that the workload's proxy holds.
    pub(super) fn variables(&self, workload: &Workload, roles: &[Role<'_>]) -> Result<Vec<String>, RenderError> {
        let entries = self.entries(roles)?;
        let keys = entries.iter().filter_map(|entry| entry.get("env")?.as_str().map(str::to_owned));
        let mut variables: Vec<String> = keys.chain(self.interlock(workload)?).collect();
        variables.sort();
        let mut seen = BTreeSet::new();
        match variables.iter().find(|name| !seen.insert(*name)) {
            Some(name) => {
                Err(RenderError::DuplicateVariable { workload: workload.to_string(), variable: name.clone() })
            }
            None => Ok(variables),
        }
    }
}

impl Interlocks {
    fn first() -> Self {
        Self { generations: BTreeSet::from([1]), set: 1, secrets: BTreeMap::new() }
    }
}

impl RingName {
    /// Unique among all workflows: a `kid` is revoked in every workflow.
    fn kid(&self, generation: u32) -> String {
        match &self.actor {
            Some(actor) => format!("{}.{actor}.k{generation}", self.workflow),
            None => format!("{}.k{generation}", self.workflow),
        }
    }

    fn variable(&self, generation: u32) -> String {
        let names: Vec<&str> = [Some(self.workflow.as_str()), self.actor.as_deref()].into_iter().flatten().collect();
        format!("{}_K{generation}", key_variable(&names))
    }

    /// The key in the configuration of the gate of `actor`: with its secret, or only to verify.
    fn entry(&self, key: &Key, actor: &str) -> Value {
        let kid = self.kid(key.generation);
        let signer = self.actor.as_deref().unwrap_or("*");
        let public = key.jwks.as_ref().and_then(|jwks| jwks.public.as_ref());
        match public.filter(|_| signer != actor) {
            Some(jwk) => json!({"workflow": self.workflow, "actor": signer, "kid": kid, "use": "verify", "jwk": jwk}),
            None => {
                let key_use = if key.signs { "sign" } else { "verify" };
                let env = self.variable(key.generation);
                json!({"workflow": self.workflow, "actor": signer, "kid": kid, "use": key_use, "env": env})
            }
        }
    }
}

/// The rings of keys that an inventory needs.
fn ring_names(inventory: &Inventory<'_>, algorithm: Algorithm) -> BTreeSet<RingName> {
    let signed = inventory
        .workloads()
        .flat_map(|(_, roles)| roles)
        .filter(|role| role.document.workflow.assurance != Assurance::Identity);
    let name = |role: &Role<'_>| RingName {
        workflow: role.document.workflow.name.to_string(),
        actor: (algorithm != Algorithm::Hs256).then(|| role.actor.name.to_string()),
    };
    signed.map(name).collect()
}

/// The variable of a key, by the names of its workflow and actor: `STEPGATE_KEY_MOVIE_VFX_1`.
pub(crate) fn key_variable(names: &[&str]) -> String {
    let plain = |name: &&str| name.replace(['.', '-'], "_").to_ascii_uppercase();
    format!("STEPGATE_KEY_{}", names.iter().map(plain).collect::<Vec<_>>().join("_"))
}

fn interlock_variable(generation: u32) -> String {
    format!("{INTERLOCK_PREFIX}{generation}")
}
