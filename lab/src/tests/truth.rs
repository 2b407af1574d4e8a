//! What the lab says of whole instances: which hops are wrong, what was never reached and why, what was not tried.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Native, fixture, is_attack, results};
use crate::attempt::{Answer, Attempt};
use crate::circumstances::Circumstances;
use crate::fixture::Fixture;
use crate::plan::Plan;
use crate::report::Report;
use crate::runner::CaseResult;
use crate::tests::oracle::Oracle;
use crate::transport::Gates;
use crate::{Algorithm, LabError, json as report_json, walk};

/// Two tasks behind a guard on a header; a branch that a false guard closes before its join; duties that
/// nobody may have.
const SHUT: &str = "
workflow: shut
revision: 1
trust_domain: shut.example
assurance: signed
actors:
  front: {spiffe: [ns/s/sa/front]}
  desk:  {spiffe: [ns/s/sa/desk]}
  pair:  {spiffe: [ns/s/sa/one, ns/s/sa/two]}
tasks:
  begin:  {actor: front, initial: true}
  urgent: {actor: desk, requests: [{methods: [POST], path: /urgent}]}
  after:  {actor: front, requests: [{methods: [POST], path: /after}]}
  left:   {actor: pair, requests: [{methods: [POST], path: /left}]}
  right:  {actor: desk, requests: [{methods: [POST], path: /right}]}
  both:   {actor: desk, requests: [{methods: [POST], path: /both}], join: all}
  end:    {actor: front, requests: [{methods: [POST], path: /end}]}
  middle: {actor: pair, requests: [{methods: [POST], path: /middle}]}
  second: {actor: pair, requests: [{methods: [POST], path: /second}]}
transitions:
  - {from: begin, to: urgent, when: 'request.headers[\"x-urgent\"] == \"1\"'}
  - {from: urgent, to: after}
  - {from: begin, to: left}
  - {from: begin, to: right, when: 'now.getFullYear() == 2031 && now.getHours(\"Europe/Paris\") == 23'}
  - {from: left, to: both}
  - {from: right, to: both}
  - {from: both, to: end}
  - {from: left, to: middle}
  - {from: middle, to: second}
constraints:
  - {separate: [left, middle]}
  - {separate: [middle, second]}
  - {separate: [left, second]}
";

fn shut(headers: &[(&str, &str)]) -> Fixture {
    let mut fixture = fixture(SHUT.as_bytes(), 1, Algorithm::Hs256);
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    fixture.circumstances = Circumstances::of(None, headers, &[]);
    fixture
}

/// The report of whole instances, and of these attempts.
fn report<'a>(fixture: &'a Fixture, gates: &dyn Gates, cases: Vec<CaseResult>) -> Report<'a> {
    let (plan, none) = (Plan::of(fixture, 1), Duration::ZERO);
    let mut coverage = plan.coverage(&(0..plan.planned()).collect::<Vec<_>>());
    for case in &cases {
        case.untried.iter().for_each(|code| coverage.note_untried(code, plan.is_attack(case.number)));
    }
    let walks = walk::all(fixture, gates).unwrap();
    let (name, arguments) = ("it.yaml".to_owned(), vec!["--header".to_owned(), "x-urgent=1".to_owned()]);
    Report { fixture, walks, cases, coverage, seed: 1, name, arguments, ready: none, whole: none }
}

fn as_json(report: &Report<'_>) -> Value {
    serde_json::from_str(&report_json::json(report)).unwrap()
}

/// Gates that answer otherwise where the path is this one.
struct Faulty<F: Fn(Answer) -> Answer + Sync>(Native, &'static str, F);

impl<F: Fn(Answer) -> Answer + Sync> Gates for Faulty<F> {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        let answer = self.0.answer(attempt)?;
        Ok(if attempt.path == self.1 { self.2(answer) } else { answer })
    }

    fn pass(&self, seconds: u64) -> Result<bool, LabError> {
        self.0.pass(seconds)
    }
}

#[test]
fn instances_of_every_document_are_answered_as_the_reference_says() {
    for (name, document) in super::documents() {
        let fixture = fixture(&document, 1, Algorithm::Hs256);
        let report = report(&fixture, &Native(Oracle::new(&fixture)), Vec::new());
        assert!(report.all_right(), "{name}: {}", report.tables(false, false));
    }
}

