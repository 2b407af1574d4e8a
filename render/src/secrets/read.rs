//! Secrets read back from their file.

use serde_json::Value;

use super::manifest::{INTERLOCK, KEYS};
use super::{INTERLOCK_PREFIX, Key, RingName, Secrets};
use crate::error::RenderError::{self, NotSecrets};
use crate::jwk::Jwks;
use crate::workload::Workload;

/// The members of a private JWK that are not secret.
const PUBLIC: &[&str] = &["alg", "crv", "kid", "kty", "use", "x", "y"];

impl Secrets {
    /// Reads the text of [`Secrets::text`].
    ///
    /// # Errors
    /// Any other text. No message quotes the secrets.
    pub fn read(text: &str) -> Result<Self, RenderError> {
        let mut secrets = Self::default();
        let mut orders: Vec<Vec<String>> = Vec::new();
        for document in text.split("\n---\n") {
            let manifest = stepgate_config::to_json(document.as_bytes()).map_err(|_| NotSecrets("it is not YAML"))?;
            orders.push(secrets.add(&manifest).ok_or(NotSecrets("a document in it is not the Secret of a workload"))?);
        }
        let Some(order) = orders.first() else { return Err(NotSecrets("it is empty")) };
        if orders.iter().any(|other| other != order) {
            return Err(NotSecrets("its Secrets are of different generations"));
        }
        let generations: Option<Vec<u32>> = order.iter().map(|name| generation(name)).collect();
        let generations = generations.ok_or(NotSecrets("an interlock has no generation"))?;
        secrets.interlocks.set = generations.first().copied().ok_or(NotSecrets("it has no interlock"))?;
        secrets.interlocks.generations = generations.into_iter().collect();
        Ok(secrets)
    }

    /// Adds one Secret. Returns its interlock's variables in their order.
    fn add(&mut self, manifest: &Value) -> Option<Vec<String>> {
        let metadata = manifest.get("metadata").filter(|_| manifest.get("kind") == Some(&"Secret".into()))?;
        let account = metadata.get("name")?.as_str()?.strip_prefix("stepgate-")?;
        let workload = Workload::named(metadata.get("namespace")?.as_str()?, account)?;
        let annotation =
            |name: &str| serde_json::from_str::<Value>(metadata.get("annotations")?.get(name)?.as_str()?).ok();
        let data = manifest.get("stringData")?;
        for entry in annotation(KEYS)?.as_array()? {
            if entry.get("env").is_some() {
                self.add_key(entry, data)?;
            }
        }
        let order: Vec<String> = annotation(INTERLOCK)?
            .as_array()?
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Option<_>>()?;
        for variable in &order {
            let secret = data.get(variable)?.as_str()?.to_owned();
            self.interlocks.secrets.insert((workload.clone(), generation(variable)?), secret);
        }
        Some(order)
    }

    fn add_key(&mut self, entry: &Value, data: &Value) -> Option<()> {
        let text = |name: &str| entry.get(name)?.as_str();
        let actor = text("actor").filter(|actor| *actor != "*").map(str::to_owned);
        let name = RingName { workflow: text("workflow")?.to_owned(), actor };
        let number = text("kid")?.rsplit_once('k')?.1.parse().ok()?;
        let private: Value = serde_json::from_str(data.get(text("env")?)?.as_str()?).ok()?;
        let is_public = private.get("kty")?.as_str()? != "oct";
        let public = private.as_object()?.iter().filter(|(key, _)| PUBLIC.contains(&key.as_str()));
        let public = is_public.then(|| public.map(|(key, value)| (key.clone(), value.clone())).collect());
        let key = Key { generation: number, signs: text("use")? == "sign", jwks: Some(Jwks { private, public }) };
        let ring = self.rings.entry(name).or_default();
        ring.retain(|other| other.generation != number);
        ring.push(key);
        ring.sort_by_key(|key| key.generation);
        Some(())
    }
}

fn generation(variable: &str) -> Option<u32> {
    variable.strip_prefix(INTERLOCK_PREFIX)?.parse().ok()
}
