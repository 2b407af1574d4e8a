//! A step judged without a request: gates must say the same of all requests that its holder can make with it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, Workflow};
use stepgate_decision::keys::{Crypto, RustCrypto};
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::step::PlainStep;
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{Claims, TokenType};
use stepgate_decision::{Code, Facts, Gate, UnixTime, Verdict, inbound, judge_step, request_headers};

const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw"}"#;
/// Noon in Paris, 15 January 2027.
const NOW: u64 = 1_800_010_800;
const HEADER: &str = "x-workflow-step";

/// A transition and the workload that was called.
type Passed = BTreeSet<(String, SpiffeId)>;

fn gate(example: &str) -> Gate {
    let path = format!("{}/../config/examples/{example}.yaml", env!("CARGO_MANIFEST_DIR"));
    let document = stepgate_config::to_json(&std::fs::read(path).unwrap()).unwrap();
    let key = serde_json::json!({"workflow": document["workflow"], "kid": "k", "use": "sign", "env": "KEY"});
    let keys = if document["assurance"] == "identity" { vec![] } else { vec![key] };
    let config = serde_json::json!({"keys": keys, "workflows": [document]}).to_string();
    let config = stepgate_config::read_gate(config.as_bytes()).into_result().unwrap().0;
    Gate::new(config, &|_| Some(KEY.to_owned())).unwrap().0
}

fn ids(workflow: &Workflow) -> Vec<SpiffeId> {
    workflow.actors.values().flat_map(|actor| actor.spiffe.clone()).collect()
}

/// The requests that pass with this step: of each of these peers, for each task. Also the codes of the others.
fn asked(gate: &Gate, value: &str, peers: &[SpiffeId]) -> (Passed, BTreeSet<Code>) {
    let (mut passed, mut codes) = (Passed::new(), BTreeSet::new());
    let tasks = || gate.config().workflows[0].tasks.values();
    for (peer, task) in peers.iter().flat_map(|peer| tasks().map(move |task| (peer, task))) {
        for own in &task.performer.spiffe {
            let request = task.example();
            let more = [(HEADER, value), ("content-type", "application/grpc")];
            let headers = request_headers(&request.method, &request.path, "any", more);
            let now = UnixTime::from_seconds(NOW);
            let facts = Facts::received(Some(peer.as_str()), own.as_str(), headers, now, [7; 32]);
            match inbound(Some(gate), &facts, &RustCrypto, &mut MemoryStore::default()) {
                Verdict::Permitted(permit) => {
                    passed.insert((permit.audit().transition.clone().unwrap(), own.clone()));
                }
                Verdict::Denied(denied) => {
                    codes.insert(denied.code());
                }
                other @ (Verdict::Exempt(_) | Verdict::Observed(..)) => panic!("{other:?}"),
            }
        }
    }
    (passed, codes)
}

/// Compares both answers. Returns whether the step leads on.
fn compare(gate: &Gate, value: &str, peers: &[SpiffeId], what: &dyn Fn() -> String) -> bool {
    let headers = vec![(HEADER.to_owned(), value.as_bytes().to_vec())];
    let facts = Facts::received(None, "", headers, UnixTime::from_seconds(NOW), [7; 32]);
    let (passed, codes) = asked(gate, value, peers);
    match judge_step(gate, &facts, &RustCrypto) {
        Ok(judged) => {
            let of = |open: &stepgate_decision::OpenTransition| {
                let transition = open.transition.to_string();
                open.performers.iter().map(move |own| (transition.clone(), own.clone())).collect::<Vec<_>>()
            };
            let open: Passed = judged.open.iter().flat_map(of).collect();
            assert_eq!(open, passed, "{}", what());
            true
        }
        Err(denial) => {
            assert!(passed.is_empty(), "{denial}, but {passed:?} pass: {}", what());
            assert!(codes.contains(&denial.code()), "{}, but gates say {codes:?}: {}", denial.code(), what());
            false
        }
    }
}

