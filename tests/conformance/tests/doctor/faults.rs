//! Gates that lack something: each Envoy has faults of its own.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;
use stepgate_doctor::{ExpectedState, Kind, examine};
use stepgate_mesh::{ClientCertificate, Mesh, MeshSpec, Request, Workload};
use stepgate_tests::http;

use crate::mesh::{
    VERSION, WORKLOADS, ask, assert_no_secret, configuration, endpoints, identity, kinds, of, older_module, plugin,
    start, until,
};
use crate::recorded;

fn workload(name: &str, folder: &Path) -> Workload {
    let mut configuration = configuration();
    match name {
        "loose" => {
            configuration["mode"] = json!("observe");
            configuration["keys"].as_array_mut().unwrap().pop();
        }
        "changed" => configuration["workflows"][0]["deadline"] = json!("7h"),
        "old" => configuration["workflows"][0]["revision"] = json!(1),
        // It has no secret for it.
        "keyless" => configuration["interlock"] = json!({"env": ["PERMIT"]}),
        "broken" => configuration["mode"] = json!("sometimes"),
        _ => {}
    }
    let mut plugin = plugin(&configuration);
    match name {
        "changed" => drop(plugin.environment.remove("KEY")),
        "keyless" => plugin.environment.clear(),
        "old" => plugin.module = older_module(folder),
        _ => {}
    }
    let mut workload = Workload::new(name, identity(name));
    if name == "loose" {
        workload.inbound.client_certificate = ClientCertificate::Optional;
    }
    if name == "bare" { workload } else { workload.gated_by(plugin) }
}

fn with(names: &[&str], folder: &Path) -> Mesh {
    start(MeshSpec::new(names.iter().map(|name| workload(name, folder)).collect()))
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for (names, kinds_of) in [
        (
            ["loose", "changed"],
            [vec![Kind::OtherMode, Kind::KeyUnknown, Kind::NoMtls], vec![Kind::OtherDigest, Kind::KeyNotHeld]],
        ),
        (["old", "broken"], [vec![Kind::OtherRevision, Kind::OtherVersion], vec![Kind::NoConfig]]),
        (["keyless", "good"], [vec![Kind::KeyNotHeld, Kind::NoConfig, Kind::NoInterlock, Kind::NotInForce], vec![]]),
    ] {
        let mesh = with(&names, folder.path());
        let report = ask(&mesh, &configuration().to_string(), &names);
        for (name, faults) in names.iter().zip(kinds_of) {
            let found = of(&report, name);
            assert_eq!(kinds(found), faults.into_iter().collect(), "{name}: {:#?}", found.findings);
        }
        assert_no_secret(&report);
    }
}

#[test]
fn a_correct_gate_has_no_finding_and_a_missing_one_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mesh = with(&["good", "bare"], folder.path());
    assert_eq!(mesh.call("bare", "good", &Request::new("POST", "/work")).unwrap().status, 200);
    assert_eq!(mesh.call("good", "bare", &Request::new("POST", "/anything")).unwrap().status, 200);

    let report = ask(&mesh, &configuration().to_string(), &["good", "bare"]);
    let good = of(&report, "good");
    assert!(good.findings.is_empty(), "{:#?}", good.findings);
    assert_eq!((good.in_force.as_slice(), good.mtls), (["film 2".to_owned()].as_slice(), Some(true)));
    assert_eq!(
        (good.keys.clone(), good.modes.clone()),
        (vec!["next".to_owned(), "now".into()], vec!["enforce".into()])
    );
    assert_eq!(kinds(of(&report, "bare")), BTreeSet::from([Kind::NoGate, Kind::Unfiltered]));
    // A workload that was not checked is a finding of the workflow.
    assert_eq!(report.findings.len(), WORKLOADS.len() - 2);
    assert!(report.findings.iter().all(|finding| finding.kind == Kind::NotChecked) && !report.is_clean());
    // The table contains the same.
    let table = report.table(&str::to_owned);
    for text in [
        "spiffe://cluster.local/ns/film/sa/good",
        "bare: UNFILTERED: 1 of 1 requests",
        "= do: ",
        "2 proxies, 7 findings",
    ] {
        assert!(table.contains(text), "no {text} in\n{table}");
    }
    assert_no_secret(&report);

    // A document names no keys and no interlock.
    let document = configuration()["workflows"][0].to_string();
    let beside = [Kind::SurplusKey, Kind::NoInterlock];
    assert_eq!(kinds(of(&ask(&mesh, &document, &["good"]), "good")), BTreeSet::from(beside));
    let other = document.replace("/work", "/other");
    let found = ask(&mesh, &other, &["good"]);
    assert_eq!(kinds(of(&found, "good")), [Kind::OtherDigest].into_iter().chain(beside).collect());

    recorded::through_istiod(&mesh);
    recorded::without_an_answer(&mesh);
    recorded::without_a_module(&mesh);
    // A proxy that ends.
    http::post(mesh.addresses("good").unwrap().admin, "/healthcheck/fail").unwrap();
    until("drain", || {
        let report = ask(&mesh, &configuration().to_string(), &["good"]);
        kinds(of(&report, "good")) == BTreeSet::from([Kind::NotLive])
    });
}

#[test]
fn without_a_file_the_gates_are_compared_with_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let mesh = with(&["good", "old", "bare"], folder.path());
    let names = ["old", "good", "bare"];
    let report = examine(&ExpectedState::of_the_gates(VERSION.to_owned()), &endpoints(&mesh, &names), None).unwrap();
    let [film] = report.workflows.as_slice() else { panic!("{:?}", report.workflows) };
    assert_eq!((film.name.as_str(), film.revision), ("film", 2));
    assert_eq!(film.taken_from, "good, the highest revision that is open in a gate");
    let beside = [Kind::SurplusKey, Kind::NoInterlock];
    assert_eq!(kinds(of(&report, "good")), BTreeSet::from(beside));
    let old = [Kind::OtherRevision, Kind::OtherVersion].into_iter().chain(beside).collect();
    assert_eq!(kinds(of(&report, "old")), old);
    assert_eq!(kinds(of(&report, "bare")), BTreeSet::from([Kind::NoGate]));
    let table = report.table(&str::to_owned);
    for text in ["film revision 2, digest ", "of good, the highest revision", "no file was given"] {
        assert!(table.contains(text), "no {text} in\n{table}");
    }
    // Where no gate has a workflow, a report without findings would say that all is well.
    let alone = examine(&ExpectedState::of_the_gates(VERSION.to_owned()), &endpoints(&mesh, &["bare"]), None).unwrap();
    assert_eq!(alone.findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(), [Kind::NoWorkflow]);
}
