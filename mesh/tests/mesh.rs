//! The local mesh, without a filter: the properties that the gate's tests rely on.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "clippy does not count helpers of tests as tests")]

use stepgate_mesh::{
    Authority, CallError, ClientCertificate, Envoys, Mesh, MeshError, MeshSpec, Request, Version, Workload,
};

fn id(name: &str) -> String {
    format!("spiffe://cluster.local/ns/demo/sa/{name}")
}

fn workload(name: &str) -> Workload {
    Workload::new(name, id(name))
}

fn two() -> MeshSpec {
    MeshSpec::new(vec![workload("a"), workload("b")])
}

#[test]
fn a_call_passes_through_both_envoys_and_the_application_sees_it() {
    let mesh = Mesh::start(two()).unwrap();
    let request = Request::new("POST", "/shots/7?x=1")
        .header("x-twice", "1")
        .header("x-twice", "2")
        .header("x-bytes", b"\xff\xfe".to_vec())
        .header("x-lab-id", "first")
        .body("hello")
        .trailer("x-after", "3");
    for version in [Version::Http1, Version::Http2] {
        let request = request.clone().over(version);
        let response = mesh.call("a", "b", &request).unwrap();
        assert_eq!(response.status, 200);
        let seen = response.seen().unwrap();
        assert_eq!((seen.workload.as_str(), seen.method.as_str()), ("b", "POST"));
        assert_eq!((seen.path.as_str(), seen.body_bytes), ("/shots/7?x=1", 5));
        assert_eq!(seen.authority, "b");
        assert_eq!(seen.version, ["HTTP/1.1", "HTTP/2.0"][version as usize]);
        assert_eq!(seen.header("x-twice").collect::<Vec<_>>().join(","), "1,2");
        assert_eq!(seen.header("x-bytes").collect::<Vec<_>>(), ["\u{fffd}\u{fffd}"]);
        assert!(seen.trailers.contains(&("x-after".into(), "3".into())));
        // The identity is that of the connection, and Envoy passes it on.
        let by = seen.header("x-forwarded-client-cert").collect::<String>();
        assert!(by.contains(&format!("URI={}", id("a"))), "{by}");
    }
    assert_eq!(mesh.requests_seen("b").unwrap(), 2);
    assert_eq!(mesh.requests_seen("a").unwrap(), 0);
    let entry = mesh.access_entry("b", "first").unwrap();
    assert_eq!((entry.status, entry.details.as_deref()), (200, Some("via_upstream")));
    assert_eq!(entry.peer, Some(id("a")));
    assert!(mesh.stats("b").unwrap()["http.inbound.b.downstream_rq_2xx"] >= 2);
    let by_itself = mesh.call("a", "a", &Request::new("GET", "/")).unwrap();
    assert_eq!(by_itself.seen().unwrap().workload, "a");
}

#[test]
fn the_application_answers_as_it_is_told() {
    let mesh = Mesh::start(MeshSpec::new(vec![workload("a")])).unwrap();
    let get = Request::new("GET", "/").header("x-lab-status", "503");
    assert_eq!(mesh.call("a", "a", &get).unwrap().status, 503);

    let grpc = Request::grpc("/movie.Shots/Cut");
    let response = mesh.call("a", "a", &grpc).unwrap();
    assert_eq!((response.status, response.grpc_status()), (200, Some(0)));
    assert_eq!(response.seen().unwrap().path, "/movie.Shots/Cut");
    let response = mesh.call("a", "a", &grpc.header("x-lab-grpc-status", "7")).unwrap();
    assert_eq!(response.grpc_status(), Some(7));

    for version in [Version::Http1, Version::Http2] {
        let told = Request::new("GET", "/")
            .header("te", "trailers")
            .header("x-lab-response-header", "x-step: 1")
            .header("x-lab-response-trailer", "x-last: 2")
            .over(version);
        let response = mesh.call("a", "a", &told).unwrap();
        assert_eq!(response.header("x-step"), Some(b"1".as_slice()));
        assert_eq!(response.trailer("x-last"), Some(b"2".as_slice()));
    }
}

#[test]
fn upgrades_and_connect_reach_the_application_unless_a_filter_stops_them() {
    let mesh = Mesh::start(MeshSpec::new(vec![workload("a")])).unwrap();
    let own = mesh.credential("a").unwrap().clone();
    let upgrade = Request::new("GET", "/socket").header("connection", "upgrade").header("upgrade", "websocket");
    let response = mesh.call_directly(Some(&own), "a", &upgrade).unwrap();
    assert_eq!(response.status, 101);
    // RFC 8441: the same over HTTP/2.
    let upgrade = Request::new("CONNECT", "/socket").header(":protocol", "websocket");
    let upgrade = upgrade.over(Version::Http2);
    let response = mesh.call_directly(Some(&own), "a", &upgrade).unwrap();
    assert_eq!(response.status, 200);
    let connect = Request::new("CONNECT", "a:443");
    for version in [Version::Http1, Version::Http2] {
        let seen = mesh.requests_seen("a").unwrap();
        let _ = mesh.call_directly(Some(&own), "a", &connect.clone().over(version));
        assert_eq!(mesh.requests_seen("a").unwrap(), seen + 1, "{version:?}");
    }
}

