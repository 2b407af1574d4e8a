//! A document as a chapter of its own, with the findings of `check`, its walks and its cases: a published process, or a
//! control-flow pattern.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::case::{Case, When};
use crate::files::{stem, yaml, yaml_files};

/// The variable with the key of every process.
const KEY: &str = "KEY_FILM";

/// A file of `processes/`; or one of `patterns/cases/` with the document of its name in `patterns/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The name of its gate and its chapter: `processes/NAME` or `patterns/NAME`.
    #[serde(skip)]
    pub name: String,
    /// The workflow document.
    pub document: Value,
    /// The findings of `check`: for each its code, and perhaps a part of its message.
    pub check: Vec<String>,
    /// What an author may write by mistake, and what `check` says of it.
    #[serde(default)]
    pub mistakes: Vec<Mistake>,
    /// Whole instances, each as chains of tasks (`a -> b -> c`) and waits (`+16m`), in order.
    pub walks: Vec<Vec<String>>,
    /// Whether its cases also run in real Envoys.
    #[serde(default)]
    pub envoys: bool,
    /// Defaults for its cases.
    #[serde(default)]
    pub when: When,
    /// One for each transition at least, and attacks.
    pub cases: Vec<Case>,
}

/// A document that differs from the process's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// The mistake, as a sentence.
    pub name: String,
    /// The difference: a merge patch (RFC 7396).
    pub patch: Value,
    /// The findings, as [`Process::check`] has them.
    pub check: Vec<String>,
}

impl Process {
    /// All processes of the corpus, in the order of their files.
    ///
    /// # Errors
    /// Returns a message that names the file.
    pub fn all(corpus: &Path) -> Result<Vec<Self>, String> {
        let named = |path: &Path| Ok(Self { name: format!("processes/{}", stem(path)), ..yaml(path)? });
        yaml_files(&corpus.join("processes"))?.iter().map(|path| named(path)).collect()
    }

    /// All control-flow patterns of the corpus, in the order of their files.
    ///
    /// # Errors
    /// Returns a message that names the file.
    pub fn patterns(corpus: &Path) -> Result<Vec<Self>, String> {
        let folder = corpus.join("patterns");
        let read = |path: &Path| {
            let mut whole: Map<String, Value> = yaml(path)?;
            whole.insert("document".to_owned(), yaml(&folder.join(format!("{}.yaml", stem(path))))?);
            let process: Self =
                serde_json::from_value(Value::Object(whole)).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(Self { name: format!("patterns/{}", stem(path)), envoys: false, ..process })
        };
        yaml_files(&folder.join("cases"))?.iter().map(|path| read(path)).collect()
    }

    /// The configuration of its gates: the document, a revoked instance and, unless its level needs none, one key.
    pub fn configuration(&self) -> String {
        let member = |name: &str| self.document.get(name).and_then(Value::as_str).unwrap_or_default();
        let key = json!({"workflow": member("workflow"), "kid": "k1", "use": "sign", "env": KEY});
        let keys = if member("assurance") == "identity" { vec![] } else { vec![key] };
        json!({"keys": keys, "revoked": {"instances": ["i-revoked"]}, "workflows": [self.document]}).to_string()
    }
}
