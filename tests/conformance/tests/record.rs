//! The record of consumed transitions, in a real Envoy of four workers: under load, full, shared, and corrupted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use stepgate_decision::replay_record::{BUCKET_ENTRIES, BUCKETS};
use stepgate_decision::token::UnverifiedToken;
use stepgate_mesh::{Credential, Delivery, Envoys, Mesh, MeshSpec, Plugin, Request, Vms, Workload};
use stepgate_tests::bench::process::memory;
use stepgate_tests::corpus::Corpus;
use stepgate_tests::environment::Environment;
use stepgate_tests::live::{Answer, Mint, neighbour, now};

const WORKERS: u32 = 4;
const CALLERS: usize = 16;
const SHOP: &str = "spiffe://cluster.local/ns/record/sa/shop";
const DEPOT: &str = "spiffe://cluster.local/ns/record/sa/depot";

/// Two workflows of one owner. `pack` is accepted once, `label` three times.
const OWN: &str = r#"
keys:
  - {workflow: orders, kid: now, use: sign, env: KEY_FILM}
  - {workflow: returns, kid: now, use: sign, env: KEY_SHOP}
workflows:
  - workflow: orders
    revision: 1
    trust_domain: cluster.local
    actors: {shop: {spiffe: [ns/record/sa/shop]}, depot: {spiffe: [ns/record/sa/depot]}}
    tasks:
      order: {actor: shop, initial: true}
      pack: {actor: depot, requests: [{methods: [POST], path: /pack}]}
      label: {actor: depot, requests: [{methods: [POST], path: /label}]}
    transitions:
      - {from: order, to: pack}
      - {from: order, to: label, uses: 3}
  - workflow: returns
    revision: 1
    trust_domain: cluster.local
    actors: {shop: {spiffe: [ns/record/sa/shop]}, depot: {spiffe: [ns/record/sa/depot]}}
    tasks:
      complain: {actor: shop, initial: true}
      take: {actor: depot, requests: [{methods: [POST], path: /take}]}
    transitions:
      - {from: complain, to: take}
"#;

/// Another owner's workflow, which happens to have the same name, actors, tasks and transitions.
const OTHER: &str = r#"
keys: [{workflow: orders, kid: now, use: sign, env: KEY_LOAN}]
workflows:
  - workflow: orders
    revision: 1
    trust_domain: cluster.local
    deadline: 2h
    actors: {shop: {spiffe: [ns/record/sa/shop]}, depot: {spiffe: [ns/record/sa/depot]}}
    tasks:
      order: {actor: shop, initial: true}
      pack: {actor: depot, requests: [{methods: [POST], path: /pack}]}
    transitions:
      - {from: order, to: pack}
"#;

fn environment() -> Environment {
    Corpus::read().unwrap().environment
}

fn module() -> PathBuf {
    stepgate_tests::trials::module().unwrap()
}

fn gate(configuration: &str) -> Plugin {
    Plugin { module: module(), configuration: configuration.into(), environment: environment().0 }
}

/// One Envoy with these filters, each at an address of its own, and no `vm_id`.
struct Proxy {
    mesh: Mesh,
    shop: Credential,
}

impl Proxy {
    fn start(plugins: Vec<(&str, Plugin)>) -> Self {
        let workload = |(name, plugin)| {
            let mut workload = Workload::new(name, DEPOT).gated_by(plugin);
            workload.egress = None;
            workload
        };
        let mut spec = MeshSpec::new(plugins.into_iter().map(workload).collect());
        spec.envoys = Envoys::OneForAll;
        spec.delivery = Delivery::Extension;
        spec.vms = Vms::Shared;
        spec.concurrency = WORKERS;
        let mesh = Mesh::start(spec).unwrap_or_else(|error| panic!("{error}"));
        let shop = mesh.authority().issue(&[SHOP]).unwrap();
        Self { mesh, shop }
    }

    fn show(&self, site: &str, path: &str, step: &str) -> Answer {
        self.called(site, path, step).0
    }

    /// The answer, and the name of the arrival (`jti`) whose token the application saw.
    fn called(&self, site: &str, path: &str, step: &str) -> (Answer, Option<String>) {
        let request = Request::new("POST", path).header("x-workflow-step", step);
        let response = self.mesh.call_directly(Some(&self.shop), site, &request).unwrap();
        let seen = response.seen();
        let child = seen
            .as_ref()
            .and_then(|seen| seen.header("x-workflow-step").next())
            .map(|token| UnverifiedToken::parse(token).unwrap().claims().jti.clone());
        (Answer::of(&response, Some(step)), child)
    }

    fn memory(&self) -> f64 {
        memory(self.mesh.process_ids()[0]).unwrap()
    }

