//! Changes by an owner to running gates: configurations change under load, keys rotate, revisions come and
//! go, instances, keys and workflows are revoked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use stepgate_mesh::{Credential, Delivery, Mesh, MeshSpec, Plugin, Request, Response, Version, Vms, Workload};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::environment::Environment;
use stepgate_tests::live::{Answer, Mint, Times, under_load};

const SHOP: &str = "spiffe://cluster.local/ns/live/sa/shop";
const CLERK: &str = "spiffe://cluster.local/ns/live/sa/clerk";
const DEPOT: &str = "spiffe://cluster.local/ns/live/sa/depot";

fn environment() -> Environment {
    Corpus::read().unwrap().environment
}

fn gate(configuration: &str) -> Plugin {
    let module = stepgate_tests::trials::module().unwrap();
    Plugin { module, configuration: configuration.into(), environment: environment().0 }
}

/// A gate's configuration: the part before the keys, and the revisions, each with the settings beside its document.
fn configuration(head: &str, revisions: &[(u32, &str)]) -> String {
    let workflow = |(revision, own): &(u32, &str)| {
        format!(
            r#"
  - workflow: parcels
    revision: {revision}
    {own}
    trust_domain: cluster.local
    actors:
      shop: {{spiffe: [ns/live/sa/shop]}}
      clerk: {{spiffe: [ns/live/sa/clerk]}}
      depot: {{spiffe: [ns/live/sa/depot]}}
    tasks:
      order: {{actor: shop, initial: true}}
      pack: {{actor: depot, requests: [{{methods: [POST], path: /pack}}]}}
      audit: {{actor: clerk, requests: [{{methods: [POST], path: /audit}}]}}
      ship: {{actor: depot, requests: [{{methods: [POST], path: /ship}}]}}
    transitions:
      - {{from: order, to: pack}}
      - {{from: pack, to: audit}}
      - {{from: audit, to: ship}}"#
        )
    };
    let workflows: String = revisions.iter().map(workflow).collect();
    format!(
        "{head}\nkeys:\n  - {{workflow: parcels, kid: now, use: sign, env: KEY_FILM}}\n  - {{workflow: parcels, kid: \
         other, use: verify, env: KEY_SHOP}}\nworkflows:{workflows}\n"
    )
}

/// One Envoy with the gate of the depot.
struct Depot {
    mesh: Mesh,
    shop: Credential,
    clerk: Credential,
}

impl Depot {
    fn start(delivery: Delivery, configuration: &str) -> Self {
        let mut workload = Workload::new("depot", DEPOT).gated_by(gate(configuration));
        workload.egress = None;
        let mut spec = MeshSpec::new(vec![workload]);
        spec.delivery = delivery;
        spec.vms = Vms::Shared;
        spec.concurrency = 2;
        let mesh = Mesh::start(spec).unwrap_or_else(|error| panic!("{error}"));
        let issue = |identity| mesh.authority().issue(&[identity]).unwrap();
        Self { shop: issue(SHOP), clerk: issue(CLERK), mesh }
    }

    fn send(&self, who: &Credential, path: &str, step: Option<&str>, version: Version) -> Answer {
        let mut request = Request::new("POST", path).over(version);
        if let Some(step) = step {
            request = request.header("x-workflow-step", step);
        }
        match self.mesh.call_directly(Some(who), "depot", &request) {
            Ok(response) => Answer::of(&response, step),
            Err(error) => Answer::Odd(error.to_string()),
        }
    }

    fn change(&self, configuration: &str) -> Result<(), String> {
        self.mesh.reconfigure("depot", gate(configuration)).map_err(|error| error.to_string())
    }
}

/// The kinds of requests that are sent throughout.
const KINDS: [&str; 8] = [
    "a rightful step",
    "a rightful step of revision 2",
    "a rightful step under the other key",
    "a rightful start",
    "a step under a forged key",
    "a request for another task",
    "another holder's step",
    "a step that was consumed before",
];

