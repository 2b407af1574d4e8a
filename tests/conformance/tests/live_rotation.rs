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
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use stepgate_mesh::{Credential, Envoys, Mesh, MeshSpec, Plugin, Request, Vms, Workload};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::live::{Answer, under_load};

const SHOP: &str = "spiffe://cluster.local/ns/live/sa/shop";
const DEPOT: &str = "spiffe://cluster.local/ns/live/sa/depot";
const COURIER: &str = "spiffe://cluster.local/ns/live/sa/courier";
const CALLERS: usize = 3;
/// The longest time for a few hops of the instances.
const PATIENCE: Duration = Duration::from_secs(30);

/// The keys of one phase of the rotation: `kid` and `use`.
type Keys = &'static [(&'static str, &'static str)];

const OLD: Keys = &[("old", "sign")];
const PRELOADED: Keys = &[("old", "sign"), ("new", "verify")];
const SWITCHED: Keys = &[("old", "verify"), ("new", "sign")];
const RETIRED: Keys = &[("new", "sign")];

/// Depot and courier pass a parcel back and forth.
fn gate(keys: Keys) -> Plugin {
    let module = std::env::var_os("STEPGATE_MODULE").expect("STEPGATE_MODULE names the filter: run `make test`");
    let corpus = Corpus::read().unwrap().environment;
    let value = |kid: &str| corpus.get(if kid == "old" { "KEY_FILM" } else { "KEY_SHOP" }).unwrap();
    let variable = |kid: &str| format!("KEY_{}", kid.to_uppercase());
    let lines: String = keys
        .iter()
        .map(|(kid, use_)| format!("\n  - {{workflow: parcels, kid: {kid}, use: {use_}, env: {}}}", variable(kid)))
        .collect();
    let workflow = r#"
workflows:
  - workflow: parcels
    revision: 1
    trust_domain: cluster.local
    actors:
      shop: {spiffe: [ns/live/sa/shop]}
      depot: {spiffe: [ns/live/sa/depot]}
      courier: {spiffe: [ns/live/sa/courier]}
    tasks:
      order: {actor: shop, initial: true}
      store: {actor: depot, requests: [{methods: [POST], path: /store}], max_visits: 65536}
      carry: {actor: courier, requests: [{methods: [POST], path: /carry}], max_visits: 65536}
    transitions:
      - {from: order, to: store}
      - {from: store, to: carry}
      - {from: carry, to: store}
"#;
    Plugin {
        module: PathBuf::from(module),
        configuration: format!("keys:{lines}{workflow}"),
        environment: keys.iter().map(|(kid, _)| (variable(kid), value(kid))).collect::<BTreeMap<_, _>>(),
    }
}

/// An instance, represented by the step that its last performer's application got.
#[derive(Debug, Clone)]
struct Parcel {
    step: String,
    at_the_depot: bool,
    hops: usize,
}

/// The replica that an instance goes to next: first, first, second, second, so that it goes from each to each.
fn turn(hops: usize, replicas: usize) -> usize {
    hops / 2 % replicas
}

/// Two replicas, each an Envoy with the gates of both actors.
struct Replicas {
    mesh: Mesh,
    shop: Credential,
    depot: Credential,
    courier: Credential,
    /// The replicas that are in service; the lock is held for reading while a request is under way.
    in_service: RwLock<Vec<usize>>,
}

impl Replicas {
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
        let (shop, depot, courier) = (issue(SHOP), issue(DEPOT), issue(COURIER));
        Self { mesh, shop, depot, courier, in_service: RwLock::new(vec![1, 2]) }
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

    fn begin(&self, hops: usize) -> (Answer, Option<Parcel>) {
        self.send(&self.shop, "depot", "/store", None, hops)
    }

    fn hop(&self, parcel: &Parcel) -> (Answer, Option<Parcel>) {
        if parcel.at_the_depot {
            self.send(&self.depot, "courier", "/carry", Some(&parcel.step), parcel.hops)
        } else {
            self.send(&self.courier, "depot", "/store", Some(&parcel.step), parcel.hops)
        }
    }

