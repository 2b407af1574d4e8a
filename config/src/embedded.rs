//! Documents and gates' configurations within the files that people apply.

use serde::de::IgnoredAny;

use crate::bounds::MAX_MARKINGS;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::read::{Checked, Outcome, checked, gate, workflow};
use crate::report::Report;
use crate::syntax::{self, Entry, Kind, Node};

/// Keys of which a document or a gate's configuration has one at least, if only one of them is mistyped.
const OWN_KEYS: [&str; 4] = ["workflow", "workflows", "trust_domain", "transitions"];

/// Keys of the Helm chart's values that no gate has: the `workflows` beside them are documents.
const CHART_KEYS: [&str; 4] = ["module", "stage", "attach", "secrets"];

/// Reads all of a file that is Stepgate's: each document and gate's configuration, and each one that is the
/// `pluginConfig` of a Kubernetes manifest or the `configuration` of a filter in a bootstrap of Envoy; and the documents of
/// the Helm chart's values. Their places are those in the file. Nothing: the file has neither.
///
/// Bounded as [`crate::read`]. Errors of the syntax elsewhere in the file are others' business, unless they end the
/// reading: they are then the only outcome.
pub fn read_all(text: &[u8]) -> Vec<Outcome> {
    let mut report = Report::new();
    let mut roots = syntax::parse_all(text, &mut report);
    let syntax = report.finish();
    if roots.is_empty() {
        return vec![Outcome { checked: None, diagnostics: syntax }];
    }
    let mut found = Vec::new();
    roots.iter_mut().for_each(|root| find(root, &mut found));
    let mut markings = MAX_MARKINGS;
    found.into_iter().map(|part| part.read(text, &syntax, &mut markings)).collect()
}

/// A part of a file that is Stepgate's.
pub(crate) enum Part<'n, 'a> {
    Document(&'n mut Node<'a>),
    Gate(&'n mut Node<'a>),
    /// A gate's configuration as the text of a string, with the place of the string.
    Quoted(&'n str, Span),
}

/// Adds the parts of one document of a file.
pub(crate) fn find<'n, 'a>(root: &'n mut Node<'a>, found: &mut Vec<Part<'n, 'a>>) {
    if root.get("workflow").is_some() {
        found.push(Part::Document(root));
    } else if CHART_KEYS.iter().any(|key| root.get(key).is_some()) && root.get("workflows").is_some() {
        let documents = root.get_mut("workflows").map(Node::items_mut).unwrap_or_default();
        found.extend(documents.iter_mut().map(Part::Document));
    } else if OWN_KEYS.iter().any(|key| root.get(key).is_some()) {
        found.push(Part::Gate(root));
    } else {
        find_within(root, found);
    }
}

/// The configurations in a tree of others. The recursion is bounded by [`syntax::MAX_DEPTH`].
fn find_within<'n, 'a>(node: &'n mut Node<'a>, found: &mut Vec<Part<'n, 'a>>) {
    let is_gate = |node: &Node<'_>| node.get("workflows").is_some();
    let (entries, items) = match &mut node.kind {
        Kind::Map(entries) => (entries.as_mut_slice(), [].as_mut_slice()),
        Kind::List(items) => ([].as_mut_slice(), items.as_mut_slice()),
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) | Kind::Broken => return,
    };
    for Entry { key, value, .. } in entries {
        let is_value =
            key == "configuration" && value.get("value").is_some_and(|inner| is_gate(inner) || is_quoted(inner));
        match value {
            gate if key == "pluginConfig" && is_gate(gate) => found.push(Part::Gate(gate)),
            value if is_value => match value.get_mut("value") {
                Some(Node { kind: Kind::Text(text), span }) => found.push(Part::Quoted(text, *span)),
                Some(gate) => found.push(Part::Gate(gate)),
                None => {}
            },
            other => find_within(other, found),
        }
    }
    items.iter_mut().for_each(|item| find_within(item, found));
}

/// Whether this is a string with a gate's configuration.
fn is_quoted(node: &Node<'_>) -> bool {
    node.text().is_some_and(|text| text.contains("workflows"))
}

impl Part<'_, '_> {
    fn read(self, text: &[u8], syntax: &[Diagnostic], markings: &mut usize) -> Outcome {
        match self {
            Self::Document(node) => {
                let report = own(node, syntax);
                checked(text, Some(node), report, markings, |root, context| {
                    workflow(root, context).map(Checked::Workflow)
                })
            }
            Self::Gate(node) => {
                let report = own(node, syntax);
                checked(text, Some(node), report, markings, |root, context| {
                    gate(root, context).map(|gate| Checked::Gate(gate.into()))
                })
            }
            Self::Quoted(inner, span) if serde_json::from_str::<IgnoredAny>(inner).is_err() => {
                let message = "a gate takes its configuration as JSON";
                let error = Diagnostic::new(Code::Syntax, span, message).label("this text is not JSON");
                let help = "write JSON here: a gate that gets anything else denies every request";
                Outcome { checked: None, diagnostics: vec![error.help(help)] }
            }
            Self::Quoted(inner, span) => {
                let mut report = Report::new();
                let mut root = syntax::parse(inner.as_bytes(), &mut report);
                let outcome = checked(inner.as_bytes(), root.as_mut(), report, markings, gate);
                let diagnostics = outcome.diagnostics.into_iter().map(|found| quoted(found, span)).collect();
                Outcome { checked: outcome.checked.map(|gate| Checked::Gate(gate.into())), diagnostics }
            }
        }
    }
}

/// The errors of the syntax within a part; all of them, if some are not shown.
fn own(node: &Node<'_>, syntax: &[Diagnostic]) -> Report {
    let all = syntax.iter().any(|diagnostic| diagnostic.code == Code::More);
    let within = |at: Span| (node.span.start..=node.span.end).contains(&at.start);
    let mut report = Report::new();
    syntax.iter().filter(|found| all || within(found.primary)).for_each(|found| report.push(found.clone()));
    report
}

/// A diagnostic of a text within a string, at the string: the lines of the two differ by its indentation and quotes.
fn quoted(found: Diagnostic, span: Span) -> Diagnostic {
    let message = format!("{} (line {} of this text)", found.message, found.primary.line);
    Diagnostic { message, primary: span, secondary: Vec::new(), ..found }
}