/// Claims that differ from those of a gate in one thing, and those of a gate.
fn changed(workflow: &Workflow, rightful: &Claims) -> Vec<Claims> {
    let mut all = vec![rightful.clone()];
    let mut add = |change: &dyn Fn(&mut Claims)| {
        let mut claims = rightful.clone();
        change(&mut claims);
        all.push(claims);
    };
    let long = Duration::from_secs(40 * 86_400);
    add(&|claims| claims.exp = claims.exp.plus(long));
    add(&|claims| claims.dl = claims.dl.plus(long));
    add(&|claims| claims.iat = claims.iat.plus(Duration::from_secs(3600)));
    add(&|claims| {
        claims.iat = UnixTime::from_seconds(NOW - 300);
        (claims.exp, claims.dl) = (UnixTime::from_seconds(NOW), UnixTime::from_seconds(NOW));
    });
    add(&|claims| claims.jti = "another".into());
    add(&|claims| claims.parents.clear());
    add(&|claims| claims.parents.push("another".into()));
    add(&|claims| claims.fork = Default::default());
    for id in ids(workflow) {
        add(&|claims| claims.iss = id.clone());
        for task in workflow.tasks.values().filter(|task| task.constrained) {
            add(&|claims| {
                claims.performers.entry(task.name.clone()).or_default().insert(id.clone());
            });
        }
    }
    for task in workflow.tasks.values() {
        add(&|claims| claims.wf.task = task.name.clone());
        if let Some(most) = task.max_visits {
            add(&|claims| {
                claims.visits.insert(task.name.clone(), most);
            });
        }
    }
    all
}

#[test]
fn it_says_of_a_step_what_gates_say_of_all_its_requests() {
    let (mut accepted, mut refused) = (0, 0);
    for example in ["movie-guards", "loan", "checkout"] {
        let gate = gate(example);
        let workflow = &gate.config().workflows[0];
        let key = gate.keys().find(&workflow.name, "k").unwrap();
        for (task, holder) in
            workflow.tasks.values().flat_map(|task| ids(workflow).into_iter().map(move |id| (task, id)))
        {
            for token_type in [TokenType::Arrival, TokenType::Receipt] {
                let issued = UnixTime::from_seconds(NOW);
                let step = Step { workflow, task, holder: &holder, instance: "i-1", token_type, issued };
                let evidence = synthetic_claims(&step);
                for claims in changed(workflow, &evidence[0]) {
                    let all: Vec<Claims> = std::iter::once(claims).chain(evidence[1..].iter().cloned()).collect();
                    let signed: Vec<String> =
                        all.iter().map(|claims| RustCrypto.sign(key, token_type, claims).unwrap()).collect();
                    let what = || format!("{example}: {token_type:?}: {}", serde_json::to_string(&all).unwrap());
                    // At a join also a part of the evidence.
                    for value in BTreeSet::from([signed.join(","), signed[0].clone()]) {
                        let leads = compare(&gate, &value, std::slice::from_ref(&all[0].sub), &what);
                        if leads { accepted += 1 } else { refused += 1 }
                    }
                }
            }
        }
    }
    // It is no comparison of refusals alone.
    assert!(accepted > 100 && refused > 2_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn a_plain_step_is_judged_for_all_who_may_present_it() {
    let gate = gate("identity");
    let workflow = &gate.config().workflows[0];
    assert_eq!(workflow.assurance, Assurance::Identity);
    let leads = |value: String| compare(&gate, &value, &ids(workflow), &|| value.clone());
    let answers: BTreeSet<bool> =
        workflow.tasks.values().map(|task| leads(PlainStep::of(workflow, task).to_string())).collect();
    assert_eq!(answers.len(), 2, "some lead on, and some are the end");
    assert!(!leads("another/1/task".into()) && !leads("x".into()));
}
