//! The input of `explain` and `token`: a gate's configuration, or a document with a gate around it.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use stepgate_config::gate::Carrier;
use stepgate_config::workflow::Workflow;
use stepgate_config::{Checked, Diagnostic, GateConfig};
use stepgate_decision::step;

use super::error::CommandError;
use super::source::Source;
use super::{names, output};

/// A gate's configuration.
pub(super) struct Input {
    /// The name of the file in messages.
    pub(super) name: String,
    pub(super) config: GateConfig,
    /// Whether the file is a document, which has no keys.
    pub(super) is_document: bool,
}

impl Input {
    /// Reads a document or a gate's configuration, alone or in the manifest that has it. Errors in it are printed.
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let source = Source::read(path)?;
        let mut all = stepgate_config::read_all(&source.text);
        let only = if all.len() == 1 { all.pop() } else { None };
        if let several @ 1.. = all.len() {
            let message = format!("`{}` has {several} configurations or documents", source.name);
            return Err(CommandError::document(message).help("give a file that has one of them"));
        }
        let only = only.unwrap_or_else(|| stepgate_config::read(&source.text));
        let (config, is_document) = match only.into_result() {
            Ok((Checked::Gate(config), _)) => (*config, false),
            Ok((Checked::Workflow(workflow), _)) => {
                let config = gate_around(&source.text, &workflow);
                (config.map_err(|found| unusable(&found, &source.name))?, true)
            }
            Err(found) => return Err(source.reject(&found)),
        };
        Ok(Self { name: source.name, config, is_document })
    }

    /// A document where only a gate's configuration will do.
    pub(super) fn keyless(&self) -> CommandError {
        CommandError::usage(format!("`{}` is a workflow document, which has no keys to verify a token", self.name))
            .help("give the gate's configuration: the value of `pluginConfig`, or the manifest that has it")
    }

    /// The header with which a request carries these steps, a list with commas, as the gate reads them.
    pub(super) fn step_header(&self, steps: &str) -> (String, String) {
        let as_given = || (self.config.header.clone(), steps.to_owned());
        match self.config.carrier {
            Carrier::Header => as_given(),
            Carrier::Baggage => {
                let steps: Vec<&str> = steps.split(',').map(str::trim).collect();
                step::step_header(Carrier::Baggage, &self.config.header, &steps).unwrap_or_else(as_given)
            }
        }
    }

    /// The workflow `NAME` or `NAME/REVISION`; for `None` the only one.
    pub(super) fn workflow(&self, selected: Option<&str>) -> Result<&Arc<Workflow>, CommandError> {
        let all = || self.config.workflows.iter();
        let Some(selected) = selected else {
            let mut names: Vec<&str> = all().map(|workflow| workflow.name.as_str()).collect();
            names.dedup();
            return match names.as_slice() {
                [only] => self.revision(only, None),
                [] => Err(CommandError::usage(format!("`{}` configures no workflow", self.name))),
                several => Err(CommandError::usage(format!("`{}` configures several workflows", self.name))
                    .help(format!("select one with --workflow: {}", names::listed(several)))),
            };
        };
        let (name, revision) = selected.split_once('/').map_or((selected, None), |(n, r)| (n, Some(r)));
        if all().any(|workflow| workflow.name.as_str() == name) {
            return self.revision(name, revision);
        }
        let known = all().map(|workflow| workflow.name.as_str());
        let (file, given) = (&self.name, output::escape(name));
        Err(CommandError::usage(format!("--workflow: `{file}` configures no workflow `{given}`")).help(names::suggest(
            name,
            known,
            "the workflows are",
        )))
    }

    /// The given revision; for `None` the open one, or else the highest.
    fn revision(&self, name: &str, given: Option<&str>) -> Result<&Arc<Workflow>, CommandError> {
        let revisions = || self.config.workflows.iter().filter(|workflow| workflow.name.as_str() == name);
        let found = match given {
            Some(given) => revisions().find(|workflow| workflow.revision.to_string() == given),
            None => revisions().find(|w| w.open).or_else(|| revisions().max_by_key(|w| w.revision)),
        };
        found.ok_or_else(|| {
            let known = names::listed(revisions().map(|workflow| workflow.revision));
            let given = output::escape(given.unwrap_or_default());
            CommandError::usage(format!("--workflow: `{name}` has no revision `{given}` here"))
                .help(format!("the revisions are {known}"))
        })
    }
}

/// A gate's configuration with the document as its only workflow. Its key is never read.
fn gate_around(text: &[u8], workflow: &Workflow) -> Result<GateConfig, Vec<Diagnostic>> {
    let document = stepgate_config::to_json(text)?;
    let key = json!({
        "workflow": workflow.name.as_str(), "actor": "*", "kid": "ephemeral", "use": "sign", "env": "STEPGATE_EPHEMERAL",
    });
    let gate = json!({"direction": "inbound", "keys": [key], "workflows": [document]});
    let (config, _) = stepgate_config::read_gate(gate.to_string().as_bytes()).into_result()?;
    Ok(config)
}

/// A document without errors that a gate would still refuse.
fn unusable(found: &[Diagnostic], name: &str) -> CommandError {
    let first = found.iter().find(|diagnostic| diagnostic.is_error());
    let reason = first.map_or("", |diagnostic| diagnostic.message.as_str());
    CommandError::document(format!("a gate would refuse `{name}`: {reason}"))
}
