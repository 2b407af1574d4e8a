//! From bytes to checked values: the entry point of this crate.

use std::sync::Arc;

use crate::PEOPLE;
use crate::bounds::{MAX_GUARD_TEXT, MAX_MARKINGS};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{self, Context};
use crate::report::{Report, quote_source};
use crate::schema::{self, Fields};
use crate::syntax::{self, Node};
use crate::{GateConfig, Workflow, configuration, short};

/// The result of reading an input.
#[derive(Debug, Clone)]
pub struct Outcome<T = Checked> {
    /// The checked value; present exactly when no diagnostic is an error.
    pub checked: Option<T>,
    /// All errors, warnings and notes, in the order of the input.
    pub diagnostics: Vec<Diagnostic>,
}

/// The value of an input, by its kind.
#[derive(Debug, Clone)]
pub enum Checked {
    /// A workflow document.
    Workflow(Arc<Workflow>),
    /// A gate's configuration.
    Gate(Box<GateConfig>),
}

impl<T> Outcome<T> {
    /// The checked value with its warnings and notes, or all diagnostics where one is an error.
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
/// Never panics, and its time and memory are bounded: input larger than [`crate::MAX_INPUT`] is rejected
/// unread, and all work on the rest is bounded by constants of this crate.
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

pub(crate) fn workflow(root: &mut Node<'_>, context: &mut Context<'_>) -> Option<Arc<Workflow>> {
    short::write_out(root, context.text, &mut context.report);
    schema::check(root, &schema::DOCUMENT, &mut context.report);
    document::read(Fields::of(&schema::DOCUMENT, root), context).workflow.map(Arc::new)
}

pub(crate) fn gate(root: &mut Node<'_>, context: &mut Context<'_>) -> Option<GateConfig> {
    short::write_out(root, context.text, &mut context.report);
    schema::check(root, &schema::GATE, &mut context.report);
    configuration::read(Fields::of(&schema::GATE, root), root, context)
}

/// Parses `text` and applies `then` to its tree. The errors of every step are in the outcome; where there
/// is one, the outcome has no value.
fn parsed<T>(text: &[u8], then: impl FnOnce(&mut Node<'_>, &mut Context<'_>) -> Option<T>) -> Outcome<T> {
    let mut report = Report::new();
    let mut root = syntax::parse(text, &mut report);
    checked(text, root.as_mut(), report, &mut MAX_MARKINGS.clone(), then)
}

/// The same for a tree of `text`, whose errors of the syntax are in `report`. Of the markings, those that are explored are
/// subtracted.
pub(crate) fn checked<T>(
    text: &[u8],
    root: Option<&mut Node<'_>>,
    report: Report,
    markings: &mut usize,
    then: impl FnOnce(&mut Node<'_>, &mut Context<'_>) -> Option<T>,
) -> Outcome<T> {
    let mut context = Context {
        text: std::str::from_utf8(text).unwrap_or_default(),
        report,
        guard_text: MAX_GUARD_TEXT,
        leeway: None,
        markings: *markings,
    };
    let value = root.and_then(|root| then(root, &mut context));
    *markings = context.markings;
    if value.is_none() && context.report.errors() == 0 {
        // No value and no reason: a bug in this crate, which must not pass for an accepted input.
        context.report.push(Diagnostic::new(
            Code::Unreadable,
            Span::START,
            "this input could not be read: please report this as a bug of `stepgate`",
        ));
    }
    let checked = value.filter(|_| context.report.errors() == 0);
    let mut diagnostics = context.report.finish();
    if !PEOPLE {
        diagnostics.iter_mut().for_each(|diagnostic| quote_source(diagnostic, context.text));
    }
    Outcome { checked, diagnostics }
}
