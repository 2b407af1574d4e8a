//! The lab without Envoys: the reference against the decision, and against gates that are broken.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use stepgate_config::workflow::Assurance;
mod oracle;
mod parts;
mod truth;

use super::attempt::{Answer, Attempt, HEADER};
use super::circumstances::Circumstances;
use super::expected::Expected;
use super::failures::describe;
use super::fixture::Fixture;
use super::plan::{Case, MAX_TRIED, Plan, labels};
use super::runner::{CaseResult, make};
use super::transport::Gates;
use super::{Algorithm, LabError};
use oracle::Oracle;

/// A document with what the examples lack.
const ODD: &str = include_str!("odd.yaml");
/// Workloads that are several actors, and an open segment.
const ROLES: &str = include_str!("roles.yaml");
/// Transitions from several tasks.
const TRIP: &str = include_str!("trip.yaml");
/// Several headers of a task, and several parameters of a guard.
const PARTS: &str = include_str!("parts.yaml");

fn documents() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let yaml = files.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    let mut documents: Vec<_> = yaml
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    documents.push(("odd".into(), ODD.as_bytes().to_vec()));
    documents.push(("roles".into(), ROLES.as_bytes().to_vec()));
    documents.push(("trip".into(), TRIP.as_bytes().to_vec()));
    documents.push(("parts".into(), PARTS.as_bytes().to_vec()));
    documents.sort();
    documents
}

fn fixture(document: &[u8], replicas: usize, algorithm: Algorithm) -> Fixture {
    let mut fixture = Fixture::of(document, replicas, algorithm).unwrap_or_else(|error| panic!("{error:?}"));
    // Some guards ask for it, and no other request is another one with it.
    fixture.circumstances = Circumstances::of(None, Vec::new(), &["page=1".to_owned(), "kind=a".to_owned()]);
    fixture
}

/// Gates that answer as the decision does, run natively.
struct Native(Oracle);

impl Gates for Native {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        is_sent_as_it_is_read(attempt);
        Ok(self.0.answer(attempt))
    }

    fn pass(&self, seconds: u64) -> Result<bool, LabError> {
        self.0.pass(seconds);
        Ok(true)
    }
}

/// What goes out has the lines that the reference reads, each as often, and the host.
fn is_sent_as_it_is_read(attempt: &Attempt) {
    let sent = attempt.request().headers.into_iter();
    let sent: Vec<_> = sent.map(|(name, value)| (name, String::from_utf8(value).unwrap())).collect();
    let host = ("host".to_owned(), attempt.authority().to_owned());
    assert_eq!(sent, [attempt.lines(), vec![host]].concat());
}

/// Gates that let everything through with what step it has: no filter at all.
struct Open;

impl Gates for Open {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        let shown = attempt.lines().into_iter().find(|(name, _)| name.replace('_', "-") == HEADER);
        let step = Some(shown.map_or_else(|| "minted".to_owned(), |(_, value)| value));
        Ok(Answer { status: 200, step, reached: true, ..Answer::default() })
    }
}

/// Gates that refuse everything.
struct Shut;

impl Gates for Shut {
    fn answer(&self, _: &Attempt) -> Result<Answer, LabError> {
        Ok(Answer { status: 403, code: Some("NO_CONFIG".into()), ..Answer::default() })
    }
}

