//! Times at several gates, in the decision: the replay record keeps an entry for as long as any twin of its token can
//! come. Whole instances by clocks that differ are in `lab.rs`, in real Envoys.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use jwt_simple::prelude::{HS256Key, MACLike};
use stepgate_config::GateConfig;
use stepgate_config::workflow::Workflow;
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

/// Two branches, each with a loop, that meet in a join; a chain behind it. Each task has an actor of its own.
const LOOPS: &str = "
leeway: 30s
keys: [{workflow: loops, kid: k, use: sign, env: KEY}]
workflows:
  - workflow: loops
    revision: 1
    trust_domain: cluster.local
    task_ttl: 10m
    deadline: 24h
    actors:
      a: {spiffe: [ns/r/sa/a]}
      f: {spiffe: [ns/r/sa/f]}
      m: {spiffe: [ns/r/sa/m]}
      m2: {spiffe: [ns/r/sa/m2]}
      o: {spiffe: [ns/r/sa/o]}
      o2: {spiffe: [ns/r/sa/o2]}
      j: {spiffe: [ns/r/sa/j]}
      k: {spiffe: [ns/r/sa/k]}
      l: {spiffe: [ns/r/sa/l]}
      x: {spiffe: [ns/r/sa/x]}
    tasks:
      a: {actor: a, initial: true}
      f: {actor: f, requests: [{path: /f}]}
      m: {actor: m, max_visits: 9, requests: [{path: /m}]}
      m2: {actor: m2, max_visits: 9, requests: [{path: /m2}]}
      o: {actor: o, max_visits: 9, requests: [{path: /o}]}
      o2: {actor: o2, max_visits: 9, requests: [{path: /o2}]}
      j: {actor: j, join: all, requests: [{path: /j}]}
      k: {actor: k, requests: [{path: /k}]}
      l: {actor: l, requests: [{path: /l}]}
      x: {actor: x, requests: [{path: /x}]}
    transitions:
      - {from: a, to: f}
      - {from: f, to: m}
      - {from: m, to: m2}
      - {from: m2, to: m}
      - {from: m, to: j}
      - {from: f, to: o}
      - {from: o, to: o2}
      - {from: o2, to: o}
      - {from: o, to: j}
      - {from: j, to: k}
      - {from: k, to: l}
      - {from: l, to: x}
";
const KEY: [u8; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    31,
];

/// Gates with one configuration and one key.
struct Gates {
    gate: Gate,
    workflow: Arc<Workflow>,
}

