//! The log events of a stream that failed in the gate itself name the caller, the request and the instance.

use serde_json::Value;
use stepgate_decision::MAX_HEADERS;

use super::*;

const OWNER: &str = "spiffe://film.example/owner";

/// The last event of this kind.
fn event(proxy: &Fake, kind: &str) -> Value {
    let log = proxy.log();
    let mut lines = log.iter().rev().map(|(_, line)| serde_json::from_str::<Value>(line).unwrap());
    lines.find(|line| line["stepgate"] == kind).unwrap()
}

fn too_many<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let more = std::iter::repeat_n(("x-more", ""), MAX_HEADERS);
    headers.iter().copied().chain(more).chain([("x-last", "")]).collect()
}

fn body(proxy: &Fake) -> String {
    proxy.replies.borrow().last().unwrap().body.clone()
}

#[test]
fn too_many_headers_do_not_hide_their_sender() {
    let proxy = proxy();
    let path = format!("/shots/{}?token=secret", "é".repeat(9999));
    proxy.set(MapType::HttpRequestHeaders, &too_many(&[(":method", "POST"), (":path", &path)]));
    assert_eq!(denied(&proxy, &mut Stream::new(plugin(&proxy, GATE))), "INTERNAL");
    let line = event(&proxy, "denial");
    assert_eq!((&line["code"], &line["why"]), (&"INTERNAL".into(), &MANY.into()));
    assert_eq!((&line["peer"], &line["method"]), (&OWNER.into(), &"POST".into()));
    let path = line["path"].as_str().unwrap();
    assert!(path.starts_with("/shots/é") && path.len() <= 260 && !path.contains("secret"), "{path}");
    assert!(body(&proxy).starts_with('{'));
}

const MANY: &str = "the gate could not do its work: there are more than 512 headers";

#[test]
fn a_grpc_caller_with_too_many_headers_is_answered_in_grpc() {
    let proxy = proxy();
    let present = [(":method", "POST"), (":path", "/shots"), ("content-type", "application/grpc")];
    proxy.set(MapType::HttpRequestHeaders, &too_many(&present));
    assert_eq!(denied(&proxy, &mut Stream::new(plugin(&proxy, GATE))), "INTERNAL");
    assert_eq!(body(&proxy), "INTERNAL");
}

#[test]
fn no_failure_hides_the_caller() {
    // Without its headers, a request has no path; its peer is named all the same.
    for (broken, path) in [
        ("headers", ""),
        ("now", "/shots"),
        ("random", "/shots"),
        ("read_shared", "/shots"),
        ("replace_header", "/shots"),
    ] {
        let proxy = proxy();
        let plugin = plugin(&proxy, GATE);
        proxy.broken.borrow_mut().push(broken);
        assert_eq!(denied(&proxy, &mut Stream::new(plugin)), "INTERNAL");
        let line = event(&proxy, "denial");
        assert_eq!((&line["peer"], &line["path"]), (&OWNER.into(), &path.into()), "{broken}");
    }
    // Without any fact it is a denial too.
    let proxy = proxy();
    proxy.broken.borrow_mut().push("headers");
    proxy.properties.borrow_mut().clear();
    assert_eq!(denied(&proxy, &mut Stream::new(plugin(&proxy, GATE))), "INTERNAL");
    assert!(event(&proxy, "denial").get("peer").is_none());
}

#[test]
fn a_peer_without_mtls_is_not_named() {
    let proxy = proxy();
    proxy.properties.borrow_mut().remove("connection.mtls");
    proxy.broken.borrow_mut().push("headers");
    assert_eq!(denied(&proxy, &mut Stream::new(plugin(&proxy, GATE))), "INTERNAL");
    assert!(event(&proxy, "denial").get("peer").is_none());
}

