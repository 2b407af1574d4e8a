//! Workloads under another name of their trust domain.

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Workflow;

/// The workload's ID in the document: an alias of the trust domain in it is replaced, the path stays.
pub(crate) fn documented(workflow: &Workflow, id: &SpiffeId) -> SpiffeId {
    let path = |alias: &str| id.as_str().strip_prefix(&format!("spiffe://{alias}/"));
    let mut paths = workflow.domain.aliases().filter_map(|alias| path(alias.as_str()));
    let text = paths.next().map(|path| format!("spiffe://{}/{path}", workflow.trust_domain.as_str()));
    text.and_then(|text| SpiffeId::try_from(text.as_bytes()).ok()).unwrap_or_else(|| id.clone())
}

/// Whether the two are one workload.
pub(crate) fn is_one(workflow: &Workflow, one: &SpiffeId, other: &SpiffeId) -> bool {
    documented(workflow, one) == documented(workflow, other)
}