/// A rightful hop that is refused, with whatever code, is wrong, and so is what it keeps the instance from.
#[test]
fn a_refused_rightful_hop_is_wrong() {
    let fixture = shut(&[("x-urgent", "1")]);
    let refuse = |answer| Answer { code: Some("BAD_STEP".into()), reached: false, status: 403, step: None, ..answer };
    let report = report(&fixture, &Faulty(Native(Oracle::new(&fixture)), "/after", refuse), Vec::new());
    // One in each of two instances: `pair` has two workloads.
    assert!(!report.all_right() && report.wrong() == 2);
    let text = report.tables(false, false);
    for part in [
        "2 WRONG ANSWERS",
        "`urgent -> after` of an instance: permitted is right, the answer was 403 BAD_STEP",
        "WRONG: status 403 BAD_STEP",
        "`urgent -> after` (refused by a gate)",
        "to repeat it: stepgate lab it.yaml --seed 1 --header 'x-urgent=1'",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = as_json(&report);
    assert_eq!(json["right"], false);
    let why = json["never_reached"]["tasks"].as_array().unwrap().iter().find(|task| task["task"] == "after");
    assert_eq!(why.unwrap()["why"], json!(["wrong"]));
}

#[test]
fn a_wrong_hop_that_is_let_through_is_wrong() {
    let fixture = shut(&[]);
    let open = |_| Answer { status: 200, step: Some("minted".into()), reached: true, ..Answer::default() };
    let report = report(&fixture, &Faulty(Native(Oracle::new(&fixture)), "/right", open), Vec::new());
    assert!(!report.all_right());
    let text = report.tables(false, false);
    let part = "`begin -> right` of an instance: denied GUARD is right, the answer was 200 from the application";
    assert!(text.contains(part), "{text}");
    // It was reached, but not rightfully.
    assert!(text.contains("`begin -> right` (GUARD)"), "{text}");
}

#[test]
fn a_hop_without_the_token_to_go_on_with_is_wrong() {
    let fixture = shut(&[]);
    let forget = |answer| Answer { start: None, ..answer };
    let forgetful = report(&fixture, &Faulty(Native(Oracle::new(&fixture)), "/left", forget), Vec::new());
    assert!(forgetful.tables(false, false).contains("the answer was 200 from the application, without a start token"));
    let (_, checkout) = super::documents().into_iter().find(|(name, _)| name == "checkout.yaml").unwrap();
    let fixture = super::fixture(&checkout, 1, Algorithm::Hs256);
    let forget = |answer| Answer { receipt: None, ..answer };
    let gates = Faulty(Native(Oracle::new(&fixture)), "/shop.Inventory/Reserve", forget);
    let forgetful = report(&fixture, &gates, Vec::new());
    assert!(!forgetful.all_right() && forgetful.tables(false, false).contains("without a receipt"));
}

#[test]
fn what_no_instance_reaches_has_the_references_reason() {
    let fixture = shut(&[]);
    let report = report(&fixture, &Native(Oracle::new(&fixture)), Vec::new());
    assert!(report.all_right());
    let expected = json!({
        "transitions": [
            {"transition": "begin -> right", "why": ["GUARD"]},
            {"transition": "begin -> urgent", "why": ["GUARD"]},
            {"transition": "both -> end", "why": ["JOIN_INCOMPLETE"]},
            {"transition": "middle -> second", "why": ["CONSTRAINT"]},
            {"transition": "right -> both", "why": ["behind"]},
            {"transition": "urgent -> after", "why": ["behind"]},
        ],
        "tasks": [
            {"task": "after", "why": ["behind"]},
            {"task": "end", "why": ["JOIN_INCOMPLETE"]},
            {"task": "right", "why": ["GUARD"]},
            {"task": "second", "why": ["CONSTRAINT"]},
            {"task": "urgent", "why": ["GUARD"]},
        ],
    });
    let mut found = as_json(&report)["never_reached"].clone();
    found["transitions"].as_array_mut().unwrap().sort_by_key(|one| one["transition"].to_string());
    assert_eq!(found, expected);
    let text = report.tables(false, false);
    assert!(text.contains(": as the document says; not all of it was reached\n"), "{text}");
    let (_, list) = text.split_once("\nnever reached by an instance:\n").unwrap();
    let list: Vec<&str> = list.lines().take_while(|line| !line.is_empty()).collect();
    for line in ["  transition `both -> end` (JOIN_INCOMPLETE)", "  task `end` (JOIN_INCOMPLETE)"] {
        assert!(list.contains(&line), "{list:?}");
    }
}

#[test]
fn a_header_opens_a_guard() {
    let fixture = shut(&[("x-urgent", "1")]);
    let report = report(&fixture, &Native(Oracle::new(&fixture)), Vec::new());
    let unreached = report.unreached();
    let named: Vec<&str> = unreached.transitions.iter().map(|(name, _)| name.as_str()).collect();
    assert!(!named.contains(&"begin -> urgent") && !named.contains(&"urgent -> after"), "{named:?}");
}

/// The gates and the reference have the same time, whichever it is.
#[test]
fn another_time_opens_a_guard_on_the_hour() {
    let mut fixture = fixture(SHUT.as_bytes(), 1, Algorithm::Hs256);
    // 2031-07-01T21:30:00Z: 23:30 in Paris, by summer time.
    fixture.circumstances = Circumstances::of(Some(1_940_794_200), Vec::new(), &[]);
    let reached = report(&fixture, &Native(Oracle::new(&fixture)), Vec::new());
    assert!(reached.all_right(), "{}", reached.tables(false, false));
    assert!(!reached.unreached().transitions.iter().any(|(name, _)| name == "both -> end"));
    // Attempts are made at that time, too: their tokens are good then.
    for case in results(&fixture, &Native(Oracle::new(&fixture)), is_attack) {
        assert!(case.right(), "{}", super::told(&case));
    }
}

/// What can be done at once is done first, so that no other branch ends while the instance waits.
#[test]
fn an_instance_waits_for_what_opens_later() {
    let document = "
workflow: waits
revision: 1
trust_domain: w.example
assurance: signed
actors: {shop: {spiffe: [ns/w/sa/shop]}, depot: {spiffe: [ns/w/sa/depot]}}
tasks:
  order:  {actor: shop, initial: true}
  pack:   {actor: depot, ttl: 3h, requests: [{methods: [POST], path: /pack}]}
  remind: {actor: shop, requests: [{methods: [POST], path: /remind}]}
  cancel: {actor: shop, ttl: 5m, requests: [{methods: [POST], path: /cancel}]}
  refund: {actor: depot, requests: [{methods: [POST], path: /refund}]}
  close:  {actor: depot, requests: [{methods: [POST], path: /close}]}
transitions:
  - {from: order, to: pack}
  - {from: pack, to: remind, after: 2h}
  - {from: pack, to: cancel, after: 15m, within: 20m}
  - {from: cancel, to: refund}
  - {from: remind, to: close, after: 15m}
";
    let fixture = fixture(document.as_bytes(), 1, Algorithm::Hs256);
    let begun = fixture.now();
    let waited = report(&fixture, &Native(Oracle::new(&fixture)), Vec::new());
    assert!(waited.all_right() && waited.unreached().is_empty(), "{}", waited.tables(false, false));
    let hops: Vec<String> = waited.hops().map(|hop| hop.transition.to_string()).collect();
    assert_eq!(hops, ["order -> pack", "pack -> cancel", "cancel -> refund", "pack -> remind", "remind -> close"]);
    assert!((8160..8170).contains(&(fixture.now() - begun)), "{}", fixture.now() - begun);
    // Gates whose clocks cannot be set do not let it wait.
    struct Fixed(Native);
    impl Gates for Fixed {
        fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
            self.0.answer(attempt)
        }
    }
    let fixture = super::fixture(document.as_bytes(), 1, Algorithm::Hs256);
    let early = report(&fixture, &Fixed(Native(Oracle::new(&fixture))), Vec::new());
    assert!(early.all_right(), "{}", early.tables(false, false));
    let text = early.tables(false, false);
    assert!(text.contains("`pack -> remind` (TOO_EARLY)"), "{text}");
}

