//! The decision by itself, compiled for this machine: the cost without a proxy.

use std::hint::black_box;
use std::time::Instant;

use jwt_simple::algorithms::MACLike;
use jwt_simple::prelude::HS256Key;
use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, Header, Verdict, inbound, request_headers};

use super::effort::Effort;
use super::rounds::in_turns;
use super::rows::{Row, rows};
use super::scene::{CALLED, CALLER, Further, GUARDED_HEADER, Level, REQUEST, Scene, gate, now, read};
use crate::environment::Environment;

/// Times that a configuration is read in a round.
const READS: u32 = 5;
/// Tasks of the workflow that [`Level::configuration`] makes without further tasks.
const TASKS: usize = 3;

/// A permit at each level, beside one HMAC-SHA256 over a token of HS256: the lowest possible cost of verifying a
/// signature.
pub(super) fn permits(effort: &Effort, keys: &Environment) -> Result<Vec<Row>, String> {
    let mut subjects = Vec::new();
    for level in Level::ALL {
        let scene = Scene::new(level, Further::NONE, keys)?;
        subjects.push((gate(scene.config.clone(), keys)?, scene));
    }
    let mut tokens = Scene::new(Level::Hs256, Further::NONE, keys)?;
    let hmac = HS256Key::generate();
    let variants = subjects.len().saturating_add(1);
    let [series] = in_turns(effort.native_rounds, variants, |variant| {
        let taken = match variant.checked_sub(1).and_then(|at| subjects.get_mut(at)) {
            None => sign(&hmac, &tokens.steps(effort.decisions)?),
            Some((gate, scene)) => decide(gate, &scene.steps(effort.decisions)?)?,
        };
        Ok([taken])
    })?;
    let labels = [&["one HMAC-SHA256"][..], &Level::ALL.map(Level::label)].concat();
    Ok(rows("a permit of the native decision", "µs", &labels, &series))
}

/// µs for one.
fn sign(key: &HS256Key, tokens: &[String]) -> f64 {
    let begun = Instant::now();
    for token in tokens {
        black_box(key.authentication_tag(black_box(token.as_bytes())));
    }
    each(begun, tokens.len())
}

/// µs for one.
fn decide(gate: &Gate, steps: &[String]) -> Result<f64, String> {
    let (now, mut store) = (now(), MemoryStore::default());
    let facts = |step: &String| Facts::received(Some(CALLER), CALLED, headers(step), now, [7; 32]);
    let requests: Vec<Facts> = steps.iter().map(facts).collect();
    let begun = Instant::now();
    for facts in &requests {
        match black_box(inbound(Some(gate), facts, &RustCrypto, &mut store)) {
            Verdict::Permitted(_) => {}
            Verdict::Denied(refusal) | Verdict::Observed(refusal, _) => {
                return Err(format!("the decision: {:?}", refusal.denial()));
            }
            Verdict::Exempt(_) => return Err("the decision: exempt".to_owned()),
        }
    }
    Ok(each(begun, requests.len()))
}

fn headers(step: &str) -> Vec<Header> {
    let (method, path) = REQUEST;
    request_headers(method, path, "third", [GUARDED_HEADER, ("x-workflow-step", step)])
}

/// The cost of reading a configuration and building a gate from it, as the filter does when it is configured.
pub(super) fn configurations(effort: &Effort, keys: &Environment) -> Result<Vec<Row>, String> {
    // The shortest workflow with a transition: one initial task and one other.
    let texts = [ONE_TASK.to_owned(), Level::Hs256.configuration(Further::Chain(100_usize.saturating_sub(TASKS)))];
    let [series] = in_turns(effort.native_rounds, texts.len(), |variant| {
        let text = texts.get(variant).ok_or("no such text")?;
        let begun = Instant::now();
        for _ in 0..READS {
            black_box(gate(read(black_box(text))?, keys)?);
        }
        Ok([begun.elapsed().as_secs_f64() * 1e6 / f64::from(READS)])
    })?;
    Ok(rows("a configuration read", "µs", &["1 task beside the first", "100 tasks"], &series))
}

const ONE_TASK: &str = r#"
keys:
  - {workflow: bench, kid: now, use: sign, env: KEY_FILM}
workflows:
  - workflow: bench
    revision: 1
    trust_domain: bench.example
    actors:
      first: {spiffe: [ns/bench/sa/first]}
      second: {spiffe: [ns/bench/sa/second]}
    tasks:
      begin: {actor: first, initial: true}
      end: {actor: second, requests: [{methods: [POST], path: "/end/{id}"}]}
    transitions:
      - {from: begin, to: end}
"#;

fn each(begun: Instant, count: usize) -> f64 {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(count.max(1))
}
