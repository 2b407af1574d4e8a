//! Workloads under another name of their trust domain.

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Workflow};

/// The workload's ID in the document: an alias of the trust domain in it is replaced, the path stays.
pub(crate) fn documented(workflow: &Workflow, id: &SpiffeId) -> SpiffeId {
    let path = |alias: &str| id.as_str().strip_prefix(&format!("spiffe://{alias}/"));
    let mut paths = workflow.domain.aliases().filter_map(|alias| path(alias.as_str()));
    let text = paths.next().map(|path| format!("spiffe://{}/{path}", workflow.trust_domain.as_str()));
    text.and_then(|text| SpiffeId::try_from(text.as_bytes()).ok()).unwrap_or_else(|| id.clone())
}

/// All workloads under one open segment begin instances as one.
pub(crate) fn starter(workflow: &Workflow, id: &SpiffeId) -> String {
    let id = documented(workflow, id);
    let listed = workflow.actors.values().any(|actor| actor.spiffe.contains(&id));
    let open = workflow
        .actors
        .values()
        .flat_map(|actor| &actor.open)
        .find(|open| !listed && fits(&open.to_string(), id.as_str()));
    open.map_or_else(|| id.to_string(), ToString::to_string)
}

/// Whether the two are one workload.
pub(crate) fn is_one(workflow: &Workflow, one: &SpiffeId, other: &SpiffeId) -> bool {
    documented(workflow, one) == documented(workflow, other)
}

/// Whether only an open segment makes this workload the actor.
pub(crate) fn is_one_of_many(workflow: &Workflow, actor: &Actor, id: &SpiffeId) -> bool {
    let id = documented(workflow, id);
    !actor.spiffe.contains(&id) && actor.open.iter().any(|open| fits(&open.to_string(), id.as_str()))
}

/// Whether the ID is the pattern, with one segment of at most 63 bytes for the one in braces.
pub(crate) fn fits(pattern: &str, id: &str) -> bool {
    let same = |(open, segment): (&str, &str)| open == segment || (open.starts_with('{') && segment.len() < 64);
    pattern.split('/').count() == id.split('/').count() && pattern.split('/').zip(id.split('/')).all(same)
}
