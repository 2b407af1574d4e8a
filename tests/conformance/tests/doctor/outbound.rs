//! Outbound gates: whether each way out has one, and where the clusters lead that they take for a receiver or a listed host.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stepgate_doctor::{Kind, examine};
use stepgate_mesh::{Egress, Mesh, MeshSpec, Workload};

use crate::mesh::{ask, endpoint, environment, expected, kinds, module, of, start};
use crate::recorded::{parts, with_dump};

/// A change of a dump.
type Edit = fn(&mut Value);

fn id(actor: &str) -> String {
    format!("spiffe://cluster.local/ns/bank/sa/{actor}")
}

fn inbound() -> Value {
    json!({
        "keys": [{"workflow": "loan", "kid": "now", "use": "sign", "env": "KEY"}],
        "workflows": [{
            "workflow": "loan",
            "revision": 1,
            "trust_domain": "cluster.local",
            "namespace": "bank",
            "actors": {"desk": {}, "clerk": {"hosts": ["clerk.bank"]}},
            "tasks": {
                "ask": {"actor": "desk", "initial": true},
                "review": {"actor": "clerk", "requests": ["POST /review"]},
            },
            "transitions": ["ask -> review"],
        }],
    })
}

fn outbound() -> Value {
    let mut configuration = inbound();
    configuration["direction"] = json!("outbound");
    configuration["self"] = json!(id("desk"));
    configuration["egress"] = json!([{"host": "telemetry.example", "path": "/v1/traces"}]);
    configuration
}

fn plugin(configuration: &Value) -> stepgate_mesh::Plugin {
    stepgate_mesh::Plugin { module: module(), configuration: configuration.to_string(), environment: environment() }
}

/// `desk` has gates on both sides.
fn bank() -> Mesh {
    let mut desk = Workload::new("desk", id("desk")).gated_by(plugin(&inbound()));
    desk.egress = Some(Egress { plugin: Some(plugin(&outbound())), ..Egress::default() });
    let mut clerk = Workload::new("clerk", id("clerk"));
    clerk.hosts = vec!["clerk.bank".to_owned()];
    let mut collector = Workload::new("collector", "spiffe://cluster.local/ns/ops/sa/collector");
    collector.hosts = vec!["telemetry.example".to_owned()];
    start(MeshSpec::new(vec![desk, clerk, collector]))
}

/// Changes the cluster with this host.
fn cluster(dump: &mut Value, host: &str, change: impl Fn(&mut Value)) {
    let all = parts(dump, "ClustersConfigDump", "static_clusters").map(|one| &mut one["cluster"]);
    let mut found: Vec<&mut Value> = all.filter(|one| one["name"] == format!("outbound|8080||{host}")).collect();
    assert_eq!(found.len(), 1);
    change(found[0]);
}

fn without_tls(cluster: &mut Value) {
    cluster.as_object_mut().unwrap().remove("transport_socket").unwrap();
}

fn to_any_address(cluster: &mut Value) {
    cluster["type"] = json!("ORIGINAL_DST");
}

/// Changes the filters of the outbound listener.
fn filters(dump: &mut Value, change: impl Fn(&mut Vec<Value>)) {
    let listeners = parts(dump, "ListenersConfigDump", "static_listeners").map(|one| &mut one["listener"]);
    for listener in listeners.filter(|one| one["traffic_direction"] == "OUTBOUND") {
        let filters = listener.pointer_mut("/filter_chains/0/filters/0/typed_config/http_filters").unwrap();
        change(filters.as_array_mut().unwrap());
    }
}

