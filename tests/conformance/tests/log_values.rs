//! The module's log holds nothing that a peer put into a request, but its path and method: a header may be a credential.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use stepgate_decision::Header;
use stepgate_tests::wasm::{Exchange, Module, Proxy, ROOT, count, start};

/// In every input, one after the other.
const MARKER: &str = "marker0secret";

/// Guards that fail in every way.
const GUARDS: [&str; 14] = [
    r#"int(request.headers["x-a"]) > 1"#,
    r#"double(request.headers["x-a"]) > 1.0"#,
    r#"bool(request.headers["x-a"])"#,
    r#"timestamp(request.headers["x-a"]) > now"#,
    r#"duration(request.headers["x-a"]) > duration("1s")"#,
    r#"int(request.headers.cookie) > 1"#,
    r#"int(request.headers.authorization) > 1"#,
    r#"int(request.query.q) > 1"#,
    r#"int(request.path) > 1"#,
    r#"int(request.host) > 1"#,
    r#"request.headers["x-a"] == "1" && request.headers["x-b"] == "2""#,
    r#"request.headers["x-a"].matches("^[0-9]+$")"#,
    r#"size(request.headers["x-a"]) / (size(request.headers["x-a"]) - size(request.headers["x-a"])) > 1"#,
    r#"9223372036854775807 + size(request.headers["x-a"]) > 1"#,
];

