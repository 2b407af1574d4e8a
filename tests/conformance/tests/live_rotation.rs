//! Keys rotate by rolling restarts of two replicas, while instances are on their way through them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::RwLock;

use stepgate_mesh::{Credential, Envoys, Mesh, MeshSpec, Plugin, Request, Response, Vms, Workload};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::live::{Answer, PARCELS, Parcel, Replicas, begun, no_instance_notices};

const SHOP: &str = "spiffe://cluster.local/ns/live/sa/shop";
const DEPOT: &str = "spiffe://cluster.local/ns/live/sa/depot";
const COURIER: &str = "spiffe://cluster.local/ns/live/sa/courier";
/// As many hops as an instance needs to go from each replica to each.
const HOPS: u64 = 8;

/// The keys of one phase of the rotation: `kid` and `use`.
type Keys = &'static [(&'static str, &'static str)];

const OLD: Keys = &[("old", "sign")];
const PRELOADED: Keys = &[("old", "sign"), ("new", "verify")];
const SWITCHED: Keys = &[("old", "verify"), ("new", "sign")];
const RETIRED: Keys = &[("new", "sign")];

/// Depot and courier pass a parcel back and forth.
fn gate(keys: Keys) -> Plugin {
    let module = stepgate_tests::trials::module().unwrap();
    let corpus = Corpus::read().unwrap().environment;
    let value = |kid: &str| corpus.get(if kid == "old" { "KEY_FILM" } else { "KEY_SHOP" }).unwrap();
    let variable = |kid: &str| format!("KEY_{}", kid.to_uppercase());
    let lines: String = keys
        .iter()
        .map(|(kid, use_)| format!("\n  - {{workflow: parcels, kid: {kid}, use: {use_}, env: {}}}", variable(kid)))
        .collect();
    Plugin {
        module,
        configuration: format!(
            "keys:{lines}\nworkflows:\n  - workflow: parcels\n    revision: 1\n    trust_domain: cluster.local{PARCELS}"
        ),
        environment: keys.iter().map(|(kid, _)| (variable(kid), value(kid))).collect::<BTreeMap<_, _>>(),
    }
}

/// The replica that an instance goes to next: first, first, second, second, so that it goes from each to each.
fn turn(hops: usize, replicas: usize) -> usize {
    hops / 2 % replicas
}

/// Two replicas, each an Envoy with the gates of both actors.
struct Rotated {
    mesh: Mesh,
    /// By actor.
    credentials: BTreeMap<&'static str, Credential>,
    /// The replicas that are in service; the lock is held for reading while a request is under way.
    in_service: RwLock<Vec<usize>>,
}

impl Rotated {
    fn start(keys: Keys) -> Self {
        let workload = |replica, actor, identity| {
            let mut workload = Workload::new(format!("{actor}-{replica}"), identity).gated_by(gate(keys));
            workload.egress = None;
            workload
        };
        let both = |replica| [workload(replica, "depot", DEPOT), workload(replica, "courier", COURIER)];
        let mut spec = MeshSpec::new([1, 2].into_iter().flat_map(both).collect());
        spec.envoys = Envoys::AtMost(2);
        spec.vms = Vms::Shared;
        let mesh = Mesh::start(spec).unwrap_or_else(|error| panic!("{error}"));
        let issue = |identity| mesh.authority().issue(&[identity]).unwrap();
        let credentials = [("shop", issue(SHOP)), ("depot", issue(DEPOT)), ("courier", issue(COURIER))].into();
        Self { mesh, credentials, in_service: RwLock::new(vec![1, 2]) }
    }

    /// Takes one replica after the other out of service, restarts it, and puts it back.
    fn roll_out(&self, keys: Keys, all_hop_on: &dyn Fn() -> Result<(), String>) -> Result<(), String> {
        for replica in [1, 2] {
            self.in_service.write().unwrap().retain(|other| *other != replica);
            let (depot, courier) = (format!("depot-{replica}"), format!("courier-{replica}"));
            let filters = [(depot.as_str(), gate(keys)), (courier.as_str(), gate(keys))];
            self.mesh.restart(&filters).map_err(|error| error.to_string())?;
            self.in_service.write().unwrap().push(replica);
            all_hop_on()?;
        }
        Ok(())
    }
}

impl Replicas for Rotated {
    fn send(&self, from: &str, to: &str, request: &Request, hops: usize) -> Result<Response, String> {
        let replicas = self.in_service.read().unwrap();
        let replica = replicas[turn(hops, replicas.len())];
        let who = &self.credentials[from];
        self.mesh.call_directly(Some(who), &format!("{to}-{replica}"), request).map_err(|error| error.to_string())
    }
}

#[test]
fn keys_rotate_by_rolling_restarts_and_no_instance_notices() {
    let replicas = Rotated::start(OLD);
    // Instances that wait meanwhile, with a step that the old key signed.
    let (awakes_in_time, awakes_late) = (begun(&replicas).unwrap(), begun(&replicas).unwrap());
    no_instance_notices(&replicas, HOPS, |all_hop_on| {
        replicas.roll_out(PRELOADED, all_hop_on)?;
        // From now on the new key has signed every step. If instances cannot be counted, wait for `task_ttl`.
        replicas.roll_out(SWITCHED, all_hop_on)?;
        assert_eq!(replicas.hop(&awakes_in_time).0, Answer::Permitted, "the old key still verifies");
        replicas.roll_out(RETIRED, all_hop_on)
    })
    .unwrap();
    for hops in [0, 2] {
        let late = Parcel { hops, ..awakes_late.clone() };
        assert_eq!(replicas.hop(&late).0, Answer::denied("UNKNOWN_KEY"), "the old key is gone");
    }
}
