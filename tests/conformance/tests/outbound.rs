//! Gates on both sides of each workload, in one Envoy with real mTLS: the outbound gate keeps the application's requests
//! within the workflow and the gate's `egress` list.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::PathBuf;

use stepgate_mesh::{Egress, Envoys, Inbound, Mesh, MeshSpec, Plugin, Request, Response, Version, Workload};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::proxies::proxies;
use stepgate_tests::trials::module;

const DOCUMENT: &str = r#"
keys: [{workflow: loan, kid: now, use: sign, env: KEY_FILM}]
workflows:
  - workflow: loan
    revision: 1
    trust_domain: cluster.local
    namespace: bank
    actors:
      desk: {hosts: [desk.bank]}
      clerk: {hosts: [clerk.bank]}
      rates: {hosts: [rates.bank]}
      books: {hosts: [books.bank]}
    tasks:
      ask: {actor: desk, initial: true, split: all}
      review: {actor: clerk, requests: "POST /review"}
      quote: {actor: rates, requests: "POST /quote"}
      check: {actor: desk, requests: "POST /check"}
      pay: {actor: books, requests: "POST /pay"}
      note: {actor: books, requests: "POST /note"}
    transitions:
      - ask -> review -> check -> pay
      - {from: ask, to: quote}
      - {from: quote, to: note, via: desk}
"#;

const ACTORS: [&str; 4] = ["desk", "clerk", "rates", "books"];
const STEP: &str = "x-workflow-step";
const START: &str = "x-workflow-step-start";

fn id(actor: &str) -> String {
    format!("spiffe://cluster.local/ns/bank/sa/{actor}")
}

fn plugin(more: &str) -> Plugin {
    let environment = Corpus::read().unwrap().environment.0;
    Plugin { module: module().unwrap(), configuration: format!("{more}{DOCUMENT}"), environment }
}

/// The workloads of the document, each with a gate on both sides; a collector without any, which also has another name; and
/// `lost`, whose outbound gate does not know for whom it stands.
fn start((envoy, workers): (Option<PathBuf>, u32)) -> Mesh {
    let egress = "egress: [{host: telemetry.example, path: /v1/traces}]\n";
    let member = |actor: &str| {
        let mut workload = Workload::new(actor, id(actor));
        workload.hosts = vec![format!("{actor}.bank")];
        workload.inbound = Inbound { plugin: Some(plugin("")), ..workload.inbound };
        let out = plugin(&format!("direction: outbound\nself: {}\n{egress}", id(actor)));
        workload.egress = Some(Egress { plugin: Some(out), ..Egress::default() });
        workload
    };
    let mut collector = Workload::new("collector", "spiffe://cluster.local/ns/ops/sa/collector");
    collector.hosts = vec!["telemetry.example".to_owned(), "traces.example".to_owned()];
    let mut lost = Workload::new("lost", id("desk"));
    lost.egress = Some(Egress { plugin: Some(plugin("direction: outbound\n")), ..Egress::default() });
    let workloads = ACTORS.iter().map(|actor| member(actor)).chain([collector, lost]);
    let mut spec = MeshSpec::new(workloads.collect());
    spec.envoys = Envoys::OneForAll;
    spec.envoy = envoy;
    spec.concurrency = workers;
    Mesh::start(spec).unwrap_or_else(|error| panic!("{error}"))
}

/// The application of `from` sends a request with this host.
fn send(mesh: &Mesh, from: &str, host: &str, path: &str, step: Option<&str>) -> Response {
    let request = Request::new("POST", path).header("host", host);
    mesh.call(from, "collector", &step.into_iter().fold(request, |request, step| request.header(STEP, step))).unwrap()
}

/// The code of a denial; none for an answer of an application.
fn code(response: &Response) -> Option<String> {
    let problem: serde_json::Value = serde_json::from_slice(&response.body).ok().filter(|_| response.status == 403)?;
    problem["code"].as_str().map(str::to_owned)
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.header(name).map(|value| String::from_utf8(value.to_vec()).unwrap())
}

/// The step that the application behind a gate saw last.
fn given(mesh: &Mesh, actor: &str) -> String {
    let seen = mesh.seen(actor).unwrap();
    seen.last().unwrap().header(STEP).next().unwrap().to_owned()
}

#[test]
fn gates_on_both_sides_keep_requests_in_the_workflow() {
    for proxy in proxies().unwrap() {
        let mesh = start(proxy);
        an_instance_passes_gates_on_both_sides(&mesh);
        nothing_else_leaves(&mesh);
        no_token_goes_to_the_egress_list_or_comes_from_it(&mesh);
    }
}

