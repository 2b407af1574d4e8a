//! Where another owner's document takes a request away, the log says which task of which workflow does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Facts, Gate, UnixTime, Verdict, inbound, request_headers};

const KEY: &str = r#"{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;

/// The denial of a request to the ledger, as the log has it.
fn denial(method: &str, path: &str) -> String {
    let configuration = include_bytes!("../../tests/corpus/gates/neighbours.yaml");
    let (config, _) = stepgate_config::read_gate(configuration).into_result().unwrap();
    // No two keys are equal.
    let key = |variable: &str| Some(KEY.replace("AAECAwQF", variable.get(..8)?).replace('_', "-"));
    let (gate, _) = Gate::new(config, &key).unwrap();
    let id = |name: &str| format!("spiffe://cluster.local/ns/bank/sa/{name}");
    let (teller, ledger) = (id("teller"), id("ledger"));
    let headers = request_headers(method, path, "bank", []);
    let facts = Facts::received(Some(&teller), &ledger, headers, UnixTime::from_seconds(1_800_000_000), [7; 32]);
    let verdict = inbound(Some(&gate), &facts, &RustCrypto, &mut MemoryStore::default());
    let Verdict::Denied(denied) = verdict else { panic!("{verdict:?}") };
    denied.denial().to_string()
}

#[test]
fn the_log_names_the_task_and_the_workflow_that_take_a_request_away() {
    let narrower = denial("GET", "/accounts/7");
    assert!(narrower.contains("the task `look` of the workflow `post`"), "{narrower}");
    let crossing = denial("POST", "/jobs/sort");
    for task in ["`job` of the workflow `bank`", "`sort` of the workflow `gone`"] {
        assert!(crossing.contains(task), "{crossing}");
    }
}
