//! A running Envoy compiles the module once: a gate with another configuration goes on with the compiled code, so that a
//! change of a workflow costs no more than to read it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use stepgate_mesh::{Delivery, Mesh, MeshSpec, Plugin, Request, Vms, Workload};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::proxies::proxies;

const DEPOT: &str = "spiffe://cluster.local/ns/live/sa/depot";
/// Envoy counts each VM that it creates: one that compiles the module, and clones of it, which share the compiled code.
const CREATED: &str = "wasm.envoy.wasm.runtime.v8.created";
/// Envoy tries each configuration in a clone of its own.
const TRIAL: u64 = 1;

/// A gate that exempts this path.
fn gate(exempt: &str) -> Plugin {
    let module = stepgate_tests::trials::module().unwrap();
    let configuration = format!(
        r#"
exempt: [{{methods: [GET], path: {exempt}}}]
keys:
  - {{workflow: parcels, kid: now, use: sign, env: KEY_FILM}}
workflows:
  - workflow: parcels
    revision: 1
    trust_domain: cluster.local
    actors:
      shop: {{spiffe: [ns/live/sa/shop]}}
      depot: {{spiffe: [ns/live/sa/depot]}}
    tasks:
      order: {{actor: shop, initial: true}}
      pack: {{actor: depot, requests: [{{methods: [POST], path: /pack}}]}}
    transitions:
      - {{from: order, to: pack}}
"#
    );
    Plugin { module, configuration, environment: Corpus::read().unwrap().environment.0 }
}

/// The VMs that Envoy creates to put another gate into force, which exempts this path.
fn created_for(mesh: &Mesh, exempt: &str) -> u64 {
    let created = || mesh.stats("depot").unwrap()[CREATED];
    let caller = mesh.authority().issue(&["spiffe://cluster.local/ns/live/sa/shop"]).unwrap();
    let status = || mesh.call_directly(Some(&caller), "depot", &Request::new("GET", exempt)).unwrap().status;
    assert_eq!(status(), 403, "{exempt} is exempt already");
    let before = created();
    mesh.reconfigure("depot", gate(exempt)).unwrap();
    assert_eq!(status(), 200, "{exempt} is not exempt");
    created() - before
}

#[test]
fn another_configuration_is_not_another_compilation() {
    for (envoy, workers) in proxies().unwrap() {
        for delivery in [Delivery::Extension, Delivery::Listener] {
            let workload = Workload::new("depot", DEPOT).gated_by(gate("/first"));
            let mut spec = MeshSpec::new(vec![workload]);
            spec.envoy.clone_from(&envoy);
            spec.concurrency = workers;
            spec.delivery = delivery;
            spec.vms = Vms::Shared;
            let mesh = Mesh::start(spec).unwrap();
            let which = format!("{envoy:?}, {workers} workers, {delivery:?}");
            // The control: the first one is compiled, tried, and cloned for the main thread and each worker.
            assert_eq!(mesh.stats("depot").unwrap()[CREATED], 1 + TRIAL + 1 + u64::from(workers), "{which}");
            assert_eq!(created_for(&mesh, "/second"), TRIAL, "{which}");
            assert_eq!(created_for(&mesh, "/third"), TRIAL, "{which}");
        }
    }
}