#[test]
fn trailers_that_cannot_be_scrubbed_name_the_permit() {
    let grpc = [(":method", "POST"), (":path", "/shots"), ("content-type", "application/grpc+proto")];
    for (present, body_begins) in [(&grpc[..2], "{"), (&grpc[..], "INTERNAL")] {
        for broken in [None, Some("headers"), Some("remove_header")] {
            let proxy = proxy();
            let mut stream = Stream::new(plugin(&proxy, GATE));
            proxy.set(MapType::HttpRequestHeaders, present);
            assert_eq!(stream.request_headers(&proxy), Action::Continue);
            proxy.broken.borrow_mut().extend(broken);
            match broken {
                None => proxy.set(MapType::HttpRequestTrailers, &too_many(&[])),
                Some(_) => proxy.set(MapType::HttpRequestTrailers, &[(STEP, "sneaky")]),
            }
            assert_eq!(stream.request_trailers(&proxy), Action::Pause);
            let (line, permit) = (event(&proxy, "denial"), event(&proxy, "permit"));
            for member in ["peer", "workflow", "instance", "transition", "method", "path"] {
                assert!(line[member].is_string() && line[member] == permit[member], "{member}: {line}");
            }
            assert!(body(&proxy).starts_with(body_begins), "{}", body(&proxy));
            assert_eq!(proxy.counted("workflow=.=film;.;code=.=INTERNAL;.;stepgate_denials"), 1);
        }
    }
}

#[test]
fn trailers_of_a_request_without_a_permit_name_the_request() {
    for (gate, method, path) in
        [(GATE.to_owned(), "GET", "/healthz"), (format!("mode: observe\n{GATE}"), "PUT", "/shots")]
    {
        let proxy = proxy();
        let mut stream = Stream::new(plugin(&proxy, &gate));
        proxy.set(MapType::HttpRequestHeaders, &[(":method", method), (":path", path)]);
        assert_eq!(stream.request_headers(&proxy), Action::Continue);
        proxy.set(MapType::HttpRequestTrailers, &too_many(&[]));
        assert_eq!(stream.request_trailers(&proxy), Action::Pause);
        let line = event(&proxy, "denial");
        assert_eq!((&line["code"], &line["peer"]), (&"INTERNAL".into(), &OWNER.into()));
        assert_eq!((&line["method"], &line["path"]), (&method.into(), &path.into()));
    }
}

#[test]
fn a_response_that_is_reset_names_its_instance() {
    for map in [MapType::HttpResponseHeaders, MapType::HttpResponseTrailers] {
        let proxy = proxy();
        let mut stream = Stream::new(plugin(&proxy, GATE));
        assert_eq!(stream.request_headers(&proxy), Action::Continue);
        let permit = event(&proxy, "permit");
        let trailers = map == MapType::HttpResponseTrailers;
        proxy.set(map, &too_many(&[(":status", "200")]));
        let next = if trailers { stream.response_trailers(&proxy) } else { stream.response_headers(&proxy) };
        assert_eq!(next, Action::Pause);
        let line = event(&proxy, "trouble");
        assert_eq!(line["what"], "a response could not be cleaned");
        assert_eq!((&line["why"], &line["peer"]), (&MANY.into(), &OWNER.into()));
        assert!(line["instance"].is_string() && line["instance"] == permit["instance"], "{line}");
    }
}

#[test]
fn a_uri_that_is_not_a_spiffe_id_is_only_in_the_log() {
    let long = format!("spiffe://film.example/{}", "é".repeat(999));
    for (uri, shown) in [
        (&b"https://film.example/\"\n\x1b[2J"[..], "https://film.example/\"\n\u{1b}[2J"),
        (b"spiffe://film.example/\xff", "spiffe://film.example/\u{fffd}"),
        (long.as_bytes(), long.get(..256).unwrap()),
        ("urn:\u{9b}2J\u{7f}".as_bytes(), "urn:\u{9b}2J\u{7f}"),
    ] {
        let proxy = proxy();
        let key = "connection.uri_san_peer_certificate".to_owned();
        proxy.properties.borrow_mut().insert(key, uri.to_vec());
        assert_eq!(denied(&proxy, &mut Stream::new(plugin(&proxy, GATE))), "BAD_PEER");
        let line = event(&proxy, "denial");
        assert_eq!((&line["uri"], line.get("peer")), (&shown.into(), None));
        let log = proxy.log();
        assert!(log.iter().all(|(_, line)| !line.chars().any(char::is_control)));
        let replies = proxy.replies.borrow();
        assert!(replies.iter().all(|reply| !format!("{reply:?}").contains("uri")), "{replies:?}");
    }
    // A well-formed one is logged once, as the peer.
    let proxy = proxy();
    proxy.set(MapType::HttpRequestHeaders, &[(":method", "PUT"), (":path", "/shots")]);
    assert_eq!(denied(&proxy, &mut Stream::new(plugin(&proxy, GATE))), "WRONG_REQUEST");
    assert!(event(&proxy, "denial").get("uri").is_none());
}