    fn send(
        &self,
        who: &Credential,
        to: &str,
        path: &str,
        step: Option<&str>,
        hops: usize,
    ) -> (Answer, Option<Parcel>) {
        let mut request = Request::new("POST", path);
        if let Some(step) = step {
            request = request.header("x-workflow-step", step);
        }
        let replicas = self.in_service.read().unwrap();
        let replica = replicas[turn(hops, replicas.len())];
        let response = match self.mesh.call_directly(Some(who), &format!("{to}-{replica}"), &request) {
            Ok(response) => response,
            Err(error) => return (Answer::Odd(error.to_string()), None),
        };
        drop(replicas);
        let answer = Answer::of(&response, step);
        let step = response.seen().and_then(|seen| seen.header("x-workflow-step").next().map(str::to_owned));
        (answer, step.map(|step| Parcel { step, at_the_depot: to == "depot", hops: hops + 1 }))
    }
}

#[test]
fn keys_rotate_by_rolling_restarts_and_no_instance_notices() {
    let replicas = Replicas::start(OLD);
    let begin = || {
        let (answer, parcel) = replicas.begin(0);
        parcel.unwrap_or_else(|| panic!("{answer:?}"))
    };
    // Each caller has an instance that lives through all of it.
    let parcels: Vec<Mutex<Parcel>> = (0..CALLERS).map(|_| Mutex::new(begin())).collect();
    let hops: Vec<AtomicU64> = (0..CALLERS).map(|_| AtomicU64::new(0)).collect();
    // Instances that wait meanwhile, with a step that the old key signed.
    let (awakes_in_time, awakes_late) = (begin(), begin());

    let send = |caller: usize, kind: usize, number: u64| {
        if kind == 1 {
            return replicas.begin(usize::try_from(number).unwrap()).0;
        }
        let mut parcel = parcels[caller].lock().unwrap();
        let (answer, next) = replicas.hop(&parcel);
        if let Some(next) = next {
            *parcel = next;
            hops[caller].fetch_add(1, Ordering::SeqCst);
        }
        answer
    };
    let sent = under_load(CALLERS, 2, send, |load| {
        // Each instance goes from each replica to each. An instance that was denied ends there.
        let all_hop_on = || {
            let count = |hops: &AtomicU64| hops.load(Ordering::SeqCst);
            let before: Vec<u64> = hops.iter().map(count).collect();
            let begun = Instant::now();
            while hops.iter().zip(&before).any(|(hops, before)| count(hops) < before + 8) {
                load.answers(1)?;
                if begun.elapsed() > PATIENCE {
                    return Err("an instance cannot go on".to_owned());
                }
            }
            Ok(())
        };
        all_hop_on()?;
        replicas.roll_out(PRELOADED, &all_hop_on)?;
        // From now on the new key has signed every step. If instances cannot be counted, wait for `task_ttl`.
        replicas.roll_out(SWITCHED, &all_hop_on)?;
        assert_eq!(replicas.hop(&awakes_in_time).0, Answer::Permitted, "the old key still verifies");
        replicas.roll_out(RETIRED, &all_hop_on)
    })
    .unwrap();
    let refused: Vec<_> = sent.iter().filter(|request| request.answer != Answer::Permitted).collect();
    assert!(refused.is_empty(), "{} of {}: {:?}", refused.len(), sent.len(), refused.first());
    for hops in [0, 2] {
        let late = Parcel { hops, ..awakes_late.clone() };
        assert_eq!(replicas.hop(&late).0, Answer::denied("UNKNOWN_KEY"), "the old key is gone");
    }
    let hops: Vec<_> = hops.iter().map(|hops| hops.load(Ordering::SeqCst)).collect();
    println!("{} requests, none refused; hops of the instances that lived through it: {hops:?}", sent.len());
}
