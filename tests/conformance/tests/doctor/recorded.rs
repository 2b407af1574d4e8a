//! What real Envoys answered, passed on by a fake interface, in places with a change that no Envoy here can have.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use serde_json::{Value, json};
use stepgate_doctor::{ExpectedState, Kind, Report, examine};
use stepgate_mesh::Mesh;
use stepgate_tests::http;

use crate::mesh::{VERSION, WORKLOADS, configuration, endpoint, expected, kinds, of};

/// A fake istiod returns the configurations of these Envoys.
pub(crate) fn through_istiod(mesh: &Mesh) {
    let dump = |name: &str| http::get(mesh.addresses(name).unwrap().admin, "/config_dump").unwrap();
    let client = |name: &str| {
        json!({
            "connectionId": format!("{name}-6f7-x2.film-11"),
            "metadata": {"NAMESPACE": "film", "SERVICE_ACCOUNT": name},
        })
    };
    let mut waypoint = client("waypoint");
    waypoint["labels"] = json!({"gateway.networking.k8s.io/gateway-class-name": "istio-agentgateway-waypoint"});
    let clients = [client("good"), client("bare"), client("stranger"), waypoint];
    let answers = BTreeMap::from([
        ("/debug/adsz".to_owned(), json!({"totalClients": 4, "clients": clients}).to_string()),
        (
            "/debug/syncz".to_owned(),
            json!([
                {"proxy": "good-6f7-x2.film", "listener_sent": "a", "listener_acked": "a"},
                {"proxy": "bare-6f7-x2.film", "listener_sent": "b", "listener_acked": "a", "cluster_sent": "c"},
            ])
            .to_string(),
        ),
        ("/debug/config_dump?proxyID=good-6f7-x2.film".to_owned(), dump("good")),
        ("/debug/config_dump?proxyID=bare-6f7-x2.film".to_owned(), dump("bare")),
    ]);
    let istiod = fake(answers);
    let report = examine(&expected(&configuration().to_string()), &[], Some(&endpoint(istiod))).unwrap();
    assert_eq!(report.proxies.len(), 3);
    assert!(of(&report, "good-6f7-x2.film").findings.is_empty(), "{:#?}", report.proxies);
    assert_eq!(kinds(of(&report, "bare-6f7-x2.film")), BTreeSet::from([Kind::NoGate, Kind::NotSynced]));
    assert_eq!(kinds(of(&report, "waypoint-6f7-x2.film")), BTreeSet::from([Kind::Agentgateway]));
    // Without a file, every proxy is asked; one is gone.
    let own = ExpectedState::of_the_gates(VERSION.to_owned());
    let report = examine(&own, &[], Some(&endpoint(istiod))).unwrap();
    assert_eq!(
        report.workflows.iter().map(|film| film.taken_from.as_str()).collect::<Vec<_>>(),
        ["good-6f7-x2.film, the highest revision that is open in a gate"]
    );
    assert_eq!(kinds(of(&report, "stranger-6f7-x2.film")), BTreeSet::from([Kind::NoAnswer]));
    assert_eq!(kinds(of(&report, "bare-6f7-x2.film")), BTreeSet::from([Kind::NoGate, Kind::NotSynced]));
}

/// The interface of this Envoy with a change in its configuration.
pub(crate) fn with_dump(mesh: &Mesh, name: &str, change: impl Fn(&mut Value)) -> SocketAddr {
    recorded(mesh, name, &["/server_info", "/certs", "/config_dump", STATS], |path, body| {
        if path != "/config_dump" {
            return body;
        }
        let mut dump: Value = serde_json::from_str(&body).unwrap();
        change(&mut dump);
        dump.to_string()
    })
}

/// The parts of a configuration with this name, in the sections of this type.
pub(crate) fn parts<'d>(dump: &'d mut Value, section: &'d str, part: &'d str) -> impl Iterator<Item = &'d mut Value> {
    let all = dump["configs"].as_array_mut().unwrap().iter_mut();
    let of_type = all.filter(move |one| one["@type"].as_str().unwrap().ends_with(section));
    of_type.flat_map(move |one| match one.get_mut(part) {
        Some(Value::Array(parts)) => parts.iter_mut().collect::<Vec<_>>(),
        Some(part) => vec![part],
        None => Vec::new(),
    })
}

