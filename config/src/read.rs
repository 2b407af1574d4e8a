//! From bytes to checked values: the entry of this crate.

use std::sync::Arc;

use crate::bounds::MAX_GUARD_TEXT;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{self, Context};
use crate::report::Report;
use crate::schema::{self, Fields};
use crate::syntax::{self, Node};
use crate::{GateConfig, Workflow, configuration};

/// What came of a text.
#[derive(Debug, Clone)]
pub struct Outcome<T = Checked> {
    /// The checked value: there exactly when no diagnostic is an error.
    pub checked: Option<T>,
    /// All that is wrong or worth knowing, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a text was.
#[derive(Debug, Clone)]
pub enum Checked {
    /// A workflow document.
    Workflow(Arc<Workflow>),
    /// A gate's configuration.
    Gate(Box<GateConfig>),
}

impl<T> Outcome<T> {
    /// The checked value with its warnings and notes, or everything that is wrong.
    ///
    /// # Errors
    /// All diagnostics, where one of them is an error.
    pub fn into_result(self) -> Result<(T, Vec<Diagnostic>), Vec<Diagnostic>> {
        match self.checked {
            Some(checked) => Ok((checked, self.diagnostics)),
            None => Err(self.diagnostics),
        }
    }
}

/// Reads a workflow document or a gate's configuration, YAML or JSON: a mapping with the key
/// `workflow` is a document, anything else is read as a gate's configuration.
///
/// Any input is answered: what is larger than [`crate::MAX_INPUT`] is refused unread, and all work on
/// the rest is bounded by constants of this crate.
pub fn read(text: &[u8]) -> Outcome {
    parsed(text, |root, context| match root.get("workflow") {
        Some(_) => workflow(root, context).map(Checked::Workflow),
        None => gate(root, context).map(|gate| Checked::Gate(Box::new(gate))),
    })
}

/// Reads a workflow document, YAML or JSON. New instances may begin in it.
pub fn read_workflow(text: &[u8]) -> Outcome<Arc<Workflow>> {
    parsed(text, workflow)
}

/// Reads a gate's configuration, YAML or JSON.
pub fn read_gate(text: &[u8]) -> Outcome<GateConfig> {
    parsed(text, gate)
}

fn workflow(root: &Node<'_>, context: &mut Context<'_>) -> Option<Arc<Workflow>> {
    schema::check(root, &schema::DOCUMENT, &mut context.report);
    document::read(Fields::of(&schema::DOCUMENT, root), context).workflow.map(Arc::new)
}

fn gate(root: &Node<'_>, context: &mut Context<'_>) -> Option<GateConfig> {
    schema::check(root, &schema::GATE, &mut context.report);
    configuration::read(Fields::of(&schema::GATE, root), root, context)
}

/// Parses `text` and, where there is a tree, makes of it what `then` makes. Errors of every step are in
/// the outcome, and where there is one, nothing else is.
fn parsed<T>(text: &[u8], then: impl FnOnce(&Node<'_>, &mut Context<'_>) -> Option<T>) -> Outcome<T> {
    let mut report = Report::new();
    let root = syntax::parse(text, &mut report);
    let mut context =
        Context { text: std::str::from_utf8(text).unwrap_or_default(), report, guard_text: MAX_GUARD_TEXT };
    let made = root.and_then(|root| then(&root, &mut context));
    if made.is_none() && context.report.errors() == 0 {
        // Nothing was made and nobody said why: a fault here, and never a reason to go on without.
        context.report.push(Diagnostic::new(Code::Unreadable, Span::START, "this input could not be read"));
    }
    let checked = made.filter(|_| context.report.errors() == 0);
    Outcome { checked, diagnostics: context.report.finish() }
}
