//! Secrets read back from their file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stepgate_config::KeyOwner;
use stepgate_config::name::{ActorName, WorkflowName};

use super::manifest::{INTERLOCK, KEYS};
use super::{Generations, Holding, INTERLOCK_PREFIX, Secrets};
use crate::error::RenderError::{self, NotSecrets};
use crate::jwk::Jwks;
use crate::workload::Workload;

/// The keys of one owner, and the generation that signs.
type Keys = (Option<u32>, BTreeMap<u32, Option<Jwks>>);

impl Secrets {
    /// Reads the text of [`Secrets::text`].
    ///
    /// # Errors
    /// Any other text. No message quotes the secrets.
    pub fn read(text: &str) -> Result<Self, RenderError> {
        let mut manifests: BTreeMap<Workload, Value> = BTreeMap::new();
        for document in text.split("\n---\n") {
            let manifest = stepgate_config::to_json(document.as_bytes()).map_err(|_| NotSecrets("it is not YAML"))?;
            let workload = workload(&manifest).ok_or(NotSecrets("a document in it is not a Secret of gates"))?;
            if manifests.insert(workload, manifest).is_some() {
                return Err(NotSecrets("a workload has two Secrets in it"));
            }
        }
        let mut keys: BTreeMap<KeyOwner, Keys> = BTreeMap::new();
        let mut secrets = Self::default();
        for (workload, manifest) in &manifests {
            let holding = holding(manifest, &mut keys).ok_or(NotSecrets("a Secret in it is not complete"))?;
            secrets.workloads.insert(workload.clone(), holding);
        }
        for (owner, (used, all)) in keys {
            let generations = used.and_then(|used| Generations::read(used, all));
            secrets.keys.insert(owner, generations.ok_or(NotSecrets("an owner has no key that signs"))?);
        }
        // Any other content would be lost when the file is written again.
        if secrets.manifests().eq(manifests.into_values()) {
            Ok(secrets)
        } else {
            Err(NotSecrets("it has names or values that this version does not write"))
        }
    }
}

fn workload(manifest: &Value) -> Option<Workload> {
    let metadata = manifest.get("metadata")?;
    let account = metadata.get("name")?.as_str()?.strip_prefix("stepgate-")?;
    Workload::named(metadata.get("namespace")?.as_str()?, account)
}

/// Reads one Secret, and adds its keys.
fn holding(manifest: &Value, keys: &mut BTreeMap<KeyOwner, Keys>) -> Option<Holding> {
    let annotations = manifest.get("metadata")?.get("annotations")?;
    let annotation = |name: &str| serde_json::from_str::<Vec<Value>>(annotations.get(name)?.as_str()?).ok();
    let data = manifest.get("stringData")?;
    let mut owners = BTreeSet::new();
    for entry in annotation(KEYS)?.iter().filter(|entry| entry.get("env").is_some()) {
        let text = |name: &str| entry.get(name)?.as_str();
        let actor = text("actor").filter(|actor| *actor != "*").map(ActorName::try_from);
        let owner =
            KeyOwner { workflow: WorkflowName::try_from(text("workflow")?).ok()?, actor: actor.transpose().ok()? };
        let generation = text("kid")?.rsplit_once(".k")?.1.parse().ok()?;
        let jwks = Jwks::of(serde_json::from_str(data.get(text("env")?)?.as_str()?).ok()?)?;
        let (used, all) = keys.entry(owner.clone()).or_default();
        *used = if text("use")? == "sign" { Some(generation) } else { *used };
        all.insert(generation, Some(jwks));
        owners.insert(owner);
    }
    let mut interlocks = Vec::new();
    for variable in annotation(INTERLOCK)? {
        let variable = variable.as_str()?;
        let generation: u32 = variable.strip_prefix(INTERLOCK_PREFIX)?.parse().ok()?;
        interlocks.push((generation, data.get(variable)?.as_str()?.to_owned()));
    }
    let (used, _) = interlocks.first()?;
    Some(Holding { owners, interlock: Generations::read(*used, interlocks.iter().cloned().collect())? })
}
