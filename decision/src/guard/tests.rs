//! Guards have the value that CEL gives them, by the crate `cel`, as the reference runs it; where one fails, the other does.

mod random;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use stepgate_config::Code;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Workflow;
use stepgate_reference::{GuardVariables, guard_value};

use super::{Variables, evaluate};
use crate::facts::{Facts, request_headers};
use crate::time::UnixTime;
use random::{TEXTS, part};

const PEER: &str = "spiffe://cluster.local/ns/shop/sa/app";

/// A workflow of one guarded transition, or the codes of the errors.
fn workflow(guard: &str) -> Result<Arc<Workflow>, Vec<Code>> {
    let document = serde_json::json!({
        "workflow": "w",
        "revision": 3,
        "assurance": "signed",
        "trust_domain": "cluster.local",
        "actors": {
            "app": {"spiffe": [{"id": "ns/shop/sa/app", "attributes": {"level": 7, "team": "a"}}], "attributes": {"level": 6, "rate": 1.5, "night": true, "mixed": 3}},
            "desk": {"spiffe": ["ns/shop/sa/desk"], "attributes": {"grade": 3, "mixed": 2.5}},
        },
        "tasks": {
            "begin": {"actor": "app", "initial": true},
            "end": {"actor": "desk", "requests": [{"path": "/**"}]},
        },
        "transitions": [{"from": "begin", "to": "end", "when": guard}],
    });
    let found = stepgate_config::read_workflow(document.to_string().as_bytes()).into_result();
    found.map(|(workflow, _)| workflow).map_err(|errors| errors.iter().map(|error| error.code).collect())
}

#[derive(Debug, Clone)]
struct Sample {
    now: u64,
    headers: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

fn sample() -> impl Strategy<Value = Sample> {
    let header = || prop::option::of(prop::sample::select(TEXTS).prop_filter("plain", |text| text.is_ascii()));
    let parameter = prop::option::of(prop::sample::select(TEXTS));
    // The years 2020 to 2040.
    let now = prop_oneof![1_577_836_800_u64..2_240_000_000, 1_774_700_000_u64..1_774_800_000];
    (now, header(), header(), parameter).prop_map(|(now, a, b, q)| {
        let named = |name: &str, text: Option<&str>| text.map(|text| (name.to_owned(), text.to_owned()));
        let headers = named("x-a", a).into_iter().chain(named("x-b", b)).collect();
        Sample { now, headers, parameters: named("q", q).into_iter().collect() }
    })
}

/// The value by the gate and by the reference; a failure is none.
fn both(workflow: &Workflow, sample: &Sample) -> (Option<bool>, Option<bool>) {
    let transition = workflow.transitions.first().unwrap();
    let guard = transition.when.as_ref().unwrap();
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let query: Vec<String> =
        sample.parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let headers = sample.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = request_headers("POST", &format!("/shots/a.c?{}", query.join("&")), "shop.example:80", headers);
    let facts = Facts::received(Some(PEER), PEER, headers, UnixTime::from_seconds(sample.now), [0; 32]);
    let variables = Variables {
        facts: &facts,
        peer: &SpiffeId::try_from(PEER.as_bytes()).unwrap(),
        peer_actor: &transition.caller,
        task: &transition.to,
        instance: Some("i-1"),
        revision: workflow.revision,
    };
    let fields = [("method", "POST"), ("path", "/shots/a.c"), ("host", "shop.example")];
    let fields = fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let reference = GuardVariables {
        now: sample.now,
        fields: &fields,
        headers: &sample.headers,
        parameters: &sample.parameters,
        peer: PEER,
        caller: &transition.caller,
        task: &transition.to,
        instance: Some(("i-1", workflow.revision)),
    };
    (evaluate(guard, &variables).ok(), guard_value(guard.source(), &reference))
}

#[test]
fn guards_have_the_value_that_cel_gives_them() {
    let (accepted, permitted, failed) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(0_u32));
    let mut runner = TestRunner::new(Config { cases: 4_000, failure_persistence: None, ..Config::default() });
    let guards = (part('B', 3), sample());
    let outcome = runner.run(&guards, |(guard, sample)| {
        let workflow = match workflow(&guard) {
            Ok(workflow) => workflow,
            // A comparison with a literal that no request has, or a guard that is too large.
            Err(codes) => {
                prop_assert!(
                    codes.iter().all(|code| matches!(code, Code::GuardValue | Code::GuardBound)),
                    "{guard}: {codes:?}"
                );
                return Ok(());
            }
        };
        let (ours, theirs) = both(&workflow, &sample);
        accepted.set(accepted.get() + 1);
        match ours {
            Some(true) => permitted.set(permitted.get() + 1),
            Some(false) => {}
            None => failed.set(failed.get() + 1),
        }
        prop_assert_eq!(ours, theirs, "{}", guard);
        Ok(())
    });
    outcome.unwrap();
    let counts = (accepted.get(), permitted.get(), failed.get());
    assert!(counts.0 > 1_500 && counts.1 > 300 && counts.2 > 300, "accepted, permitted, failed: {counts:?}");
}

/// Tokens in any order: a guard that the parser accepts has the value that CEL gives it.
#[test]
fn a_guard_of_any_tokens_is_read_as_cel_reads_it() {
    const TOKENS: &[&str] = &[
        "true",
        "false",
        "1",
        "2",
        "-",
        "1.5",
        "\"a\"",
        "'b'",
        "r'c'",
        "peer.level",
        "peer.rate",
        "peer.team",
        "request.path",
        "request",
        ".",
        "path",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ",",
        "?",
        ":",
        "&&",
        "||",
        "!",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "*",
        "/",
        "%",
        "in",
        "has",
        "size",
        "now",
        "null",
        "1u",
        "b'x'",
        " ",
        "\n",
        "//x\n",
        "0x1",
        "1e2",
        "$",
        "\\",
        "\"",
    ];
    let accepted = Cell::new(0_u32);
    let mut runner = TestRunner::new(Config { cases: 20_000, failure_persistence: None, ..Config::default() });
    let tokens = prop::collection::vec(prop::sample::select(TOKENS), 1..9);
    let none = Sample { now: 1_800_000_000, headers: BTreeMap::new(), parameters: BTreeMap::new() };
    let outcome = runner.run(&tokens, |tokens| {
        for guard in [tokens.concat(), tokens.join(" "), format!("({}) == peer.level", tokens.concat())] {
            let Ok(workflow) = workflow(&guard) else { continue };
            let (ours, theirs) = both(&workflow, &none);
            accepted.set(accepted.get() + 1);
            prop_assert_eq!(ours, theirs, "{}", guard);
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(accepted.get() > 500, "accepted: {}", accepted.get());
}
