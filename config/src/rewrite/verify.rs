//! Whether a rewritten file is still the same.

use std::borrow::Cow;

use serde_json::Value;

use super::documents::documents;
use super::source::Source;
use crate::embedded::read_all;
use crate::read::Checked;
use crate::report::Report;
use crate::schema::spiffe_id;
use crate::short;
use crate::spiffe::TrustDomain;
use crate::syntax::{self, Kind, Node};
use crate::workflow::Digest;

/// Whether two files have the same documents, whatever their form, the same values elsewhere, and the same comments.
pub(super) fn is_kept(before: &str, after: &str) -> bool {
    before == after || (Content::of(before) == Content::of(after) && digests(before) == digests(after))
}

#[derive(PartialEq)]
struct Content {
    /// Of each document of the file.
    values: Vec<Value>,
    comments: Vec<String>,
}

impl Content {
    fn of(text: &str) -> Self {
        let mut roots = syntax::parse_all(text.as_bytes(), &mut Report::new());
        let comments = Source::of(text, &roots).comments(0..text.len());
        let comments = comments.into_iter().map(str::to_owned).collect();
        for workflow in documents(&mut roots) {
            short::write_out(workflow, text, &mut Report::new());
            whole_ids(workflow);
            if let Kind::Map(entries) = &mut workflow.kind {
                entries.retain(|entry| entry.key != "namespace");
            }
        }
        Self { values: roots.iter().map(syntax::to_json).collect(), comments }
    }
}

/// Writes each SPIFFE ID as a whole: short forms stand for relative ones.
fn whole_ids(workflow: &mut Node<'_>) {
    let domain = workflow.get("trust_domain").and_then(Node::text).and_then(|text| TrustDomain::try_from(text).ok());
    let actors = workflow.get_mut("actors").map(Node::entries_mut).unwrap_or_default();
    let lists = actors.iter_mut().filter_map(|actor| actor.value.get_mut("spiffe"));
    for id in lists.flat_map(Node::items_mut) {
        if let Some(whole) = id.text().and_then(|text| spiffe_id(text, domain.as_ref()).ok()) {
            id.kind = Kind::Text(Cow::Owned(whole.as_str().to_owned()));
        }
    }
}

/// The digests of all workflows, in order; none of a part with errors.
fn digests(text: &str) -> Vec<Option<Vec<Digest>>> {
    let of = |checked: Checked| match checked {
        Checked::Workflow(workflow) => vec![workflow.digest.clone()],
        Checked::Gate(gate) => gate.workflows.iter().map(|workflow| workflow.digest.clone()).collect(),
    };
    read_all(text.as_bytes()).into_iter().map(|outcome| outcome.checked.map(of)).collect()
}
