//! Ways through a document, found by walking all of them.

use std::collections::BTreeSet;

use crate::document::Document;

/// All tasks that are reached from these, themselves counted, where one task is taken away.
pub(super) fn from<'a>(document: &'a Document, tasks: &[&'a str], without: Option<&str>) -> BTreeSet<&'a str> {
    let (mut found, mut open) = (BTreeSet::new(), tasks.to_vec());
    while let Some(at) = open.pop() {
        if Some(at) != without && found.insert(at) {
            open.extend(document.edges.iter().filter(|edge| edge.from == at).map(|edge| edge.to.as_str()));
        }
    }
    found
}

/// The nearest task through which every way from a beginning to a source of the join leads.
pub(super) fn fork(document: &Document, join: &str) -> Option<String> {
    let initial: Vec<&str> = document.tasks.iter().filter(|(_, t)| t.initial).map(|(name, _)| name.as_str()).collect();
    // With it taken away, there is no way.
    let lies_before = |one: &str, task: &str| !from(document, &initial, Some(one)).contains(task);
    let sources = document.sources(join);
    let common: Vec<&String> =
        document.tasks.keys().filter(|one| sources.iter().all(|source| lies_before(one, source))).collect();
    common.iter().find(|one| common.iter().all(|other| lies_before(other, one))).map(|one| (*one).clone())
}