fn an_instance_passes_gates_on_both_sides(mesh: &Mesh) {
    let first = send(mesh, "desk", "clerk.bank", "/review", None);
    assert_eq!((first.status, code(&first)), (200, None));
    let started = header(&first, START).unwrap();
    let at_clerk = given(mesh, "clerk");
    // A further transition of the same instance, whose receipt comes back.
    let quoted = send(mesh, "desk", "rates.bank", "/quote", Some(&started));
    assert_eq!(quoted.status, 200);
    assert_eq!(header(&quoted, START), None);
    let receipt = header(&quoted, STEP).unwrap();
    assert_eq!(send(mesh, "desk", "books.bank", "/note", Some(&receipt)).status, 200);
    assert_eq!(send(mesh, "clerk", "DESK.bank:8080", "/check", Some(&at_clerk)).status, 200);
    let at_desk = given(mesh, "desk");
    let paid = send(mesh, "desk", "books.bank", "/pay", Some(&at_desk));
    assert_eq!((paid.status, header(&paid, STEP)), (200, None));
}

fn nothing_else_leaves(mesh: &Mesh) {
    let denied = |from: &str, host: &str, path: &str, step: Option<&str>| {
        let count = |workload: &str| mesh.seen(workload).unwrap().len();
        let before: Vec<usize> = ACTORS.into_iter().chain(["collector"]).map(count).collect();
        let response = send(mesh, from, host, path, step);
        let after: Vec<usize> = ACTORS.into_iter().chain(["collector"]).map(count).collect();
        assert_eq!(before, after, "{host}{path}");
        code(&response).unwrap_or_else(|| panic!("{host}{path}: {}", response.status))
    };
    let start = send(mesh, "desk", "clerk.bank", "/review", None);
    let (started, at_clerk) = (header(&start, START).unwrap(), given(mesh, "clerk"));
    // Outsiders: by no route, by a route to a service that is not listed, by its other name.
    for host in ["elsewhere.example", "127.0.0.1", "collector", "traces.example"] {
        assert_eq!(denied("desk", host, "/v1/traces", Some(&started)), "EGRESS", "{host}");
    }
    assert_eq!(denied("desk", "telemetry.example", "/other", None), "EGRESS");
    // A workload of the mesh by a name that is not its actor's.
    assert_eq!(denied("desk", "books", "/pay", None), "EGRESS");
    // Requests to actors that are no transition of this workload.
    assert_eq!(denied("desk", "books.bank", "/pay", None), "NOT_INITIAL");
    assert_eq!(denied("desk", "books.bank", "/pay", Some(&started)), "NO_TRANSITION");
    assert_eq!(denied("desk", "desk.bank", "/check", Some(&at_clerk)), "WRONG_HOLDER");
    assert_eq!(denied("books", "clerk.bank", "/review", None), "NO_STEP");
    assert_eq!(denied("clerk", "desk.bank", "/elsewhere", Some(&at_clerk)), "WRONG_REQUEST");
    assert_eq!(denied("lost", "clerk.bank", "/review", None), "NO_CONFIG");
    assert_eq!(denied("lost", "telemetry.example", "/v1/traces", None), "NO_CONFIG");
}

fn no_token_goes_to_the_egress_list_or_comes_from_it(mesh: &Mesh) {
    let started = header(&send(mesh, "desk", "clerk.bank", "/review", None), START).unwrap();
    for version in [Version::Http1, Version::Http2] {
        let request = Request::new("POST", "/v1/traces")
            .header("host", "telemetry.example")
            .header(STEP, started.as_str())
            .header(START, started.as_str())
            .header("baggage", format!("a=1,step={started}"))
            .header("x-stepgate-permit", "a-secret-of-this-test")
            .header("x-envoy-retry-on", "5xx")
            .header("x-lab-response-header", format!("{STEP}: {started}"))
            .header("x-lab-response-header", format!("{START}: {started}"))
            .over(version);
        let response = mesh.call("desk", "collector", &request).unwrap();
        assert_eq!(response.status, 200);
        assert_eq!([header(&response, STEP), header(&response, START)], [None, None]);
        let seen = mesh.seen("collector").unwrap();
        let last = seen.last().unwrap();
        let carried = |name: &str| last.header(name).map(str::to_owned).collect::<Vec<String>>();
        assert_eq!(carried("baggage"), ["a=1"]);
        for gone in [STEP, START, "x-stepgate-permit", "x-envoy-retry-on"] {
            assert_eq!(carried(gone), Vec::<String>::new(), "{gone}");
        }
    }
}
