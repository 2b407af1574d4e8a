//! Level `once` in real Envoys: each workload has a gate on both sides, in an Envoy of its own, and `clerk` has two replicas.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::path::PathBuf;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::json;
use stepgate_decision::token::{TokenType, UnverifiedToken};
use stepgate_mesh::{Egress, Mesh, MeshSpec, Plugin, Request, Response, Version, Vms, Workload};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::proxies::proxies;
use stepgate_tests::trials::module;

const DOCUMENT: &str = r#"
egress: [{host: telemetry.example, path: /v1/traces}]
keys: [{workflow: loan, kid: now, use: sign, env: KEY_FILM}]
workflows:
  - workflow: loan
    revision: 1
    trust_domain: cluster.local
    namespace: bank
    assurance: once
    actors:
      desk: {hosts: [desk.bank]}
      clerk: {hosts: [clerk.bank]}
      rates: {hosts: [rates.bank]}
      books: {hosts: [books.bank]}
    tasks:
      ask: {actor: desk, initial: true, split: all}
      assess: {actor: clerk, split: one, requests: "POST /assess"}
      approve: {actor: books, requests: "POST /approve"}
      refuse: {actor: books, requests: "POST /refuse"}
      query: {actor: desk, requests: "POST /query"}
      quote: {actor: rates, requests: "POST /quote"}
      file: {actor: books, requests: "POST /file"}
    transitions:
      - ask -> assess
      - assess -> approve
      - assess -> refuse
      - {from: assess, to: query, uses: 3}
      - ask -> quote
      - {from: quote, to: file, via: desk}
"#;

/// The workloads, with the actors that they are.
const WORKLOADS: [(&str, &str); 5] =
    [("desk", "desk"), ("clerk", "clerk"), ("clerk-2", "clerk"), ("rates", "rates"), ("books", "books")];
const STEP: &str = "x-workflow-step";
const START: &str = "x-workflow-step-start";
const TOGETHER: usize = 64;

fn id(actor: &str) -> String {
    format!("spiffe://cluster.local/ns/bank/sa/{actor}")
}

/// Each route out retries what fails, as those of Istio do.
fn start((envoy, workers): (Option<PathBuf>, u32)) -> Mesh {
    let environment = Corpus::read().unwrap().environment.0;
    let member = |(name, actor): &(&str, &str)| {
        let configuration = format!("self: {}\n{DOCUMENT}", id(actor));
        let plugin = Plugin { module: module().unwrap(), configuration, environment: environment.clone() };
        let mut workload = Workload::new(*name, id(actor)).gated_by(plugin.clone());
        if name == actor {
            workload.hosts = vec![format!("{actor}.bank")];
        }
        let retries = json!({"retry_policy": {"retry_on": "5xx,connect-failure,reset", "num_retries": 3}});
        workload.egress = Some(Egress { plugin: Some(plugin), route: retries.as_object().unwrap().clone() });
        workload
    };
    let mut collector = Workload::new("collector", "spiffe://cluster.local/ns/ops/sa/collector");
    collector.hosts = vec!["telemetry.example".to_owned()];
    let mut spec = MeshSpec::new(WORKLOADS.iter().map(member).chain([collector]).collect());
    spec.envoy = envoy;
    spec.concurrency = workers;
    // The gates of both sides have one record.
    spec.vms = Vms::Shared;
    Mesh::start(spec).unwrap_or_else(|error| panic!("{error}"))
}

fn request(host: &str, path: &str, step: Option<&str>) -> Request {
    let request = Request::new("POST", path).header("host", host);
    step.into_iter().fold(request, |request, step| request.header(STEP, step))
}

/// The application of `from` sends a request with this host.
fn send(mesh: &Mesh, from: &str, (host, path): (&str, &str), step: Option<&str>) -> Response {
    mesh.call(from, "collector", &request(host, path, step)).unwrap()
}

/// `OK` for an answer of an application, the code of a denial.
fn outcome(response: &Response) -> String {
    if response.status == 200 {
        return "OK".to_owned();
    }
    let problem: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    problem["code"].as_str().map_or_else(|| response.status.to_string(), str::to_owned)
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.header(name).map(|value| String::from_utf8(value.to_vec()).unwrap())
}

fn kind(token: &str) -> TokenType {
    UnverifiedToken::parse(token).unwrap().token_type()
}

