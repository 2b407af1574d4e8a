//! Properties of any path, and of any bytes in any header.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use stepgate_config::gate::Carrier;
use stepgate_config::spiffe::SpiffeId;
use stepgate_decision::{CanonicalPath, Header};
use stepgate_reference::Request;
use stepgate_tests::random::{Document, Edge, Rng, Task, World};

/// The part of a path that its readers compare: its segments, decoded.
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

/// Changes that proxies, routers and frameworks make to paths before they read them.
const NORMALISATIONS: [(&str, Normalise); 11] = [
    ("decode", |path| String::from_utf8_lossy(&decoded(path.as_bytes())).into_owned()),
    ("decode twice", |path| String::from_utf8_lossy(&decoded(&decoded(path.as_bytes()))).into_owned()),
    ("merge slashes", merged),
    ("remove dot segments", without_dots),
    ("cut parameters", |path| {
        path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect::<Vec<_>>().join("/")
    }),
    ("turn backslashes", |path| path.replace('\\', "/")),
    ("lower-case escapes", lower_escapes),
    ("cut at NUL", |path| path.split(['\0', '#']).next().unwrap_or_default().replace("%00", "")),
    ("cut the fragment, encoded or not", |path| path.split("%23").next().unwrap_or_default().to_owned()),
    ("decode as IIS does", |path| path.replace("%u002e", ".").replace("%u002f", "/")),
    ("decode overlong forms", |path| path.replace("%C0%AF", "/").replace("%C0%AE", ".")),
];

/// Accepted paths made from the pieces read the same after any three of these changes, in any order.
#[test]
fn a_path_that_is_taken_reads_one_way() {
    const PIECES: [&str; 34] = [
        "/", "/", "/", "a", "B", "1", ".", "..", ";", "%", "%2f", "%2F", "%5C", "%2e", "%25", "%20", "%C3%A9",
        "%c3%a9", "%C0%AF", "%3b", "\\", "~", "@", ":", "=", "%00", "%61", "\u{e9}", "\0", "#", "%23", "%u002e",
        "%u002f", "%C0%AE",
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
            assert!(same, "`{path}` is accepted, and after {names:?} it is `{after}`");
            taken += 1;
        }
        changed += usize::from(!same);
    }
    assert!(taken > 2000 && changed > 5000, "{taken} accepted, {changed} of 40000 changed");
}

fn two_steps() -> Document {
    let mut document = Document { task_ttl: 3600, deadline: 86_400, ..Document::default() };
    for (actor, task) in [("a", "i"), ("b", "x"), ("c", "z")] {
        document.actors.insert(actor.to_owned(), vec![Document::id(actor)]);
        let (method, path) = ("POST".to_owned(), format!("/{task}"));
        let initial = task == "i";
        document
            .tasks
            .insert(task.to_owned(), Task { actor: actor.to_owned(), initial, method, path, ..Task::default() });
    }
    let edge = |from: &str, to: &str| Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        via: None,
        uses: 1,
        after: None,
        within: None,
    };
    document.edges = vec![edge("i", "x"), edge("x", "z")];
    document
}

/// Any bytes in any header: nothing panics, and a caller without a token of its own is not let in.
#[test]
fn noise_is_no_step() {
    let document = two_steps();
    for (carrier, seed) in [(Carrier::Header, 2), (Carrier::Baggage, 3)] {
        let (mut rng, mut world) = (Rng::new(seed), World::new(&document, carrier).unwrap());
        let id = |name: &str| SpiffeId::try_from(Document::id(name).as_bytes()).unwrap();
        let request = |peer: &str, gate: &str, task: &str| Request {
            shown: Vec::new(),
            peer: Some(id(peer)),
            gate: id(gate),
            replica: String::new(),
            host: String::new(),
            port: None,
            headers: Vec::new(),
            method: "POST".to_owned(),
            path: format!("/{task}"),
            now: 1_800_000_000,
        };
        let begun = world.ask(&request("a", "b", "x"), &[]).unwrap();
        let token = begun.arrival;
        let mut codes: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..20_000 {
            let headers = noise(&mut rng, &[&token, begun.start.as_deref().unwrap()]);
            // `c` performs a task, begins nothing, and holds nothing. Only others can reach `z` and `x`.
            let (gate, task) = if rng.chance(50) { ("c", "z") } else { ("b", "x") };
            let said = world.ask(&request("c", gate, task), &headers);
            let code = said.map(|_| format!("permitted: {headers:?}")).expect_err("noise is let in");
            *codes.entry(code.to_string()).or_default() += 1;
        }
        for code in ["BAD_STEP", "WRONG_HOLDER", "NO_STEP"] {
            assert!(codes.get(code).is_some_and(|count| *count > 100), "{code} in {codes:?}");
        }
        assert!(!codes.contains_key("INTERNAL"), "{codes:?}");
        // The same token, from its holder: the token itself was not the reason for the denial.
        let own = match carrier {
            Carrier::Header => ("x-workflow-step", token),
            Carrier::Baggage => ("baggage", format!("other=1,step={token}")),
        };
        world.ask(&request("b", "c", "z"), &[(own.0.to_owned(), own.1.into_bytes())]).unwrap();
    }
}

/// Some headers of meaningful pieces, and of arbitrary bytes.
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
                    0 => value.extend(rng.number().to_le_bytes()),
                    1..=3 => value.extend(rng.pick(tokens).unwrap().as_bytes()),
                    _ => value.extend(rng.pick(&PIECES).unwrap().as_bytes()),
                }
            }
            (rng.pick(&NAMES).unwrap().to_owned(), value)
        })
        .collect()
}
