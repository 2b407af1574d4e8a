//! All attempts of `stepgate lab`, through seven sidecars.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use stepgate_cluster_tests::{Credential, Error, Pod, Response, Result, Workload, until};
use stepgate_lab::{Call, Caller, Deployed, EXEMPT_PATH, ExistingMesh, Findings, Reply, put_to};

use crate::fixture::{ACTORS, Fixture};
use crate::requests::SOON;

/// Kinds of attempts that the movie cannot have, and what a workflow needs for them.
const NONE_HERE: &[(&str, &str)] = &[
    ("a claim to another's step", "the level `identity`"),
    ("a false claim to a step of one's own", "the level `identity`"),
    ("a token for a plain step", "the level `identity`"),
    ("a public key as a shared secret", "keys in pairs"),
    ("an arrival for a receipt", "a transition with `via`"),
    ("another host", "a task with `host`"),
    ("another port", "a task with `port`"),
    ("a token that forgets its own task", "a cycle or a constraint"),
    ("another workload for one duty", "a constraint `bind`"),
    ("the same workload for two duties", "a constraint `separate`"),
    ("its history changed", "a constraint"),
    ("one visit too many", "a cycle"),
    ("the last visit", "a cycle"),
    ("replayed at another replica", "an actor with several workloads"),
    ("replayed at another replica twice", "an actor with several workloads"),
    ("stolen by the same actor's other workload", "an actor with several SPIFFE IDs"),
    ("without what a guard asks for", "a guard on a gRPC call"),
    ("a header of the task in another spelling", "a task with `headers`"),
    ("a header of the task twice", "a task with `headers`"),
    ("another value in a header", "a task with `headers`"),
    ("without a header of the task", "a task with `headers`"),
    ("a header that must be absent", "a task with a header that is `absent`"),
    ("a parameter of the guard in another spelling", "a guard on the query"),
    ("a parameter of the guard twice", "a guard on the query"),
    ("an encoded colon", "a path with a colon"),
    ("too early", "a transition with `after`"),
    ("too late", "a transition with `within`"),
];

/// Kinds that are refused before a gate sees them, here always by TLS: mTLS is strict in this mesh.
const BEFORE_THE_GATE: &[(&str, &str)] = &[
    ("stolen from another trust domain", "a certificate for a foreign domain"),
    ("stolen by somebody without mTLS", "no certificate"),
    ("begun by somebody without mTLS", "no certificate"),
];

/// Kinds whose path a sidecar normalizes before a gate sees it (`pathNormalization`, by default `BASE`): then it is the
/// permitted request, and the application sees the path that its gate has checked.
const REWRITTEN: [&str; 4] = ["a dot segment", "a way round", "a way round, encoded", "an encoded letter"];

pub(crate) fn all_of_it(fixture: &mut Fixture) -> Result<()> {
    // The lab also tries to smuggle steps in with exempt requests, so a path must be exempt.
    let exempt = format!("    exempt:\n    - methods: [GET]\n      path: {EXEMPT_PATH}\n    interlock:");
    fixture.apply_changed("    interlock:", &exempt)?;
    let gates = deployed(fixture)?;
    let stranger = fixture.cluster.pod(Pod::named("burglar").namespace("movie").without_sidecar())?;
    let mesh = Mesh { fixture, stranger: &stranger, certificates: Mutex::default() };
    let found = put_to(&mesh, &gates, 1).map_err(Error::new)?;
    fixture.apply_original()?;
    fixture.cluster.remove(stranger)?;
    for line in found.table().lines() {
        println!("        {line}");
    }
    check(&found);
    Ok(())
}

fn check(found: &Findings) {
    assert_eq!(found.wrong, [""; 0]);
    // All attempts, and the hops of whole instances.
    assert_eq!((found.tried(), found.hops), (found.planned, 9));
    assert_eq!(found.planned, 5084, "what SECURITY.md says");
    let of = |is: fn(&stepgate_lab::Tried) -> bool| -> BTreeSet<&str> {
        found.kinds.iter().filter(|kind| is(kind)).map(|kind| kind.name).collect()
    };
    let names = |pairs: &[(&'static str, &str)]| pairs.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>();
    assert_eq!(of(|kind| kind.tried == 0), names(NONE_HERE), "kinds of which none was tried");
    assert_eq!(of(|kind| kind.before_the_gate > 0), names(BEFORE_THE_GATE), "kinds that no gate has seen");
    // All attempts of a kind, or none.
    assert!(found.kinds.iter().all(|kind| [0, kind.tried].contains(&kind.before_the_gate)));
    assert_eq!(of(|kind| kind.rewritten > 0), REWRITTEN.into(), "kinds written anew on the way");
}

/// The configuration of each actor's gate, as its own Envoy shows it, and the variables of its Secret.
fn deployed(fixture: &Fixture) -> Result<BTreeMap<String, Deployed>> {
    let of = |name: &str| {
        let configuration = until(SOON, "the exemption to arrive", || {
            let configuration = plugin_config(&fixture.pod(name).envoy_admin("config_dump?resource=ecds_filters")?)?;
            Ok(configuration.contains(EXEMPT_PATH).then_some(configuration))
        })?;
        let environment = fixture.cluster.secret("movie", &format!("stepgate-{name}"))?.into_iter().collect();
        Ok((name.to_owned(), Deployed { configuration, environment }))
    };
    ACTORS.into_iter().map(of).collect()
}

/// The configuration of the only plugin.
fn plugin_config(dump: &str) -> Result<String> {
    let dump: Value = serde_json::from_str(dump)?;
    let configuration = dump.pointer("/configs/0/ecds_filter/typed_config/config/configuration/value");
    configuration.and_then(Value::as_str).map(str::to_owned).ok_or_else(|| Error::new("no plugin in the dump"))
}

/// Actors call through their sidecars; all other callers from a pod without one.
struct Mesh<'a> {
    fixture: &'a Fixture,
    stranger: &'a Workload,
    /// Issued by the mesh's own authority.
    certificates: Mutex<BTreeMap<String, Credential>>,
}

impl ExistingMesh for Mesh<'_> {
    fn call(&self, call: &Call<'_>) -> std::result::Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
        let answer = match call.from {
            Caller::Workload(from) => self.through_a_sidecar(from, call).map(Some),
            Caller::Certificate(id) => self.certificate(id).and_then(|own| self.straight(Some(&own), call)),
            Caller::Anonymous => self.straight(None, call),
        };
        match answer {
            Ok(Some(response)) => Ok(Reply::Answered(response)),
            Ok(None) => Ok(Reply::Refused),
            Err(error) => Err(format!("{:?} to {}: {error}", call.from, call.to).into()),
        }
    }
}

impl Mesh<'_> {
    fn through_a_sidecar(&self, from: &str, call: &Call<'_>) -> Result<Response> {
        self.fixture.pod(from).call(&self.fixture.cluster, call.to, &call.request)
    }

    fn straight(&self, credential: Option<&Credential>, call: &Call<'_>) -> Result<Option<Response>> {
        let to: SocketAddr = self.fixture.pod(call.to).address();
        self.stranger.call_over_tls(&self.fixture.cluster, to, credential, &call.request)
    }

    fn certificate(&self, id: &str) -> Result<Credential> {
        let mut known = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(credential) = known.get(id) {
            return Ok(credential.clone());
        }
        let (certificate, key) = self.fixture.cluster.authority().issue(id)?;
        let credential = Credential::from_pem(&certificate, &key)?;
        known.insert(id.to_owned(), credential.clone());
        Ok(credential)
    }
}