impl Gates {
    fn of(document: &str) -> Self {
        let (config, _): (GateConfig, _) = stepgate_config::read_gate(document.as_bytes()).into_result().unwrap();
        let workflow = Arc::clone(&config.workflows[0]);
        let key = format!(r#"{{"kty":"oct","k":"{}"}}"#, base64url(&KEY));
        Self { gate: Gate::new(config, &|_| Some(key.clone())).unwrap().0, workflow }
    }

    /// The step that the gate of `to` gives its application, or the code of the denial.
    fn call(&self, from: &str, to: &str, step: &str, now: u64, store: &mut MemoryStore) -> Result<String, String> {
        let id = |name: &str| format!("spiffe://cluster.local/ns/r/sa/{name}");
        let step = (!step.is_empty()).then_some(("x-workflow-step", step));
        let headers = request_headers("POST", &format!("/{to}"), "r.example", step);
        let facts = Facts::received(Some(&id(from)), &id(to), headers, UnixTime::from_seconds(now), [7; 32]);
        match inbound(Some(&self.gate), &facts, &RustCrypto, store) {
            Verdict::Permitted(permit) => Ok(permit.step().to_owned()),
            Verdict::Denied(denied) => Err(denied.code().to_string()),
            Verdict::Exempt(_) | Verdict::Observed(..) => panic!("no gate here exempts or observes"),
        }
    }

    /// Consumes another entry of the bucket of the transition that leaves `parent` at this task, which drops those of the
    /// bucket that have ended.
    fn sweep(&self, at: &str, parent: &str, now: u64, store: &mut MemoryStore) {
        let transition = self.workflow.transitions.iter().find(|t| t.from.name.as_str() == at).unwrap().to_string();
        let entry = |parent: &str| Entry::new(&self.workflow, parent, &transition, UnixTime::MAX, 1);
        let bucket = entry(parent).key();
        let other = (0..).map(|n: u32| n.to_string()).find(|name| entry(name).key() == bucket).unwrap();
        consume(store, &entry(&other), UnixTime::from_seconds(now)).unwrap();
    }
}

fn base64url(bytes: &[u8]) -> String {
    Base64UrlSafeNoPadding::encode_to_string(bytes).unwrap()
}

fn claims(token: &str) -> Claims {
    UnverifiedToken::parse(token).unwrap().claims().clone()
}

/// A token with these claims, signed with the key.
fn signed(claims: &Claims) -> String {
    let header = base64url(br#"{"alg":"HS256","kid":"k","typ":"wfa+jwt"}"#);
    let text = format!("{header}.{}", base64url(&serde_json::to_vec(claims).unwrap()));
    let tag = HS256Key::from_bytes(&KEY).authentication_tag(text.as_bytes());
    format!("{text}.{}", base64url(tag.as_ref()))
}

/// b's clock is ahead of those of c by the leeway. One replica of c takes b's step at once; another replica of c takes it
/// as late as it can. The two tokens are twins: d lets one of them in.
#[test]
fn an_entry_outlives_every_twin_by_any_clocks() {
    let relay = Gates::of(RELAY);
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
    relay.sweep("c", &claims(&late).jti, end, &mut record);
    assert_eq!(relay.call("c", "d", &late, end, &mut record), Err("ALREADY_TAKEN".into()));
    assert_eq!(relay.call("c", "d", &late, end + 1, &mut record), Err("EXPIRED".into()));
}

/// b's token lives for two hours, c's for a minute. c's twins are as far apart as b's token lives, so d remembers c's entry for
/// so long.
#[test]
fn an_entry_outlives_every_twin_of_a_task_that_follows_a_long_one() {
    let relay =
        RELAY.replace("b: {actor: b,", "b: {actor: b, ttl: 2h,").replace("c: {actor: c,", "c: {actor: c, ttl: 1m,");
    let relay = Gates::of(&relay);
    let at_b = relay.call("a", "b", "", NOW + LEEWAY, &mut MemoryStore::default()).unwrap();
    let at_c = |now| relay.call("b", "c", &at_b, now, &mut MemoryStore::default());
    let early = at_c(NOW).unwrap();
    let last = NOW + LEEWAY + 7200 + LEEWAY - 1;
    let late = at_c(last).unwrap();
    assert_eq!(at_c(last + 1), Err("EXPIRED".into()));

    let mut record = MemoryStore::default();
    relay.call("c", "d", &early, NOW, &mut record).unwrap();
    let end = last + 60 + LEEWAY - 1;
    relay.sweep("c", &claims(&late).jti, end, &mut record);
    assert_eq!(relay.call("c", "d", &late, end, &mut record), Err("ALREADY_TAKEN".into()));
    assert_eq!(relay.call("c", "d", &late, end + 1, &mut record), Err("EXPIRED".into()));
}

/// b's token lives for two hours, those of c and d for a minute. Each holder presents its step at once at one replica and as late
/// as it can at another, and the clocks are as wrong as the leeway lets them be. (None is earlier than a leeway before the
/// instance: such a step is refused.) The delays add up: e's record must remember what it took from d for all of them.
#[test]
fn an_entry_outlives_twins_that_every_task_before_made_later() {
    let relay = RELAY
        .replace("b: {actor: b,", "b: {actor: b, ttl: 2h,")
        .replace("c: {actor: c,", "c: {actor: c, ttl: 1m,")
        .replace("d: {actor: d,", "d: {actor: d, ttl: 1m,")
        .replace("sa/d]}}", "sa/d]}, e: {spiffe: [ns/r/sa/e]}}")
        .replace("/d}]}", "/d}]}\n      e: {actor: e, requests: [{path: /e}]}")
        .replace("to: d}]", "to: d}, {from: d, to: e}]");
    let relay = Gates::of(&relay);
    let go = |from: &str, to: &str, step: &str, now| relay.call(from, to, step, now, &mut MemoryStore::default());
    let at_b = go("a", "b", "", NOW).unwrap();
    let (early, late) = (NOW - LEEWAY, NOW + 7200 + LEEWAY - 1);
    let [at_c, late_at_c] = [early, late].map(|now| go("b", "c", &at_b, now).unwrap());
    assert_eq!(go("b", "c", &at_b, late + 1), Err("EXPIRED".into()));
    let late = late + 60 + LEEWAY - 1;
    let at_d = go("c", "d", &at_c, early).unwrap();
    let late_at_d = go("c", "d", &late_at_c, late).unwrap();
    assert_eq!(go("c", "d", &late_at_c, late + 1), Err("EXPIRED".into()));
    assert_eq!(claims(&at_d).jti, claims(&late_at_d).jti);

    let late = late + 60 + LEEWAY - 1;
    let mut record = MemoryStore::default();
    relay.call("d", "e", &at_d, early, &mut record).unwrap();
    relay.sweep("d", &claims(&late_at_d).jti, late, &mut record);
    assert_eq!(relay.call("d", "e", &late_at_d, late, &mut record), Err("ALREADY_TAKEN".into()));
    assert_eq!(relay.call("d", "e", &late_at_d, late + 1, &mut record), Err("EXPIRED".into()));
}

/// The same on a cycle: c is entered twice, by steps that its holders have twice delayed.
#[test]
fn an_entry_outlives_twins_that_went_round_a_cycle() {
    let relay = RELAY
        .replace("task_ttl: 10m", "task_ttl: 10m\n    deadline: 24h")
        .replace("b: {actor: b,", "b: {actor: b, max_visits: 2,")
        .replace("c: {actor: c,", "c: {actor: c, max_visits: 2,")
        .replace("to: d}]", "to: d}, {from: c, to: b}]");
    let relay = Gates::of(&relay);
    let go = |from: &str, to: &str, step: &str, now| relay.call(from, to, step, now, &mut MemoryStore::default());
    let at_b = go("a", "b", "", NOW).unwrap();
    let (early, mut late, mut end) = (NOW - LEEWAY, at_b.clone(), NOW);
    let mut step = at_b;
    for (from, to) in [("b", "c"), ("c", "b"), ("b", "c")] {
        step = go(from, to, &step, early).unwrap();
        end += TTL + LEEWAY - 1;
        assert_eq!(go(from, to, &late, end + 1), Err("EXPIRED".into()));
        late = go(from, to, &late, end).unwrap();
    }
    assert_eq!(claims(&step).jti, claims(&late).jti);
    let mut record = MemoryStore::default();
    relay.call("c", "d", &step, early, &mut record).unwrap();
    end += TTL + LEEWAY - 1;
    relay.sweep("c", &claims(&late).jti, end, &mut record);
    assert_eq!(relay.call("c", "d", &late, end, &mut record), Err("ALREADY_TAKEN".into()));
}

/// A request that comes too early or too late leaves nothing in the record: it was not taken.
#[test]
fn a_request_out_of_its_time_uses_nothing_up() {
    let relay = RELAY.replace("{from: b, to: c}", "{from: b, to: c, after: 2m, within: 5m}");
    let relay = Gates::of(&relay);
    let at_b = relay.call("a", "b", "", NOW, &mut MemoryStore::default()).unwrap();
    let mut record = MemoryStore::default();
    let mut at = |seconds: u64| relay.call("b", "c", &at_b, NOW + seconds, &mut record).map(drop);
    assert_eq!([at(0), at(120 + LEEWAY - 1)], [Err("TOO_EARLY".into()), Err("TOO_EARLY".into())]);
    assert_eq!([at(300 + LEEWAY + 1), at(TTL)], [Err("TOO_LATE".into()), Err("TOO_LATE".into())]);
    assert_eq!([at(120 + LEEWAY), at(120 + LEEWAY)], [Ok(()), Err("ALREADY_TAKEN".into())]);
}

/// The first and the last second of a transition, in true time, where b's clock is ahead of c's, or behind it. It is never
/// open before its time nor closed within it, and in doubt for twice the leeway.
#[test]
fn a_transition_opens_and_closes_to_the_second_by_clocks_that_differ() {
    let relay = RELAY.replace("{from: b, to: c}", "{from: b, to: c, after: 2m, within: 5m}");
    let relay = Gates::of(&relay);
    for (ahead, opens, closes) in [(0, 120, 300), (1, 121, 301), (LEEWAY, 150, 330), (2 * LEEWAY, 180, 360)] {
        // c's clock is right, b's between one leeway behind and one ahead.
        let at_b = relay.call("a", "b", "", NOW - LEEWAY + ahead, &mut MemoryStore::default()).unwrap();
        let at = |seconds: u64| relay.call("b", "c", &at_b, NOW + seconds, &mut MemoryStore::default()).map(drop);
        assert_eq!([at(opens - 1), at(opens), at(opens + 1)], [Err("TOO_EARLY".into()), Ok(()), Ok(())], "{ahead}");
        assert_eq!([at(closes - 1), at(closes), at(closes + 1)], [Ok(()), Ok(()), Err("TOO_LATE".into())], "{ahead}");
    }
}

/// The holder of a's step replays it as late as it lives at another replica of b, whose step is later than the first one by
/// the `ttl` of a: `within` counts from that one. This is documented, and the bound is the sum of the `ttl`s before.
#[test]
fn a_replay_makes_within_late_by_the_ttl_of_the_task_before() {
    let relay = RELAY.replace("{from: c, to: d}", "{from: c, to: d, within: 1m}");
    let relay = Gates::of(&relay);
    let at_b = relay.call("a", "b", "", NOW, &mut MemoryStore::default()).unwrap();
    let at_c = |now| relay.call("b", "c", &at_b, now, &mut MemoryStore::default()).unwrap();
    let at_d = |step: &str, now| relay.call("c", "d", step, now, &mut MemoryStore::default()).map(drop);
    let late = NOW + TTL + LEEWAY - 1;
    assert_eq!(at_d(&at_c(NOW), late), Err("TOO_LATE".into()));
    let replayed = at_c(late);
    assert_eq!(at_d(&replayed, late + 60 + LEEWAY), Ok(()));
    assert_eq!(at_d(&replayed, late + 60 + LEEWAY + 1), Err("TOO_LATE".into()));
}

/// j presents its round at once at one replica of k, and at another one when later visits have brought fresh evidence of it.
/// The two tokens of k are twins. So are those of l, whom k calls honestly at two replicas of l; x lets one of them in.
#[test]
fn an_entry_after_a_join_outlives_the_twins_of_later_evidence() {
    let loops = Gates::of(LOOPS);
    // Each gate has one replica, k and l have two.
    let [mut f, mut m, mut m2, mut o, mut o2, mut j] = [(); 6].map(|()| MemoryStore::default());
    let [mut k, mut other_k, mut l, mut other_l, mut x] = [(); 5].map(|()| MemoryStore::default());
    let go = |from: &str, to: &str, step: &str, at: u64, store: &mut MemoryStore| {
        loops.call(from, to, step, NOW + at, store)
    };
    let at_f = go("a", "f", "", 0, &mut f).unwrap();
    let at_m = go("f", "m", &at_f, 0, &mut m).unwrap();
    let at_o = go("f", "o", &at_f, 0, &mut o).unwrap();
    let of_m = go("m", "j", &at_m, 0, &mut j).unwrap();
    let of_o = go("o", "j", &at_o, 0, &mut j).unwrap();
    let at_k = go("j", "k", &format!("{of_m},{of_o}"), 0, &mut k).unwrap();
    let at_l = go("k", "l", &at_k, 0, &mut l).unwrap();
    go("l", "x", &at_l, 0, &mut x).unwrap();

    let again = go("m2", "m", &go("m", "m2", &at_m, 500, &mut m2).unwrap(), 1000, &mut m).unwrap();
    let of_m = go("m", "j", &again, 1500, &mut j).unwrap();
    let again = go("o2", "o", &go("o", "o2", &at_o, 500, &mut o2).unwrap(), 1000, &mut o).unwrap();
    let of_o = go("o", "j", &again, 1500, &mut j).unwrap();
    let evidence = format!("{of_m},{of_o}");
    loops.sweep("j", &format!("{}@j", claims(&at_f).jti), NOW + 1500, &mut k);
    assert_eq!(go("j", "k", &evidence, 1500, &mut k), Err("ALREADY_TAKEN".into()));
    let twin_k = go("j", "k", &evidence, 1500, &mut other_k).unwrap();
    assert_eq!(claims(&at_k).jti, claims(&twin_k).jti);
    loops.sweep("k", &claims(&at_k).jti, NOW + 1500, &mut l);
    assert_eq!(go("k", "l", &twin_k, 1500, &mut l), Err("ALREADY_TAKEN".into()));
    let twin_l = go("k", "l", &twin_k, 1500, &mut other_l).unwrap();
    assert_eq!(claims(&at_l).jti, claims(&twin_l).jti);
    loops.sweep("l", &claims(&at_l).jti, NOW + 1500, &mut x);
    assert_eq!(go("l", "x", &twin_l, 1500, &mut x), Err("ALREADY_TAKEN".into()));
}

/// m's gate lies about its own task: of one arrival it also says that the instance ends in a moment.
#[test]
fn a_short_deadline_in_evidence_ends_no_entry_early() {
    let loops = Gates::of(LOOPS);
    let [mut j, mut k, mut l] = [(); 3].map(|()| MemoryStore::default());
    let go = |from: &str, to: &str, step: &str, at: u64, store: &mut MemoryStore| {
        loops.call(from, to, step, NOW + at, store)
    };
    let at_f = go("a", "f", "", 0, &mut MemoryStore::default()).unwrap();
    let at_m = go("f", "m", &at_f, 0, &mut MemoryStore::default()).unwrap();
    let at_o = go("f", "o", &at_f, 0, &mut MemoryStore::default()).unwrap();
    let mut short = claims(&at_m);
    short.dl = UnixTime::from_seconds(NOW + 5);
    short.exp = short.dl;
    short.jti = "another".to_owned();
    let of_short = go("m", "j", &signed(&short), 0, &mut j).unwrap();
    let of_m = go("m", "j", &at_m, 0, &mut j).unwrap();
    let of_o = go("o", "j", &at_o, 0, &mut j).unwrap();
    let at_k = go("j", "k", &format!("{of_short},{of_o}"), 0, &mut k).unwrap();
    go("k", "l", &at_k, 0, &mut l).unwrap();

    loops.sweep("j", &format!("{}@j", claims(&at_f).jti), NOW + 36, &mut k);
    let evidence = format!("{of_m},{of_o}");
    assert_eq!(go("j", "k", &evidence, 36, &mut k), Err("ALREADY_TAKEN".into()));
    // At another replica of k, which makes a twin that lives on.
    let twin = go("j", "k", &evidence, 36, &mut MemoryStore::default()).unwrap();
    loops.sweep("k", &claims(&at_k).jti, NOW + 36, &mut l);
    assert_eq!(go("k", "l", &twin, 36, &mut l), Err("ALREADY_TAKEN".into()));
}
