//! The decision against a naive reading of the protocol page, on documents and walks at random.
//!
//! The seeds are fixed; `STEPGATE_SEEDS=FROM..TO` takes others, and more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test says what is wrong by failing"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use stepgate_config::gate::Carrier;
use stepgate_decision::token::Claims;
use stepgate_decision::{CanonicalPath, Header};
use stepgate_tests::naive::{Arrived, Reader, Request, Token};
use stepgate_tests::random::{Answer, Attempt, Document, Edge, Held, Kind, Rng, Task, Walk, World, document};

const SEEDS: std::ops::Range<u64> = 0..500;
const STEPS: usize = 130;

fn claims(token: &str) -> Claims {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&Base64UrlSafeNoPadding::decode_to_vec(payload, None).unwrap()).unwrap()
}

/// What the walks came to: a test that tried nothing has shown nothing.
#[derive(Debug, Default)]
struct Tally {
    refused_documents: usize,
    walks: usize,
    permits: BTreeMap<Kind, usize>,
    denials: BTreeMap<(Kind, String), usize>,
    joins: usize,
    /// Joins left whose fork is a join.
    towers: usize,
    receipts: usize,
    starts_gone_on: usize,
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
fn the_decision_reads_the_protocol_as_a_naive_reader_does() {
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
    let Ok(mut world) = World::new(&document, Carrier::Header) else {
        tally.refused_documents += 1;
        return;
    };
    tally.walks += 1;
    let mut reader = Reader::new(&document).unwrap_or_else(|why| panic!("check takes this, but {why}\n{document}"));
    let mut walk = Walk { document: &document, held: Vec::new(), permitted: Vec::new(), now: 1_800_000_000 };
    let mut instances: BTreeMap<String, usize> = BTreeMap::new();
    let mut story = String::new();
    for _ in 0..STEPS {
        let Some(attempt) = walk.next(&mut rng) else { continue };
        let texts: Vec<&str> = attempt.held.iter().map(|held| held.text.as_str()).collect();
        let step: Vec<Header> = if texts.is_empty() {
            Vec::new()
        } else {
            vec![("x-workflow-step".to_owned(), texts.join(",").into_bytes())]
        };
        let (gate, naive) = (world.ask(&attempt.request, &step), reader.decide(&attempt.request));
        let Request { peer, gate: asked, replica, method, path, now, shown } = &attempt.request;
        let shown: Vec<_> = shown.iter().map(|t| (t.arrival, &t.holder, t.receipt, t.forged)).collect();
        writeln!(story, "{now} {:?}: {peer} to {asked} {replica}: {method} {path} {shown:?}", attempt.kind).unwrap();
        let disagreement = || format!("\nseed {seed}\n{document}\n{story}");
        match (gate, naive) {
            (Err(gate), Err(naive)) => {
                assert_eq!(gate, naive, "gate and naive reader deny for another reason{}", disagreement());
                *tally.denials.entry((attempt.kind, gate)).or_default() += 1;
            }
            (Ok(answer), Ok(arrived)) => {
                if let Err(why) = agree(&reader, &arrived, &answer, &mut instances) {
                    panic!("both permit, but {why}{}", disagreement());
                }
                writeln!(story, "  = {} {:?}", arrived.arrival, reader.arrival(arrived.arrival)).unwrap();
                count(tally, &reader, &arrived, &attempt);
                hold(&mut walk, &reader, &arrived, answer, &attempt);
                walk.permitted.push(attempt);
            }
            (gate, naive) => panic!(
                "the gate says {:?}, the naive reader {:?}{}",
                gate.map(|_| "permit"),
                naive.map(|_| "permit"),
                disagreement()
            ),
        }
    }
}

fn count(tally: &mut Tally, reader: &Reader<'_>, arrived: &Arrived, attempt: &Attempt) {
    *tally.permits.entry(attempt.kind).or_default() += 1;
    tally.receipts += usize::from(arrived.receipt);
    let from = reader.arrival(arrived.arrival).unwrap().from.clone().unwrap();
    tally.joins += usize::from(arrived.evidence > 1);
    tally.towers += usize::from(arrived.evidence > 1 && reader.is_tower(&from));
    let first = attempt.held.first().and_then(|held| reader.arrival(held.token.arrival));
    tally.starts_gone_on += usize::from(first.is_some_and(|first| first.parents.is_empty()));
}

/// Whether the tokens say what the reader holds to be so.
fn agree(
    reader: &Reader<'_>,
    arrived: &Arrived,
    answer: &Answer,
    instances: &mut BTreeMap<String, usize>,
) -> Result<(), String> {
    let (said, ours) = (claims(&answer.arrival), reader.arrival(arrived.arrival).unwrap());
    let same = |what: &str, holds: bool| if holds { Ok(()) } else { Err(format!("not to one {what}: {said:?}")) };
    same("task", said.wf.task == ours.task)?;
    same("instance", *instances.entry(said.txn.clone()).or_insert(ours.instance) == ours.instance)?;
    same("holder", said.sub == ours.performer)?;
    same("end", (said.exp.seconds(), said.dl.seconds()) == (ours.exp, ours.dl))?;
    same("history", said.visits.iter().all(|(task, count)| reader.visits(&[arrived.arrival], task) == *count))?;
    same("start", answer.start.is_some() == arrived.start.is_some())?;
    same("receipt", answer.receipt.is_some() == arrived.receipt)
}

fn hold(walk: &mut Walk<'_>, reader: &Reader<'_>, arrived: &Arrived, answer: Answer, attempt: &Attempt) {
    let mut keep = |number: usize, text: Option<String>, holder: &str, receipt: bool| {
        let (Some(text), arrival) = (text, reader.arrival(number).unwrap()) else { return };
        let token = Token { arrival: number, holder: holder.to_owned(), receipt, forged: false };
        let (task, from, instance) = (arrival.task.clone(), arrival.from.clone(), arrival.instance);
        walk.held.push(Held { token, text, task, from, instance });
    };
    let Request { peer, gate, .. } = &attempt.request;
    keep(arrived.start.unwrap_or_default(), answer.start, peer, false);
    keep(arrived.arrival, Some(answer.arrival), gate, false);
    keep(arrived.arrival, answer.receipt, peer, true);
}

fn assert_not_vacuous(tally: &Tally) {
    let least = |what: &str, count: usize, wanted: usize| assert!(count >= wanted, "{what}: {count} of {wanted}");
    least("walks", tally.walks, 300);
    least("honest permits", tally.permits[&Kind::Honest], 5000);
    least("beginnings", tally.permits[&Kind::Begin], 300);
    least("permits of evidence in another order", tally.permits[&Kind::Shuffled], 50);
    least("joins left", tally.joins, 500);
    least("joins left whose fork is a join", tally.towers, 50);
    least("receipts", tally.receipts, 500);
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
        // Who holds the other type is not who carries the transition: that is seen first.
        (Kind::WrongType, "NO_TRANSITION"),
        (Kind::OtherInstance, "BAD_STEP"),
        (Kind::Forged, "BAD_SIGNATURE"),
        (Kind::Outsider, "OUTSIDER"),
        (Kind::Elsewhere, "NO_TRANSITION"),
    ] {
        least(&format!("{kind:?} denied with {code}"), tally.of(kind, code), 20);
    }
    for code in ["TOO_MANY_VISITS", "CONSTRAINT", "JOIN_INCOMPLETE", "EXPIRED", "DEADLINE", "NO_STEP", "NOT_INITIAL"] {
        least(code, tally.of_code(code), 10);
    }
}

