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
use std::sync::RwLock;

use stepgate_mesh::{Credential, Envoys, Mesh, MeshSpec, Plugin, Request, Response, Vms, Workload};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::live::{Answer, PARCELS, Replicas, no_instance_notices};

const OLD: &str = "old.example";
const NEW: &str = "new.example";
/// As many hops as all pairs of a replica and a caller's name take.
const HOPS: u64 = 24;

/// A revision of the document: its number, its trust domain, and the aliases beside it.
type Revision = (u32, &'static str, &'static [&'static str]);

const BEFORE: &[Revision] = &[(1, OLD, &[])];
const ALIASED: &[Revision] = &[(1, OLD, &[NEW])];
/// New instances begin under the new name, and instances that began before go on.
const RENAMED: &[Revision] = &[(1, OLD, &[NEW]), (2, NEW, &[OLD])];

fn gate(revisions: &[Revision]) -> Plugin {
    let module = stepgate_tests::trials::module().unwrap();
    let secret = Corpus::read().unwrap().environment.get("KEY_FILM").unwrap();
    let document = |(revision, domain, aliases): &Revision| {
        format!(
            r#"
  - workflow: parcels
    revision: {revision}
    trust_domain: {domain}
    trust_domain_aliases: [{}]{PARCELS}    constraints:
      - {{separate: [store, carry]}}
"#,
            aliases.join(", ")
        )
    };
    let documents: String = revisions.iter().map(document).collect();
    Plugin {
        module,
        configuration: format!("keys: [{{workflow: parcels, kid: k, use: sign, env: KEY}}]\nworkflows:{documents}"),
        environment: BTreeMap::from([("KEY".to_owned(), secret)]),
    }
}

/// Replicas of depot and courier: 1 and 2 have certificates of the first name, 3 and 4 of the second.
struct Renamed {
    mesh: Mesh,
    /// By trust domain and actor.
    credentials: BTreeMap<&'static str, BTreeMap<&'static str, Credential>>,
    /// The replicas in service, and the names that callers have; the lock is held for reading while a request is under way.
    in_service: RwLock<(Vec<usize>, Vec<&'static str>)>,
}

impl Renamed {
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
        let credentials =
            |domain| (domain, ["shop", "depot", "courier"].map(|actor| (actor, issue(domain, actor))).into());
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
}

impl Replicas for Renamed {
    fn send(&self, from: &str, to: &str, request: &Request, hops: usize) -> Result<Response, String> {
        let in_service = self.in_service.read().unwrap();
        let (replicas, names) = &*in_service;
        // Each name of a caller meets each replica.
        let (replica, name) = (replicas[hops / 2 % replicas.len()], names[hops / 3 % names.len()]);
        let who = &self.credentials[name][from];
        self.mesh.call_directly(Some(who), &format!("{to}-{replica}"), request).map_err(|error| error.to_string())
    }
}

#[test]
fn a_trust_domain_is_renamed_and_no_instance_notices() {
    let replicas = Renamed::start([OLD, NEW], BEFORE);
    // Without the alias, the new name is a stranger's.
    replicas.serve(&[1, 2], &[NEW]);
    assert_eq!(replicas.begin(0).0, Answer::denied("BAD_PEER"));
    replicas.serve(&[1, 2], &[OLD]);
    no_instance_notices(&replicas, HOPS, |all_hop_on| {
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
    })
    .unwrap();
}

#[test]
fn a_trust_domain_is_renamed_back_and_no_instance_notices() {
    let replicas = Renamed::start([NEW, OLD], ALIASED);
    no_instance_notices(&replicas, HOPS, |all_hop_on| {
        replicas.serve(&[1, 2, 3, 4], &[NEW]);
        all_hop_on()?;
        replicas.serve(&[1, 2, 3, 4], &[NEW, OLD]);
        all_hop_on()?;
        replicas.serve(&[3, 4], &[OLD]);
        all_hop_on()?;
        // Tokens may still name holders and issuers by the new name until all have gone on.
        replicas.roll_out(BEFORE, all_hop_on)
    })
    .unwrap();
    replicas.serve(&[3, 4], &[NEW]);
    assert_eq!(replicas.begin(0).0, Answer::denied("BAD_PEER"));
}
