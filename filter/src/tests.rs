//! Whole streams through a fake proxy: above all failures that a real one never has, but might.

mod engines;
pub(crate) mod fake;
mod traces;

use std::env::VarError;
use std::rc::Rc;

use log::Level;
use proxy_wasm::types::{Action, MapType};

use crate::configure::configure;
use crate::plugin_state::PluginState;
use crate::stream::Stream;
use crate::tests::fake::Fake;

const GATE: &str = r"
interlock: {env: [INTERLOCK]}
log: {denials_per_second: 2, permits: true}
exempt: [{methods: [GET], path: /healthz, peers: anyone}]
keys: [{workflow: film, kid: now, use: sign, env: KEY}]
workflows:
  - workflow: film
    revision: 1
    trust_domain: film.example
    actors: {owner: {spiffe: [owner]}, vfx: {spiffe: [vfx]}}
    tasks:
      brief: {actor: owner, initial: true}
      shots: {actor: vfx, requests: [{methods: [POST], path: /shots}]}
      check: {actor: vfx, requests: [{methods: [POST], path: /check}]}
    transitions: [{from: brief, to: shots}, {from: shots, to: check, via: owner}]
";
const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"sRiFB4DThc8JRXf1fPPCPpj0kgLTERLcuirFbh9KgVw"}"#;
const STEP: &str = "x-workflow-step";
const START: &str = "x-workflow-step-start";

fn environment(name: &str) -> Result<String, VarError> {
    match name {
        "KEY" | "KEY_TWIN" => Ok(KEY.to_owned()),
        "INTERLOCK" => Ok("a-secret-of-this-test".to_owned()),
        _ => Err(VarError::NotPresent),
    }
}

fn plugin(proxy: &Fake, gate: &str) -> Rc<PluginState> {
    Rc::new(configure(proxy, Ok(gate.into()), &environment))
}

/// A proxy that holds a start of the workflow.
fn proxy() -> Fake {
    let proxy = Fake::default();
    proxy.time.set(1_800_000_000_000_000_000);
    for (name, value) in [
        ("xds.listener_direction", &1_i64.to_le_bytes()[..]),
        ("connection.mtls", &[1]),
        ("connection.uri_san_peer_certificate", b"spiffe://film.example/owner"),
        ("connection.uri_san_local_certificate", b"spiffe://film.example/vfx"),
        ("response.code_details", b"via_upstream"),
        ("upstream.request_attempt_count", &1_i64.to_le_bytes()[..]),
    ] {
        proxy.properties.borrow_mut().insert(name.to_owned(), value.to_vec());
    }
    proxy.set(MapType::HttpRequestHeaders, &[(":method", "POST"), (":path", "/shots"), (":authority", "vfx")]);
    proxy
}

fn denied(proxy: &Fake, stream: &mut Stream) -> String {
    assert_eq!(stream.request_headers(proxy), Action::Pause);
    assert_eq!(stream.request_body(proxy, 1), Action::Pause);
    let details = proxy.replies.borrow().last().unwrap().details.clone();
    details.strip_prefix("stepgate:").unwrap().to_owned()
}

