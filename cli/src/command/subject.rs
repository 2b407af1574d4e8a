//! What a command is about: a gate's configuration, or one made in memory around a document.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use stepgate_config::workflow::Workflow;
use stepgate_config::{Checked, Diagnostic, GateConfig, MAX_INPUT};

use super::failure::Failure;
use super::input::{self, Input};
use super::{names, output};

/// The `kid` and the variable of the key that a gate made in memory has.
pub(super) const STAND_IN: (&str, &str) = ("explain", "STEPGATE_EXPLAIN");

/// A gate's configuration and where it came from.
pub(super) struct Subject {
    /// The file's name, for people.
    pub(super) name: String,
    /// The configuration.
    pub(super) config: GateConfig,
    /// Whether it was made in memory around a document, which knows no keys.
    pub(super) is_document: bool,
}

impl Subject {
    /// Reads a document or a gate's configuration; errors in it are shown.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = input::name_of(path);
        let text = match input::read(path, MAX_INPUT)? {
            Input::Whole(text) => text,
            Input::TooLarge => return Err(too_large(&name)),
        };
        match stepgate_config::read(&text).into_result() {
            Ok((Checked::Gate(config), _)) => Ok(Self { name, config: *config, is_document: false }),
            Ok((Checked::Workflow(workflow), _)) => {
                let config = gate_around(&text, &workflow).map_err(|found| unusable(&found, &name))?;
                Ok(Self { name, config, is_document: true })
            }
            Err(found) => Err(show(&found, &text, &name)),
        }
    }

    /// The workflow that is meant by `NAME` or `NAME/REVISION`; without, the only one.
    pub(super) fn workflow(&self, wanted: Option<&str>) -> Result<&Arc<Workflow>, Failure> {
        let (name, revision) =
            match wanted.map(|wanted| wanted.split_once('/').map_or((wanted, None), |(n, r)| (n, Some(r)))) {
                None => (None, None),
                Some((name, revision)) => (Some(name), revision),
            };
        let all = || self.config.workflows.iter();
        let Some(name) = name else {
            let mut names: Vec<&str> = all().map(|workflow| workflow.name.as_str()).collect();
            names.dedup();
            return match names.as_slice() {
                [only] => self.revision(only, None),
                [] => Err(Failure::usage(format!("`{}` configures no workflow", self.name))),
                several => Err(Failure::usage(format!("`{}` configures several workflows", self.name))
                    .help(format!("say which with --workflow: {}", names::listed(several)))),
            };
        };
        if all().any(|workflow| workflow.name.as_str() == name) {
            return self.revision(name, revision);
        }
        let known = all().map(|workflow| workflow.name.as_str());
        Err(Failure::usage(format!("--workflow: `{}` configures no workflow `{}`", self.name, output::plain(name)))
            .help(names::suggest(name, known, "the workflows are")))
    }

    /// The revision asked for; without, the one in which instances begin, or else the last.
    fn revision(&self, name: &str, wanted: Option<&str>) -> Result<&Arc<Workflow>, Failure> {
        let revisions = || self.config.workflows.iter().filter(|workflow| workflow.name.as_str() == name);
        let found = match wanted {
            Some(wanted) => revisions().find(|workflow| workflow.revision.to_string() == wanted),
            None => revisions().find(|w| w.open).or_else(|| revisions().max_by_key(|w| w.revision)),
        };
        found.ok_or_else(|| {
            let known: Vec<String> = revisions().map(|workflow| workflow.revision.to_string()).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Failure::usage(format!(
                "--workflow: `{name}` has no revision `{}` here",
                output::plain(wanted.unwrap_or_default())
            ))
            .help(format!("the revisions are {}", names::listed(&known)))
        })
    }
}

/// A gate's configuration whose only workflow is the document.
fn gate_around(text: &[u8], workflow: &Workflow) -> Result<GateConfig, Vec<Diagnostic>> {
    let document = stepgate_config::to_json(text)?;
    let (kid, env) = STAND_IN;
    let key = json!({"workflow": workflow.name.as_str(), "actor": "*", "kid": kid, "use": "sign", "env": env});
    let gate = json!({"keys": [key], "workflows": [document]});
    let (config, _) = stepgate_config::read_gate(gate.to_string().as_bytes()).into_result()?;
    Ok(config)
}

/// A document that is right by itself, but not in a gate.
fn unusable(found: &[Diagnostic], name: &str) -> Failure {
    let first = found.iter().find(|diagnostic| diagnostic.is_error());
    let why = first.map_or("it is not taken", |diagnostic| diagnostic.message.as_str());
    Failure::document(format!("no gate can be made of `{name}`: {why}"))
}

/// What has more bytes than are read.
pub(super) fn too_large(name: &str) -> Failure {
    Failure::document(format!("`{name}` has more than {MAX_INPUT} bytes (8 MiB): nothing of it is taken"))
}

/// Shows what is wrong with a text.
pub(super) fn show(found: &[Diagnostic], text: &[u8], name: &str) -> Failure {
    let errors: Vec<Diagnostic> = found.iter().filter(|diagnostic| diagnostic.is_error()).cloned().collect();
    output::show(&stepgate_config::render(&errors, text, name, output::colours_errors()));
    Failure::Refused
}
