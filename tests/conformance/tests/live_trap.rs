//! A trap of the module under each failure policy of Envoy. No peer can cause one; here a filter before the
//! gate does, which writes a header name that is not UTF-8.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepgate_mesh::{Credential, Envoys, Mesh, MeshSpec, Request, Workload};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::environment::Environment;
use stepgate_tests::live::{Answer, Mint};
use stepgate_tests::proxies::proxies;

const SHOP: &str = "spiffe://cluster.local/ns/live/sa/shop";
const DEPOT: &str = "spiffe://cluster.local/ns/live/sa/depot";
const GATE: &str = r#"
keys:
  - {workflow: parcels, kid: now, use: sign, env: KEY_FILM}
workflows:
  - workflow: parcels
    revision: 1
    trust_domain: cluster.local
    actors: {shop: {spiffe: [ns/live/sa/shop]}, depot: {spiffe: [ns/live/sa/depot]}}
    tasks:
      order: {actor: shop, initial: true}
      pack: {actor: depot, requests: [{methods: [POST], path: /pack}]}
    transitions:
      - {from: order, to: pack}
"#;
/// Makes the gate trap.
const TRAP: &str = r#"
function envoy_on_request(handle)
  if handle:headers():get("x-trap") then handle:headers():add("x-\255", "1") end
end
"#;
/// The longest that a new VM may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn environment() -> Environment {
    Corpus::read().unwrap().environment
}

/// HTTP filters: the one that makes the gate trap, the gate, the router.
fn filters(name: &str, policy: &str) -> Vec<Value> {
    let typed = |name: &str, ty: &str, mut config: Value| {
        config["@type"] = format!("type.googleapis.com/{ty}").into();
        json!({"name": name, "typed_config": config})
    };
    let module = stepgate_tests::trials::module().unwrap();
    let gate = json!({"config": {
        "name": "stepgate",
        "failure_policy": policy,
        "configuration": stepgate_mesh::plugin_configuration(GATE),
        "vm_config": {
            "vm_id": name,
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": module}},
            "environment_variables": {"key_values": environment().0},
        },
    }});
    let lua = json!({"default_source_code": {"inline_string": TRAP}});
    vec![
        typed("envoy.filters.http.lua", "envoy.extensions.filters.http.lua.v3.Lua", lua),
        typed("stepgate", "envoy.extensions.filters.http.wasm.v3.Wasm", gate),
        typed("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router", json!({})),
    ]
}

/// One Envoy with one worker and a gate under each policy.
struct Gates {
    mesh: Mesh,
    shop: Credential,
}

const CLOSED: &str = "FAIL_CLOSED";
const RELOAD: &str = "FAIL_RELOAD";

impl Gates {
    fn start(envoy: Option<PathBuf>) -> Self {
        let workload = |policy: &str| {
            let name = policy.to_lowercase();
            let mut workload = Workload::new(&name, DEPOT);
            workload.egress = None;
            workload.inbound.manager.insert("http_filters".into(), filters(&name, policy).into());
            workload
        };
        let mut spec = MeshSpec::new([CLOSED, RELOAD].map(workload).to_vec());
        spec.envoys = Envoys::OneForAll;
        spec.envoy = envoy;
        spec.concurrency = 1;
        let mesh = Mesh::start(spec).unwrap_or_else(|error| panic!("{error}"));
        let shop = mesh.authority().issue(&[SHOP]).unwrap();
        Self { mesh, shop }
    }

    fn send(&self, policy: &str, request: Request, step: Option<&str>) -> Answer {
        let request = step.into_iter().fold(request, |request, step| request.header("x-workflow-step", step));
        match self.mesh.call_directly(Some(&self.shop), &policy.to_lowercase(), &request) {
            Ok(response) => Answer::of(&response, step),
            Err(error) => Answer::Odd(error.to_string()),
        }
    }

    fn seen(&self, policy: &str) -> u64 {
        self.mesh.requests_seen(&policy.to_lowercase()).unwrap()
    }
}

fn post(path: &str) -> Request {
    Request::new("POST", path)
}

#[test]
fn a_trap_denies_and_one_policy_starts_a_new_vm() {
    let mint = Mint::new(GATE, environment()).unwrap();
    for (envoy, _) in proxies().unwrap().into_iter().filter(|(_, workers)| *workers == 1) {
        let gates = Gates::start(envoy);
        for policy in [CLOSED, RELOAD] {
            let consumed = mint.step(("parcels", 1), "order", "now", policy).unwrap();
            assert_eq!(gates.send(policy, post("/pack"), Some(&consumed)), Answer::Permitted);
            let trapped = gates.send(policy, post("/pack").header("x-trap", "1"), None);
            assert!(matches!(&trapped, Answer::Odd(_)), "{policy}: {trapped:?}");
            let begun = Instant::now();
            let mut refused = 0;
            // Until there is a new VM, no request goes on, whether the gate would permit it or not.
            let first = loop {
                let wrong = gates.send(policy, post("/other"), None);
                let answer = gates.send(policy, post("/pack"), None);
                match (&wrong, &answer) {
                    (Answer::Odd(_), Answer::Odd(why)) => assert!(why.starts_with("503"), "{policy}: {why}"),
                    _ => break Some((wrong, answer)),
                }
                refused += 1;
                if policy == CLOSED && refused == 100 {
                    break None;
                }
                assert!(begun.elapsed() < PATIENCE, "{policy}: no new VM within {} s", PATIENCE.as_secs());
            };
            println!("{policy}: {refused} requests refused in {} ms", begun.elapsed().as_millis());
            if policy == CLOSED {
                assert_eq!((first, gates.seen(policy)), (None, 1));
                continue;
            }
            let (wrong, answer) = first.unwrap();
            assert!(matches!(wrong, Answer::Odd(_)) || wrong == Answer::denied("WRONG_REQUEST"), "{wrong:?}");
            assert_eq!(answer, Answer::Permitted);
            // The replay record is the proxy's, and outlives the VM.
            assert_eq!(gates.send(policy, post("/pack"), Some(&consumed)), Answer::denied("ALREADY_TAKEN"));
            assert_eq!(gates.seen(policy), 2);
        }
    }
}
