//! The decision against the reference, on random documents and walks.
//!
//! The seeds are fixed; `STEPGATE_SEEDS=FROM..TO` selects others, and more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use stepgate_config::gate::Carrier;
use stepgate_config::name::TaskName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_decision::Header;
use stepgate_decision::token::Claims;
use stepgate_reference::{Arrival, Arrived, Kind as TokenKind, Permitted, Reader, Request, Token};
use stepgate_tests::random::{Answer, Attempt, Kind, Rng, Walk, World, document, timed};

const SEEDS: std::ops::Range<u64> = 0..750;
const STEPS: usize = 130;

fn claims(token: &str) -> Claims {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&Base64UrlSafeNoPadding::decode_to_vec(payload, None).unwrap()).unwrap()
}

/// Counts of the walks' attempts: without attempts, a test shows nothing.
#[derive(Debug, Default)]
struct Tally {
    refused_documents: usize,
    walks: usize,
    permits: BTreeMap<Kind, usize>,
    denials: BTreeMap<(Kind, String), usize>,
    joins: usize,
    /// Requests that leave a join whose fork is a join.
    towers: usize,
    /// Requests that leave several tasks together.
    together: usize,
    receipts: usize,
    starts_gone_on: usize,
    /// Requests that take a transition with `after` once it is open.
    waited: usize,
    /// Requests that take a transition with several uses.
    several: usize,
    exempt: usize,
}

impl Tally {
    fn of(&self, kind: Kind, code: &str) -> usize {
        self.denials.get(&(kind, code.to_owned())).copied().unwrap_or_default()
    }

    fn of_code(&self, code: &str) -> usize {
        self.denials.iter().filter(|((_, other), _)| other == code).map(|(_, count)| count).sum()
    }
}

#[test]
fn the_decision_reads_the_protocol_as_the_reference_does() {
    let asked = std::env::var("STEPGATE_SEEDS").ok().map(|range| {
        let (from, to) = range.split_once("..").expect("STEPGATE_SEEDS=FROM..TO");
        from.parse().unwrap()..to.parse().unwrap()
    });
    let mut tally = Tally::default();
    for seed in asked.clone().unwrap_or(SEEDS) {
        walk(seed, &mut tally);
    }
    println!("{tally:#?}");
    if asked.is_none() {
        assert_not_vacuous(&tally);
    }
}

fn walk(seed: u64, tally: &mut Tally) {
    let mut rng = Rng::new(seed);
    let document = document(&mut rng);
    let document = if seed % 5 == 1 { timed(document, &mut rng) } else { document };
    let Ok(mut world) = World::new(&document, Carrier::Header) else {
        tally.refused_documents += 1;
        return;
    };
    tally.walks += 1;
    let mut reader =
        Reader::new(world.workflow()).unwrap_or_else(|why| panic!("`check` accepts this, but {why}\n{document}"));
    let mut walk = Walk { document: &document, held: Vec::new(), permitted: Vec::new(), now: 1_800_000_000 };
    let mut instances: BTreeMap<String, String> = BTreeMap::new();
    let mut story = String::new();
    for _ in 0..STEPS {
        let Some(attempt) = walk.next(&mut rng) else { continue };
        let texts: Vec<&str> = attempt.held.iter().map(|token| token.text.as_str()).collect();
        let step: Vec<Header> = if texts.is_empty() {
            Vec::new()
        } else {
            vec![("x-workflow-step".to_owned(), texts.join(",").into_bytes())]
        };
        let (gate, expected) =
            (world.ask(&attempt.request, &step), reader.decide(Some(&world.config), &attempt.request));
        let Request { peer, gate: asked, replica, method, path, now, .. } = &attempt.request;
        let shown: Vec<_> = attempt.held.iter().map(|t| (&t.arrival.name, &t.holder, t.kind, t.flaw)).collect();
        writeln!(story, "{now} {:?}: {peer:?} to {asked} {replica}: {method} {path} {shown:?}", attempt.kind).unwrap();
        let disagreement = || format!("\nseed {seed}\n{document}\n{story}");
        match (gate, expected) {
            (Err(gate), Err(expected)) => {
                let gate = gate.to_string();
                assert_eq!(
                    gate,
                    expected.code(),
                    "the gate and the reference deny for different reasons{}",
                    disagreement()
                );
                *tally.denials.entry((attempt.kind, gate)).or_default() += 1;
            }
            (Ok(answer), Ok(Permitted::Transition(arrived))) => {
                if let Err(why) = agree(&reader, &arrived, &answer, &mut instances) {
                    panic!("both permit, but {why}{}", disagreement());
                }
                let Arrival { name, parents, times, .. } = arrived.arrival.as_ref();
                let parents: Vec<&str> = parents.iter().map(|parent| parent.name.as_str()).collect();
                writeln!(story, "  = {name} of {parents:?} {times:?}").unwrap();
                count(tally, &reader, &arrived, &attempt);
                hold(&mut walk, &arrived, answer, &attempt);
                walk.permitted.push(attempt);
            }
            (Err(gate), Ok(Permitted::Exempt)) if gate.to_string() == "exempt" => tally.exempt += 1,
            (gate, expected) => panic!(
                "the gate says {:?}, the reference {:?}{}",
                gate.map(|_| "permit"),
                expected.map(|_| "permit"),
                disagreement()
            ),
        }
    }
}