fn results(fixture: &Fixture, gates: &dyn Gates, wanted: impl Fn(&Case<'_>) -> bool) -> Vec<CaseResult> {
    let plan = Plan::of(fixture, 1);
    let cases = (0..plan.planned()).map(|number| (number, plan.case(number).unwrap()));
    let wanted = cases.filter(|(_, case)| wanted(case));
    wanted.map(|(number, case)| make(fixture, gates, number, &case).unwrap().unwrap()).collect()
}

fn is_attack(case: &Case<'_>) -> bool {
    matches!(case, Case::Attack(..))
}

fn told(case: &CaseResult) -> String {
    let outcomes = case.outcomes().map(describe).collect::<Vec<_>>();
    format!("{} {:?}: {}", case.label.name, case.subject, outcomes.join("; "))
}

/// The reference and the decision agree on every attempt of every document, and the claims of each attack hold:
/// what a level claims to stop, both refuse.
#[test]
fn the_two_readers_agree() {
    let mut seen = BTreeSet::new();
    for (name, document) in documents() {
        for replicas in [1, 2] {
            let fixture = fixture(&document, replicas, Algorithm::Hs256);
            let native = Native(Oracle::new(&fixture));
            let level = fixture.workflow.assurance;
            for case in results(&fixture, &native, |case| replicas == 1 || is_attack(case)) {
                assert!(case.right(), "{name}: {}", told(&case));
                // An exempt request goes on, and its step does not.
                let refused = !matches!(case.last.expected, Expected::Permit { .. });
                assert!(refused || !case.label.stopped.at(level), "{name}: {}", told(&case));
                seen.insert(case.label.name);
            }
        }
    }
    // One needs keys of another kind.
    let unseen: Vec<&str> = labels().iter().map(|label| label.name).filter(|name| !seen.contains(name)).collect();
    assert_eq!(unseen, ["a public key as a shared secret"]);
}

#[test]
fn a_key_pair_for_each_actor_changes_no_answer() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let fixture = fixture(ODD.as_bytes(), 1, algorithm);
        let native = Native(Oracle::new(&fixture));
        let results = results(&fixture, &native, is_attack);
        assert!(results.iter().any(|case| case.label.name == "a public key as a shared secret"));
        for case in results {
            assert!(case.right(), "{algorithm:?}: {}", told(&case));
        }
    }
}

/// Each kind of attack is seen where the gate would let it through: nothing that the lab calls right is so of itself.
#[test]
fn a_gate_that_lets_everything_through_is_seen_by_every_attack() {
    let mut missed: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for (_, document) in documents() {
        let level = fixture(&document, 1, Algorithm::Hs256).workflow.assurance;
        let matrix = results(&fixture(&document, 1, Algorithm::Hs256), &Open, |case| !is_attack(case));
        let attacks = results(&fixture(&document, 2, Algorithm::EdDsa), &Open, is_attack);
        for case in matrix.into_iter().chain(attacks) {
            let claimed = case.label.stopped.at(level);
            let count = missed.entry((case.label.name, level == Assurance::Signed)).or_default();
            if claimed && case.right() {
                *count += 1;
            }
        }
    }
    let names: BTreeSet<&str> = missed.keys().map(|(name, _)| *name).collect();
    assert_eq!(names, labels().iter().map(|label| label.name).collect());
    let missed: Vec<_> = missed.into_iter().filter(|(_, count)| *count > 0).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn a_gate_that_refuses_everything_is_seen_too() {
    for (name, document) in documents() {
        let fixture = fixture(&document, 1, Algorithm::Hs256);
        for case in results(&fixture, &Shut, is_attack) {
            assert!(!case.right(), "{name}: {}", told(&case));
        }
    }
}

/// A record that forgets: only replays tell it from a good one.
#[test]
fn a_gate_without_a_record_is_seen_by_replays_only() {
    struct Forgetful(Oracle);
    impl Gates for Forgetful {
        fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
            Ok(self.0.fresh_answer(attempt))
        }
    }
    let fixture = fixture(ODD.as_bytes(), 2, Algorithm::Hs256);
    let results = results(&fixture, &Forgetful(Oracle::new(&fixture)), is_attack);
    let wrong: BTreeSet<&str> = results.iter().filter(|case| !case.right()).map(|case| case.label.name).collect();
    assert_eq!(wrong, BTreeSet::from(["replayed", "replayed at another replica twice"]));
}

