//! The cases of the gate in a real Istio. All share one cluster and run one after another, in the order of `CASES`. Words
//! on the command line select the cases whose names contain one of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test says what is wrong by failing"
)]

mod at_rest;
mod attach;
mod attacks;
mod bypasses;
mod doctor;
mod doctor_command;
mod entry;
mod fixture;
mod flavours;
mod fresh_proxy;
mod interlock;
mod lab;
mod life;
mod manifests;
mod mixed_protocols;
mod module;
mod observability;
mod outbound;
mod outsiders;
mod owner;
mod ports;
mod releases;
mod requests;
mod rotation;
mod tenants;
mod tree;
mod two_owners;
mod wire;
mod workflow;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use fixture::Fixture;
use stepgate_cluster_tests::{Error, Programs, Result, leave_out};

type Case = (&'static str, fn(&mut Fixture) -> Result<()>);

const CASES: &[Case] = &[
    ("the API server and istiod accept the manifests, and refuse wrong ones", manifests::are_accepted),
    ("istioctl analyze finds nothing", manifests::are_sound),
    (
        "every flavour of manifests passes the API server, the webhook and istioctl",
        releases::the_newest_takes_every_flavour,
    ),
    ("every release of Istio accepts the flavours that it knows", releases::the_others_take_what_they_know),
    ("keys and interlocks at rest are unreadable", at_rest::is_unreadable),
    ("encryption at rest begins and rotates without a gap", at_rest::begins_and_rotates),
    ("volumes and their class are accepted", at_rest::volumes_are_accepted),
    ("the movie workflow runs to its end through seven sidecars", workflow::to_the_end),
    ("the gate decides requests over HTTP/2 in the same way", workflow::over_http2),
    ("an actor that is out of turn is denied", attacks::out_of_turn),
    ("forged headers prove nothing", attacks::forged_headers),
    ("no protocol bypasses the gate", attacks::other_protocols),
    ("all attempts of `stepgate lab` have the result that the document requires", lab::all_of_it),
    ("a port is that of the application, not of the Service", ports::are_the_applications),
    ("another namespace's workload is an outsider", outsiders::of_another_namespace),
    ("a caller without a sidecar does not get in", outsiders::without_a_sidecar),
    ("a certificate of a foreign authority or domain is refused", outsiders::with_other_certificates),
    ("metrics have the labels of the mesh configuration", observability::in_metrics),
    ("the access log has code and instance", observability::in_the_access_log),
    ("no request reaches a pod directly", bypasses::straight_to_the_pod),
    ("no local port leads to another application", bypasses::to_local_ports),
    ("HTTP/1.0, h2c and upgrades are decided like the rest", bypasses::by_other_protocols),
    ("the right interlock in a wrong request changes nothing", bypasses::with_the_right_interlock),
    ("the doctor finds nothing in a correct mesh", doctor::clean),
    ("the doctor finds each faulty change", doctor::changes),
    ("the doctor finds an unhealthy pod", doctor::a_pod_that_is_not_well),
    ("the doctor finds a rejected listener", doctor::a_listener_refused),
    ("the doctor finds what others add", doctor::what_others_add),
    ("the doctor compares the gates with each other", doctor::without_a_file),
    ("the doctor finds a missing gate", doctor::no_gate),
    ("the doctor reports that istiod is away", doctor::without_istiod),
    ("the doctor finds a missing module", doctor::modules),
    ("a changed configuration leaves no gap under load", life::changed_under_load),
    ("a broken configuration denies, and logs why", life::broken_configuration),
    ("a module that is not the one pinned denies", life::wrong_digest),
    ("the module is pulled as an artifact, too", life::the_other_variant),
    ("a module that traps lets nothing through", life::trapping),
    ("istiod may be away", life::without_istiod),
    ("a proxy that starts without the registry lets nothing through", life::without_registry),
    ("with the interlock no request bypasses a new plugin", life::created_with_interlock),
    ("with the interlock no request bypasses a new plugin with a broken configuration", life::created_broken),
    ("without the interlock some requests bypass a new plugin", life::created_without_interlock),
    ("two owners: their workflows run side by side", two_owners::run_side_by_side),
    ("two owners: no step of one is accepted at the other", two_owners::have_nothing_for_each_other),
    ("two owners: no key of one signs for the other", two_owners::cannot_sign_for_each_other),
    ("two owners: no interlock of one is accepted at the other", two_owners::have_interlocks_of_their_own),
    ("two owners: neither reads or writes the other's objects", two_owners::reach_their_own_namespaces_only),
    ("two owners: a route of one leads no request past a gate", two_owners::cannot_lead_requests_astray),
    ("two owners: changes of one do not affect the other", two_owners::change_nothing_for_each_other),
    ("attached to each workload, and by the newer API, a gate decides", attach::to_workloads_and_by_the_newer_api),
    ("attached to the whole mesh, a gate decides everywhere", attach::to_the_mesh),
    ("a tunnel opens only for a task that declares one", attach::tunnels_of_a_task),
    ("outbound gates come into force under load, and no request is refused", outbound::comes_into_force),
    ("with outbound gates only transitions and listed requests leave", outbound::keeps_requests_in),
    ("the doctor finds where the clusters of outbound gates lead", outbound::leads_to_its_hosts),
    ("outbound gates go again at once", outbound::goes_again),
    ("a fresh proxy lets nothing through before it has the module", fresh_proxy::before_the_module),
    ("the interlock spares ports without HTTP", interlock::spares_ports_without_http),
    ("the interlock accepts its own secrets, and no others", interlock::takes_its_own_secrets_only),
    ("an ingress gateway begins instances, and does nothing else", entry::begins_instances_and_no_more),
    ("keys and interlocks rotate without a gap", rotation::without_a_gap),
    ("nothing is readable on the wire", wire::is_unreadable),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_picked = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let cases: Vec<&Case> = CASES.iter().filter(|(name, _)| is_picked(name)).collect();
    let programs = match Programs::find() {
        Ok(programs) => programs,
        Err(error) => {
            let names: Vec<String> = cases.iter().map(|(name, _)| (*name).to_owned()).collect();
            return leave_out("a real Istio", &names, &error);
        }
    };
    let begun = Instant::now();
    let mut fixture = match Fixture::start(programs) {
        Ok(fixture) => fixture,
        Err(error) => {
            println!("FAILED  the cluster did not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("the cluster runs: {} pods, {:.1} s\n", fixture.pods.len(), begun.elapsed().as_secs_f64());
    let (mut passed, mut failed) = (0, 0);
    for case in &cases {
        match passes(case, &mut fixture) {
            true => passed += 1,
            false => {
                failed += 1;
                if let Err(error) = fixture.restore() {
                    println!("FAILED  the mesh cannot be restored: {error}");
                    break;
                }
            }
        }
    }
    let left_out = cases.len() - passed - failed;
    println!("\n{passed} passed, {failed} failed, {left_out} left out, {:.0} s", begun.elapsed().as_secs_f64());
    ExitCode::from(u8::from(passed < cases.len()))
}

fn passes((name, run): &Case, fixture: &mut Fixture) -> bool {
    let begun = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| run(fixture)));
    let result = result.unwrap_or_else(|_| Err(Error::new("it panicked, see above")));
    let seconds = begun.elapsed().as_secs_f64();
    match &result {
        Ok(()) => println!("ok      {name} ({seconds:.1} s)"),
        Err(error) => println!("FAILED  {name} ({seconds:.1} s)\n  {error}"),
    }
    result.is_ok()
}
