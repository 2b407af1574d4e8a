//! Secrets read back from the file in which they were written.

use std::collections::BTreeMap;

use serde_json::Value;

use super::manifest::{INTERLOCK, KEYS};
use super::{Drawn, Interlocks, Key, RingName, Secrets};
use crate::{Workload, Wrong};

/// What of a private JWK may be shown.
const PUBLIC: &[&str] = &["alg", "crv", "kid", "kty", "use", "x", "y"];

impl Secrets {
    /// Reads what [`Secrets::text`] has written.
    ///
    /// # Errors
    /// Anything else. No message has anything of the secrets.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        let mut secrets = Self::default();
        let mut orders: Vec<Vec<String>> = Vec::new();
        for document in text.split("\n---\n") {
            let manifest = stepgate_config::to_json(document.as_bytes()).map_err(|_| not_ours("it is not YAML"))?;
            orders
                .push(secrets.take(&manifest).ok_or_else(|| not_ours("a document in it is no Secret of a workload"))?);
        }
        let Some(order) = orders.first() else { return Err(not_ours("it is empty")) };
        if orders.iter().any(|other| other != order) {
            return Err(not_ours("its Secrets are of different generations"));
        }
        let generations: Option<Vec<u32>> = order.iter().map(|name| generation(name, "STEPGATE_INTERLOCK_")).collect();
        let generations = generations.ok_or_else(|| not_ours("an interlock has no generation"))?;
        secrets.interlocks.set = generations.first().copied().ok_or_else(|| not_ours("it has no interlock"))?;
        secrets.interlocks.generations = generations.into_iter().collect();
        Ok(secrets)
    }

    /// Takes one Secret in, and says in which order its interlock's variables stand.
    fn take(&mut self, manifest: &Value) -> Option<Vec<String>> {
        let metadata = manifest.get("metadata").filter(|_| manifest.get("kind") == Some(&"Secret".into()))?;
        let account = metadata.get("name")?.as_str()?.strip_prefix("stepgate-")?;
        let workload = Workload::named(metadata.get("namespace")?.as_str()?, account)?;
        let annotation =
            |name: &str| serde_json::from_str::<Value>(metadata.get("annotations")?.get(name)?.as_str()?).ok();
        let held = manifest.get("stringData")?;
        for entry in annotation(KEYS)?.as_array()? {
            if entry.get("env").is_some() {
                self.take_key(entry, held)?;
            }
        }
        let order: Vec<String> = annotation(INTERLOCK)?
            .as_array()?
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Option<_>>()?;
        for variable in &order {
            let secret = held.get(variable)?.as_str()?.to_owned();
            self.interlocks.insert(&workload, generation(variable, "STEPGATE_INTERLOCK_")?, secret);
        }
        Some(order)
    }

    fn take_key(&mut self, entry: &Value, held: &Value) -> Option<()> {
        let text = |name: &str| entry.get(name)?.as_str();
        let actor = text("actor").filter(|actor| *actor != "*").map(str::to_owned);
        let name = RingName { workflow: text("workflow")?.to_owned(), actor };
        let number = text("kid")?.rsplit_once('k')?.1.parse().ok()?;
        let private: Value = serde_json::from_str(held.get(text("env")?)?.as_str()?).ok()?;
        let is_public = private.get("kty")?.as_str()? != "oct";
        let shown = private.as_object()?.iter().filter(|(key, _)| PUBLIC.contains(&key.as_str()));
        let public = is_public.then(|| shown.map(|(key, value)| (key.clone(), value.clone())).collect());
        let key = Key { generation: number, signs: text("use")? == "sign", drawn: Some(Drawn { private, public }) };
        let ring = self.rings.entry(name).or_default();
        ring.retain(|other| other.generation != number);
        ring.push(key);
        ring.sort_by_key(|key| key.generation);
        Some(())
    }
}

impl Interlocks {
    fn insert(&mut self, workload: &Workload, generation: u32, secret: String) {
        let one = BTreeMap::from([((workload.clone(), generation), secret)]);
        self.secrets.extend(one);
    }
}

fn generation(variable: &str, prefix: &str) -> Option<u32> {
    variable.strip_prefix(prefix)?.parse().ok()
}

fn not_ours(why: &str) -> Wrong {
    Wrong::new(format!("this is no file of `stepgate secrets`: {why}"))
}
