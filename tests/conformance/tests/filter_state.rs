//! A gate that reads its peer from Envoy's filter state, as in an Istio waypoint: there another listener has ended the
//! caller's mTLS and put the URI of its certificate under this key. Here Envoy's own filter puts it there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};
use stepgate_mesh::{ClientCertificate, Credential, Envoys, Mesh, MeshSpec, Request, Workload};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::environment::Environment;
use stepgate_tests::live::{Answer, Mint};

/// The key that Istio's waypoints write.
const KEY: &str = "io.istio.peer_principal";
/// The listener `chosen` reads the value from this header, so that a test can choose it; none if it is absent.
const CHOICE: &str = "x-of-this-test";

const SHOP: &str = "spiffe://cluster.local/ns/live/sa/shop";
const CLERK: &str = "spiffe://cluster.local/ns/live/sa/clerk";
const DEPOT: &str = "spiffe://cluster.local/ns/live/sa/depot";

const GATE: &str = r#"
keys:
  - {workflow: parcels, kid: now, use: sign, env: KEY_FILM}
workflows:
  - workflow: parcels
    revision: 1
    trust_domain: cluster.local
    actors:
      shop: {spiffe: [ns/live/sa/shop]}
      clerk: {spiffe: [ns/live/sa/clerk]}
      depot: {spiffe: [ns/live/sa/depot]}
    tasks:
      order: {actor: shop, initial: true}
      pack: {actor: depot, requests: [{methods: [POST], path: /pack}]}
      audit: {actor: clerk, requests: [{methods: [POST], path: /audit}]}
      ship: {actor: depot, requests: [{methods: [POST], path: /ship}]}
    transitions:
      - {from: order, to: pack}
      - {from: pack, to: audit}
      - {from: audit, to: ship}
"#;

fn environment() -> Environment {
    Corpus::read().unwrap().environment
}

/// HTTP filters: the one that sets the state, if any, and its source; the gate; the router.
fn filters(setter: Option<Value>, configuration: &str) -> Vec<Value> {
    let typed = |name: &str, ty: &str, mut config: Value| {
        config["@type"] = format!("type.googleapis.com/{ty}").into();
        json!({"name": name, "typed_config": config})
    };
    let module = stepgate_tests::trials::module().unwrap();
    let value = stepgate_mesh::plugin_configuration(configuration);
    let wasm = json!({"config": {
        "name": "stepgate",
        "failure_policy": "FAIL_CLOSED",
        "configuration": value,
        "vm_config": {
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": module}},
            "environment_variables": {"key_values": environment().0},
        },
    }});
    let setter = setter.map(|value| {
        let ty = "envoy.extensions.filters.http.set_filter_state.v3.Config";
        typed("envoy.filters.http.set_filter_state", ty, json!({"on_request_headers": [value]}))
    });
    let gate = typed("stepgate", "envoy.extensions.filters.http.wasm.v3.Wasm", wasm);
    let router = typed("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router", json!({}));
    setter.into_iter().chain([gate, router]).collect()
}

/// A value as Istio's waypoint writes it (`ConnectAuthorityFilter`), from this format.
fn state(format: &str, skip_if_empty: bool) -> Value {
    json!({
        "object_key": KEY,
        "factory_key": "envoy.string",
        "format_string": {"text_format_source": {"inline_string": format}, "omit_empty_values": skip_if_empty},
        "skip_if_empty": skip_if_empty,
    })
}

struct Gates(Mesh);

impl Gates {
    /// One Envoy with the depot's gate four times: with a state that the test chooses; with the certificate's URI, as
    /// in Istio; without a state; and with a gate that does not read the state.
    fn start() -> Self {
        let by_state = format!("peer_source: filter_state:{KEY}\nself: {DEPOT}\n{GATE}");
        let of_certificate = "%DOWNSTREAM_PEER_URI_SAN%";
        let gates = [
            ("chosen", Some(state(&format!("%REQ({CHOICE})%"), true)), by_state.as_str()),
            ("waypoint", Some(state(of_certificate, false)), &by_state),
            ("unset", None, &by_state),
            ("connection", Some(state(&format!("%REQ({CHOICE})%"), true)), GATE),
        ];
        let workload = |(name, setter, configuration): (&str, Option<Value>, &str)| {
            let mut workload = Workload::new(name, DEPOT);
            workload.egress = None;
            workload.inbound.client_certificate = ClientCertificate::Optional;
            workload.inbound.manager.insert("http_filters".into(), filters(setter, configuration).into());
            workload
        };
        let mut spec = MeshSpec::new(gates.map(workload).to_vec());
        spec.envoys = Envoys::OneForAll;
        Self(Mesh::start(spec).unwrap_or_else(|error| panic!("{error}")))
    }

    fn certificate(&self, uris: &[&str]) -> Credential {
        self.0.authority().issue(uris).unwrap()
    }

    fn send(&self, gate: &str, who: Option<&Credential>, request: Request, step: Option<&str>) -> Answer {
        let request = match step {
            Some(step) => request.header("x-workflow-step", step),
            None => request,
        };
        Answer::of(&self.0.call_directly(who, gate, &request).unwrap(), step)
    }
}

fn post(path: &str) -> Request {
    Request::new("POST", path)
}

