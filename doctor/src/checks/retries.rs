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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// While a trust domain is renamed, a receiver's certificate has either name.
    #[test]
    fn a_receiver_is_known_by_each_name_of_its_trust_domain() {
        let gate = json!({
            "keys": [{"workflow": "parcels", "kid": "one", "use": "sign", "env": "STEPGATE_KEY"}],
            "workflows": [{
                "workflow": "parcels", "revision": 1, "trust_domain": "old.example", "namespace": "parcels",
                "trust_domain_aliases": ["new.example"],
                "actors": ["shop", "depot"],
                "tasks": {"order": {"actor": "shop", "initial": true}, "pack": {"actor": "depot", "requests": "POST /pack"}},
                "transitions": ["order -> pack"],
            }],
        });
        let config = stepgate_config::read_gate(gate.to_string().as_bytes()).into_result().unwrap().0;
        let expected = ExpectedState::of_gate("gate.yaml", Box::new(config), "0.1.0".to_owned());
        for (domain, found) in [("old.example", true), ("new.example", true), ("other.example", false)] {
            let identities = vec![format!("spiffe://{domain}/ns/parcels/sa/depot")];
            let retry = Retry { cluster: "any".to_owned(), times: 2, identities };
            let dump = ConfigDump { retries: vec![retry], ..ConfigDump::default() };
            assert_eq!(finding(&expected, &dump).is_some(), found, "{domain}");
        }
    }
}
