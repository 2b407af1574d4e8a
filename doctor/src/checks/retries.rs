//! Calls that a proxy repeats.

use stepgate_config::spiffe::SpiffeId;

use crate::config_dump::{ConfigDump, Retry};
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};

/// A repeated request is a second use of its step, and a repeated start a second instance.
pub(super) fn finding(expected: &ExpectedState, dump: &ConfigDump) -> Option<Finding> {
    let performers = expected
        .workflows
        .iter()
        .flat_map(|revision| revision.workflow.transitions.iter().map(|transition| &transition.to.performer));
    let mut retried: Vec<(&str, u64)> = Vec::new();
    for actor in performers {
        let leads = |retry: &&Retry| {
            let mut ids = retry.identities.iter().filter_map(|name| SpiffeId::try_from(name.as_bytes()).ok());
            ids.any(|id| actor.includes(&id))
                || retry.host().is_some_and(|host| actor.hosts.iter().any(|own| own == host))
        };
        if let Some(times) = dump.retries.iter().filter(leads).map(|retry| retry.times).max() {
            retried.push((actor.name.as_str(), times));
        }
    }
    retried.sort_unstable();
    retried.dedup();
    let most = retried.iter().map(|(_, times)| *times).max()?;
    let names: Vec<String> = retried.iter().map(|(name, _)| format!("`{name}`")).collect();
    let message = format!("it repeats requests to {} up to {most} times", names.join(", "));
    Some(Finding::new(Kind::Retries, message))
}