fn mint() -> Mint {
    Mint::new(GATE, environment()).unwrap()
}

#[test]
fn the_filter_state_alone_says_who_the_peer_is() {
    let (gates, mint) = (Gates::start(), mint());
    let [shop, clerk] = [SHOP, CLERK].map(|identity| gates.certificate(&[identity]));
    let deny = Answer::denied;
    let chosen = |who, state: Option<&str>, path, step: Option<&str>| {
        let request = state.into_iter().fold(post(path), |request, state| request.header(CHOICE, state));
        gates.send("chosen", who, request, step)
    };
    // The certificate of the connection does not matter, nor whether there is one.
    for (number, who) in [None, Some(&shop), Some(&clerk)].into_iter().enumerate() {
        assert_eq!(chosen(who, Some(SHOP), "/pack", None), Answer::Permitted);
        assert_eq!(chosen(who, Some(CLERK), "/pack", None), deny("NO_STEP"));
        assert_eq!(chosen(who, None, "/pack", None), deny("NO_PEER"));
        let instance = format!("by-{number}");
        let step = |task, more: &str| mint.step(("parcels", 1), task, "now", &format!("{instance}{more}")).unwrap();
        let audited = step("audit", "");
        assert_eq!(chosen(who, Some(SHOP), "/ship", Some(&audited)), deny("WRONG_HOLDER"));
        assert_eq!(chosen(who, Some(CLERK), "/ship", Some(&audited)), Answer::Permitted);
        let ordered = step("order", "-2");
        assert_eq!(chosen(who, Some(CLERK), "/pack", Some(&ordered)), deny("WRONG_HOLDER"));
        assert_eq!(chosen(who, Some(SHOP), "/pack", Some(&ordered)), Answer::Permitted);
    }
    let odd = ["shop", "-", "https://cluster.local/ns/live/sa/shop", "spiffe://Cluster.local/ns/live/sa/shop"];
    let two = format!("{SHOP},{SHOP}");
    for state in odd.into_iter().chain([two.as_str()]) {
        assert_eq!(chosen(Some(&shop), Some(state), "/pack", None), deny("BAD_PEER"), "{state}");
    }
    let stranger = "spiffe://cluster.local/ns/live/sa/stranger";
    assert_eq!(chosen(Some(&shop), Some(stranger), "/pack", None), deny("OUTSIDER"));
    let foreign = "spiffe://example.org/ns/live/sa/shop";
    assert_eq!(chosen(Some(&shop), Some(foreign), "/pack", None), deny("BAD_PEER"));
}

#[test]
fn a_gate_without_that_source_does_not_ask_the_filter_state() {
    let gates = Gates::start();
    let [shop, clerk] = [SHOP, CLERK].map(|identity| gates.certificate(&[identity]));
    let send = |who, state: &str| gates.send("connection", who, post("/pack").header(CHOICE, state), None);
    assert_eq!(send(Some(&shop), CLERK), Answer::Permitted);
    assert_eq!(send(Some(&clerk), SHOP), Answer::denied("NO_STEP"));
    assert_eq!(send(None, SHOP), Answer::denied("NO_PEER"));
}

#[test]
fn as_a_waypoint_writes_it_the_state_is_what_the_certificate_proves() {
    let gates = Gates::start();
    let [shop, clerk] = [SHOP, CLERK].map(|identity| gates.certificate(&[identity]));
    let send = |who, request| gates.send("waypoint", who, request, None);
    assert_eq!(send(Some(&shop), post("/pack")), Answer::Permitted);
    assert_eq!(send(Some(&clerk), post("/pack")), Answer::denied("NO_STEP"));
    // Envoy writes `-` for an absent value, and joins several by commas: neither is a SPIFFE ID.
    assert_eq!(send(None, post("/pack")), Answer::denied("BAD_PEER"));
    let both = gates.certificate(&[SHOP, CLERK]);
    assert_eq!(send(Some(&both), post("/pack")), Answer::denied("BAD_PEER"));
}

#[test]
fn no_header_of_the_caller_becomes_the_filter_state() {
    let gates = Gates::start();
    let [shop, clerk] = [SHOP, CLERK].map(|identity| gates.certificate(&[identity]));
    let certificate = format!("By={DEPOT};URI={SHOP}");
    let forged = [
        ("x-forwarded-client-cert", certificate.as_str()),
        (KEY, SHOP),
        ("filter_state", SHOP),
        ("x-istio-attributes", SHOP),
        ("x-envoy-peer-metadata-id", SHOP),
        ("source.principal", SHOP),
        (CHOICE, SHOP),
    ];
    let all = || forged.iter().fold(post("/pack"), |request, (name, value)| request.header(*name, *value));
    let one = |(name, value): (&str, &str)| post("/pack").header(name, value);
    for request in forged.map(one).into_iter().chain([all()]) {
        assert_eq!(gates.send("unset", Some(&shop), request.clone(), None), Answer::denied("NO_PEER"));
        assert_eq!(gates.send("waypoint", Some(&clerk), request.clone(), None), Answer::denied("NO_STEP"));
        assert_eq!(gates.send("waypoint", Some(&shop), request, None), Answer::Permitted);
    }
    assert_eq!(gates.0.requests_seen("unset").unwrap(), 0);
}
