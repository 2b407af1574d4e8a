//! All that is drawn at random, in one file of Kubernetes Secrets: one Secret for each workload, with the
//! keys that its gate holds and its interlock's secret. What is no secret of it (kids, public keys, which
//! key signs) stands in annotations, so that whoever may read the manifests need not read the secrets.
//!
//! Keys and interlocks have generations, from 1. A variable is named after its generation, so a proxy can
//! hold two of them, and a change of the one in use needs no restart.

mod manifest;
mod read;
mod rotate;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stepgate_config::name::MAX_NAME;
use stepgate_config::workflow::Assurance;
use stepgate_decision::keys::Algorithm;

pub use rotate::Step;

use super::estate::Role;
use super::{Estate, Workload, Wrong};

/// A key as JWKs (RFC 7517), with its secrets and without.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// With all its secrets.
    pub private: Value,
    /// What may be shown; a shared secret has no such part.
    pub public: Option<Value>,
}

/// Where secrets are drawn from.
pub trait Source {
    /// A new key.
    ///
    /// # Errors
    /// There is no randomness.
    fn key(&mut self, algorithm: Algorithm, kid: &str) -> Result<Drawn, Wrong>;
    /// A new secret of 32 bytes, as text.
    ///
    /// # Errors
    /// There is no randomness.
    fn secret(&mut self) -> Result<String, Wrong>;
}

/// Who signs with a ring of keys: an actor of a workflow, or all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RingName {
    workflow: String,
    actor: Option<String>,
}

/// A key of a ring. Without material it is only known to be somewhere.
#[derive(Debug, Clone)]
struct Key {
    generation: u32,
    signs: bool,
    drawn: Option<Drawn>,
}

/// The interlocks of all workloads: one generation is set by the gates, all are accepted by the policies.
#[derive(Debug, Clone, Default)]
struct Interlocks {
    generations: BTreeSet<u32>,
    set: u32,
    secrets: BTreeMap<(Workload, u32), String>,
}

/// Keys and interlocks of an estate.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    rings: BTreeMap<RingName, Vec<Key>>,
    interlocks: Interlocks,
}

impl Secrets {
    /// What manifests are written for where no file of secrets is given: one shared key for each workflow,
    /// everything in its first generation.
    pub fn assumed(estate: &Estate<'_>) -> Self {
        let first = || vec![Key { generation: 1, signs: true, drawn: None }];
        let rings = ring_names(estate, Algorithm::Hs256).into_iter().map(|name| (name, first())).collect();
        let mut secrets = Self { rings, interlocks: Interlocks::first() };
        for (workload, _) in estate.workloads() {
            secrets.interlocks.secrets.insert((workload.clone(), 1), String::new());
        }
        secrets
    }

    /// Draws what the estate needs and is not there yet.
    ///
    /// # Errors
    /// A workflow whose keys are of another algorithm; no randomness.
    pub fn complete(
        &mut self,
        estate: &Estate<'_>,
        algorithm: Algorithm,
        source: &mut dyn Source,
    ) -> Result<(), Wrong> {
        for name in ring_names(estate, algorithm) {
            if self
                .rings
                .keys()
                .any(|other| other.workflow == name.workflow && other.actor.is_some() != name.actor.is_some())
            {
                return Err(Wrong::new(format!("the keys of `{}` are of another kind than {}", name.workflow, algorithm.alg()))
                    .help("--alg must name the algorithm with which they were drawn; for another, draw all of them anew: --force"));
            }
            let kid = name.kid(1);
            // Later generations have more digits.
            if kid.len().saturating_add(2) > MAX_NAME {
                return Err(Wrong::new(format!("the key `{kid}` would have too long a name"))
                    .help("shorten the name of the workflow or of the actor: together they have at most 58 bytes"));
            }
            if let Entry::Vacant(place) = self.rings.entry(name) {
                let drawn = Some(source.key(algorithm, &kid)?);
                place.insert(vec![Key { generation: 1, signs: true, drawn }]);
            }
        }
        if self.interlocks.generations.is_empty() {
            self.interlocks = Interlocks::first();
        }
        for (workload, _) in estate.workloads() {
            for generation in &self.interlocks.generations {
                if let Entry::Vacant(place) = self.interlocks.secrets.entry((workload.clone(), *generation)) {
                    place.insert(source.secret()?);
                }
            }
        }
        Ok(())
    }

