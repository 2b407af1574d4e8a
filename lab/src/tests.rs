//! The lab without Envoys: its two readers against each other, and against gates that are broken.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use stepgate_config::workflow::Assurance;
use stepgate_decision::keys::Algorithm;

use super::LabError;
use super::attempt::{Answer, Attempt};
use super::expectation::Expected;
use super::oracle::Oracle;
use super::plan::{Case, MAX_TRIED, Plan};
use super::report::labels;
use super::setting::{EXEMPT_PATH, Setting};
use super::trial::{Trial, play};
use super::wire::Gates;

/// A document with what the examples lack.
const ODD: &str = include_str!("odd.yaml");

fn documents() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let yaml = files.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    let mut documents: Vec<_> = yaml
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    documents.push(("odd".into(), ODD.as_bytes().to_vec()));
    documents.sort();
    documents
}

fn setting(document: &[u8], replicas: usize, algorithm: Algorithm) -> Setting {
    Setting::of(document, replicas, algorithm).unwrap_or_else(|error| panic!("{error:?}"))
}

/// Gates that answer as the decision does, run natively.
struct Native<'a>(Oracle<'a>);

impl Gates for Native<'_> {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        let code = self.0.code(attempt);
        let reached = code.is_none();
        let exempt = attempt.path == EXEMPT_PATH;
        let step = (reached && !exempt).then(|| "minted".to_owned());
        Ok(Answer { status: if reached { 200 } else { 403 }, code, step, reached, ..Answer::default() })
    }
}

/// Gates that let everything through with what step it has: no filter at all.
struct Open;

impl Gates for Open {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        let shown = attempt.lines().into_iter().find(|(name, _)| name.replace('_', "-") == super::setting::HEADER);
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

fn trials(setting: &Setting, gates: &dyn Gates, wanted: impl Fn(&Case<'_>) -> bool) -> Vec<Trial> {
    let plan = Plan::of(setting, 1);
    let oracle = Oracle::new(setting);
    let cases = (0..plan.planned()).map(|number| (number, plan.case(number).unwrap()));
    let wanted = cases.filter(|(_, case)| wanted(case));
    wanted.map(|(number, case)| play(setting, &oracle, gates, number, &case).unwrap().unwrap()).collect()
}

fn is_attack(case: &Case<'_>) -> bool {
    matches!(case, Case::Attack(..))
}

fn told(trial: &Trial) -> String {
    let outcomes = trial.outcomes().map(|outcome| {
        let (from, to) = (outcome.attempt.from.name(), &outcome.attempt.to.name);
        let code = outcome.code.as_deref().unwrap_or("permitted");
        format!("{from} -> {to} {} {}: {:?} {code}", outcome.attempt.method, outcome.attempt.path, outcome.expected)
    });
    format!("{} {:?}: {}", trial.label.name, trial.subject, outcomes.collect::<Vec<_>>().join("; "))
}

/// The naive reader and the decision agree on every attempt of every document, and the claims of each attack hold:
/// what a level claims to stop, both refuse.
#[test]
fn the_two_readers_agree() {
    let mut seen = BTreeSet::new();
    for (name, document) in documents() {
        for replicas in [1, 2] {
            let setting = setting(&document, replicas, Algorithm::Hs256);
            let native = Native(Oracle::new(&setting));
            let level = setting.workflow.assurance;
            for trial in trials(&setting, &native, |case| replicas == 1 || is_attack(case)) {
                assert!(trial.right(), "{name}: {}", told(&trial));
                // A guard that is false now stops even what comes first.
                let refused = match trial.last.expected {
                    // An exempt request goes on, and its step does not.
                    Expected::Deny | Expected::Exempt => true,
                    Expected::Depends(_) => !trial.last.answer.reached,
                    Expected::Permit(_) => false,
                };
                assert!(refused || !trial.label.stopped.at(level), "{name}: {}", told(&trial));
                seen.insert(trial.label.name);
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
        let setting = setting(ODD.as_bytes(), 1, algorithm);
        let native = Native(Oracle::new(&setting));
        let trials = trials(&setting, &native, is_attack);
        assert!(trials.iter().any(|trial| trial.label.name == "a public key as a shared secret"));
        for trial in trials {
            assert!(trial.right(), "{algorithm:?}: {}", told(&trial));
        }
    }
}

/// Each kind of attack is seen where the gate would let it through: nothing that the lab calls right is so of itself.
#[test]
fn a_gate_that_lets_everything_through_is_seen_by_every_attack() {
    let mut missed: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for (_, document) in documents() {
        let level = setting(&document, 1, Algorithm::Hs256).workflow.assurance;
        let grid = trials(&setting(&document, 1, Algorithm::Hs256), &Open, |case| !is_attack(case));
        let attacks = trials(&setting(&document, 2, Algorithm::EdDsa), &Open, is_attack);
        for trial in grid.into_iter().chain(attacks) {
            let claimed = trial.label.stopped.at(level);
            let count = missed.entry((trial.label.name, level == Assurance::Signed)).or_default();
            if claimed && trial.right() {
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
        let setting = setting(&document, 1, Algorithm::Hs256);
        for trial in trials(&setting, &Shut, is_attack) {
            assert!(!trial.right(), "{name}: {}", told(&trial));
        }
    }
}

/// A record that forgets: only replays tell it from a good one.
#[test]
fn a_gate_without_a_record_is_seen_by_replays_only() {
    struct Forgetful<'a>(Oracle<'a>);
    impl Gates for Forgetful<'_> {
        fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
            let code = self.0.fresh_code(attempt);
            let reached = code.is_none();
            let step = (reached && attempt.path != EXEMPT_PATH).then(|| "minted".to_owned());
            Ok(Answer { status: 200, code, step, reached, ..Answer::default() })
        }
    }
    let setting = setting(ODD.as_bytes(), 2, Algorithm::Hs256);
    let trials = trials(&setting, &Forgetful(Oracle::new(&setting)), is_attack);
    let wrong: BTreeSet<&str> = trials.iter().filter(|trial| !trial.right()).map(|trial| trial.label.name).collect();
    assert_eq!(wrong, BTreeSet::from(["replayed", "replayed at another replica twice"]));
}

/// A document of that many actors in a ring, with that many tasks.
fn ring(actors: usize, tasks: usize) -> Setting {
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
    setting(text.as_bytes(), 1, Algorithm::Hs256)
}

#[test]
fn eight_actors_with_twelve_tasks_are_tried_whole() {
    let setting = ring(8, 12);
    let plan = Plan::of(&setting, 7);
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
    let setting = ring(40, 40);
    let plan = Plan::of(&setting, 42);
    let grid = 40 * 40 * 5 * 201;
    let attacks = plan.planned() - grid;
    let chosen = plan.chosen();
    assert_eq!(chosen.len(), MAX_TRIED);
    assert_eq!(chosen, Plan::of(&setting, 42).chosen());
    assert_ne!(chosen, Plan::of(&setting, 43).chosen());
    // Every attack on every transition, and of the grid a sample.
    assert_eq!(chosen.iter().filter(|number| **number >= grid).count(), attacks);
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