#[test]
fn media_types_have_no_case_where_a_receipt_is_due() {
    let types = ["application/grpc", "Application/GRPC", "APPLICATION/gRPC-Web+proto", "text/plain,Application/Grpc"];
    for kind in types {
        for (request, response) in [(kind, "text/plain"), ("text/plain", kind), (kind, kind)] {
            for (status, receipts) in [("0", 1), ("7", 0)] {
                let proxy = proxy();
                let mut stream = Stream::new(plugin(&proxy, GATE));
                let present = [(":method", "POST"), (":path", "/shots"), ("content-type", request)];
                proxy.set(MapType::HttpRequestHeaders, &present);
                assert_eq!(stream.request_headers(&proxy), Action::Continue);
                proxy.set(MapType::HttpResponseHeaders, &[(":status", "200"), ("content-type", response)]);
                proxy.set(MapType::HttpResponseTrailers, &[("grpc-status", status)]);
                assert_eq!(stream.response_headers(&proxy), Action::Continue);
                assert!(proxy.header(MapType::HttpResponseHeaders, STEP).is_empty(), "{request} {response}");
                assert_eq!(stream.response_trailers(&proxy), Action::Continue);
                assert_eq!(proxy.header(MapType::HttpResponseTrailers, STEP).len(), receipts, "{request} {response}");
            }
        }
    }
}

#[test]
fn a_variable_that_exists_is_not_called_missing() {
    for (value, why) in [
        (Err(VarError::NotPresent), "key `now`: the environment has no `KEY`"),
        (Ok(String::new()), "key `now`: the environment's `KEY` is empty"),
        (Err(VarError::NotUnicode("\u{ff}".into())), "key `now`: the environment's `KEY` is not text"),
    ] {
        let proxy = proxy();
        let odd = |name: &str| if name == "KEY" { value.clone() } else { environment(name) };
        let _ = configure(&proxy, Ok(GATE.into()), &odd);
        let log = proxy.log();
        assert!(log.iter().any(|(level, line)| *level == Level::Warn && line.contains(why)), "{why}: {log:?}");
    }
}

/// The application may wait for a token that the gate of the called workload did not rightly send: its owner reads why, and no
/// value.
#[test]
fn a_token_that_an_answer_may_not_bring_is_logged() {
    let out = GATE
        .replace("vfx: {spiffe: [vfx]}", "vfx: {spiffe: [vfx], hosts: [vfx.film]}")
        .replace("interlock:", "direction: outbound\nself: spiffe://film.example/owner\ninterlock:");
    let proxy = proxy();
    proxy.properties.borrow_mut().insert("xds.listener_direction".to_owned(), 2_i64.to_le_bytes().to_vec());
    proxy.properties.borrow_mut().insert("xds.cluster_name".to_owned(), b"outbound|80||vfx.film".to_vec());
    proxy.set(MapType::HttpRequestHeaders, &[(":method", "POST"), (":path", "/shots"), (":authority", "vfx.film")]);
    let mut stream = Stream::new(plugin(&proxy, &out));
    assert_eq!(stream.request_headers(&proxy), Action::Continue);
    proxy.set(MapType::HttpResponseHeaders, &[(":status", "200"), (START, "sneaky"), ("x-more", "1")]);
    assert_eq!(stream.response_headers(&proxy), Action::Continue);
    let line = event(&proxy, "removed");
    assert_eq!((&line["code"], &line["peer"]), (&"BAD_STEP".into(), &OWNER.into()));
    assert_eq!((&line["path"], &line["transition"]), (&"/shots".into(), &"brief -> shots".into()));
    assert!(!line.to_string().contains("sneaky"), "{line}");
    // An answer that brings none has no line.
    let removed = |proxy: &Fake| proxy.log().iter().filter(|(_, line)| line.contains("\"removed\"")).count();
    assert_eq!(removed(&proxy), 1);
    for _ in 0..3 {
        let mut stream = Stream::new(plugin(&proxy, &out));
        proxy.set(MapType::HttpRequestHeaders, &[(":method", "POST"), (":path", "/shots"), (":authority", "vfx.film")]);
        assert_eq!(stream.request_headers(&proxy), Action::Continue);
        proxy.set(MapType::HttpResponseHeaders, &[(":status", "200")]);
        assert_eq!(stream.response_headers(&proxy), Action::Continue);
    }
    assert_eq!(removed(&proxy), 1);
}
