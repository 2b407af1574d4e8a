//! Gates with more than is expected, or with a way past them: each Envoy has holes of its own.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use stepgate_doctor::Kind;
use stepgate_mesh::{MeshSpec, Workload};

use crate::mesh::{ask, configuration, environment, identity, kinds, module, of, plugin, start};

/// How the gate, its filter chain and the expected configuration depart from the common configuration.
#[derive(Clone, Copy)]
struct Hole {
    gate: fn(&mut Value),
    chain: fn(&mut Chain),
    expected: fn(&mut Value),
    kinds: &'static [Kind],
}

const NONE: Hole = Hole { gate: |_| {}, chain: |_| {}, expected: |_| {}, kinds: &[] };

/// The HTTP filters of an inbound listener, and other settings of its connection manager.
struct Chain {
    filters: Vec<Value>,
    manager: Map<String, Value>,
}

fn filter(name: &str, ty: &str, mut config: Value) -> Value {
    config["@type"] = format!("type.googleapis.com/envoy.extensions.filters.http.{ty}").into();
    json!({"name": name, "typed_config": config})
}

fn chain(configuration: &Value) -> Chain {
    let text = json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration.to_string()});
    let mut environment = environment();
    environment.insert("PERMIT".into(), "a-secret-of-sixteen".into());
    let gate = json!({"config": {
        "name": "stepgate",
        "failure_policy": "FAIL_CLOSED",
        "configuration": text,
        "vm_config": {
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": module()}},
            "environment_variables": {"key_values": environment},
        },
    }});
    let router = filter("envoy.filters.http.router", "router.v3.Router", json!({}));
    Chain { filters: vec![filter("stepgate", "wasm.v3.Wasm", gate), router], manager: Map::new() }
}

/// Inbound routes with these settings beside the cluster.
fn route(name: &str, settings: Value) -> Value {
    let mut route = json!({"match": {"prefix": "/"}, "route": {"cluster": format!("inbound|8080||{name}")}});
    for (key, value) in settings.as_object().unwrap() {
        match key.as_str() {
            "prefix_rewrite" => route["route"][key] = value.clone(),
            _ => route[key] = value.clone(),
        }
    }
    json!({"virtual_hosts": [{"name": "inbound", "domains": ["*"], "routes": [route]}]})
}

/// The policy that Istio makes of the interlock's AuthorizationPolicy.
fn interlock_policy() -> Value {
    let header = json!({"header": {"name": "x-stepgate-permit", "string_match": {"exact": "a-secret-of-sixteen"}}});
    let policy = json!({"permissions": [{"any": true}], "principals": [{"not_id": header}]});
    filter("envoy.filters.http.rbac", "rbac.v3.RBAC", json!({"rules": {"action": "DENY", "policies": {"a": policy}}}))
}

fn with_interlock(configuration: &mut Value) {
    configuration["interlock"] = json!({"env": ["PERMIT"]});
}

/// The expected document with another name or revision.
fn another(configuration: &mut Value, name: &str, revision: u32) -> Value {
    let mut workflow = configuration["workflows"][0].clone();
    workflow["workflow"] = json!(name);
    workflow["revision"] = json!(revision);
    workflow
}

const SURPLUS: Hole = Hole {
    gate: |gate| {
        gate["exempt"] = json!([{"path": "/health"}]);
        let third = json!({"workflow": "film", "kid": "third", "use": "verify", "env": "THIRD"});
        gate["keys"].as_array_mut().unwrap().push(third);
        let (old, mut other) = (another(gate, "film", 1), another(gate, "other", 2));
        other["assurance"] = json!("identity");
        for task in other["tasks"].as_object_mut().unwrap().values_mut().filter(|task| task["initial"] != true) {
            task["requests"][0]["path"] = json!("/other");
        }
        gate["workflows"].as_array_mut().unwrap().extend([old, other]);
    },
    kinds: &[Kind::SurplusExemption, Kind::SurplusKey, Kind::SurplusRevision, Kind::SurplusWorkflow],
    ..NONE
};

