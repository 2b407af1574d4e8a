//! A trust domain is renamed while instances are on their way, and back again: gates and callers with certificates of both
//! names call each other, and none of them notices.
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
use stepgate_tests::live::{Answer, Load, under_load};

const OLD: &str = "old.example";
const NEW: &str = "new.example";
const CALLERS: usize = 3;
/// The longest time for a few hops of the instances.
const PATIENCE: Duration = Duration::from_secs(30);

/// A revision of the document: its number, its trust domain, and the aliases beside it.
type Revision = (u32, &'static str, &'static [&'static str]);

const BEFORE: &[Revision] = &[(1, OLD, &[])];
const ALIASED: &[Revision] = &[(1, OLD, &[NEW])];
/// New instances begin under the new name, and instances that began before go on.
const RENAMED: &[Revision] = &[(1, OLD, &[NEW]), (2, NEW, &[OLD])];

fn gate(revisions: &[Revision]) -> Plugin {
    let module = std::env::var_os("STEPGATE_MODULE").expect("STEPGATE_MODULE names the filter: run `make test`");
    let secret = Corpus::read().unwrap().environment.get("KEY_FILM").unwrap();
    let document = |(revision, domain, aliases): &Revision| {
        format!(
            r#"
  - workflow: parcels
    revision: {revision}
    trust_domain: {domain}
    trust_domain_aliases: [{}]
    actors:
      shop: {{spiffe: [ns/live/sa/shop]}}
      depot: {{spiffe: [ns/live/sa/depot]}}
      courier: {{spiffe: [ns/live/sa/courier]}}
    tasks:
      order: {{actor: shop, initial: true}}
      store: {{actor: depot, requests: [{{methods: [POST], path: /store}}], max_visits: 65536}}
      carry: {{actor: courier, requests: [{{methods: [POST], path: /carry}}], max_visits: 65536}}
    transitions:
      - {{from: order, to: store}}
      - {{from: store, to: carry}}
      - {{from: carry, to: store}}
    constraints:
      - {{separate: [store, carry]}}
"#,
            aliases.join(", ")
        )
    };
    let documents: String = revisions.iter().map(document).collect();
    Plugin {
        module: PathBuf::from(module),
        configuration: format!("keys: [{{workflow: parcels, kid: k, use: sign, env: KEY}}]\nworkflows:{documents}"),
        environment: BTreeMap::from([("KEY".to_owned(), secret)]),
    }
}

/// An instance, represented by the step that its last performer's application got.
#[derive(Debug, Clone)]
struct Parcel {
    step: String,
    at_the_depot: bool,
    hops: usize,
}

/// Replicas of depot and courier: 1 and 2 have certificates of the first name, 3 and 4 of the second.
struct Replicas {
    mesh: Mesh,
    /// By trust domain: shop, depot, courier.
    credentials: BTreeMap<&'static str, [Credential; 3]>,
    /// The replicas in service, and the names that callers have; the lock is held for reading while a request is under way.
    in_service: RwLock<(Vec<usize>, Vec<&'static str>)>,
}

impl Replicas {
    fn start(names: [&'static str; 2], revisions: &[Revision]) -> Self {
        let id = |domain, actor| format!("spiffe://{domain}/ns/live/sa/{actor}");
        let workload = |replica: usize, actor| {
            let identity = id(names[(replica - 1) / 2], actor);
            let mut workload = Workload::new(format!("{actor}-{replica}"), identity).gated_by(gate(revisions));
            workload.egress = None;
            workload
        };
        let both = |replica| [workload(replica, "depot"), workload(replica, "courier")];
        let mut spec = MeshSpec::new((1..=4).flat_map(both).collect());
        spec.envoys = Envoys::AtMost(4);
        spec.vms = Vms::Shared;
        let mesh = Mesh::start(spec).unwrap_or_else(|error| panic!("{error}"));
        let issue = |domain, actor| mesh.authority().issue(&[id(domain, actor).as_str()]).unwrap();
        let credentials = |domain| (domain, ["shop", "depot", "courier"].map(|actor| issue(domain, actor)));
        let credentials = names.map(credentials).into();
        Self { mesh, credentials, in_service: RwLock::new((vec![1, 2], vec![names[0]])) }
    }

    /// Restarts one replica after the other, out of service.
    fn roll_out(&self, revisions: &[Revision], all_hop_on: &dyn Fn() -> Result<(), String>) -> Result<(), String> {
        for replica in 1..=4 {
            let was = self.in_service.read().unwrap().0.clone();
            self.in_service.write().unwrap().0.retain(|other| *other != replica);
            let (depot, courier) = (format!("depot-{replica}"), format!("courier-{replica}"));
            let filters = [(depot.as_str(), gate(revisions)), (courier.as_str(), gate(revisions))];
            self.mesh.restart(&filters).map_err(|error| error.to_string())?;
            if was.contains(&replica) {
                self.in_service.write().unwrap().0 = was;
                all_hop_on()?;
            }
        }
        Ok(())
    }

    fn serve(&self, replicas: &[usize], names: &[&'static str]) {
        *self.in_service.write().unwrap() = (replicas.to_vec(), names.to_vec());
    }

    fn begin(&self, hops: usize) -> (Answer, Option<Parcel>) {
        self.send(0, "depot", "/store", None, hops)
    }

    fn hop(&self, parcel: &Parcel) -> (Answer, Option<Parcel>) {
        if parcel.at_the_depot {
            self.send(1, "courier", "/carry", Some(&parcel.step), parcel.hops)
        } else {
            self.send(2, "depot", "/store", Some(&parcel.step), parcel.hops)
        }
    }

    fn send(&self, who: usize, to: &str, path: &str, step: Option<&str>, hops: usize) -> (Answer, Option<Parcel>) {
        let mut request = Request::new("POST", path);
        if let Some(step) = step {
            request = request.header("x-workflow-step", step);
        }
        let in_service = self.in_service.read().unwrap();
        let (replicas, names) = &*in_service;
        // Each name of a caller meets each replica.
        let (replica, name) = (replicas[hops / 2 % replicas.len()], names[hops / 3 % names.len()]);
        let who = &self.credentials[name][who];
        let response = match self.mesh.call_directly(Some(who), &format!("{to}-{replica}"), &request) {
            Ok(response) => response,
            Err(error) => return (Answer::Odd(error.to_string()), None),
        };
        drop(in_service);
        let answer = Answer::of(&response, step);
        let step = response.seen().and_then(|seen| seen.header("x-workflow-step").next().map(str::to_owned));
        (answer, step.map(|step| Parcel { step, at_the_depot: to == "depot", hops: hops + 1 }))
    }
}

type Work<'w> = dyn Fn(&Replicas, &dyn Fn() -> Result<(), String>) -> Result<(), String> + 'w;

/// Does the work under load. Each caller has an instance that lives through all of it; nothing is denied.
fn migrate(replicas: &Replicas, work: &Work<'_>) {
    let begin = || {
        let (answer, parcel) = replicas.begin(0);
        parcel.unwrap_or_else(|| panic!("{answer:?}"))
    };
    let parcels: Vec<Mutex<Parcel>> = (0..CALLERS).map(|_| Mutex::new(begin())).collect();
    let hops: Vec<AtomicU64> = (0..CALLERS).map(|_| AtomicU64::new(0)).collect();
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
    let sent = under_load(CALLERS, 2, send, |load: &Load| {
        let all_hop_on = || {
            let count = |hops: &AtomicU64| hops.load(Ordering::SeqCst);
            let before: Vec<u64> = hops.iter().map(count).collect();
            let begun = Instant::now();
            // As many as all pairs of a replica and a caller's name take.
            while hops.iter().zip(&before).any(|(hops, before)| count(hops) < before + 24) {
                load.answers(1)?;
                if begun.elapsed() > PATIENCE {
                    return Err("an instance cannot go on".to_owned());
                }
            }
            Ok(())
        };
        all_hop_on()?;
        work(replicas, &all_hop_on)
    })
    .unwrap();
    let refused: Vec<_> = sent.iter().filter(|request| request.answer != Answer::Permitted).collect();
    assert!(refused.is_empty(), "{} of {}: {:?}", refused.len(), sent.len(), refused.first());
    let hops: Vec<_> = hops.iter().map(|hops| hops.load(Ordering::SeqCst)).collect();
    println!("{} requests, none refused; hops of the instances that lived through it: {hops:?}", sent.len());
}

#[test]
fn a_trust_domain_is_renamed_and_no_instance_notices() {
    let replicas = Replicas::start([OLD, NEW], BEFORE);
    // Without the alias, the new name is a stranger's.
    replicas.serve(&[1, 2], &[NEW]);
    assert_eq!(replicas.begin(0).0, Answer::denied("BAD_PEER"));
    replicas.serve(&[1, 2], &[OLD]);
    migrate(&replicas, &|replicas, all_hop_on| {
        replicas.roll_out(ALIASED, all_hop_on)?;
        replicas.serve(&[1, 2], &[OLD, NEW]);
        all_hop_on()?;
        replicas.serve(&[1, 2, 3, 4], &[OLD, NEW]);
        all_hop_on()?;
        replicas.serve(&[3, 4], &[OLD, NEW]);
        all_hop_on()?;
        replicas.serve(&[3, 4], &[NEW]);
        all_hop_on()?;
        replicas.roll_out(RENAMED, all_hop_on)
    });
}

#[test]
fn a_trust_domain_is_renamed_back_and_no_instance_notices() {
    let replicas = Replicas::start([NEW, OLD], ALIASED);
    migrate(&replicas, &|replicas, all_hop_on| {
        replicas.serve(&[1, 2, 3, 4], &[NEW]);
        all_hop_on()?;
        replicas.serve(&[1, 2, 3, 4], &[NEW, OLD]);
        all_hop_on()?;
        replicas.serve(&[3, 4], &[OLD]);
        all_hop_on()?;
        // Tokens may still name holders and issuers by the new name until all have gone on.
        replicas.roll_out(BEFORE, all_hop_on)
    });
    replicas.serve(&[3, 4], &[NEW]);
    assert_eq!(replicas.begin(0).0, Answer::denied("BAD_PEER"));
}
