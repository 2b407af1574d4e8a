//! What the owner finds in the log of a stream that the shell itself broke off: who, what, which instance.

use serde_json::Value;
use stepgate_decision::MAX_HEADERS;

use super::*;

const OWNER: &str = "spiffe://film.example/owner";

/// The last line of the log of this kind.
fn told(proxy: &Fake, kind: &str) -> Value {
    let log = proxy.log.borrow();
    let mut lines = log.iter().rev().map(|(_, line)| serde_json::from_str::<Value>(line).unwrap());
    lines.find(|line| line["stepgate"] == kind).unwrap()
}

fn too_many<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let more = std::iter::repeat_n(("x-more", ""), MAX_HEADERS);
    headers.iter().copied().chain(more).chain([("x-last", "")]).collect()
}

fn body(proxy: &Fake) -> String {
    proxy.responses.borrow().last().unwrap().body.clone()
}

#[test]
fn too_many_headers_do_not_hide_who_sent_them() {
    let proxy = proxy();
    let path = format!("/shots/{}?token=secret", "é".repeat(9999));
    proxy.set(Part::RequestHeaders, &too_many(&[(":method", "POST"), (":path", &path)]));
    assert_eq!(refused(&proxy, &mut Stream::new(station(&proxy, GATE))), "INTERNAL");
    let line = told(&proxy, "denial");
    assert_eq!((&line["code"], &line["why"]), (&"INTERNAL".into(), &MANY.into()));
    assert_eq!((&line["peer"], &line["method"]), (&OWNER.into(), &"POST".into()));
    let path = line["path"].as_str().unwrap();
    assert!(path.starts_with("/shots/é") && path.len() <= 260 && !path.contains("secret"), "{path}");
    assert!(body(&proxy).starts_with('{'));
}

const MANY: &str = "the gate could not do its work: there are more than 512 headers";

#[test]
fn a_grpc_caller_with_too_many_headers_is_told_as_one() {
    let proxy = proxy();
    let present = [(":method", "POST"), (":path", "/shots"), ("content-type", "application/grpc")];
    proxy.set(Part::RequestHeaders, &too_many(&present));
    assert_eq!(refused(&proxy, &mut Stream::new(station(&proxy, GATE))), "INTERNAL");
    assert_eq!(body(&proxy), "INTERNAL");
}

#[test]
fn no_failure_of_the_shell_hides_who_called() {
    for broken in ["headers", "now", "random", "read_shared", "add_header"] {
        let proxy = proxy();
        let station = station(&proxy, GATE);
        proxy.broken.borrow_mut().push(broken);
        assert_eq!(refused(&proxy, &mut Stream::new(station)), "INTERNAL");
        let line = told(&proxy, "denial");
        assert_eq!((&line["peer"], &line["path"]), (&OWNER.into(), &"/shots".into()), "{broken}");
    }
    // And where nothing at all can be had, it is still a denial.
    let proxy = proxy();
    proxy.broken.borrow_mut().extend(["headers", "first_header"]);
    proxy.properties.borrow_mut().clear();
    assert_eq!(refused(&proxy, &mut Stream::new(station(&proxy, GATE))), "INTERNAL");
    assert!(told(&proxy, "denial").get("peer").is_none());
}

#[test]
fn a_peer_without_mtls_is_not_named() {
    let proxy = proxy();
    proxy.properties.borrow_mut().remove("connection.mtls");
    proxy.broken.borrow_mut().push("headers");
    assert_eq!(refused(&proxy, &mut Stream::new(station(&proxy, GATE))), "INTERNAL");
    assert!(told(&proxy, "denial").get("peer").is_none());
}

#[test]
fn trailers_that_cannot_be_cleaned_name_what_was_permitted() {
    let grpc = [(":method", "POST"), (":path", "/shots"), ("content-type", "application/grpc+proto")];
    for (present, body_begins) in [(&grpc[..2], "{"), (&grpc[..], "INTERNAL")] {
        for broken in [None, Some("headers"), Some("remove_header")] {
            let proxy = proxy();
            let mut stream = Stream::new(station(&proxy, GATE));
            proxy.set(Part::RequestHeaders, present);
            assert_eq!(stream.request_headers(&proxy), Next::Continue);
            proxy.broken.borrow_mut().extend(broken);
            match broken {
                None => proxy.set(Part::RequestTrailers, &too_many(&[])),
                Some(_) => proxy.set(Part::RequestTrailers, &[(STEP, "sneaky")]),
            }
            assert_eq!(stream.request_trailers(&proxy), Next::Stop);
            let (line, permit) = (told(&proxy, "denial"), told(&proxy, "permit"));
            for member in ["peer", "workflow", "instance", "transition", "method", "path"] {
                assert!(line[member].is_string() && line[member] == permit[member], "{member}: {line}");
            }
            assert!(body(&proxy).starts_with(body_begins), "{}", body(&proxy));
            assert_eq!(proxy.counted("workflow=.=film;.;code=.=INTERNAL;.;stepgate_denials"), 1);
        }
    }
}