    /// The namespaces for whose workloads there is something.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        self.interlocks.secrets.keys().map(|(workload, _)| workload.namespace()).collect()
    }

    /// The algorithm of the keys that are there.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.rings.values().flatten().find_map(Key::algorithm)
    }

    /// The keys without their secrets: `movie.k1 (signs)`.
    pub fn summary(&self) -> Vec<String> {
        let line = |name: &RingName, key: &Key| {
            let what = if key.signs { "signs" } else { "verifies" };
            format!("{} ({what})", name.kid(key.generation))
        };
        self.rings.iter().flat_map(|(name, keys)| keys.iter().map(move |key| line(name, key))).collect()
    }

    /// Whether some key is one actor's alone: then no configuration fits several workloads.
    pub(super) fn per_actor(&self) -> bool {
        self.rings.keys().any(|name| name.actor.is_some())
    }

    /// The entries under `keys` for a gate of these roles.
    pub(super) fn entries(&self, roles: &[Role<'_>]) -> Result<Vec<Value>, Wrong> {
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
                return Err(Wrong::new(format!("the secrets have no key for the workflow `{workflow}`"))
                    .help("draw it: stepgate secrets … --add"));
            }
        }
        Ok(entries)
    }

    /// The variables of the interlock, the one that is set first.
    pub(super) fn interlock(&self, workload: &Workload) -> Result<Vec<String>, Wrong> {
        let set = self.interlocks.set;
        let others = self.interlocks.generations.iter().copied().filter(|generation| *generation != set);
        let all: Vec<u32> = std::iter::once(set).chain(others).collect();
        if all.iter().any(|generation| !self.interlocks.secrets.contains_key(&(workload.clone(), *generation))) {
            return Err(Wrong::new(format!("the secrets have nothing for the workload `{workload}`"))
                .help("draw it: stepgate secrets … --add"));
        }
        Ok(all.into_iter().map(interlock_variable).collect())
    }

    /// The variables that the workload's proxy holds.
    pub(super) fn variables(&self, workload: &Workload, roles: &[Role<'_>]) -> Result<Vec<String>, Wrong> {
        let entries = self.entries(roles)?;
        let keys = entries.iter().filter_map(|entry| entry.get("env")?.as_str().map(str::to_owned));
        let mut variables: Vec<String> = keys.chain(self.interlock(workload)?).collect();
        variables.sort();
        let twice = variables.windows(2).find_map(|pair| match pair {
            [a, b] if a == b => Some(a),
            _ => None,
        });
        match twice {
            Some(name) => Err(Wrong::new(format!("two keys of `{workload}` would both be called {name}"))
                .help("rename one of the workflows or actors: in variables `-`, `.` and `_` are one")),
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
    /// Unique among all workflows: a `kid` is revoked wherever it stands.
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

    /// The key as the gate of `actor` knows it: with its secret, or only to verify.
    fn entry(&self, key: &Key, actor: &str) -> Value {
        let kid = self.kid(key.generation);
        let signer = self.actor.as_deref().unwrap_or("*");
        let public = key.drawn.as_ref().and_then(|drawn| drawn.public.as_ref());
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

/// Whose keys an estate needs.
fn ring_names(estate: &Estate<'_>, algorithm: Algorithm) -> BTreeSet<RingName> {
    let signed = estate
        .workloads()
        .flat_map(|(_, roles)| roles)
        .filter(|role| role.document.workflow.assurance != Assurance::Identity);
    let name = |role: &Role<'_>| RingName {
        workflow: role.document.workflow.name.to_string(),
        actor: (algorithm != Algorithm::Hs256).then(|| role.actor.name.to_string()),
    };
    signed.map(name).collect()
}

/// `STEPGATE_KEY_MOVIE_VFX_1`.
pub fn key_variable(names: &[&str]) -> String {
    let plain = |name: &&str| name.replace(['.', '-'], "_").to_ascii_uppercase();
    format!("STEPGATE_KEY_{}", names.iter().map(plain).collect::<Vec<_>>().join("_"))
}

fn interlock_variable(generation: u32) -> String {
    format!("STEPGATE_INTERLOCK_{generation}")
}