/// A loan is asked for: the start token, and the arrival at `assess`.
fn asked(mesh: &Mesh) -> (String, String) {
    let response = send(mesh, "desk", ("clerk.bank", "/assess"), None);
    assert_eq!(outcome(&response), "OK");
    (header(&response, START).unwrap(), given(mesh, "clerk"))
}

/// The step that the application behind a gate saw last.
fn given(mesh: &Mesh, workload: &str) -> String {
    let seen = mesh.seen(workload).unwrap();
    let last = seen.last().unwrap();
    let steps: Vec<&str> = last.header(STEP).collect();
    assert_eq!(steps.len(), 1);
    assert_eq!(last.header("x-envoy-max-retries").next(), None);
    assert_eq!(kind(steps[0]), TokenType::Arrival);
    steps[0].to_owned()
}

const APPROVE: (&str, &str) = ("books.bank", "/approve");
const REFUSE: (&str, &str) = ("books.bank", "/refuse");
const QUERY: (&str, &str) = ("desk.bank", "/query");

#[test]
fn each_use_is_taken_once() {
    for proxy in proxies().unwrap() {
        let mesh = start(proxy);
        a_loan_is_approved_or_refused_and_never_both(&mesh);
        only_the_replica_that_received_a_step_takes_it_on(&mesh);
        of_many_at_once_as_many_are_permitted_as_the_document_says(&mesh);
        a_caller_by_receipt_goes_on_from_its_own_replica(&mesh);
        without_its_own_gate_an_application_gets_nowhere(&mesh);
        envoy_retries_no_departure(&mesh);
        a_use_that_found_no_connection_is_free(&mesh);
    }
}

fn a_loan_is_approved_or_refused_and_never_both(mesh: &Mesh) {
    for (first, second) in [(APPROVE, REFUSE), (REFUSE, APPROVE)] {
        let (_, arrival) = asked(mesh);
        let answers = [first, second, second, first].map(|to| outcome(&send(mesh, "clerk", to, Some(&arrival))));
        assert_eq!(answers, ["OK", "SPLIT_TAKEN", "SPLIT_TAKEN", "ALREADY_TAKEN"]);
        assert_eq!(kind(&given(mesh, "books")), TokenType::Arrival);
        assert_eq!(outcome(&send(mesh, "clerk", QUERY, Some(&arrival))), "SPLIT_TAKEN");
    }
    let (started, _) = asked(mesh);
    // The initiator's own transition was taken at its gate.
    assert_eq!(outcome(&send(mesh, "desk", ("clerk.bank", "/assess"), Some(&started))), "ALREADY_TAKEN");
}

fn only_the_replica_that_received_a_step_takes_it_on(mesh: &Mesh) {
    let (_, arrival) = asked(mesh);
    assert_eq!(outcome(&send(mesh, "clerk-2", APPROVE, Some(&arrival))), "REPLICA");
    assert_eq!(outcome(&send(mesh, "clerk", APPROVE, Some(&arrival))), "OK");
    assert_eq!(outcome(&send(mesh, "clerk-2", REFUSE, Some(&arrival))), "REPLICA");
}

fn of_many_at_once_as_many_are_permitted_as_the_document_says(mesh: &Mesh) {
    for version in [Version::Http1, Version::Http2] {
        // Both ways of the choice at once; a way with three uses.
        for (ways, permitted, taken) in [
            (vec![APPROVE], 1, vec!["ALREADY_TAKEN"]),
            (vec![APPROVE, REFUSE], 1, vec!["ALREADY_TAKEN", "SPLIT_TAKEN"]),
            (vec![QUERY], 3, vec!["ALREADY_TAKEN"]),
        ] {
            let (_, arrival) = asked(mesh);
            let barrier = Barrier::new(TOGETHER);
            let answers: Vec<String> = std::thread::scope(|scope| {
                let call = |n: usize| {
                    let (host, path) = ways[n % ways.len()];
                    let (barrier, request) = (&barrier, request(host, path, Some(&arrival)).over(version));
                    scope.spawn(move || {
                        barrier.wait();
                        outcome(&mesh.call("clerk", "collector", &request).unwrap())
                    })
                };
                let calls: Vec<_> = (0..TOGETHER).map(call).collect();
                calls.into_iter().map(|call| call.join().unwrap()).collect()
            });
            let count = |code: &str| answers.iter().filter(|answer| *answer == code).count();
            assert_eq!(count("OK"), permitted, "{ways:?} {answers:?}");
            let denied: usize = taken.iter().map(|code| count(code)).sum();
            assert_eq!(denied, TOGETHER - permitted, "{ways:?} {answers:?}");
        }
    }
}