const HOLES: &[&[Hole]] = &[
    &[
        SURPLUS,
        Hole {
            gate: |gate| gate["workflows"][0]["assurance"] = json!("identity"),
            kinds: &[Kind::LowerLevel, Kind::OtherDigest],
            ..NONE
        },
        // Instances begin in an old revision.
        Hole {
            gate: |gate| {
                let mut old = another(gate, "film", 1);
                old["open"] = json!(true);
                gate["workflows"].as_array_mut().unwrap().push(old);
            },
            kinds: &[Kind::OtherOpen, Kind::SurplusRevision],
            ..NONE
        },
    ],
    &[
        // The same where the file has that revision, closed. It leaves the direction to the proxy, which is no other setting.
        Hole {
            gate: |gate| {
                gate["workflows"][0]["open"] = json!(true);
                gate["direction"] = json!("inbound");
            },
            expected: |expected| expected["workflows"][0]["open"] = json!(false),
            kinds: &[Kind::OtherOpen],
            ..NONE
        },
        Hole {
            gate: |gate| {
                gate["header"] = json!("x-other-step");
                gate["peer_source"] = json!("filter_state:any");
                gate["self"] = json!("spiffe://cluster.local/ns/film/sa/bare");
            },
            expected: |expected| expected["revoked"] = json!({"instances": ["01"], "kids": ["next"]}),
            kinds: &[Kind::OtherSetting, Kind::NotRevoked],
            ..NONE
        },
        Hole {
            gate: |gate| {
                let other = another(gate, "other", 2);
                gate["workflows"][0] = other;
                for key in gate["keys"].as_array_mut().unwrap() {
                    key["workflow"] = json!("other");
                }
            },
            kinds: &[Kind::KeyUnknown, Kind::NoSigningKey, Kind::NoWorkflow, Kind::SurplusWorkflow],
            ..NONE
        },
    ],
    &[
        Hole { expected: with_interlock, kinds: &[Kind::NoInterlock], ..NONE },
        // A secret that nothing requires.
        Hole { gate: with_interlock, expected: with_interlock, kinds: &[Kind::NoInterlock], ..NONE },
        Hole {
            gate: with_interlock,
            chain: |chain| chain.filters.insert(1, interlock_policy()),
            expected: with_interlock,
            ..NONE
        },
    ],
    &[
        Hole {
            chain: |chain| {
                let set = json!({"append": {"header": {"key": "x-any", "value": "a"}}});
                let change = json!({"mutations": {"request_mutations": [set]}});
                chain.filters.insert(1, filter("another", "header_mutation.v3.HeaderMutation", change));
                let add = json!([{"header": {"key": "x-any", "value": "b"}}]);
                let settings = json!({"prefix_rewrite": "/other", "request_headers_to_add": add});
                chain.manager.insert("route_config".into(), route("good", settings));
            },
            kinds: &[Kind::ChangedAfterGate],
            ..NONE
        },
        Hole { chain: |chain| chain.filters[0]["disabled"] = json!(true), kinds: &[Kind::NoGate], ..NONE },
        Hole {
            chain: |chain| {
                let ty = "type.googleapis.com/envoy.config.route.v3.FilterConfig";
                let off = json!({"typed_per_filter_config": {"stepgate": {"@type": ty, "disabled": true}}});
                chain.manager.insert("route_config".into(), route("changed", off));
            },
            kinds: &[Kind::NoGate],
            ..NONE
        },
    ],
    &[
        // An upgrade has filters of its own.
        Hole {
            chain: |chain| {
                let router = [chain.filters[1].clone()];
                let upgrade = json!([{"upgrade_type": "websocket", "filters": router}]);
                chain.manager.insert("upgrade_configs".into(), upgrade);
            },
            kinds: &[Kind::NoGate],
            ..NONE
        },
        Hole {
            chain: |chain| chain.filters[0]["typed_config"]["config"]["failure_policy"] = json!("FAIL_OPEN"),
            kinds: &[Kind::FailsOpen],
            ..NONE
        },
        // The key of another actor.
        Hole {
            gate: |gate| gate["keys"][0]["actor"] = json!("bare"),
            kinds: &[Kind::KeyUnknown, Kind::NoSigningKey, Kind::SurplusKey],
            ..NONE
        },
    ],
];

/// Actors of the workflow whose Envoys have the holes of one row.
const NAMES: [&str; 3] = ["good", "loose", "changed"];

fn workload((hole, name): (&Hole, &str)) -> Workload {
    let mut configuration = configuration();
    (hole.gate)(&mut configuration);
    let mut chain = chain(&configuration);
    (hole.chain)(&mut chain);
    // The chain has the gate itself; the mesh must know that there is one, to wait for it.
    let mut workload = Workload::new(name, identity(name)).gated_by(plugin(&configuration));
    workload.inbound.manager = chain.manager;
    workload.inbound.manager.insert("http_filters".into(), chain.filters.into());
    workload
}

#[test]
fn each_hole_is_found_and_nothing_else() {
    for (row, holes) in HOLES.iter().enumerate() {
        let workloads = holes.iter().zip(NAMES).map(workload).collect();
        let mesh = start(MeshSpec::new(workloads));
        for (number, (hole, name)) in holes.iter().zip(NAMES).enumerate() {
            let mut expected = configuration();
            (hole.expected)(&mut expected);
            let report = ask(&mesh, &expected.to_string(), &[name]);
            let found = of(&report, name);
            assert_eq!(kinds(found), hole.kinds.iter().copied().collect(), "{row}, {number}: {:#?}", found.findings);
            if hole.kinds == [Kind::ChangedAfterGate] {
                assert_eq!(found.findings.len(), 3, "{:#?}", found.findings);
            }
        }
        if row == 0 {
            // A document says less, and so more is unexpected.
            let document = configuration()["workflows"][0].to_string();
            let found = ask(&mesh, &document, &[NAMES[0]]);
            let expected: BTreeSet<Kind> = SURPLUS.kinds.iter().copied().chain([Kind::NoInterlock]).collect();
            assert_eq!(kinds(of(&found, NAMES[0])), expected, "{found:#?}");
        }
    }
}
