//! Clocks that differ by the leeway, in the decision: the replay record keeps an entry for as long as any twin of its
//! token can come. Whole instances by such clocks are in `lab.rs`, in real Envoys.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use stepgate_config::GateConfig;
use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::{Entry, MemoryStore, consume};
use stepgate_decision::token::{Claims, UnverifiedToken};
use stepgate_decision::{Facts, Gate, UnixTime, Verdict, inbound, request_headers};

const RELAY: &str = "
leeway: 30s
keys: [{workflow: relay, kid: k, use: sign, env: KEY}]
workflows:
  - workflow: relay
    revision: 1
    trust_domain: cluster.local
    task_ttl: 10m
    actors: {a: {spiffe: [ns/r/sa/a]}, b: {spiffe: [ns/r/sa/b]}, c: {spiffe: [ns/r/sa/c]}, d: {spiffe: [ns/r/sa/d]}}
    tasks:
      a: {actor: a, initial: true}
      b: {actor: b, requests: [{path: /b}]}
      c: {actor: c, requests: [{path: /c}]}
      d: {actor: d, requests: [{path: /d}]}
    transitions: [{from: a, to: b}, {from: b, to: c}, {from: c, to: d}]
";
const TTL: u64 = 600;
const LEEWAY: u64 = 30;
const NOW: u64 = 1_800_000_000;

struct Relay(Gate);

impl Relay {
    /// The step that the gate of `to` gives its application, or the code of the denial.
    fn call(&self, from: &str, to: &str, step: &str, now: u64, store: &mut MemoryStore) -> Result<String, String> {
        let id = |name: &str| format!("spiffe://cluster.local/ns/r/sa/{name}");
        let step = (!step.is_empty()).then_some(("x-workflow-step", step));
        let headers = request_headers("POST", &format!("/{to}"), "r.example", step);
        let facts = Facts::received(Some(&id(from)), &id(to), headers, UnixTime::from_seconds(now), [7; 32]);
        match inbound(Some(&self.0), &facts, &RustCrypto, store) {
            Verdict::Permitted(permit) => Ok(permit.step().to_owned()),
            Verdict::Denied(denied) => Err(denied.code().to_string()),
            Verdict::Exempt(_) | Verdict::Observed(..) => panic!("no gate here exempts or observes"),
        }
    }
}

fn claims(token: &str) -> Claims {
    UnverifiedToken::parse(token).unwrap().claims().clone()
}

/// b's clock is ahead of those of c by the leeway. One replica of c takes b's step at once; another replica of c takes it
/// as late as it can. The two tokens are twins: d lets one of them in.
#[test]
fn an_entry_outlives_every_twin_by_any_clocks() {
    let (config, _): (GateConfig, _) = stepgate_config::read_gate(RELAY.as_bytes()).into_result().unwrap();
    let workflow = std::sync::Arc::clone(&config.workflows[0]);
    let key = r#"{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;
    let relay = Relay(Gate::new(config, &|_| Some(key.to_owned())).unwrap().0);
    let at_b = relay.call("a", "b", "", NOW + LEEWAY, &mut MemoryStore::default()).unwrap();
    let at_c = |now| relay.call("b", "c", &at_b, now, &mut MemoryStore::default());
    let early = at_c(NOW).unwrap();
    let last = NOW + LEEWAY + TTL + LEEWAY - 1;
    let late = at_c(last).unwrap();
    assert_eq!(at_c(last + 1), Err("EXPIRED".into()));
    assert_eq!(claims(&early).jti, claims(&late).jti);

    let mut record = MemoryStore::default();
    relay.call("c", "d", &early, NOW, &mut record).unwrap();
    let end = last + TTL + LEEWAY - 1;
    let transition = workflow.transitions.iter().find(|t| t.from.name.as_str() == "c").unwrap().to_string();
    let entry = |parent: &str| Entry::new(&workflow, parent, &transition, UnixTime::MAX, 1);
    // Another entry of the same bucket drops those that have ended.
    let bucket = entry(&claims(&late).jti).key();
    let other = (0..).map(|n: u32| n.to_string()).find(|name| entry(name).key() == bucket).unwrap();
    consume(&mut record, &entry(&other), UnixTime::from_seconds(end)).unwrap();
    assert_eq!(relay.call("c", "d", &late, end, &mut record), Err("ALREADY_TAKEN".into()));
    assert_eq!(relay.call("c", "d", &late, end + 1, &mut record), Err("EXPIRED".into()));
}
