//! Secrets as they are written.

use serde_json::{Map, Value, json};

use super::{Secrets, interlock_variable};
use crate::{Estate, Wrong, yaml};

/// Where the entries of the configuration stand.
pub(super) const KEYS: &str = "stepgate.dev/keys";
/// Where the interlock's variables stand, the one that is set first.
pub(super) const INTERLOCK: &str = "stepgate.dev/interlock";

const HEADER: &str = "\
# Drawn by `stepgate secrets`. Whoever can read this file can speak for every gate here: keep it out of\n\
# version control, or encrypt it. Change it with `stepgate secrets --add` or `--rotate`, not by hand.\n";

impl Secrets {
    /// One Secret for each workload of the estate, as a stream of YAML documents.
    ///
    /// # Errors
    /// Something that the estate needs is not there.
    pub fn text(&self, estate: &Estate<'_>) -> Result<String, Wrong> {
        Ok(format!("{HEADER}{}", yaml::stream(&self.manifests(estate)?)))
    }

    fn manifests(&self, estate: &Estate<'_>) -> Result<Vec<Value>, Wrong> {
        let mut manifests = Vec::new();
        for (workload, roles) in estate.workloads() {
            self.variables(workload, roles)?;
            let (entries, interlock) = (self.entries(roles)?, self.interlock(workload)?);
            let mut held: Map<String, Value> = Map::new();
            for (name, key) in self.rings.iter().flat_map(|(name, keys)| keys.iter().map(move |key| (name, key))) {
                let variable = name.variable(key.generation);
                let holds = entries.iter().any(|entry| {
                    entry.get("env").and_then(Value::as_str) == Some(&variable)
                        && entry.get("workflow").and_then(Value::as_str) == Some(&name.workflow)
                });
                if let Some(drawn) = key.drawn.as_ref().filter(|_| holds) {
                    held.insert(variable, drawn.private.to_string().into());
                }
            }
            for generation in &self.interlocks.generations {
                if let Some(secret) = self.interlocks.secrets.get(&(workload.clone(), *generation)) {
                    held.insert(interlock_variable(*generation), secret.as_str().into());
                }
            }
            manifests.push(json!({
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                "metadata": {
                    "name": workload.resource(), "namespace": workload.namespace(),
                    "labels": {"app.kubernetes.io/managed-by": "stepgate"},
                    "annotations": {
                        KEYS: Value::from(entries).to_string(),
                        INTERLOCK: Value::from(interlock).to_string(),
                    },
                },
                "stringData": held,
            }));
        }
        Ok(manifests)
    }
}