/// A document of that many actors in a ring, with that many tasks.
fn ring(actors: usize, tasks: usize) -> Fixture {
    use std::fmt::Write;
    let mut text = String::from(
        "workflow: ring\nrevision: 1\ntrust_domain: ring.example\nassurance: signed\ndeadline: 1h\ntask_ttl: 10m\nactors:\n",
    );
    for n in 0..actors {
        writeln!(text, "  a{n}: {{spiffe: [ns/ring/sa/a{n}]}}").unwrap();
    }
    text.push_str("tasks:\n");
    for n in 0..tasks {
        let initial = if n == 0 { ", initial: true" } else { "" };
        let method = ["POST", "PUT", "DELETE", "PATCH"][n % 4];
        let actor = n.checked_rem(actors).unwrap();
        writeln!(text, "  t{n}: {{actor: a{actor}{initial}, requests: [{{methods: [{method}], path: /t{n}}}]}}")
            .unwrap();
    }
    text.push_str("transitions:\n");
    for n in 1..tasks {
        writeln!(text, "  - {{from: t{}, to: t{n}}}", n.saturating_sub(1)).unwrap();
    }
    fixture(text.as_bytes(), 1, Algorithm::Hs256)
}

#[test]
fn eight_actors_with_twelve_tasks_are_tried_whole() {
    let fixture = ring(8, 12);
    let plan = Plan::of(&fixture, 7);
    // 64 pairs, five methods, no step or one of twelve tasks in five kinds.
    assert!(plan.planned() > 64 * 5 * 61, "{}", plan.planned());
    let chosen = plan.chosen();
    assert_eq!(chosen, (0..plan.planned()).collect::<Vec<_>>());
    let line = plan.coverage(&chosen).line(7);
    assert!(line.starts_with("tried all of ") && !line.contains("seed"), "{line}");
    assert!(plan.case(plan.planned()).is_none());
}

#[test]
fn of_a_large_document_the_seed_picks_and_the_line_says_how_much() {
    let fixture = ring(40, 40);
    let plan = Plan::of(&fixture, 42);
    let matrix = 40 * 40 * 5 * 201;
    let attacks = plan.planned() - matrix;
    let chosen = plan.chosen();
    assert_eq!(chosen.len(), MAX_TRIED);
    assert_eq!(chosen, Plan::of(&fixture, 42).chosen());
    assert_ne!(chosen, Plan::of(&fixture, 43).chosen());
    // Every attack on every transition, and of the matrix a sample.
    assert_eq!(chosen.iter().filter(|number| **number >= matrix).count(), attacks);
    let (mut pairs, mut steps) = (BTreeSet::new(), BTreeSet::new());
    for number in &chosen {
        if let Some(Case::Cell(cell)) = plan.case(*number) {
            pairs.insert((cell.from.name.clone(), cell.to.name.clone()));
            steps.insert((cell.task.map(|task| task.name.to_string()), cell.kind.label().name));
        }
    }
    let coverage = plan.coverage(&chosen);
    assert_eq!((coverage.pairs.tried, coverage.pairs.of), (pairs.len(), 1600));
    assert_eq!((coverage.steps.tried, coverage.steps.of), (steps.len(), 201));
    let line = coverage.line(42);
    assert!(
        line.contains("tried 50,000 of 1,6") && line.contains("(seed 42)") && line.contains("3.1 % of all"),
        "{line}"
    );
    assert!(line.contains("every attack × transition"), "{line}");
}

/// An instance that enters a task once more than it may is seen, whatever each single answer says.
#[test]
fn an_instance_that_goes_on_too_long_is_seen() {
    let loan = documents().into_iter().find(|(name, _)| name == "loan.yaml").unwrap().1;
    let fixture = fixture(&loan, 1, Algorithm::Hs256);
    let walks = super::walk::all(&fixture, &Open).unwrap();
    let (task, count, most) = walks[0].too_often(&fixture.workflow).unwrap();
    assert_eq!((task.as_str(), count, most), ("documents", 4, 3));
}
