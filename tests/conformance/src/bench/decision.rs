//! The decision by itself, compiled for this machine: the cost without a proxy.

use std::hint::black_box;
use std::time::Instant;

use jwt_simple::algorithms::MACLike;
use jwt_simple::prelude::HS256Key;
use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, Header, Verdict, inbound, request_headers};

use super::effort::Effort;
use super::kinds::configurations;
use super::rounds::in_turns;
use super::rows::{Label, Row, rows};
use super::scene::{Scene, gate, now, read};
use super::workflow::{CALLED, CALLER, Further, GUARDED_HEADER, Level, REQUEST};
use crate::environment::Environment;

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
    let setups = subjects.len().saturating_add(1);
    let [series] = in_turns("the decision, natively", effort.native_rounds, setups, |setup| {
        let taken = match setup.checked_sub(1).and_then(|at| subjects.get_mut(at)) {
            None => sign(&hmac, &tokens.steps(effort.decisions)?),
            Some((gate, scene)) => decide(gate, &scene.steps(effort.decisions)?)?,
        };
        Ok([taken])
    })?;
    let labels: Vec<Label> =
        ["one HMAC-SHA256"].into_iter().chain(Level::ALL.map(Level::label)).map(Label::from).collect();
    Ok(rows("a permitted request, natively", "µs", &labels, &series))
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
pub(super) fn readings(effort: &Effort, keys: &Environment) -> Result<Vec<Row>, String> {
    let texts = configurations();
    let [series] = in_turns("configurations", effort.readings, texts.len(), |setup| {
        let (_, text) = texts.get(setup).ok_or("no such text")?;
        let begun = Instant::now();
        black_box(gate(read(black_box(text))?, keys)?);
        Ok([begun.elapsed().as_secs_f64() * 1e3])
    })?;
    let labels = texts.each_ref().map(|(label, _)| Label::from(*label));
    Ok(rows("a configuration read, natively", "ms", &labels, &series))
}

fn each(begun: Instant, count: usize) -> f64 {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(count.max(1))
}