#[test]
fn trailers_of_what_had_no_permit_name_what_is_known() {
    for (gate, method, path) in
        [(GATE.to_owned(), "GET", "/healthz"), (format!("mode: observe\n{GATE}"), "PUT", "/shots")]
    {
        let proxy = proxy();
        let mut stream = Stream::new(station(&proxy, &gate));
        proxy.set(Part::RequestHeaders, &[(":method", method), (":path", path)]);
        assert_eq!(stream.request_headers(&proxy), Next::Continue);
        proxy.set(Part::RequestTrailers, &too_many(&[]));
        assert_eq!(stream.request_trailers(&proxy), Next::Stop);
        let line = told(&proxy, "denial");
        assert_eq!((&line["code"], &line["peer"]), (&"INTERNAL".into(), &OWNER.into()));
        assert_eq!((&line["method"], &line["path"]), (&method.into(), &path.into()));
    }
}

#[test]
fn a_response_that_is_broken_off_names_its_instance() {
    for part in [Part::ResponseHeaders, Part::ResponseTrailers] {
        let proxy = proxy();
        let mut stream = Stream::new(station(&proxy, GATE));
        assert_eq!(stream.request_headers(&proxy), Next::Continue);
        let permit = told(&proxy, "permit");
        let trailers = part == Part::ResponseTrailers;
        proxy.set(part, &too_many(&[(":status", "200")]));
        let next = if trailers { stream.response_trailers(&proxy) } else { stream.response_headers(&proxy) };
        assert_eq!(next, Next::Stop);
        let line = told(&proxy, "trouble");
        assert_eq!(line["what"], "a response could not be cleaned");
        assert_eq!((&line["why"], &line["peer"]), (&MANY.into(), &OWNER.into()));
        assert!(line["instance"].is_string() && line["instance"] == permit["instance"], "{line}");
    }
}

#[test]
fn a_uri_that_is_no_spiffe_id_is_told_to_the_owner_alone() {
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
        assert_eq!(refused(&proxy, &mut Stream::new(station(&proxy, GATE))), "BAD_PEER");
        let line = told(&proxy, "denial");
        assert_eq!((&line["uri"], line.get("peer")), (&shown.into(), None));
        let log = proxy.log.borrow();
        assert!(log.iter().all(|(_, line)| !line.chars().any(char::is_control)));
        let answers = proxy.responses.borrow();
        assert!(answers.iter().all(|answer| !format!("{answer:?}").contains("uri")), "{answers:?}");
    }
    // One that is well-formed is not said twice.
    let proxy = proxy();
    proxy.set(Part::RequestHeaders, &[(":method", "PUT"), (":path", "/shots")]);
    assert_eq!(refused(&proxy, &mut Stream::new(station(&proxy, GATE))), "WRONG_REQUEST");
    assert!(told(&proxy, "denial").get("uri").is_none());
}

#[test]
fn media_types_have_no_case_where_a_receipt_is_due() {
    let types = ["application/grpc", "Application/GRPC", "APPLICATION/gRPC-Web+proto", "text/plain,Application/Grpc"];
    for kind in types {
        for (request, response) in [(kind, "text/plain"), ("text/plain", kind), (kind, kind)] {
            for (status, receipts) in [("0", 1), ("7", 0)] {
                let proxy = proxy();
                let mut stream = Stream::new(station(&proxy, GATE));
                let present = [(":method", "POST"), (":path", "/shots"), ("content-type", request)];
                proxy.set(Part::RequestHeaders, &present);
                assert_eq!(stream.request_headers(&proxy), Next::Continue);
                proxy.set(Part::ResponseHeaders, &[(":status", "200"), ("content-type", response)]);
                proxy.set(Part::ResponseTrailers, &[("grpc-status", status)]);
                assert_eq!(stream.response_headers(&proxy), Next::Continue);
                assert!(proxy.header(Part::ResponseHeaders, STEP).is_empty(), "{request} {response}");
                assert_eq!(stream.response_trailers(&proxy), Next::Continue);
                assert_eq!(proxy.header(Part::ResponseTrailers, STEP).len(), receipts, "{request} {response}");
            }
        }
    }
}

#[test]
fn a_variable_that_is_there_is_not_said_to_be_missing() {
    for (value, why) in [
        (Err(VarError::NotPresent), "key `now`: the environment has no `KEY`"),
        (Ok(String::new()), "key `now`: the environment's `KEY` is empty"),
        (Err(VarError::NotUnicode("\u{ff}".into())), "key `now`: the environment's `KEY` is not text"),
    ] {
        let proxy = proxy();
        let odd = |name: &str| if name == "KEY" { value.clone() } else { environment(name) };
        let _ = configure(&proxy, &GATE.as_bytes(), &odd);
        let log = proxy.log.borrow();
        assert!(log.iter().any(|(level, line)| *level == Level::Warn && line.contains(why)), "{why}: {log:?}");
    }
}