/// The configurations that take turns, and the answers of each to each kind.
fn configurations() -> Vec<(&'static str, String, [Answer; 8])> {
    use Answer::{Passed, Permitted};
    let deny = Answer::denied;
    let wrong = || [deny("BAD_SIGNATURE"), deny("WRONG_REQUEST"), deny("WRONG_HOLDER"), deny("ALREADY_TAKEN")];
    let all = |right: [Answer; 4], wrong: [Answer; 4]| {
        let mut all = right.to_vec();
        all.extend(wrong);
        <[Answer; 8]>::try_from(all).unwrap()
    };
    let closed = || [(); 8].map(|()| deny("NO_CONFIG"));
    let one = configuration("mode: enforce", &[(1, "")]);
    let two = configuration("", &[(1, ""), (2, "")]);
    let observing = configuration("mode: observe", &[(1, ""), (2, "")]);
    let revoking = configuration("revoked: {kids: [other]}", &[(1, ""), (2, "")]);
    let unreadable = two.replace("initial: true", "initial: perhaps");
    let permitted = || [Permitted, Permitted, Permitted, Permitted];
    vec![
        ("one revision", one, all([Permitted, deny("REVISION_RETIRED"), Permitted, Permitted], wrong())),
        ("a second revision", two, all(permitted(), wrong())),
        ("only observing", observing, all(permitted(), [Passed, Passed, Passed, Passed])),
        ("a key is revoked", revoking, all([Permitted, Permitted, deny("REVOKED"), Permitted], wrong())),
        ("unreadable", unreadable, closed()),
        ("none at all", String::new(), closed()),
    ]
}

/// Every answer is right for a configuration that may have been in force, and the application
/// sees exactly the requests that are let through.
fn a_change_under_load(delivery: Delivery, rounds: usize) {
    let configurations = configurations();
    let depot = Depot::start(delivery, &configurations[0].1);
    let mint = Mint::new(&configurations[1].1, environment()).unwrap();
    let mut elsewhere = environment();
    elsewhere.0.insert("KEY_FILM".into(), elsewhere.get("KEY_LOAN").unwrap());
    let forger = Mint::new(&configurations[1].1, elsewhere).unwrap();
    let replayed = mint.step(("parcels", 1), "order", "now", "replayed").unwrap();
    assert_eq!(depot.send(&depot.shop, "/pack", Some(&replayed), Version::Http1), Answer::Permitted);

    let send = |caller: usize, kind: usize, number: u64| {
        let version = if caller.is_multiple_of(2) { Version::Http1 } else { Version::Http2 };
        let instance = format!("i-{number}");
        let step = |mint: &Mint, revision, kid| mint.step(("parcels", revision), "order", kid, &instance).unwrap();
        let (who, path, step) = match kind {
            0 => (&depot.shop, "/pack", Some(step(&mint, 1, "now"))),
            1 => (&depot.shop, "/pack", Some(step(&mint, 2, "now"))),
            2 => (&depot.shop, "/pack", Some(step(&mint, 1, "other"))),
            3 => (&depot.shop, "/pack", None),
            4 => (&depot.shop, "/pack", Some(step(&forger, 1, "now"))),
            5 => (&depot.shop, "/ship", Some(step(&mint, 1, "now"))),
            6 => (&depot.clerk, "/pack", Some(step(&mint, 1, "now"))),
            _ => (&depot.shop, "/pack", Some(replayed.clone())),
        };
        depot.send(who, path, step.as_deref(), version)
    };
    let mut times = Times::begin(0);
    let sent = under_load(4, KINDS.len(), send, |load| {
        load.answers(3)?;
        for change in 1..=rounds * configurations.len() {
            let next = change % configurations.len();
            times.change(next, || depot.change(&configurations[next].1))?;
            load.answers(3)?;
        }
        Ok(())
    })
    .unwrap();

    let mut certain: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for request in &sent {
        let possible = times.in_force(request);
        let kind = KINDS[request.kind];
        let names: Vec<_> = possible.iter().map(|which| configurations[*which].0).collect();
        let right = possible.iter().any(|which| configurations[*which].2[request.kind] == request.answer);
        assert!(right, "{kind}, {names:?}: {:?}", request.answer);
        if let [only] = possible.as_slice() {
            *certain.entry((*only, request.kind)).or_default() += 1;
        }
    }
    // Each configuration has certainly decided requests of each kind.
    for (which, (name, ..)) in configurations.iter().enumerate() {
        for (kind, sent) in KINDS.iter().enumerate() {
            let count = certain.get(&(which, kind)).copied().unwrap_or_default();
            assert!(count >= 3 * rounds, "{name}, {sent}: {count}");
        }
    }
    let through = sent.iter().filter(|request| matches!(request.answer, Answer::Permitted | Answer::Passed)).count();
    assert_eq!(depot.mesh.requests_seen("depot").unwrap(), u64::try_from(through).unwrap() + 1);
    let changes = rounds * configurations.len();
    let sure: usize = certain.values().sum();
    println!("{changes} changes, {} requests, {sure} of them under one configuration for certain", sent.len());
}

#[test]
fn a_filter_that_changes_under_load_lets_nothing_wrong_through_and_refuses_nothing_right() {
    a_change_under_load(Delivery::Extension, 4);
}

#[test]
fn a_listener_that_changes_under_load_lets_nothing_wrong_through_and_refuses_nothing_right() {
    a_change_under_load(Delivery::Listener, 1);
}