/// An interface with the answers of this Envoy to the given paths, after the change.
fn recorded(mesh: &Mesh, name: &str, paths: &[&str], change: impl Fn(&str, String) -> String) -> SocketAddr {
    let admin = mesh.addresses(name).unwrap().admin;
    let answer = |path: &&str| ((*path).to_owned(), change(path, http::get(admin, path).unwrap()));
    fake(paths.iter().map(answer).collect())
}

const STATS: &str = "/stats?format=json&filter=stepgate_%7Cupstream_rq_total%24";

/// A workload whose proxy was asked and did not answer was not left out.
pub(crate) fn without_an_answer(mesh: &Mesh) {
    let text = configuration().to_string();
    let absent = |report: &Report, id: &str| {
        let mut findings = report.findings.iter().filter(|finding| finding.kind == Kind::NotChecked);
        findings.any(|finding| finding.message.contains(&format!("/sa/{id} ")))
    };
    // It stops after its certificates.
    let partial = recorded(mesh, "good", &["/server_info", "/certs"], |_, body| body);
    let nothing = fake(BTreeMap::new());
    let proxies = [("any".to_owned(), endpoint(partial)), ("loose-6f7-x2".to_owned(), endpoint(nothing))];
    let report = examine(&expected(&text), &proxies, None).unwrap();
    assert_eq!(kinds(of(&report, "any")), BTreeSet::from([Kind::NoAnswer]));
    assert_eq!(of(&report, "any").workloads, ["spiffe://cluster.local/ns/film/sa/good"]);
    for (id, expected) in [("good", false), ("loose", false), ("changed", true)] {
        assert_eq!(absent(&report, id), expected, "{id}: {:#?}", report.findings);
    }
    // Two of one workload are not one of another.
    let twice = ["loose-1", "loose-2"].map(|name| (name.to_owned(), endpoint(nothing)));
    let report = examine(&expected(&text), &twice, None).unwrap();
    assert_eq!(report.findings.len(), WORKLOADS.len() - 1, "{:#?}", report.findings);
    // Under names that say nothing, as many as there are workloads.
    let anonymous: Vec<_> = (0..WORKLOADS.len()).map(|number| (number.to_string(), endpoint(nothing))).collect();
    assert!(examine(&expected(&text), &anonymous, None).unwrap().findings.is_empty());
    let report = examine(&expected(&text), &anonymous[1..], None).unwrap();
    assert_eq!(report.findings.len(), WORKLOADS.len());
    assert!(report.findings[0].message.ends_with("unless it is one of those that did not answer"));
}

/// pilot-agent puts another filter in the place of one whose module it cannot fetch.
pub(crate) fn without_a_module(mesh: &Mesh) {
    let admin = with_dump(mesh, "good", |dump| {
        for listener in parts(dump, "ListenersConfigDump", "static_listeners") {
            let filters = listener.pointer_mut("/listener/filter_chains/0/filters/0/typed_config/http_filters");
            for filter in filters.unwrap().as_array_mut().unwrap().iter_mut().filter(|one| one["name"] == "stepgate") {
                let wasm = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
                *filter = json!({"name": "stepgate", "config_discovery": {"type_urls": [wasm]}});
            }
        }
    });
    let report = examine(&expected(&configuration().to_string()), &[("good".to_owned(), endpoint(admin))], None);
    let report = report.unwrap();
    let found = of(&report, "good");
    assert_eq!(kinds(found), BTreeSet::from([Kind::NotFetched]), "{:#?}", found.findings);
}

/// Serves these paths until the test's process ends; everything else is 404.
fn fake(answers: BTreeMap<String, String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let (status, body) = answers.get(path).map_or(("404 Not Found", ""), |body| ("200 OK", body.as_str()));
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        }
    });
    at
}