    /// The memory on its heap, in MiB: unlike resident memory, without the memory that it keeps for reuse.
    fn heap(&self) -> f64 {
        self.mesh.allocated("depot").unwrap() as f64 / f64::from(1 << 20)
    }

    /// Workers that have had a connection to this site.
    fn busy_workers(&self, site: &str) -> usize {
        let address = self.mesh.addresses(site).unwrap().inbound;
        let of = |worker| format!("listener.{}_{}.worker_{worker}.downstream_cx_total", address.ip(), address.port());
        let stats = self.mesh.stats(site).unwrap();
        (0..WORKERS).filter(|worker| stats.get(&of(*worker)).is_some_and(|count| *count > 0)).count()
    }
}

/// This many callers at once, each with its own number. Returns their results.
fn at_once<T: Send>(callers: usize, call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(callers);
    std::thread::scope(|scope| {
        let one = |n| {
            let (barrier, call) = (&barrier, &call);
            scope.spawn(move || {
                barrier.wait();
                call(n)
            })
        };
        let all: Vec<_> = (0..callers).map(one).collect();
        all.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

fn tally(answers: &[Answer]) -> BTreeMap<String, usize> {
    answers.iter().fold(BTreeMap::new(), |mut tally, answer| {
        *tally.entry(format!("{answer:?}")).or_default() += 1;
        tally
    })
}

#[test]
fn under_parallel_load_a_transition_is_taken_as_often_as_it_may_be() {
    let proxy = Proxy::start(vec![("depot", gate(OWN))]);
    let mint = Mint::new(OWN, environment()).unwrap();
    let step = |instance: &str| mint.step(("orders", 1), "order", "now", instance).unwrap();

    // The same token over many connections.
    for round in 0..100 {
        let step = step(&format!("same-{round}"));
        for (path, uses) in [("/pack", 1), ("/label", 3)] {
            let answers = at_once(CALLERS, |_| proxy.called("depot", path, &step));
            // Each use has a child of its own.
            let children: BTreeSet<&String> = answers.iter().filter_map(|(_, child)| child.as_ref()).collect();
            assert_eq!(children.len(), uses, "round {round}, {path}");
            let answers: Vec<Answer> = answers.iter().map(|(answer, _)| answer.clone()).collect();
            let tally = tally(&answers);
            let wanted =
                [("Permitted".to_owned(), uses), ("Denied(\"ALREADY_TAKEN\")".to_owned(), CALLERS - uses)].into();
            assert_eq!(tally, wanted, "round {round}, {path}");
        }
    }

    // Many tokens whose entries are in one bucket: each is accepted, and none of the entries is lost.
    for (bucket, instances) in crowded(&mint, 12).into_iter().take(40) {
        let steps: Vec<String> = instances.iter().map(|instance| step(instance)).collect();
        let first = at_once(steps.len(), |n| proxy.show("depot", "/pack", &steps[n]));
        assert!(first.iter().all(|answer| *answer == Answer::Permitted), "bucket {bucket}: {first:?}");
        for step in &steps {
            assert_eq!(proxy.show("depot", "/pack", step), Answer::denied("ALREADY_TAKEN"), "bucket {bucket}");
        }
    }
    assert!(proxy.busy_workers("depot") > 1, "all connections were on one worker: nothing ran in parallel");
}

/// Buckets with this many instances each whose `order -> pack` falls there.
fn crowded(mint: &Mint, wanted: usize) -> Vec<(String, Vec<String>)> {
    let mut buckets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for n in 0..40_000 {
        let instance = format!("load-{n}");
        let key = mint.bucket(("orders", 1), "order", "pack", &instance).unwrap();
        buckets.entry(key).or_default().push(instance);
    }
    let crowded = buckets.into_iter().filter(|(_, instances)| instances.len() >= wanted);
    crowded.map(|(key, instances)| (key, instances.into_iter().take(wanted).collect())).collect()
}

/// The most memory of the proxy that the record of one document may use, in MiB; documented in docs/gate.md.
const FULL_RECORD: f64 = 10.0;

#[test]
fn a_full_record_denies_takes_no_more_memory_and_nobody_elses_room() {
    let folder = tempfile::tempdir().unwrap();
    let stranger = |commands: String| Plugin {
        module: neighbour(folder.path()).unwrap(),
        configuration: commands,
        environment: BTreeMap::new(),
    };
    let proxy = Proxy::start(vec![("depot", gate(OWN)), ("neighbour", stranger(String::new()))]);
    let mint = Mint::new(OWN, environment()).unwrap();
    let order = |instance: &str| mint.step(("orders", 1), "order", "now", instance).unwrap();
    let complaint = |instance: &str| mint.step(("returns", 1), "complain", "now", instance).unwrap();
    assert_eq!(proxy.show("depot", "/pack", &order("before")), Answer::Permitted);

    // Every bucket full, of entries that end soon.
    let prefix = format!("stepgate/1/taken/orders/{}/", mint.workflow(("orders", 1)).unwrap().digest.as_str());
    // Memory that Envoy allocates for a first change does not belong to the record.
    proxy.mesh.reconfigure("neighbour", stranger("put stranger 00".into())).unwrap();
    let (before, heap_before) = (proxy.memory(), proxy.heap());
    let end = now().seconds() + 8;
    proxy.mesh.reconfigure("neighbour", stranger(format!("fill {prefix} {BUCKETS} {end}"))).unwrap();
    let (filled, heap_filled) = (proxy.memory(), proxy.heap());
    let (memory, heap) = (filled - before, heap_filled - heap_before);
    println!("{} entries: {memory:.1} MiB, {heap:.1} MiB of heap", usize::from(BUCKETS) * BUCKET_ENTRIES);
    assert!(memory < FULL_RECORD && (7.0..FULL_RECORD).contains(&heap), "{memory:.1} MiB, {heap:.1} MiB of heap");

    // A flood in one workflow takes no room from the other, and needs no more memory.
    let denied = AtomicUsize::new(0);
    at_once(4, |caller| {
        for n in 0.. {
            let instance = format!("flood-{caller}-{n}");
            let answer = proxy.show("depot", "/pack", &order(&instance));
            if now().seconds() >= end {
                break;
            }
            assert_eq!(answer, Answer::denied("CAPACITY"), "{instance}");
            denied.fetch_add(1, Ordering::Relaxed);
            if n % 4 == 0 {
                assert_eq!(proxy.show("depot", "/take", &complaint(&instance)), Answer::Permitted, "{instance}");
            }
        }
    });
    let denied = denied.into_inner();
    let (memory, heap) = (proxy.memory() - filled, proxy.heap() - heap_filled);
    println!("{denied} denied: {memory:.1} MiB, {heap:.1} MiB of heap more");
    assert!(denied > 100, "{denied}");
    assert!(memory < 4.0 && heap < 2.0, "the flood took {memory:.1} MiB, {heap:.1} MiB of heap");

    // Expired entries make room.
    for n in 0..50 {
        assert_eq!(proxy.show("depot", "/pack", &order(&format!("after-{n}"))), Answer::Permitted);
    }
}

/// Shared data is one namespace: values that another plugin wrote lead to denials, but not to traps or other harm.
#[test]
fn a_spoilt_record_denies_and_the_gate_lives() {
    let folder = tempfile::tempdir().unwrap();
    let stranger = |commands: String| Plugin {
        module: neighbour(folder.path()).unwrap(),
        configuration: commands,
        environment: BTreeMap::new(),
    };
    // Before any gate has a name of its own.
    let first = stranger("put stepgate/1/replica fffe00\n".into());
    let proxy = Proxy::start(vec![("depot", gate(OWN)), ("neighbour", first)]);
    let mint = Mint::new(OWN, environment()).unwrap();
    let key = |instance: &str| mint.bucket(("orders", 1), "order", "pack", instance).unwrap();
    let internal = Answer::denied("INTERNAL");
    let spoilt = [
        ("odd", "00".repeat(27), internal.clone()),
        ("one-byte", "ff".into(), internal.clone()),
        ("too-many", "00".repeat(28 * 65), internal.clone()),
        ("a-mebibyte", "ab".repeat(1 << 20), internal.clone()),
        ("nothing", String::new(), internal.clone()),
        // A value that a gate could have written is believed.
        ("ended", "00".repeat(28 * 64), Answer::Permitted),
        ("endless", "ff".repeat(28 * 64), Answer::denied("CAPACITY")),
    ];
    let puts: String = spoilt.iter().map(|(name, hex, _)| format!("put {} {hex}\n", key(name))).collect();
    proxy.mesh.reconfigure("neighbour", stranger(puts)).unwrap();
    let untouched = |instance: &String| spoilt.iter().all(|(name, ..)| key(name) != key(instance));
    let whole: Vec<String> = (0..).map(|n| format!("whole-{n}")).filter(untouched).take(20).collect();
    for (round, whole) in whole.iter().enumerate() {
        for (name, _, wanted) in &spoilt {
            let wanted =
                if round > 0 && *wanted == Answer::Permitted { &Answer::denied("ALREADY_TAKEN") } else { wanted };
            let step = mint.step(("orders", 1), "order", "now", name).unwrap();
            assert_eq!(proxy.show("depot", "/pack", &step), *wanted, "{name}, round {round}");
        }
        let step = mint.step(("orders", 1), "order", "now", whole).unwrap();
        assert_eq!(proxy.show("depot", "/pack", &step), Answer::Permitted);
    }
    let log = proxy.mesh.log("depot").unwrap();
    assert!(log.contains("this proxy has no replica name"), "the gate accepted an invalid replica name");
    assert!(!log.contains("panic") && !log.contains("Function: proxy_on"), "{log}");
}

/// Two gates in one proxy, as two WasmPlugins of one workload in Istio.
#[test]
fn two_gates_share_the_record_of_one_document_and_of_no_other() {
    // With another configuration, so that it is another plugin; with the same document, on another port.
    let branch = format!("log: {{denials_per_second: 7}}\n{OWN}");
    let proxy = Proxy::start(vec![("depot", gate(OWN)), ("branch", gate(&branch)), ("other", gate(OTHER))]);
    let own = Mint::new(OWN, environment()).unwrap();
    let other = Mint::new(OTHER, environment()).unwrap();
    let taken = Answer::denied("ALREADY_TAKEN");
    for round in 0..20 {
        // The same names throughout: instance, arrival, transition.
        let instance = format!("i-{round}");
        let step = own.step(("orders", 1), "order", "now", &instance).unwrap();
        let others = other.step(("orders", 1), "order", "now", &instance).unwrap();
        assert_eq!(proxy.show("other", "/pack", &others), Answer::Permitted);
        let (first, second) = if round % 2 == 0 { ("depot", "branch") } else { ("branch", "depot") };
        assert_eq!(
            proxy.show(first, "/pack", &step),
            Answer::Permitted,
            "another owner's gate has consumed this owner's transition"
        );
        assert_eq!(proxy.show(second, "/pack", &step), taken, "a replay on the other port");
        assert_eq!(proxy.show("other", "/pack", &others), taken);
        assert_eq!(proxy.show("depot", "/pack", &others), Answer::denied("BAD_SIGNATURE"));
        assert_eq!(proxy.show("other", "/pack", &step), Answer::denied("BAD_SIGNATURE"));
    }
    // On both ports at once, too.
    for round in 0..50 {
        let step = own.step(("orders", 1), "order", "now", &format!("both-{round}")).unwrap();
        let answers = at_once(CALLERS, |n| proxy.show(["depot", "branch"][n % 2], "/pack", &step));
        assert_eq!(answers.iter().filter(|answer| **answer == Answer::Permitted).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| **answer == taken).count(), CALLERS - 1, "{answers:?}");
    }
}

/// Plugins of one module without a `vm_id` share a VM, and before Envoy had the environment in the VM's key they shared
/// the environment of the first (docs/operate.md). In both cases no gate accepts tokens signed by another owner's key.
#[test]
fn a_gate_whose_keys_are_in_another_environment_takes_nothing_of_the_others() {
    let corpus = environment();
    let with = |configuration: &str, names: &[&str]| {
        let environment = names.iter().map(|name| ((*name).to_owned(), corpus.get(name).unwrap())).collect();
        Plugin { environment, ..gate(configuration) }
    };
    let proxy =
        Proxy::start(vec![("depot", with(OWN, &["KEY_FILM", "KEY_SHOP"])), ("other", with(OTHER, &["KEY_LOAN"]))]);
    let own = Mint::new(OWN, environment()).unwrap();
    let other = Mint::new(OTHER, environment()).unwrap();
    let forger = Mint::new(&OTHER.replace("KEY_LOAN", "KEY_FILM"), environment()).unwrap();
    let step = |mint: &Mint, instance| mint.step(("orders", 1), "order", "now", instance).unwrap();
    assert_eq!(proxy.show("depot", "/pack", &step(&own, "own")), Answer::Permitted);
    match proxy.show("other", "/pack", &step(&other, "others")) {
        Answer::Permitted => {
            assert_eq!(proxy.show("other", "/pack", &step(&forger, "forged")), Answer::denied("BAD_SIGNATURE"));
        }
        // It has no key at all.
        answer @ (Answer::Passed | Answer::Denied(_) | Answer::Odd(_)) => {
            println!("this Envoy gives the second gate the environment of the first");
            assert_eq!(answer, Answer::denied("UNKNOWN_KEY"));
            assert_eq!(proxy.show("other", "/pack", &step(&forger, "forged")), Answer::denied("UNKNOWN_KEY"));
            let start = Request::new("POST", "/pack");
            let start = proxy.mesh.call_directly(Some(&proxy.shop), "other", &start).unwrap();
            assert_eq!(Answer::of(&start, None), Answer::denied("NO_CONFIG"));
        }
    }
}