#[test]
fn a_start_goes_on_and_its_response_brings_start_token_and_receipt() {
    let proxy = proxy();
    let mut stream = Stream::new(plugin(&proxy, GATE));
    assert_eq!(stream.request_headers(&proxy), Action::Continue);
    assert_eq!(stream.request_body(&proxy, 1), Action::Continue);
    assert_eq!(proxy.header(MapType::HttpRequestHeaders, STEP).len(), 1);
    assert_eq!(proxy.header(MapType::HttpRequestHeaders, "x-stepgate-permit"), ["a-secret-of-this-test"]);

    proxy.set(MapType::HttpRequestTrailers, &[(STEP, "sneaky"), ("x-other", "1")]);
    assert_eq!(stream.request_trailers(&proxy), Action::Continue);
    assert!(proxy.header(MapType::HttpRequestTrailers, STEP).is_empty());
    assert_eq!(proxy.header(MapType::HttpRequestTrailers, "x-other"), ["1"]);

    proxy.set(MapType::HttpResponseHeaders, &[(":status", "200"), (STEP, "leaked"), (START, "leaked")]);
    assert_eq!(stream.response_headers(&proxy), Action::Continue);
    let (step, start) =
        (proxy.header(MapType::HttpResponseHeaders, STEP), proxy.header(MapType::HttpResponseHeaders, START));
    assert_eq!((step.len(), start.len()), (1, 1));
    assert!(step[0].starts_with("eyJ") && start[0].starts_with("eyJ"));

    assert_eq!(proxy.counted("workflow=.=film;.;transition=.=brief->shots;.;stepgate_permits"), 1);
    let log = proxy.log();
    let (level, permit) = log.last().unwrap();
    assert_eq!(*level, Level::Info);
    assert!(permit.contains(r#""stepgate":"permit""#) && !permit.contains("eyJ"), "{permit}");
}

/// An application that refuses would read them as another request.
#[test]
fn no_bytes_come_behind_an_upgrade_before_the_application_agrees() {
    let gate = GATE.replace("path: /shots}]", "path: /shots}], upgrade: [other]");
    for (status, passes) in [(None, false), (Some("101"), true), (Some("200"), false), (Some("426"), false)] {
        let proxy = proxy();
        let head = [(":method", "POST"), (":path", "/shots"), (":authority", "vfx")];
        proxy.set(
            MapType::HttpRequestHeaders,
            &[&head[..], &[("connection", "upgrade"), ("upgrade", "other")]].concat(),
        );
        let mut stream = Stream::new(plugin(&proxy, &gate));
        assert_eq!(stream.request_headers(&proxy), Action::Continue);
        // Envoy says so before any have come.
        assert_eq!(stream.request_body(&proxy, 0), Action::Continue);
        if let Some(status) = status {
            proxy.set(MapType::HttpResponseHeaders, &[(":status", status)]);
            assert_eq!(stream.response_headers(&proxy), Action::Continue);
        }
        assert_eq!(stream.request_body(&proxy, 1), if passes { Action::Continue } else { Action::Pause }, "{status:?}");
        let codes = proxy.replies.borrow().iter().map(|reply| reply.details.clone()).collect::<Vec<_>>();
        assert_eq!(codes, if passes { &[][..] } else { &["stepgate:UPGRADE"] }, "{status:?}");
    }
}

#[test]
fn a_grpc_receipt_waits_for_the_trailers() {
    for (status, receipts) in [("0", 1), ("7", 0)] {
        let proxy = proxy();
        let mut stream = Stream::new(plugin(&proxy, GATE));
        assert_eq!(stream.request_headers(&proxy), Action::Continue);
        proxy.set(MapType::HttpResponseHeaders, &[(":status", "200"), ("content-type", "application/grpc")]);
        proxy.set(MapType::HttpResponseTrailers, &[("grpc-status", status), (STEP, "leaked")]);
        assert_eq!(stream.response_headers(&proxy), Action::Continue);
        assert!(proxy.header(MapType::HttpResponseHeaders, STEP).is_empty());
        assert_eq!(stream.response_trailers(&proxy), Action::Continue);
        let trailers = proxy.header(MapType::HttpResponseTrailers, STEP);
        assert_eq!(trailers.len(), receipts);
        assert!(trailers.iter().all(|token| token.starts_with("eyJ")));
    }
}

/// What Envoy says of a request for which it found no connection.
fn application_down(proxy: &Fake) {
    proxy.properties.borrow_mut().extend(
        [
            ("response.code_details", b"upstream_reset_before_response_started{remote_connection_failure}".to_vec()),
            ("response.flags", 0x20_i64.to_le_bytes().to_vec()),
            ("upstream.request_attempt_count", 1_i64.to_le_bytes().to_vec()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    proxy.set(MapType::HttpResponseHeaders, &[(":status", "503")]);
}

/// The fake's randomness is always the same, so a second start is the same transition of the same instance.
/// No proxy does this. A denial must not let a response through that is held: what comes then is not scrubbed.
#[test]
fn a_second_request_frees_no_response_of_a_stream_that_has_ended() {
    let proxy = proxy();
    let mut stream = Stream::new(plugin(&proxy, GATE));
    assert_eq!(stream.request_headers(&proxy), Action::Continue);
    stream.ended(&proxy);
    assert_eq!(stream.request_headers(&proxy), Action::Pause);
    assert_eq!(stream.response_headers(&proxy), Action::Pause);
}

#[test]
fn a_start_that_reached_nobody_brings_no_token_and_may_be_made_again() {
    let proxy = proxy();
    let plugin = plugin(&proxy, GATE);
    let first = proxy.headers.borrow().clone();
    for _ in 0..3 {
        let mut stream = Stream::new(Rc::clone(&plugin));
        assert_eq!(stream.request_headers(&proxy), Action::Continue);
        application_down(&proxy);
        assert_eq!(stream.response_headers(&proxy), Action::Continue);
        assert!(proxy.header(MapType::HttpResponseHeaders, START).is_empty());
        assert!(proxy.header(MapType::HttpResponseHeaders, STEP).is_empty());
        proxy.headers.replace(first.clone());
        // Not before the stream has ended.
        assert_eq!(denied(&proxy, &mut Stream::new(Rc::clone(&plugin))), "ALREADY_TAKEN");
        stream.ended(&proxy);
        proxy.headers.replace(first.clone());
    }
    assert_eq!(proxy.counted("workflow=.=film;.;stepgate_undelivered"), 3);
    let log = proxy.log();
    let lines: Vec<_> = log.iter().filter(|(_, line)| line.contains(r#""stepgate":"undelivered""#)).collect();
    assert!(lines.len() == 3 && lines[0].1.contains(r#""transition":"brief -> shots""#), "{lines:?}");
}

/// Each of these ends with a use that stays consumed.
#[test]
fn a_use_comes_back_only_where_response_and_end_agree() {
    type Between = fn(&Fake, &mut Stream);
    let cases: [(&str, Between); 5] = [
        ("the stream ended without a response", |_, stream| stream.ended(&proxy())),
        ("a connection was ready by the end", |proxy, stream| {
            assert_eq!(stream.response_headers(proxy), Action::Continue);
            proxy.properties.borrow_mut().insert("upstream.local_address".into(), b"127.0.0.1:1".to_vec());
            stream.ended(proxy);
        }),
        ("the facts changed after the response began", |proxy, stream| {
            proxy.properties.borrow_mut().insert("upstream.local_address".into(), b"127.0.0.1:1".to_vec());
            assert_eq!(stream.response_headers(proxy), Action::Continue);
            assert_eq!(proxy.header(MapType::HttpResponseHeaders, START).len(), 1);
            proxy.properties.borrow_mut().remove("upstream.local_address");
            stream.ended(proxy);
        }),
        ("the record cannot be written", |proxy, stream| {
            assert_eq!(stream.response_headers(proxy), Action::Continue);
            proxy.broken.borrow_mut().push("write_shared");
            stream.ended(proxy);
            proxy.broken.borrow_mut().clear();
        }),
        ("the response could not be scrubbed", |proxy, stream| {
            proxy.broken.borrow_mut().push("headers");
            assert_eq!(stream.response_headers(proxy), Action::Pause);
            proxy.broken.borrow_mut().clear();
            stream.ended(proxy);
        }),
    ];
    for (name, between) in cases {
        let proxy = proxy();
        let plugin = plugin(&proxy, GATE);
        let first = proxy.headers.borrow().clone();
        let mut stream = Stream::new(Rc::clone(&plugin));
        assert_eq!(stream.request_headers(&proxy), Action::Continue);
        application_down(&proxy);
        between(&proxy, &mut stream);
        // A second end gives nothing back either, whatever the properties say by now.
        stream.ended(&proxy);
        proxy.headers.replace(first);
        assert_eq!(denied(&proxy, &mut Stream::new(plugin)), "ALREADY_TAKEN", "{name}");
    }
}

#[test]
fn nothing_goes_on_after_the_end_of_a_stream() {
    let proxy = proxy();
    let mut stream = Stream::new(plugin(&proxy, GATE));
    assert_eq!(stream.request_headers(&proxy), Action::Continue);
    application_down(&proxy);
    assert_eq!(stream.response_headers(&proxy), Action::Continue);
    stream.ended(&proxy);
    assert_eq!(stream.request_body(&proxy, 1), Action::Pause);
    assert_eq!(stream.request_trailers(&proxy), Action::Pause);
    assert_eq!(stream.response_headers(&proxy), Action::Pause);
    assert_eq!(denied(&proxy, &mut stream), "INTERNAL");
}

/// As a CORS filter answers a preflight, or a route without a cluster.
#[test]
fn no_receipt_where_a_filter_behind_the_gate_answers_in_the_applications_place() {
    // The last one is what ext_proc and Lua may write.
    for details in ["direct_response", "cors_response", "lua_response", "", "via_upstream"] {
        let proxy = proxy();
        proxy.properties.borrow_mut().insert("upstream.request_attempt_count".into(), 0_i64.to_le_bytes().to_vec());
        let mut stream = Stream::new(plugin(&proxy, GATE));
        assert_eq!(stream.request_headers(&proxy), Action::Continue);
        proxy.properties.borrow_mut().insert("response.code_details".into(), details.into());
        proxy.set(MapType::HttpResponseHeaders, &[(":status", "200")]);
        assert_eq!(stream.response_headers(&proxy), Action::Continue);
        assert!(proxy.header(MapType::HttpResponseHeaders, STEP).is_empty(), "{details}");
    }
}

#[test]
fn every_failure_of_the_proxy_is_a_denial() {
    for broken in ["headers", "now", "random", "remove_header", "replace_header", "read_shared", "write_shared"] {
        let proxy = proxy();
        let plugin = plugin(&proxy, GATE);
        proxy.broken.borrow_mut().push(broken);
        // Something to remove.
        let present =
            [(":method", "POST"), (":path", "/shots"), ("x-stepgate-permit", "guess"), ("x-original-url", "/")];
        proxy.set(MapType::HttpRequestHeaders, &present);
        assert_eq!(denied(&proxy, &mut Stream::new(plugin)), "INTERNAL", "{broken}");
        let interlock = proxy.header(MapType::HttpRequestHeaders, "x-stepgate-permit");
        assert!(!interlock.contains(&"a-secret-of-this-test".into()), "{broken}");
    }
}

#[test]
fn without_metrics_or_a_way_to_answer_a_gate_still_denies() {
    let proxy = proxy();
    proxy.broken.borrow_mut().extend(["define_metric", "set_filter_state", "send_local_reply"]);
    let mut stream = Stream::new(plugin(&proxy, GATE));
    proxy.set(MapType::HttpRequestHeaders, &[(":method", "PUT"), (":path", "/shots")]);
    assert_eq!(stream.request_headers(&proxy), Action::Pause);
    assert!(proxy.replies.borrow().is_empty());
}

#[test]
fn a_response_that_cannot_be_scrubbed_is_reset() {
    for broken in ["headers", "remove_header", "replace_header"] {
        let proxy = proxy();
        let mut stream = Stream::new(plugin(&proxy, GATE));
        assert_eq!(stream.request_headers(&proxy), Action::Continue);
        proxy.set(MapType::HttpResponseHeaders, &[(":status", "200"), (STEP, "leaked")]);
        proxy.broken.borrow_mut().push(broken);
        assert_eq!(stream.response_headers(&proxy), Action::Pause, "{broken}");
        assert_eq!(proxy.resets.get(), 1);
        assert_eq!(stream.response_body(), Action::Pause, "{broken}");
        // Whether or not the proxy resets the stream, no part of the response goes on.
        proxy.broken.borrow_mut().clear();
        proxy.set(MapType::HttpResponseTrailers, &[("grpc-status", "0")]);
        assert_eq!(stream.response_trailers(&proxy), Action::Pause, "{broken}");
    }
}

#[test]
fn a_stream_is_decided_once() {
    let proxy = proxy();
    let mut stream = Stream::new(plugin(&proxy, GATE));
    assert_eq!(stream.request_headers(&proxy), Action::Continue);
    assert_eq!(denied(&proxy, &mut stream), "INTERNAL");
}

#[test]
fn an_undecided_request_does_not_go_on() {
    let proxy = proxy();
    let mut stream = Stream::new(plugin(&proxy, GATE));
    assert_eq!(stream.request_body(&proxy, 1), Action::Pause);
    assert_eq!(stream.request_trailers(&proxy), Action::Pause);
}

/// If such a request were only observed, it would go on with all headers that the list does not show.
#[test]
fn headers_without_a_method_are_denied_even_if_the_gate_only_observes() {
    let proxy = proxy();
    let plugin = plugin(&proxy, &format!("mode: observe\n{GATE}"));
    for headers in [&[][..], &[(":path", "/shots")]] {
        proxy.set(MapType::HttpRequestHeaders, headers);
        assert_eq!(denied(&proxy, &mut Stream::new(Rc::clone(&plugin))), "INTERNAL");
    }
}

#[test]
fn the_response_of_a_denied_stream_is_left_alone() {
    let proxy = proxy();
    let mut stream = Stream::new(plugin(&proxy, ""));
    assert_eq!(denied(&proxy, &mut stream), "NO_CONFIG");
    proxy.broken.borrow_mut().push("headers");
    assert_eq!(stream.response_headers(&proxy), Action::Continue);
    assert_eq!(stream.response_body(), Action::Continue);
    assert_eq!(stream.response_trailers(&proxy), Action::Continue);
    assert_eq!(proxy.resets.get(), 0);
}

#[test]
fn no_configuration_lets_anything_through_and_each_says_why() {
    let no_secret = GATE.replace("INTERLOCK", "NOT_THERE");
    let bad_key = GATE.replace("env: KEY}", "env: INTERLOCK}");
    for gate in ["", "\0", "[", "mode: enforce\nworkflow: 7", &no_secret, &bad_key] {
        let proxy = proxy();
        let plugin = plugin(&proxy, gate);
        assert!(proxy.log().iter().filter(|(level, _)| *level == Level::Error).count() >= 2, "{gate}");
        assert_eq!(denied(&proxy, &mut Stream::new(Rc::clone(&plugin))), "NO_CONFIG", "{gate}");
        // Exempt where there is a configuration; there is none.
        proxy.set(MapType::HttpRequestHeaders, &[(":method", "GET"), (":path", "/healthz")]);
        assert_eq!(denied(&proxy, &mut Stream::new(plugin)), "NO_CONFIG", "{gate}");
    }
    let closed = Rc::new(PluginState::unconfigured());
    assert_eq!(denied(&proxy(), &mut Stream::new(closed)), "NO_CONFIG");
}

#[test]
fn a_flood_of_denials_is_counted_and_reported_once() {
    let proxy = proxy();
    let plugin = plugin(&proxy, GATE);
    proxy.set(MapType::HttpRequestHeaders, &[(":method", "PUT"), (":path", "/shots?token=secret")]);
    for _ in 0..5 {
        assert_eq!(denied(&proxy, &mut Stream::new(Rc::clone(&plugin))), "WRONG_REQUEST");
    }
    let lines = |kind: &str| proxy.log().iter().filter(|(_, line)| line.contains(kind)).count();
    assert_eq!((lines(r#""denial""#), lines("suppressed"), proxy.ticking.get()), (2, 0, true));
    plugin.tick(&proxy);
    assert_eq!((lines(r#""denials":3"#), proxy.ticking.get()), (1, false));
    assert_eq!(lines("secret"), 0);
    assert_eq!(proxy.counted("workflow=.=-;.;code=.=WRONG_REQUEST;.;stepgate_denials"), 5);
}

#[test]
fn an_observed_request_goes_on_without_a_step() {
    let proxy = proxy();
    let mut stream = Stream::new(plugin(&proxy, &format!("mode: observe\n{GATE}")));
    let present = [(":method", "PUT"), (":path", "/shots"), (STEP, "a.b.c"), ("baggage", "k=v")];
    proxy.set(MapType::HttpRequestHeaders, &present);
    assert_eq!(stream.request_headers(&proxy), Action::Continue);
    assert!(proxy.header(MapType::HttpRequestHeaders, STEP).is_empty());
    assert_eq!(proxy.header(MapType::HttpRequestHeaders, "x-stepgate-permit"), ["a-secret-of-this-test"]);
    proxy.set(MapType::HttpResponseHeaders, &[(":status", "200"), (STEP, "leaked")]);
    assert_eq!(stream.response_headers(&proxy), Action::Continue);
    assert!(proxy.header(MapType::HttpResponseHeaders, STEP).is_empty());
    assert_eq!(proxy.counted("workflow=.=-;.;code=.=BAD_STEP;.;stepgate_observed_denials"), 1);
}

#[test]
fn only_the_configured_source_names_the_peer() {
    let gate = format!("peer_source: filter_state:io.istio.peer_principal\n{GATE}");
    let key = "filter_state.io.istio.peer_principal";
    // Neither the connection's certificate nor an empty state counts.
    for state in [None, Some("")] {
        let proxy = proxy();
        proxy.properties.borrow_mut().extend(state.map(|state| (key.to_owned(), state.into())));
        assert_eq!(denied(&proxy, &mut Stream::new(plugin(&proxy, &gate))), "NO_PEER");
    }
    let proxy = proxy();
    proxy.properties.borrow_mut().remove("connection.mtls");
    proxy.properties.borrow_mut().insert(key.to_owned(), b"spiffe://film.example/owner".to_vec());
    assert_eq!(Stream::new(plugin(&proxy, &gate)).request_headers(&proxy), Action::Continue);
    assert_eq!(denied(&proxy, &mut Stream::new(plugin(&proxy, GATE))), "NO_PEER");
}

#[test]
fn a_gate_that_does_not_know_its_side_or_for_whom_it_stands_denies() {
    for (direction, code) in
        [(Some(2_i64.to_le_bytes().to_vec()), "NO_CONFIG"), (Some(vec![1]), "NO_CONFIG"), (None, "NO_CONFIG")]
    {
        let proxy = proxy();
        proxy.properties.borrow_mut().remove("xds.listener_direction");
        proxy.properties.borrow_mut().extend(direction.map(|bytes| ("xds.listener_direction".to_owned(), bytes)));
        assert_eq!(denied(&proxy, &mut Stream::new(plugin(&proxy, GATE))), code);
    }
}

/// One of two configurations is in force, and the gauges show which.
#[test]
fn gauges_follow_the_configuration() {
    let proxy = proxy();
    let first = plugin(&proxy, GATE);
    // A VM in which Envoy only tries a configuration ends before its first second, without a callback.
    assert!(proxy.gauges().is_empty());
    first.tick(&proxy);
    let in_force = |proxy: &Fake| -> Vec<String> {
        proxy.gauges().into_iter().filter(|(_, value)| *value == 1).map(|(name, _)| name).collect()
    };
    let digest = first.gate().unwrap().config().workflows[0].digest.to_string();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        in_force(&proxy),
        [
            format!(
                "workflow=.=film;.;revision=.=1;.;digest=.={digest};.;mode=.=enforce;.;version=.={version};.;stepgate_gate"
            ),
            "workflow=.=film;.;actor=.=*;.;kid=.=now;.;use=.=sign;.;stepgate_key".to_owned(),
        ]
    );
    // A key whose variable is missing has no gauge, though the configuration names it.
    let second =
        plugin(&proxy, &GATE.replace("env: KEY}", "env: NONE}").replace("interlock", "mode: observe\ninterlock"));
    first.retire(&proxy);
    second.tick(&proxy);
    second.tick(&proxy);
    let now = in_force(&proxy);
    assert!(now.len() == 1 && now[0].contains("mode=.=observe;.;"), "{now:?}");
    let third = plugin(&proxy, "nonsense");
    second.retire(&proxy);
    third.tick(&proxy);
    assert_eq!(in_force(&proxy), [format!("version=.={version};.;stepgate_no_config")]);
    third.retire(&proxy);
    third.tick(&proxy);
    assert!(proxy.gauges().iter().all(|(_, value)| *value == 0));
}

/// Two owners' workflows that one request could begin: both stay in force, the log and a gauge say so.
#[test]
fn contested_starts_are_shown_and_deny_nothing_else() {
    let twin = r"
  - workflow: twin
    revision: 1
    trust_domain: film.example
    actors: {owner: {spiffe: [owner]}, vfx: {spiffe: [vfx]}}
    tasks: {brief: {actor: owner, initial: true}, cut: {actor: vfx, requests: [{methods: [POST], path: /shots}, {path: /cut}]}}
    transitions: [{from: brief, to: cut}]
";
    let keys = "keys: [{workflow: twin, kid: now, use: sign, env: KEY_TWIN}, ";
    let both = format!("{}{}", GATE.replace("keys: [", keys), twin.trim_start_matches('\n'));
    let proxy = proxy();
    let plugin = plugin(&proxy, &both);
    let logged: Vec<String> = proxy.log().into_iter().filter(|(level, _)| *level == Level::Warn).map(|l| l.1).collect();
    let expected = "one request could begin an instance of `film` (revision 1, brief -> shots) or of `twin` (revision 1, \
                    brief -> cut): such a request is denied with AMBIGUOUS";
    assert_eq!(logged.iter().filter(|line| line.contains(expected)).count(), 1, "{logged:?}");
    plugin.tick(&proxy);
    let contested = |name: &str| format!("workflow=.={name};.;stepgate_contested_start");
    let gauges = proxy.gauges();
    for name in ["film", "twin"] {
        assert!(gauges.iter().any(|(gauge, value)| *gauge == contested(name) && *value == 1), "{gauges:?}");
    }
    assert_eq!(denied(&proxy, &mut Stream::new(Rc::clone(&plugin))), "AMBIGUOUS");
    proxy.set(MapType::HttpRequestHeaders, &[(":method", "POST"), (":path", "/cut"), (":authority", "vfx")]);
    assert_eq!(Stream::new(plugin).request_headers(&proxy), Action::Continue);
}

#[test]
fn the_access_log_gets_the_instance_unless_it_has_no_use_for_it() {
    let proxy = proxy();
    let mut stream = Stream::new(plugin(&proxy, GATE));
    assert_eq!(stream.request_headers(&proxy), Action::Continue);
    let instance = proxy.filter_state.borrow().get("stepgate.instance").cloned().unwrap();
    assert_eq!(instance.len(), 22);
    let gate = GATE.replace("permits: true", "permits: true, instances: false");
    let proxy = self::proxy();
    assert_eq!(Stream::new(plugin(&proxy, &gate)).request_headers(&proxy), Action::Continue);
    assert!(proxy.filter_state.borrow().is_empty());
}