#[test]
fn revisions_come_and_go_and_what_is_revoked_stops_at_once() {
    let both = configuration("", &[(1, ""), (2, "")]);
    let mint = Mint::new(&both, environment()).unwrap();
    let depot = Depot::start(Delivery::Extension, &configuration("", &[(1, "")]));
    let numbers = std::cell::Cell::new(0);
    // An instance in flight, in its revision: the clerk brings it back to the depot.
    let goes_on = |revision: u32, instance: &str| {
        let step = mint.step(("parcels", revision), "audit", "now", instance).unwrap();
        depot.send(&depot.clerk, "/ship", Some(&step), Version::Http1)
    };
    let some_goes_on = |revision: u32| {
        numbers.set(numbers.get() + 1);
        goes_on(revision, &format!("i-{}", numbers.get()))
    };
    let (permitted, deny) = (Answer::Permitted, Answer::denied);

    assert_eq!(depot.begin(), Ok(1));
    assert_eq!(some_goes_on(2), deny("REVISION_RETIRED"));
    depot.change(&both).unwrap();
    assert_eq!(depot.begin(), Ok(2), "the highest");
    assert_eq!((some_goes_on(1), some_goes_on(2)), (permitted.clone(), permitted.clone()));
    depot.change(&configuration("", &[(1, "open: true"), (2, "")])).unwrap();
    assert_eq!(depot.begin(), Ok(1), "the open one");
    assert_eq!((some_goes_on(1), some_goes_on(2)), (permitted.clone(), permitted.clone()));
    depot.change(&configuration("", &[(1, "open: false"), (2, "open: false")])).unwrap();
    assert_eq!(depot.begin(), Err(deny("NOT_INITIAL")), "both are closed");
    assert_eq!((some_goes_on(1), some_goes_on(2)), (permitted.clone(), permitted.clone()));
    depot.change(&configuration("", &[(2, "")])).unwrap();
    assert_eq!(depot.begin(), Ok(2));
    assert_eq!((some_goes_on(1), some_goes_on(2)), (deny("REVISION_RETIRED"), permitted.clone()));

    // The record belongs to the document: it outlives every change of the configuration.
    assert_eq!(goes_on(2, "once"), permitted);
    depot.change(&configuration("revoked: {instances: [stolen]}", &[(1, ""), (2, "")])).unwrap();
    assert_eq!(goes_on(2, "once"), deny("ALREADY_TAKEN"));
    assert_eq!((goes_on(2, "stolen"), some_goes_on(2)), (deny("REVOKED"), permitted.clone()));
    assert_eq!(depot.begin(), Ok(2));
    depot.change(&configuration("revoked: {workflows: [parcels]}", &[(1, ""), (2, "")])).unwrap();
    assert_eq!((depot.begin(), some_goes_on(1)), (Err(deny("REVOKED")), deny("REVOKED")));
    depot.change(&configuration("revoked: {kids: [now]}", &[(1, ""), (2, "")])).unwrap();
    assert_eq!((depot.begin(), some_goes_on(1)), (Err(deny("NO_CONFIG")), deny("REVOKED")), "no key is left to sign");
    depot.change(&configuration("revoked: {kids: [elsewhere]}", &[(1, ""), (2, "")])).unwrap();
    assert_eq!((depot.begin(), some_goes_on(1)), (Ok(2), permitted.clone()));

    // A gate that observes, with one workflow that enforces.
    depot.change(&configuration("mode: observe", &[(1, ""), (2, "")])).unwrap();
    assert_eq!((goes_on(2, "once"), some_goes_on(1)), (Answer::Passed, permitted.clone()));
    depot.change(&configuration("mode: observe", &[(1, "mode: enforce"), (2, "")])).unwrap();
    assert_eq!((goes_on(2, "once"), some_goes_on(1)), (deny("ALREADY_TAKEN"), permitted));
}

impl Depot {
    /// Begins an instance, and reads its revision from the step that the application saw.
    fn begin(&self) -> Result<u64, Answer> {
        let response = self.mesh.call_directly(Some(&self.shop), "depot", &Request::new("POST", "/pack")).unwrap();
        match Answer::of(&response, None) {
            Answer::Permitted => Ok(claims(&step_of(&response))["wf"]["rev"].as_u64().unwrap()),
            other @ (Answer::Passed | Answer::Denied(_) | Answer::Odd(_)) => Err(other),
        }
    }
}

fn step_of(response: &Response) -> String {
    response.seen().unwrap().header("x-workflow-step").next().unwrap().to_owned()
}

fn claims(token: &str) -> serde_json::Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&Base64UrlSafeNoPadding::decode_to_vec(payload, None).unwrap()).unwrap()
}
