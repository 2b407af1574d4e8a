//! A gate that only observes, at a listener whose requests are for others.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use stepgate_decision::keys::RustCrypto;
use stepgate_decision::permit::{HeaderMap, INTERLOCK_HEADER};
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, Listener, ProxyError, UnixTime, Verdict, inbound, request_headers};

const GATE: &str = "
mode: observe
interlock: {env: [INTERLOCK]}
workflows:
  - workflow: film
    revision: 1
    assurance: identity
    trust_domain: film.example
    actors: {owner: {spiffe: [owner]}, vfx: {spiffe: [vfx]}}
    tasks: {brief: {actor: owner, initial: true}, shots: {actor: vfx, requests: [{path: /shots}]}}
    transitions: [{from: brief, to: shots}]
";

#[derive(Default)]
struct Sent(BTreeMap<String, String>);

impl HeaderMap for Sent {
    fn remove(&mut self, name: &str) -> Result<(), ProxyError> {
        self.0.remove(name);
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), ProxyError> {
        self.0.insert(name.to_owned(), value.to_owned());
        Ok(())
    }
}

#[test]
fn the_interlock_is_for_the_own_workload_only() {
    let config = stepgate_config::read_gate(GATE.as_bytes()).into_result().unwrap().0;
    let gate = Gate::new(config, &|_| Some("a-secret-of-this-test".to_owned())).unwrap().0;
    let sent = |listener: Listener| {
        let headers = request_headers("POST", "/elsewhere", "vfx", []);
        let now = UnixTime::from_seconds(1_800_000_000);
        let own = "spiffe://film.example/vfx";
        let mut facts = Facts::received(Some("spiffe://film.example/owner"), own, headers, now, [7; 32]);
        facts.listener = listener;
        let mut sent = Sent::default();
        match inbound(Some(&gate), &facts, &RustCrypto, &mut MemoryStore::default()) {
            Verdict::Observed(_, pass) => pass.apply(&mut sent).unwrap(),
            other @ (Verdict::Permitted(_) | Verdict::Denied(_) | Verdict::Exempt(_)) => panic!("{other:?}"),
        }
        sent.0.contains_key(INTERLOCK_HEADER)
    };
    assert!(sent(Listener::Inbound));
    assert!(!sent(Listener::Outbound) && !sent(Listener::Unknown));
}
