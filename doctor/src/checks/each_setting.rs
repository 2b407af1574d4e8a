//! A gate that differs from the given configuration in any one key has a finding.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stepgate_config::GateConfig;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Workflow;

use super::gate;
use super::settings::Side;
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};

fn document(revision: u32) -> Value {
    json!({
        "workflow": "parcels", "revision": revision, "trust_domain": "a.example", "namespace": "parcels",
        "actors": {"shop": {}, "depot": {"hosts": ["depot.parcels"]}},
        "tasks": {"order": {"actor": "shop", "initial": true}, "pack": {"actor": "depot", "requests": ["POST /pack"]}},
        "transitions": ["order -> pack"],
    })
}

fn base() -> Value {
    json!({
        "self": "spiffe://a.example/ns/parcels/sa/depot",
        "interlock": {"env": ["PERMIT"]},
        "exempt": [{"path": "/healthz"}, {"path": "/metrics"}],
        "keys": [
            {"workflow": "parcels", "actor": "depot", "kid": "one", "use": "sign", "env": "STEPGATE_KEY"},
            {"workflow": "parcels", "actor": "shop", "kid": "two", "use": "verify", "jwk": public_key(
                "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            )},
        ],
        "workflows": [document(1), document(2)],
    })
}

fn public_key(x: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": x})
}

/// A key, and a change of its value.
type Change = (&'static str, fn(&mut Value));

const CHANGES: [Change; 23] = [
    ("mode", |gate| gate["mode"] = json!("observe")),
    ("header", |gate| gate["header"] = json!("x-other-step")),
    ("carrier", |gate| gate["carrier"] = json!("baggage")),
    // On an inbound listener, `auto` and `inbound` are one.
    ("direction", |gate| gate["direction"] = json!("outbound")),
    ("self", |gate| gate["self"] = json!("spiffe://a.example/ns/parcels/sa/shop")),
    ("peer_source", |gate| gate["peer_source"] = json!("filter_state:any")),
    ("crypto", |gate| gate["crypto"] = json!("rust")),
    ("leeway", |gate| gate["leeway"] = json!("2m")),
    ("interlock", |gate| gate["interlock"] = json!({"env": ["OTHER", "PERMIT"]})),
    ("egress", |gate| gate["egress"] = json!([{"host": "other.example"}])),
    ("exempt", |gate| gate["exempt"][0] = json!({"path": "/health/**"})),
    ("exempt", |gate| gate["exempt"][0]["peers"] = json!("anyone")),
    ("exempt", |gate| gate["exempt"] = json!([{"path": "/healthz"}])),
    ("keys", |gate| gate["keys"][0]["env"] = json!("OTHER_KEY")),
    ("keys", |gate| gate["keys"][0]["kid"] = json!("three")),
    ("keys", |gate| {
        gate["keys"][1]["jwk"] = public_key("k01PGsOen-fs4UbmQN5n3sI7XZbJUq5MWJgJQU_Fw_U");
    }),
    ("revoked", |gate| gate["revoked"] = json!({"kids": ["two"]})),
    ("limits", |gate| gate["limits"] = json!({"starts": "1000000/1s"})),
    ("log", |gate| gate["log"] = json!({"permits": true})),
    // Of the revision that is open, and of the one that is closed.
    ("workflows", |gate| gate["workflows"][1]["tasks"]["pack"]["requests"] = json!(["POST /pack", "POST /other"])),
    ("workflows", |gate| gate["workflows"][0]["tasks"]["pack"]["requests"] = json!(["POST /pack", "POST /other"])),
    ("workflows.open", |gate| gate["workflows"][1]["open"] = json!(false)),
    ("workflows.trust_domain_aliases", |gate| {
        gate["workflows"][0]["trust_domain_aliases"] = json!(["other.example"]);
    }),
];

fn read(gate: &Value) -> GateConfig {
    stepgate_config::read_gate(gate.to_string().as_bytes()).into_result().unwrap_or_else(|e| panic!("{e:?}")).0
}

fn own() -> [SpiffeId; 1] {
    [SpiffeId::try_from("spiffe://a.example/ns/parcels/sa/depot".as_bytes()).unwrap()]
}

fn found(gate: &Value, expected: &Value) -> Vec<Finding> {
    let expected = ExpectedState::of_gate("gate.yaml", Box::new(read(expected)), "0.1.0".to_owned());
    gate::findings(&read(gate), &expected, &own(), Side::Inbound)
}

#[test]
fn another_value_of_any_key_is_found() {
    assert_eq!(found(&base(), &base()), []);
    for (number, (key, change)) in CHANGES.iter().enumerate() {
        let mut changed = base();
        change(&mut changed);
        assert_ne!(found(&changed, &base()), [], "{number}: the gate has another `{key}`");
        // The gate's own identity is compared with its certificate, as not all gates have one. A file of outbound gates says
        // nothing of this side.
        if !["self", "direction"].contains(key) {
            assert_ne!(found(&base(), &changed), [], "{number}: the file has another `{key}`");
        }
    }
}

/// The schema has the keys of a gate's configuration; a workflow in it has three that are not part of its digest.
#[test]
fn every_key_has_a_change() {
    let schema: Value = serde_json::from_str(include_str!("../../../config/schema/gate.schema.json")).unwrap();
    let mut keys: BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let workflow = schema["$defs"]["workflow"]["properties"].as_object().unwrap();
    let document: Value = serde_json::from_str(include_str!("../../../config/schema/workflow.schema.json")).unwrap();
    let further: Vec<&String> =
        workflow.keys().filter(|key| document["properties"].get(key.as_str()).is_none()).collect();
    assert_eq!(further, ["mode", "open", "trust_domain_aliases"]);
    // `mode` of a workflow is that of the gate where it is stricter.
    keys.extend(["workflows.open", "workflows.trust_domain_aliases"]);
    assert_eq!(CHANGES.iter().map(|(key, _)| *key).collect::<BTreeSet<_>>(), keys);
}

#[test]
fn a_document_says_that_there_is_no_alias_and_no_list_of_hosts() {
    let read = |text: &Value| -> std::sync::Arc<Workflow> {
        stepgate_config::read_workflow(text.to_string().as_bytes()).checked.unwrap()
    };
    let documents = [1, 2].map(|revision| ("parcels.yaml".to_owned(), read(&document(revision))));
    let expected = ExpectedState::of_workflows(documents.into(), "0.1.0".to_owned());
    let found = |gate: &Value, side| {
        let found = gate::findings(&self::read(gate), &expected, &own(), side);
        found.into_iter().map(|finding| finding.kind).collect::<Vec<_>>()
    };
    let mut gate = base();
    gate["exempt"] = json!([]);
    assert_eq!(found(&gate, Side::Inbound), []);
    gate["workflows"][0]["trust_domain_aliases"] = json!(["other.example"]);
    gate["egress"] = json!([{"host": "other.example"}]);
    assert_eq!(found(&gate, Side::Inbound), [Kind::OtherSetting]);
    assert_eq!(found(&gate, Side::Outbound), [Kind::OtherSetting; 2]);
}