const CHANGES: [(&str, Edit, &[Kind]); 9] = [
    ("none", |_| {}, &[]),
    (
        "a receiver at any address",
        |dump| {
            cluster(dump, "clerk.bank", |of| {
                to_any_address(of);
                without_tls(of);
            });
        },
        &[Kind::AnyAddress],
    ),
    ("a receiver at any address, known by its certificate", |dump| cluster(dump, "clerk.bank", to_any_address), &[]),
    ("a receiver without a certificate", |dump| cluster(dump, "clerk.bank", without_tls), &[Kind::NotPinned]),
    (
        "a receiver with the certificate of another workload",
        |dump| {
            cluster(dump, "clerk.bank", |of| {
                let names = "/transport_socket/typed_config/common_tls_context/validation_context\
                             /match_typed_subject_alt_names/0/matcher/exact";
                *of.pointer_mut(names).unwrap() = json!(id("desk"));
            });
        },
        &[Kind::NotPinned],
    ),
    ("a listed host at any address", |dump| cluster(dump, "telemetry.example", to_any_address), &[Kind::AnyAddress]),
    ("a listed host without a certificate", |dump| cluster(dump, "telemetry.example", without_tls), &[]),
    ("a host that no gate takes", |dump| cluster(dump, "desk", to_any_address), &[]),
    (
        "a gate that fails open",
        |dump| {
            filters(dump, |all| {
                all[0]["typed_config"]["config"]["failure_policy"] = json!("FAIL_OPEN");
            })
        },
        &[Kind::FailsOpen],
    ),
];

#[test]
fn an_outbound_gate_is_compared_and_so_is_where_its_clusters_lead() {
    let mesh = bank();
    // Of the inbound side such a file says nothing, and one of the inbound side says nothing of this one.
    for (file, configuration) in [("outbound", outbound()), ("inbound", inbound())] {
        for (what, change, of_change) in CHANGES {
            let admin = with_dump(&mesh, "desk", change);
            let report = examine(&expected(&configuration.to_string()), &[("desk".to_owned(), endpoint(admin))], None);
            let report = report.unwrap();
            let found = of(&report, "desk");
            assert_eq!(kinds(found), of_change.iter().copied().collect(), "{what}, {file}: {:#?}", found.findings);
        }
    }
    let ways_out: [(&str, Edit); 3] = [
        ("no gate", |dump| filters(dump, |all| drop(all.remove(0)))),
        ("a gate that is off", |dump| filters(dump, |all| all[0]["disabled"] = json!(true))),
        ("no listener", |dump| {
            for section in dump["configs"].as_array_mut().unwrap() {
                let listeners = section.get_mut("static_listeners").and_then(Value::as_array_mut);
                listeners
                    .into_iter()
                    .for_each(|all| all.retain(|one| one["listener"]["traffic_direction"] == "INBOUND"));
            }
        }),
    ];
    for (what, change) in ways_out {
        let admin = [("desk".to_owned(), endpoint(with_dump(&mesh, "desk", change)))];
        for (configuration, wanted) in [(outbound(), vec![Kind::NoOutboundGate]), (inbound(), vec![])] {
            let report = examine(&expected(&configuration.to_string()), &admin, None).unwrap();
            let found = of(&report, "desk");
            assert_eq!(kinds(found), wanted.into_iter().collect(), "{what}: {:#?}", found.findings);
        }
    }
    let more: [(Edit, &[Kind]); 4] = [
        (|file| file["egress"] = json!([{"host": "telemetry.example"}]), &[Kind::OtherSetting]),
        (|file| file["mode"] = json!("observe"), &[Kind::OtherMode]),
        (|file| file["workflows"][0]["deadline"] = json!("7h"), &[Kind::OtherDigest]),
        (|file| file["revoked"] = json!({"kids": ["now"]}), &[Kind::NotRevoked]),
    ];
    for (number, (change, wanted)) in more.into_iter().enumerate() {
        let mut file = outbound();
        change(&mut file);
        let report = ask(&mesh, &file.to_string(), &["desk"]);
        let found = of(&report, "desk");
        assert_eq!(kinds(found), wanted.iter().copied().collect(), "{number}: {:#?}", found.findings);
    }
    // A document names no hosts of others.
    let document = inbound()["workflows"][0].to_string();
    let report = ask(&mesh, &document, &["desk"]);
    assert_eq!(kinds(of(&report, "desk")), BTreeSet::from([Kind::NoInterlock, Kind::OtherSetting]), "{report:#?}");
}
