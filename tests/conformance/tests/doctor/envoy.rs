//! Settings of Envoy that take away what its gate relies on.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stepgate_doctor::{Kind, examine};
use stepgate_mesh::{MeshSpec, Workload};

use crate::mesh::{configuration, endpoint, expected, identity, kinds, of, plugin, start};
use crate::recorded::{parts, with_dump};

/// A change of a dump.
type Edit = fn(&mut Value);

/// Gives the inbound listener a filter before its chains.
fn listener_filter(dump: &mut Value, name: &str, ty: &str) {
    for one in parts(dump, "ListenersConfigDump", "static_listeners") {
        let config = json!({"@type": format!("type.googleapis.com/envoy.extensions.filters.listener.{ty}")});
        one["listener"]["listener_filters"] = json!([{"name": name, "typed_config": config}]);
    }
}

fn proxy_protocol(dump: &mut Value) {
    listener_filter(dump, "any", "proxy_protocol.v3.ProxyProtocol");
}

/// A second listener with the same gate in this VM.
fn second_listener(dump: &mut Value, vm_id: &Value) {
    for section in dump["configs"].as_array_mut().unwrap() {
        let Some(listeners) = section.get_mut("static_listeners").and_then(Value::as_array_mut) else { continue };
        let is_inbound = |one: &&Value| one["listener"]["traffic_direction"] == "INBOUND";
        let mut another = listeners.iter().find(is_inbound).unwrap().clone();
        another["listener"]["name"] = json!("another");
        let id = "/listener/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config/vm_config/vm_id";
        assert_ne!(another.pointer(id).unwrap(), "");
        if !vm_id.is_null() {
            *another.pointer_mut(id).unwrap() = vm_id.clone();
        }
        listeners.push(another);
    }
}

fn header_prefix(dump: &mut Value, prefix: &str) {
    let mut bootstraps = parts(dump, "BootstrapConfigDump", "bootstrap");
    bootstraps.next().unwrap()["header_prefix"] = json!(prefix);
}

fn with_port(configuration: &mut Value) {
    configuration["exempt"] = json!([{"path": "/metrics", "port": 15020}]);
}

fn with_port_of_tasks(configuration: &mut Value) {
    let tasks = configuration["workflows"][0]["tasks"].as_object_mut().unwrap();
    let requests = tasks.values_mut().filter_map(|task| task.get_mut("requests"));
    requests.for_each(|requests| requests[0]["port"] = json!(8080));
}

/// At this level gates record nothing.
fn without_record(configuration: &mut Value) {
    configuration["workflows"][0]["assurance"] = json!("identity");
    configuration.as_object_mut().unwrap().remove("keys");
}

/// A change of the dump, and the findings.
type Change = (&'static str, Edit, &'static [Kind]);

const TWO_VMS: Change = ("two VMs", |dump| second_listener(dump, &json!("two")), &[Kind::SeveralRecords]);

/// Changes of the dumps of gates with these changes of the common configuration.
const CHANGES: [(Edit, &[Change]); 4] = [
    (
        |_| {},
        &[
            ("the router's headers have another name", |dump| header_prefix(dump, "x-foo"), &[Kind::HeaderPrefix]),
            ("they have their own name", |dump| header_prefix(dump, "x-envoy"), &[]),
            ("the caller's port, where no gate reads it", proxy_protocol, &[]),
            TWO_VMS,
            ("one VM for two listeners", |dump| second_listener(dump, &Value::Null), &[]),
        ],
    ),
    (
        with_port,
        &[
            ("the caller's port", proxy_protocol, &[Kind::CallersPort]),
            (
                "another filter of the listener",
                |dump| listener_filter(dump, "envoy.filters.listener.tls_inspector", "tls_inspector.v3.TlsInspector"),
                &[],
            ),
        ],
    ),
    (with_port_of_tasks, &[("the caller's port for a task", proxy_protocol, &[Kind::CallersPort])]),
    (without_record, &[("two VMs that have no record", TWO_VMS.1, &[])]),
];

#[test]
fn each_setting_that_a_gate_cannot_see_is_found() {
    for (configure, changes) in CHANGES {
        let mut configuration = configuration();
        configure(&mut configuration);
        let mesh = start(MeshSpec::new(vec![Workload::new("good", identity("good")).gated_by(plugin(&configuration))]));
        for (what, change, wanted) in changes {
            let admin = [("good".to_owned(), endpoint(with_dump(&mesh, "good", change)))];
            let report = examine(&expected(&configuration.to_string()), &admin, None).unwrap();
            let found = of(&report, "good");
            assert_eq!(kinds(found), wanted.iter().copied().collect::<BTreeSet<_>>(), "{what}: {:#?}", found.findings);
        }
    }
}