fn a_caller_by_receipt_goes_on_from_its_own_replica(mesh: &Mesh) {
    let (started, _) = asked(mesh);
    let quoted = send(mesh, "desk", ("rates.bank", "/quote"), Some(&started));
    assert_eq!((outcome(&quoted).as_str(), header(&quoted, START)), ("OK", None));
    let receipt = header(&quoted, STEP).unwrap();
    assert_eq!(kind(&receipt), TokenType::Receipt);
    // The performer of the task holds an arrival, which leads nowhere.
    let at_rates = given(mesh, "rates");
    assert_eq!(outcome(&send(mesh, "rates", ("books.bank", "/file"), Some(&at_rates))), "NO_TRANSITION");
    assert_eq!(outcome(&send(mesh, "desk", ("books.bank", "/file"), Some(&receipt))), "OK");
    assert_eq!(outcome(&send(mesh, "desk", ("books.bank", "/file"), Some(&receipt))), "ALREADY_TAKEN");
}

/// An application has the certificate of its workload, and may go past its gate.
fn without_its_own_gate_an_application_gets_nowhere(mesh: &Mesh) {
    let (started, arrival) = asked(mesh);
    let straight = |from: &str, to: &str, path: &str, step: Option<&str>| {
        let credential = mesh.credential(from).unwrap();
        outcome(&mesh.call_directly(Some(credential), to, &request(to, path, step)).unwrap())
    };
    assert_eq!(straight("clerk", "books", "/approve", Some(&arrival)), "WRONG_TYPE");
    assert_eq!(straight("desk", "clerk", "/assess", Some(&started)), "WRONG_TYPE");
    assert_eq!(straight("desk", "clerk", "/assess", None), "NO_STEP");
    assert_eq!(outcome(&send(mesh, "clerk", APPROVE, Some(&arrival))), "OK");
}

fn envoy_retries_no_departure(mesh: &Mesh) {
    let failing = |from: &str, (host, path): (&str, &str), step: Option<&str>, at: &str| {
        let before = mesh.seen(at).unwrap().len();
        let request = request(host, path, step).header("x-lab-status", "503");
        let status = mesh.call(from, "collector", &request).unwrap().status;
        (status, mesh.seen(at).unwrap().len() - before)
    };
    // The policy of the route holds for what is no transition.
    assert_eq!(failing("clerk", ("telemetry.example", "/v1/traces"), None, "collector"), (503, 4));
    let (_, arrival) = asked(mesh);
    assert_eq!(failing("clerk", APPROVE, Some(&arrival), "books"), (503, 1));
    // The application has seen it: its use is spent.
    assert_eq!(outcome(&send(mesh, "clerk", REFUSE, Some(&arrival))), "SPLIT_TAKEN");
}

/// The Envoy in front of `books` ends: to be called last.
fn a_use_that_found_no_connection_is_free(mesh: &Mesh) {
    let (_, arrival) = asked(mesh);
    let at = WORKLOADS.iter().position(|(name, _)| *name == "books").unwrap();
    let ended = std::process::Command::new("kill").arg("-9").arg(mesh.process_ids()[at].to_string()).status().unwrap();
    assert!(ended.success());
    // Until the connections that were open have ended, a request may be lost on one of them.
    let open = || mesh.stats("clerk").unwrap()["cluster.outbound|8080||books.bank.upstream_cx_active"];
    let until = Instant::now() + Duration::from_secs(20);
    while open() > 0 {
        assert!(Instant::now() < until, "connections to an Envoy that has ended");
        std::thread::yield_now();
    }
    for _ in 0..2 {
        assert_eq!(outcome(&send(mesh, "clerk", APPROVE, Some(&arrival))), "503");
    }
    assert_eq!(outcome(&send(mesh, "clerk", QUERY, Some(&arrival))), "OK");
    assert_eq!(outcome(&send(mesh, "clerk", APPROVE, Some(&arrival))), "SPLIT_TAKEN");
}
