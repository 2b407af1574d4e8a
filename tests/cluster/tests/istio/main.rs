//! What the gate must do in a real Istio. All cases share one cluster and run one after another, in the order in
//! which they stand here; words on the command line pick those whose names contain one of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test says what is wrong by failing"
)]

mod asked;
mod at_rest;
mod attach;
mod attacks;
mod bed;
mod doctor;
mod entry;
mod estates;
mod flavours;
mod fresh;
mod interlock;
mod lab;
mod life;
mod manifests;
mod owner;
mod owners;
mod releases;
mod rotation;
mod seen;
mod strangers;
mod tree;
mod walk;
mod ways;
mod wire;
mod yard;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use bed::Bed;
use stepgate_cluster_tests::{Error, Programs, Result, leave_out};

type Case = (&'static str, fn(&mut Bed) -> Result<()>);

const CASES: &[Case] = &[
    ("the API server and istiod take the manifests, and no others", manifests::are_accepted),
    ("istioctl finds nothing to say", manifests::are_sound),
    (
        "every flavour of manifests passes the API server, the webhook and istioctl",
        releases::the_newest_takes_every_flavour,
    ),
    ("every release of Istio takes the flavours that it knows", releases::the_others_take_what_they_know),
    ("keys and interlocks at rest are unreadable", at_rest::is_unreadable),
    ("encryption at rest begins and rotates without a gap", at_rest::begins_and_rotates),
    ("volumes and their class are taken", at_rest::volumes_are_accepted),
    ("the movie workflow runs to its end through seven sidecars", walk::to_the_end),
    ("HTTP/2 is HTTP to the gate", walk::over_http2),
    ("whoever is inside and out of turn is denied", attacks::out_of_turn),
    ("headers that an attacker writes prove nothing", attacks::forged_headers),
    ("no protocol gets around the gate", attacks::other_protocols),
    ("all that `stepgate lab` tries comes to what the document says", lab::all_of_it),
    ("another namespace's workload is an outsider", strangers::of_another_namespace),
    ("without a sidecar nobody gets in", strangers::without_a_sidecar),
    ("a certificate of a foreign authority or domain is refused", strangers::with_other_certificates),
    ("metrics have the labels that the mesh was told of", seen::in_metrics),
    ("the access log has code and instance", seen::in_the_access_log),
    ("no way leads straight to a pod", ways::straight_to_the_pod),
    ("no local port leads anywhere else", ways::to_local_ports),
    ("HTTP/1.0, h2c and upgrades are decided like the rest", ways::by_other_protocols),
    ("the right interlock in a wrong request changes nothing", ways::with_the_right_interlock),
    ("the doctor finds nothing wrong with a mesh that is well", doctor::clean),
    ("the doctor tells each gap that a change makes", doctor::changes),
    ("the doctor tells of a pod that is not well", doctor::a_pod_that_is_not_well),
    ("the doctor tells of a listener that was refused", doctor::a_listener_refused),
    ("the doctor tells of a gate that is gone", doctor::no_gate),
    ("the doctor says where istiod is away", doctor::without_istiod),
    ("the doctor tells of a module that is not there", doctor::modules),
    ("a changed configuration leaves no gap under load", life::changed_under_load),
    ("a broken configuration denies, and says so", life::broken_configuration),
    ("a module that is not the one pinned denies", life::wrong_digest),
    ("the module is pulled as an artifact, too", life::the_other_variant),
    ("a module that traps lets nothing through", life::trapping),
    ("istiod may be away", life::without_istiod),
    ("a proxy that starts without the registry lets nothing through", life::without_registry),
    ("with the interlock no request slips by a plugin just created", life::created_with_interlock),
    ("nor by one created with a broken configuration", life::created_broken),
    ("without the interlock some do", life::created_without_interlock),
    ("two owners: their workflows run side by side", owners::run_side_by_side),
    ("two owners: no step of one helps at the other", owners::have_nothing_for_each_other),
    ("two owners: no key of one signs for the other", owners::cannot_sign_for_each_other),
    ("two owners: no interlock of one opens the other", owners::have_interlocks_of_their_own),
    ("two owners: none reads or writes what is the other's", owners::reach_their_own_namespaces_only),
    ("two owners: a route of one leads nothing past a gate", owners::cannot_lead_requests_astray),
    ("two owners: what one changes changes nothing for the other", owners::change_nothing_for_each_other),
    ("attached to each workload, and by the newer API, a gate decides", attach::to_workloads_and_by_the_newer_api),
    ("attached to the whole mesh, it decides everywhere", attach::to_the_mesh),
    ("a tunnel opens only where a task has one", attach::tunnels_of_a_task),
    ("a fresh proxy lets nothing through before it has the module", fresh::before_the_module),
    ("the interlock spares ports without HTTP", interlock::spares_ports_without_http),
    ("the interlock takes its own secrets, and no others", interlock::takes_its_own_secrets_only),
    ("an ingress gateway begins instances, and no more", entry::begins_instances_and_no_more),
    ("keys and interlocks rotate without a gap", rotation::without_a_gap),
    ("a stranger on the wire reads nothing", wire::is_unreadable),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let picked = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    let cases: Vec<&Case> = CASES.iter().filter(|(name, _)| picked(name)).collect();
    let programs = match Programs::find() {
        Ok(programs) => programs,
        Err(missing) => {
            let names: Vec<String> = cases.iter().map(|(name, _)| (*name).to_owned()).collect();
            return leave_out("a real Istio", &names, &missing);
        }
    };
    let begun = Instant::now();
    let mut bed = match Bed::make(&programs) {
        Ok(bed) => bed,
        Err(error) => {
            println!("FAILED  the test bed did not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("the test bed is up: {} pods, {:.1} s\n", bed.pods.len(), begun.elapsed().as_secs_f64());
    let failed = cases.iter().filter(|case| !passes(case, &mut bed)).count();
    println!("\n{} passed, {failed} failed, 0 left out, {:.0} s", cases.len() - failed, begun.elapsed().as_secs_f64());
    ExitCode::from(u8::from(failed > 0))
}

fn passes((name, run): &Case, bed: &mut Bed) -> bool {
    let begun = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(|| run(bed)));
    let result = result.unwrap_or_else(|_| Err(Error::new("it panicked, see above")));
    let seconds = begun.elapsed().as_secs_f64();
    match &result {
        Ok(()) => println!("ok      {name} ({seconds:.1} s)"),
        Err(error) => println!("FAILED  {name} ({seconds:.1} s)\n  {error}"),
    }
    result.is_ok()
}