#[test]
fn a_walk_that_is_cut_says_so() {
    let document = "
workflow: round
revision: 1
trust_domain: r.example
assurance: identity
deadline: {value: 1h, advisory: true}
actors: {a: {spiffe: [ns/r/sa/a]}, b: {spiffe: [ns/r/sa/b]}}
tasks:
  s: {actor: a, initial: true}
  x: {actor: b, requests: [{path: /x}], max_visits: {value: 2, advisory: true}}
  z: {actor: b, requests: [{path: /z}], max_visits: {value: 2, advisory: true}}
transitions: [s -> x, {from: x, to: z}, {from: z, to: x}]
"
    .replace("s -> x", "{from: s, to: x}");
    let fixture = fixture(document.as_bytes(), 1, Algorithm::Hs256);
    let report = report(&fixture, &Native(Oracle::new(&fixture)), Vec::new());
    assert!(report.all_right() && report.unreached().is_empty());
    assert_eq!((report.hops().count(), report.walks[0].cut), (200, true));
    assert!(report.tables(false, false).contains("cut after 200 hops"));
    assert_eq!(as_json(&report)["instances"][0]["cut"], true);
}

/// What a walk had no hops left for.
#[test]
fn what_lies_behind_the_cut_has_that_reason() {
    use std::fmt::Write;
    let mut document = String::from(
        "workflow: long\nrevision: 1\ntrust_domain: l.example\nassurance: signed\nactors: {a: {spiffe: [ns/l/sa/a]}}\ntasks:\n  t0: {actor: a, initial: true}\n",
    );
    for n in 1..=202 {
        writeln!(document, "  t{n}: {{actor: a, requests: [{{path: /t{n}}}]}}").unwrap();
    }
    document.push_str("transitions:\n");
    for n in 0..202 {
        writeln!(document, "  - {{from: t{n}, to: t{}}}", n + 1).unwrap();
    }
    let fixture = fixture(document.as_bytes(), 1, Algorithm::Hs256);
    let report = report(&fixture, &Native(Oracle::new(&fixture)), Vec::new());
    let expected = json!([
        {"transition": "t200 -> t201", "why": ["cut"]}, {"transition": "t201 -> t202", "why": ["cut"]},
    ]);
    assert_eq!(as_json(&report)["never_reached"]["transitions"], expected);
}