#[test]
fn a_gate_takes_certificates_of_its_ca_and_no_others() {
    let mut optional = workload("b");
    optional.inbound.client_certificate = ClientCertificate::Optional;
    let mesh = Mesh::start(MeshSpec::new(vec![workload("a"), optional])).unwrap();
    let foreign = Authority::create().unwrap().issue(&[id("a")]).unwrap();
    let get = Request::new("GET", "/");
    for version in [Version::Http1, Version::Http2] {
        let get = get.clone().over(version);
        let refused = |credential, to| match mesh.call_directly(credential, to, &get) {
            Err(MeshError::Call(error)) => matches!(error, CallError::Tls(_)),
            _ => false,
        };
        assert!(refused(None, "a"), "{version:?}");
        assert!(refused(Some(&foreign), "a"));
        assert!(refused(Some(&foreign), "b"));
        assert_eq!(mesh.call_directly(None, "b", &get).unwrap().status, 200);
        // TLS does not check the name in a certificate: there may be none, several, or one that is not a SPIFFE ID.
        let authority = mesh.authority();
        let none: [&str; 0] = [];
        let two = authority.issue(&[id("a"), id("b")]);
        // subjectAltName of one URI (RFC 5280, section 4.2.1.6) that is not ASCII.
        let malformed = authority.issue_raw(b"\x30\x0d\x86\x0bspiffe://\xc3\xbf".to_vec());
        for odd in [authority.issue(&none), two, malformed] {
            let odd = odd.unwrap();
            assert_eq!(mesh.call_directly(Some(&odd), "a", &get).unwrap().status, 200);
        }
    }
    assert_eq!(mesh.requests_seen("a").unwrap(), 6);
}

#[test]
fn one_envoy_may_host_them_all() {
    let mut spec = two();
    spec.envoys = Envoys::OneForAll;
    let mesh = Mesh::start(spec).unwrap();
    assert_eq!(mesh.process_ids().len(), 1);
    for (from, to) in [("a", "b"), ("b", "a"), ("a", "a")] {
        let seen = mesh.call(from, to, &Request::new("GET", "/")).unwrap().seen().unwrap();
        assert_eq!(seen.workload, to);
        let by = seen.header("x-forwarded-client-cert").collect::<String>();
        assert!(by.contains(&format!("URI={}", id(from))), "{by}");
    }
}

#[test]
fn several_may_share_a_few_envoys() {
    let names = ["a", "b", "c"];
    let mut spec = MeshSpec::new(names.iter().map(|name| Workload::new(*name, id(name))).collect());
    spec.envoys = Envoys::AtMost(2);
    let mesh = Mesh::start(spec).unwrap();
    assert_eq!(mesh.process_ids().len(), 2);
    for (from, to) in names.iter().flat_map(|from| names.map(|to| (*from, to))) {
        let seen = mesh.call(from, to, &Request::new("GET", "/")).unwrap().seen().unwrap();
        let by = seen.header("x-forwarded-client-cert").collect::<String>();
        assert!(seen.workload == to && by.contains(&format!("URI={}", id(from))), "{to}: {by}");
    }
}

#[test]
fn a_thousand_calls_take_a_moment() {
    let mesh = Mesh::start(two()).unwrap();
    let begun = std::time::Instant::now();
    for n in 0..1000 {
        let request = Request::new("GET", format!("/{n}"));
        assert_eq!(mesh.call("a", "b", &request).unwrap().status, 200);
    }
    let took = begun.elapsed();
    assert!(took.as_secs() < 10, "{took:?}");
}

#[test]
fn an_envoy_that_does_not_start_says_why() {
    let mut spec = two();
    spec.component_log_level = "no_such_component:info".into();
    let error = Mesh::start(spec).unwrap_err().to_string();
    assert!(error.contains("no_such_component"), "{error}");
    // Its files are gone by now: the message must not refer to them.
    assert!(error.contains("program: ") && !error.contains("bootstrap"), "{error}");
}

#[test]
fn a_specification_is_checked_before_anything_starts() {
    let error = |spec| Mesh::start(spec).unwrap_err().to_string();
    assert!(error(MeshSpec::new(vec![])).contains("1 to 240"));
    assert!(error(MeshSpec::new(vec![workload("../a")])).contains("`../a`"));
    assert!(error(MeshSpec::new(vec![workload("a"), workload("a")])).contains("`a`"));
}