/// Of a path, what its readers go by: its segments, decoded.
fn reading(path: &str) -> Vec<Vec<u8>> {
    decoded(path.as_bytes()).split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect()
}

fn decoded(path: &[u8]) -> Vec<u8> {
    let digit = |at: usize| path.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut bytes, mut at) = (Vec::new(), 0);
    while at < path.len() {
        match (path[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap());
                at += 3;
            }
            (byte, ..) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    bytes
}

fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    kept.join("/")
}

fn merged(path: &str) -> String {
    let mut path = path.to_owned();
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    path
}

fn lower_escapes(path: &str) -> String {
    let mut rest = path.split('%');
    let first = rest.next().unwrap_or_default().to_owned();
    rest.fold(first, |done, part| {
        let (escape, after) = part.split_at_checked(2).unwrap_or((part, ""));
        format!("{done}%{}{after}", escape.to_lowercase())
    })
}

type Normalise = fn(&str) -> String;

/// What proxies, routers and frameworks do to paths before they look at them.
const NORMALISATIONS: [(&str, Normalise); 7] = [
    ("decode", |path| String::from_utf8_lossy(&decoded(path.as_bytes())).into_owned()),
    ("decode twice", |path| String::from_utf8_lossy(&decoded(&decoded(path.as_bytes()))).into_owned()),
    ("merge slashes", merged),
    ("remove dot segments", without_dots),
    ("cut parameters", |path| {
        path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect::<Vec<_>>().join("/")
    }),
    ("turn backslashes", |path| path.replace('\\', "/")),
    ("lower-case escapes", lower_escapes),
];

