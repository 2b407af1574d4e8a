//! Reading the corpus.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use stepgate_config::GateConfig;

use crate::case::{Case, Chapter, When};
use crate::environment::Environment;
use crate::files::{stem, yaml, yaml_files};
use crate::process::Process;

/// All cases, their gates and their keys.
#[derive(Debug)]
pub struct Corpus {
    /// The cases, in the order of the files, each with its complete gate and request.
    pub cases: Vec<Whole>,
    /// The gates by name.
    pub gates: BTreeMap<String, GateFile>,
    /// The keys.
    pub environment: Environment,
}

/// A case, completed with its chapter's defaults.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The file's name, without its extension.
    pub chapter: String,
    /// The gate's name.
    pub gate: String,
    /// The case.
    pub case: Case,
    /// Its request.
    pub when: When,
    /// Whether it is for real Envoys, too.
    pub envoys: bool,
}

impl Whole {
    /// The place of the case, for people.
    pub fn title(&self) -> String {
        format!("{}: {}", self.chapter, self.case.name)
    }
}

/// A gate's configuration.
#[derive(Debug, Clone)]
pub struct GateFile {
    /// As the filter gets it.
    pub text: String,
    /// As the configuration's reader reads it; none if it is broken, as some are on purpose.
    pub config: Option<GateConfig>,
}

impl GateFile {
    /// Reads it.
    pub fn of(text: String) -> Self {
        let config = stepgate_config::read_gate(text.as_bytes()).checked;
        Self { text, config }
    }
}

/// The folder of the corpus.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

impl Corpus {
    /// The case with this title.
    pub fn titled(&self, title: &str) -> Option<&Whole> {
        self.cases.iter().find(|whole| whole.title() == title)
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// Returns a message that names the file.
    pub fn read() -> Result<Self, String> {
        let folder = folder();
        let mut gates = BTreeMap::new();
        for path in yaml_files(&folder.join("gates"))? {
            let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            gates.insert(stem(&path), GateFile::of(text));
        }
        let mut cases = Vec::new();
        for path in yaml_files(&folder)? {
            let chapter: Chapter = yaml(&path)?;
            for case in chapter.cases {
                let gate = case.gate.clone().unwrap_or_else(|| chapter.gate.clone());
                if !gates.contains_key(&gate) {
                    return Err(format!("{}: no gate `{gate}`", path.display()));
                }
                let when = case.when.or(&chapter.when);
                cases.push(Whole { chapter: stem(&path), gate, case, when, envoys: true });
            }
        }
        for process in Process::all(&folder)?.into_iter().chain(Process::patterns(&folder)?) {
            let (chapter, envoys) = (&process.name, process.envoys);
            gates.insert(chapter.clone(), GateFile::of(process.configuration()));
            cases.extend(process.cases.into_iter().map(|case| {
                let when = case.when.or(&process.when);
                Whole { chapter: chapter.clone(), gate: chapter.clone(), case, when, envoys }
            }));
        }
        Ok(Self { cases, gates, environment: Environment::read(&folder)? })
    }

    /// The gate of a case.
    ///
    /// # Errors
    /// If there is none.
    pub fn gate(&self, case: &Whole) -> Result<&GateFile, String> {
        self.gates.get(&case.gate).ok_or_else(|| format!("no gate `{}`", case.gate))
    }
}
