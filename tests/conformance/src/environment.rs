//! The keys and secrets of the corpus. They are committed, so they are not secret.

use std::collections::BTreeMap;
use std::path::Path;

/// `environment.json`: the variables of the VM's environment.
#[derive(Debug, Clone)]
pub struct Environment(pub BTreeMap<String, String>);

impl Environment {
    /// Reads `tests/corpus/environment.json`.
    ///
    /// # Errors
    /// Returns a message that says what failed.
    pub fn read(corpus: &Path) -> Result<Self, String> {
        let path = corpus.join("environment.json");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let variables: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let text = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Ok(Self(variables.into_iter().map(|(name, value)| (name, text(value))).collect()))
    }

    /// A variable.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}