/// Headers that a peer may send, with the marker in them.
fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let part = |text: String| Base64UrlSafeNoPadding::encode_to_string(text).unwrap();
    let token = |header: &str, claims: &str| {
        format!("{}.{}.{}", part(header.to_owned()), part(claims.to_owned()), part(MARKER.to_owned()))
    };
    let header = r#"{"alg":"HS256","kid":"now","typ":"wfa+jwt"}"#;
    let steps = [
        MARKER.to_owned(),
        format!("w/1/{MARKER}"),
        format!("{MARKER}/1/s"),
        format!("{MARKER}.{MARKER}.{MARKER}"),
        token(&format!(r#"{{"alg":"HS256","kid":"{MARKER}","typ":"wfa+jwt"}}"#), "{}"),
        token(&format!(r#"{{"alg":"{MARKER}","kid":"now","typ":"{MARKER}"}}"#), "{}"),
        token(&format!(r#"{{"{MARKER}":1}}"#), "{}"),
        token(header, &format!(r#"{{"iss":"{MARKER}"}}"#)),
        token(header, &format!(r#"{{"{MARKER}":1}}"#)),
        token(header, &format!(r#"{{"iss":"spiffe://t/x/a","sub":"{MARKER}","iat":"{MARKER}"}}"#)),
    ];
    let names = [
        "cookie",
        "authorization",
        "upgrade",
        "baggage",
        "x-a",
        "x_a",
        "X-A",
        "content-type",
        "te",
        "host",
        "x-workflow-step-start",
    ];
    let plain = names.into_iter().flat_map(|name| {
        let texts = [MARKER.to_owned(), format!("Bearer {MARKER}"), format!("x-workflow-step={MARKER}")];
        let odd = [MARKER.as_bytes(), &[0xff]].concat();
        texts.into_iter().map(String::into_bytes).chain([odd]).map(move |value| (name, value))
    });
    plain.chain(steps.into_iter().map(|step| ("x-workflow-step", step.into_bytes()))).collect()
}

fn gate(guard: &str, rest: &str) -> Vec<u8> {
    let text = format!(
        "{rest}workflows:\n  - workflow: w\n    revision: 1\n    trust_domain: t\n    assurance: identity\n    \
         actors: {{a: {{spiffe: [x/a]}}, b: {{spiffe: [x/b]}}}}\n    \
         tasks: {{s: {{actor: a, initial: true}}, t: {{actor: b, requests: [{{path: \"/t/{{id}}\"}}]}}}}\n    \
         transitions: [{{from: s, to: t, when: '{guard}'}}]\n"
    );
    stepgate_config::to_json(text.as_bytes()).unwrap().to_string().into_bytes()
}

/// The log of one request.
fn log(module: &Module, guard: &str, own: [(&str, &str); 3], peer: &str, more: Vec<Header>) -> Vec<String> {
    let mut vm = module.vm(Proxy::new(&gate(guard, ""), BTreeMap::new(), 1_800_000_000)).unwrap();
    start(&mut vm).unwrap();
    let own = own.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let exchange = Exchange::of_headers(peer, "spiffe://t/x/b", own.into_iter().chain(more).collect());
    exchange.begin(&mut vm);
    vm.call("proxy_on_context_create", &[2, ROOT]).unwrap();
    vm.ask("proxy_on_request_headers", &[2, count(&exchange.headers), 1]).unwrap();
    vm.proxy().log.iter().map(|(_, line)| line.clone()).collect()
}

fn module() -> Module {
    let path = stepgate_tests::trials::module().unwrap();
    Module::load(&path).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn no_line_about_a_request_has_a_value_of_it() {
    let module = module();
    let target = format!("/t/7?q={MARKER}&{MARKER}=1&r=%zz");
    let mut lines = 0;
    for guard in GUARDS {
        for (name, value) in inputs() {
            let own = [(":method", "POST"), (":path", &*target), (":authority", MARKER)];
            for line in log(&module, guard, own, "spiffe://t/x/a", vec![(name.to_owned(), value)]) {
                assert!(!line.contains(MARKER), "{guard}, {name}: {line}");
                lines += usize::from(line.contains("\"denial\""));
            }
        }
    }
    assert!(lines > 500, "{lines} denials");
}

#[test]
fn a_guard_that_fails_is_named_by_its_transition_its_part_and_its_type() {
    let module = module();
    let line = |guard: &str, more: &[(&str, &str)]| {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        let own = [(":method", "POST"), (":path", "/t/7?q=a+b"), (":authority", "b")];
        let all = log(&module, guard, own, "spiffe://t/x/a", more);
        let denial: serde_json::Value = serde_json::from_str(all.last().unwrap()).unwrap();
        assert_eq!((&denial["code"], &denial["transition"]), (&"GUARD".into(), &"s -> t".into()));
        denial["why"].as_str().unwrap().to_owned()
    };
    let a = ("x-a", MARKER);
    for (guard, more, why) in [
        (GUARDS[0], &[a][..], "the guard failed: `int` failed on a string"),
        (GUARDS[0], &[], r#"the guard failed: it reads a value that is not there: request.headers["x-a"]"#),
        (GUARDS[0], &[a, a], r#"the guard failed: `request.headers["x-a"]` is there twice"#),
        (GUARDS[0], &[("x_a", MARKER)], r#"the guard failed: `request.headers["x-a"]` is there in another spelling"#),
        (GUARDS[7], &[], r#"the guard failed: `request.query["q"]` has a `+`"#),
        (GUARDS[12], &[a], "the guard failed: arithmetic overflows or divides by zero"),
        (GUARDS[11], &[a], "the guard is false"),
    ] {
        assert_eq!(line(guard, more), why, "{guard}");
    }
}

/// The path and the method are members of each line about a request (SECURITY.md).
#[test]
fn a_path_is_only_in_its_own_member() {
    let module = module();
    let path = format!("/t/{MARKER}");
    for guard in ["int(request.path) > 1", "request.path == \"/\""] {
        let all = log(
            &module,
            guard,
            [(":method", MARKER), (":path", &path), (":authority", "b")],
            "spiffe://t/x/a",
            Vec::new(),
        );
        let mut denial: serde_json::Value = serde_json::from_str(all.last().unwrap()).unwrap();
        let members = denial.as_object_mut().unwrap();
        assert_eq!(members.remove("path"), Some(path.clone().into()));
        assert_eq!(members.remove("method"), Some(MARKER.into()));
        assert!(!denial.to_string().contains(MARKER), "{denial}");
    }
}

#[test]
fn no_line_about_a_configuration_has_a_secret_of_it() {
    let module = module();
    let keys = "keys: [{workflow: w, kid: now, use: sign, env: KEY}, {workflow: w, kid: old, use: verify, jwk: {kty: oct, k: \"marker0secret\"}}]\n";
    for rest in ["keys: [{workflow: w, kid: now, use: sign, env: KEY}]\ninterlock: [LOCK]\n", keys] {
        for key in [
            MARKER.to_owned(),
            format!(r#"{{"kty":"oct","k":"{MARKER}"}}"#),
            format!(r#"{{"kty":"{MARKER}","k":"{MARKER}"}}"#),
            format!(r#"{{"kty":"oct","k":"AAAA","{MARKER}":1,"kid":"{MARKER}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{MARKER}","x":"{MARKER}"}}"#),
        ] {
            let environment = [("KEY", key.as_str()), ("LOCK", MARKER)];
            let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let mut vm = module.vm(Proxy::new(&gate("true", rest), environment, 1_800_000_000)).unwrap();
            start(&mut vm).unwrap();
            let log = &vm.proxy().log;
            assert!(!log.is_empty() && log.iter().all(|(_, line)| !line.contains(MARKER)), "{log:?}");
        }
    }
}