fn count(tally: &mut Tally, reader: &Reader, arrived: &Arrived, attempt: &Attempt) {
    *tally.permits.entry(attempt.kind).or_default() += 1;
    tally.receipts += usize::from(arrived.receipt);
    tally.waited += usize::from(arrived.transition.after.is_some());
    tally.several += usize::from(arrived.transition.uses > 1);
    let joined = arrived.arrival.parents.len() > 1;
    tally.joins += usize::from(joined);
    tally.together += usize::from(arrived.transition.sources().len() > 1);
    tally.towers += usize::from(joined && reader.is_tower(&arrived.transition.from.name));
    tally.starts_gone_on += usize::from(attempt.held.first().is_some_and(|first| first.arrival.start));
}

/// Whether the tokens match the reference.
fn agree(
    reader: &Reader,
    arrived: &Arrived,
    answer: &Answer,
    instances: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    let (said, ours) = (claims(&answer.arrival), &arrived.arrival);
    let same =
        |what: &str, holds: bool| if holds { Ok(()) } else { Err(format!("they disagree about the {what}: {said:?}")) };
    same("task", said.wf.task == ours.task.name)?;
    same("instance", *instances.entry(said.txn.clone()).or_insert_with(|| ours.instance.clone()) == ours.instance)?;
    same("holder", said.sub == ours.issuer && said.iss == ours.issuer)?;
    let performers = said.performers.iter().map(|(task, ids)| {
        let ids = ids.iter().map(ToString::to_string).collect();
        (task.to_string(), ids)
    });
    same("performers", performers.collect::<BTreeMap<_, _>>() == reader.claims(ours, &said.sub).performers)?;
    same("end", (said.exp.seconds(), said.dl.seconds()) == (ours.times.exp, ours.times.dl))?;
    let visits = |task: &TaskName| reader.visits(std::slice::from_ref(ours), task);
    same("history", said.visits.iter().all(|(task, count)| visits(task) == *count))?;
    same("rounds", said.fork.keys().map(ToString::to_string).eq(reader.claims(ours, &said.sub).fork.into_keys()))?;
    same("start", answer.start.is_some() == arrived.start.is_some())?;
    same("receipt", answer.receipt.is_some() == arrived.receipt)
}

fn hold(walk: &mut Walk<'_>, arrived: &Arrived, answer: Answer, attempt: &Attempt) {
    let mut keep = |arrival: &Arc<Arrival>, text: Option<String>, holder: &SpiffeId, kind: TokenKind| {
        let (arrival, holder) = (Arc::clone(arrival), holder.clone());
        walk.held.extend(text.map(|text| Token { text, arrival, holder, kind, flaw: None }));
    };
    let (peer, gate) = (attempt.request.peer.as_ref().unwrap(), &attempt.request.gate);
    if let Some(start) = &arrived.start {
        keep(start, answer.start, peer, TokenKind::Arrival);
    }
    keep(&arrived.arrival, Some(answer.arrival), gate, TokenKind::Arrival);
    keep(&arrived.arrival, answer.receipt, peer, TokenKind::Receipt);
}

fn assert_not_vacuous(tally: &Tally) {
    let least = |what: &str, count: usize, wanted: usize| assert!(count >= wanted, "{what}: {count} of {wanted}");
    least("walks", tally.walks, 300);
    least("honest permits", tally.permits[&Kind::Honest], 5000);
    least("beginnings", tally.permits[&Kind::Begin], 300);
    least("permits of evidence in another order", tally.permits[&Kind::Shuffled], 50);
    least("joins left", tally.joins, 500);
    least("joins left whose fork is a join", tally.towers, 50);
    least("several tasks left together", tally.together, 300);
    least("receipts", tally.receipts, 500);
    least("exempt requests", tally.exempt, 20);
    least("requests that waited", tally.waited, 20);
    least("transitions with several uses", tally.several, 50);
    least("starts that went on", tally.starts_gone_on, 100);
    for (kind, code) in [
        (Kind::Skip, "NO_TRANSITION"),
        (Kind::Replay, "ALREADY_TAKEN"),
        (Kind::Stolen, "WRONG_HOLDER"),
        (Kind::Spliced, "BAD_STEP"),
        (Kind::Spliced, "JOIN_INCOMPLETE"),
        (Kind::Method, "WRONG_REQUEST"),
        (Kind::Path, "BAD_PATH"),
        (Kind::Path, "WRONG_REQUEST"),
        (Kind::Headers, "WRONG_REQUEST"),
        // The holder of the other type is not the carrier of the transition: that check comes first.
        (Kind::WrongType, "NO_TRANSITION"),
        (Kind::OtherInstance, "BAD_STEP"),
        (Kind::Forged, "BAD_SIGNATURE"),
        (Kind::Outsider, "OUTSIDER"),
        (Kind::Elsewhere, "NO_TRANSITION"),
    ] {
        least(&format!("{kind:?} denied with {code}"), tally.of(kind, code), 20);
    }
    for code in [
        "TOO_MANY_VISITS",
        "CONSTRAINT",
        "JOIN_INCOMPLETE",
        "EXPIRED",
        "DEADLINE",
        "NO_STEP",
        "NOT_INITIAL",
        "AMBIGUOUS",
        "TOO_EARLY",
        "TOO_LATE",
    ] {
        least(code, tally.of_code(code), 10);
    }
}