/// What an honest request is refused for stops no attack.
#[test]
fn an_attempt_behind_a_false_guard_is_not_tried() {
    let fixture = shut(&[]);
    let gates = Native(Oracle::new(&fixture));
    let cases = results(&fixture, &gates, |_| true);
    let of = |kind: &str, about: &str| {
        let found = cases.iter().find(|case| case.label.name == kind && case.subject.as_deref() == Some(about));
        found.map(|case| (case.untried, case.stopped())).unwrap()
    };
    assert_eq!(of("nothing wrong", "begin -> urgent"), (Some("GUARD"), false));
    assert_eq!(of("replayed", "begin -> urgent"), (Some("GUARD"), false));
    // Refused for what is wrong with it, before any guard.
    assert_eq!(of("past its time", "begin -> urgent"), (None, true));
    // The walk never came there; the lab makes the tokens that it needs.
    assert_eq!(of("replayed", "both -> end"), (None, true));
    // In the matrix the one request from `front` to `desk`, with the step that belongs there and without one.
    let in_matrix = cases.iter().filter(|case| case.label.name.ends_with(", anywhere") && case.untried.is_some());
    let in_matrix: Vec<&str> = in_matrix.map(|case| case.label.name).collect();
    assert_eq!(in_matrix, ["no step, anywhere", "any step, anywhere"]);
    let untried = cases.iter().filter(|case| case.untried.is_some()).count();
    let report = report(&fixture, &gates, cases);
    let text = report.tables(false, true);
    let line = text.lines().find(|line| line.starts_with("tried ")).unwrap();
    assert!(line.contains("not tried, since an honest request is denied GUARD there"), "{line}");
    assert!(!line.contains("tried all") && !line.contains("seed"), "{line}");
    let row = text.lines().find(|line| line.trim_start().starts_with("replayed ")).unwrap();
    assert!(row.contains("not tried (GUARD) 2"), "{row}");
    let json = as_json(&report);
    let said = json["cases"].as_array().unwrap().iter().filter(|case| case["not_tried"].is_string()).count();
    assert_eq!(said, untried);
    assert_eq!(json["tried"].as_u64().unwrap() + u64::try_from(untried).unwrap(), json["planned"].as_u64().unwrap());
}

#[test]
fn what_is_allowed_and_perhaps_not_meant_is_listed() {
    let (_, loan) = super::documents().into_iter().find(|(name, _)| name == "loan.yaml").unwrap();
    let loan = fixture(&loan, 1, Algorithm::Hs256);
    let of_loan = report(&loan, &Native(Oracle::new(&loan)), Vec::new());
    let text = of_loan.tables(false, false);
    let (_, section) = text.split_once("allowed, perhaps not meant: one instance may\n").unwrap();
    let lines: Vec<&str> = section.lines().take_while(|line| line.starts_with("  ")).map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "enter `approve` up to 4 times",
            "enter `assess` up to 4 times",
            "enter `documents` up to 3 times",
            "enter `pay` up to 4 times",
            "take, after `assess`, `approve` (then `pay`) and also `documents` (`one`: one of them is to be taken; that is advice, and \
             gates let each in)",
        ]
    );
    let json = as_json(&of_loan);
    assert_eq!(json["perhaps_not_meant"]["more_than_once"][3], json!({"task": "pay", "times": 4}));
    let ways = json!([{"tasks": ["approve"], "then": ["pay"]}, {"tasks": ["documents"], "then": []}]);
    assert_eq!(json["perhaps_not_meant"]["together"], json!([{"after": "assess", "split": "one", "ways": ways}]));
    let (_, identity) = super::documents().into_iter().find(|(name, _)| name == "identity.yaml").unwrap();
    let identity = fixture(&identity, 1, Algorithm::Hs256);
    let of_identity = report(&identity, &Native(Oracle::new(&identity)), Vec::new());
    assert!(of_identity.tables(false, false).contains("any task any number of times"));
    assert_eq!(as_json(&of_identity)["perhaps_not_meant"], Value::Null);
}