/// The paths between the pieces that are taken read the same after any three of these, in any order.
#[test]
fn a_path_that_is_taken_reads_one_way() {
    const PIECES: [&str; 28] = [
        "/", "/", "/", "a", "B", "1", ".", "..", ";", "%", "%2f", "%2F", "%5C", "%2e", "%25", "%20", "%C3%A9",
        "%c3%a9", "%C0%AF", "%3b", "\\", "~", "@", ":", "=", "%00", "%61", "\u{e9}",
    ];
    let (mut rng, mut taken, mut changed) = (Rng::new(1), 0, 0);
    for _ in 0..40_000 {
        let pieces = rng.below(8);
        let path: String = (0..pieces).fold("/".to_owned(), |path, _| path + rng.pick(&PIECES).unwrap());
        let whole = if rng.chance(20) { format!("{path}?x=/../%2e;") } else { path.clone() };
        let chain: Vec<_> = (0..3).map(|_| rng.pick(&NORMALISATIONS).unwrap()).collect();
        let after = chain.iter().fold(path.clone(), |path, (_, normalise)| normalise(&path));
        let same = reading(&after) == reading(&path);
        if CanonicalPath::of(&whole).is_ok() {
            let names: Vec<&str> = chain.iter().map(|(name, _)| *name).collect();
            assert!(same, "`{path}` is taken, and after {names:?} it is `{after}`");
            taken += 1;
        }
        changed += usize::from(!same);
    }
    assert!(taken > 2000 && changed > 5000, "{taken} taken, {changed} of 40000 change");
}

fn two_steps() -> Document {
    let mut document = Document { task_ttl: 3600, deadline: 86_400, ..Document::default() };
    for (actor, task) in [("a", "i"), ("b", "x"), ("c", "y")] {
        document.actors.insert(actor.to_owned(), vec![Document::id(actor)]);
        let (method, path) = ("POST".to_owned(), format!("/{task}"));
        let initial = task == "i";
        document
            .tasks
            .insert(task.to_owned(), Task { actor: actor.to_owned(), initial, method, path, ..Task::default() });
    }
    let edge = |from: &str, to: &str| Edge { from: from.to_owned(), to: to.to_owned(), via: None };
    document.edges = vec![edge("i", "x"), edge("x", "y")];
    document
}

/// Any bytes in any header: nothing panics, and who has no token of its own is not let in.
#[test]
fn noise_is_no_step() {
    let document = two_steps();
    for (carrier, seed) in [(Carrier::Header, 2), (Carrier::Baggage, 3)] {
        let (mut rng, mut world) = (Rng::new(seed), World::new(&document, carrier).unwrap());
        let request = |peer: &str, gate: &str, task: &str| Request {
            shown: Vec::new(),
            peer: Document::id(peer),
            gate: Document::id(gate),
            replica: 0,
            method: "POST".to_owned(),
            path: format!("/{task}"),
            now: 1_800_000_000,
        };
        let begun = world.ask(&request("a", "b", "x"), &[]).unwrap();
        let token = begun.arrival.trim_start_matches("step=").to_owned();
        let mut codes: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..20_000 {
            let headers = noise(&mut rng, &[&token, begun.start.as_deref().unwrap()]);
            // `c` performs a task, begins nothing, and holds nothing. `y` and `x` are others' to come to.
            let (gate, task) = if rng.chance(50) { ("c", "y") } else { ("b", "x") };
            let said = world.ask(&request("c", gate, task), &headers);
            let code = said.map(|_| format!("permitted: {headers:?}")).expect_err("noise is let in");
            *codes.entry(code).or_default() += 1;
        }
        for code in ["BAD_STEP", "WRONG_HOLDER", "NO_STEP"] {
            assert!(codes.get(code).is_some_and(|count| *count > 100), "{code} in {codes:?}");
        }
        assert!(!codes.contains_key("INTERNAL"), "{codes:?}");
        // The same token, by its holder: what was refused was not the token.
        let own = match carrier {
            Carrier::Header => ("x-workflow-step", token),
            Carrier::Baggage => ("baggage", format!("other=1,step={token}")),
        };
        world.ask(&request("b", "c", "y"), &[(own.0.to_owned(), own.1.into_bytes())]).unwrap();
    }
}

/// Some headers of pieces that mean something, and of bytes that do not.
fn noise(rng: &mut Rng, tokens: &[&str]) -> Vec<Header> {
    const NAMES: [&str; 6] =
        ["x-workflow-step", "baggage", "X-Workflow-Step", "x-workflow-step-start", "x_workflow_step", "traceparent"];
    const PIECES: [&str; 18] = [
        "step=",
        "step.0=",
        "step.1=",
        "step.01=",
        "Step=",
        "st%65p=",
        "%",
        "+",
        "=",
        ",",
        ";p=1",
        ".",
        "/",
        "w/1/x",
        " ",
        "\t",
        "eyJhbGciOiJub25lIn0",
        "stepping=",
    ];
    (0..rng.below(4))
        .map(|_| {
            let mut value = Vec::new();
            if rng.chance(30) {
                value.extend(rng.pick(&["", "step=", "step.0="]).unwrap().as_bytes());
                value.extend(rng.pick(tokens).unwrap().as_bytes());
            }
            for _ in 0..rng.below(5).saturating_sub(1) {
                match rng.below(10) {
                    0 => value.extend(rng.draw().to_le_bytes()),
                    1..=3 => value.extend(rng.pick(tokens).unwrap().as_bytes()),
                    _ => value.extend(rng.pick(&PIECES).unwrap().as_bytes()),
                }
            }
            (rng.pick(&NAMES).unwrap().to_owned(), value)
        })
        .collect()
}
