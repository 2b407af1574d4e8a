//! The module accepts the configurations that `stepgate check` finds no error in, and no others: it leaves out what only
//! warns or words an error, never a check that decides.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use stepgate_config::{Code, Diagnostic, read_gate};
use stepgate_tests::corpus::Corpus;
use stepgate_tests::random::{Rng, document};
use stepgate_tests::wasm::{Module, Proxy, start};

/// Changes of each configuration.
const CHANGES: usize = 12;
/// Random documents.
const DOCUMENTS: u64 = 60;

/// Whether a gate takes the document all the same: it explores no runs, does not distribute performers, and does not compare
/// constraints. It denies the requests that such a document can never complete (docs/diagnostics.md).
fn is_left_to_check(error: &Diagnostic) -> bool {
    error.code == Code::NeverComplete
        || ["have too few performers", "contradict each other"].iter().any(|end| error.message.ends_with(end))
}

/// A document, or a gate's configuration, as a gate's configuration.
fn configuration(text: &[u8]) -> Option<Value> {
    let value = stepgate_config::to_json(text).ok()?;
    let Some(workflow) = value.get("workflow").cloned() else { return Some(value) };
    Some(json!({"workflows": [value], "keys": [{"workflow": workflow, "kid": "k1", "use": "sign", "env": "A_KEY"}]}))
}

fn written() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for folder in ["../../config/tests/diagnostics", "../../config/examples"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for file in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "yaml") {
                let name = file.file_name().unwrap().to_string_lossy().into_owned();
                all.extend(configuration(&std::fs::read(&file).unwrap()).map(|value| (name, value)));
            }
        }
    }
    all.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(all.len() > 100, "{}", all.len());
    let corpus = Corpus::read().unwrap();
    let gates = corpus.cases.iter().map(|whole| corpus.gate(whole).unwrap().text.clone()).collect::<BTreeSet<String>>();
    all.extend(gates.into_iter().filter_map(|text| Some(("the corpus".to_owned(), configuration(text.as_bytes())?))));
    for seed in 0..DOCUMENTS {
        let text = document(&mut Rng::new(seed)).to_string();
        all.extend(configuration(text.as_bytes()).map(|value| (format!("the random document {seed}"), value)));
    }
    all
}

/// All places of a value, as JSON pointers; the texts and the names of members in it.
fn places(value: &Value, at: &str, places: &mut Vec<String>, texts: &mut Vec<String>) {
    places.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                texts.push(name.clone());
                places_of(member, at, name, places, texts);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, item)| places_of(item, at, &number.to_string(), places, texts));
        }
        Value::String(text) => texts.push(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn places_of(value: &Value, at: &str, name: &str, all: &mut Vec<String>, texts: &mut Vec<String>) {
    places(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), all, texts);
}

/// A value with one part removed, repeated, or replaced by another part of it or by an odd value.
fn changed(value: &Value, rng: &mut Rng) -> Value {
    let (mut all, mut texts) = (Vec::new(), Vec::new());
    places(value, "", &mut all, &mut texts);
    let mut changed = value.clone();
    // The whole stays a mapping: anything else is not read as JSON here.
    let at = rng.pick(&all[1..]).unwrap();
    let other = value.pointer(&rng.pick(&all).unwrap()).unwrap().clone();
    let odd =
        [json!(null), json!(true), json!(0), json!(7), json!("1s"), json!("48h"), json!([]), json!({}), json!("x")];
    let part = changed.pointer_mut(&at).unwrap();
    match (rng.below(5), part) {
        (0, part) => *part = other,
        (1, part) => *part = rng.pick(&odd).unwrap(),
        (2, Value::Array(items)) => match rng.below(items.len() + 1) {
            0 => items.push(other),
            n => drop(items.remove(n - 1)),
        },
        (2 | 3, Value::Object(members)) => match rng.pick(&members.keys().cloned().collect::<Vec<_>>()) {
            Some(name) if rng.chance(70) => drop(members.remove(&name)),
            _ => drop(members.insert(rng.pick(&texts).unwrap_or_default(), other)),
        },
        (_, part) => *part = rng.pick(&texts).unwrap_or_default().into(),
    }
    changed
}

/// Checks that the module takes a configuration just where `check` does, and for a reason that `check` has, too. Returns
/// whether they take it.
fn same(name: &str, value: &Value, module: &Module) -> bool {
    let text = value.to_string();
    let outcome = read_gate(text.as_bytes());
    let errors: Vec<&Diagnostic> = outcome.diagnostics.iter().filter(|found| found.is_error()).collect();
    let is_taken = errors.iter().all(|error| is_left_to_check(error));
    let secrets = value.pointer("/interlock/env").and_then(Value::as_array).into_iter().flatten();
    let secrets = secrets.filter_map(|name| Some((name.as_str()?.to_owned(), "x".repeat(32))));
    let mut vm = module.vm(Proxy::new(text.as_bytes(), secrets.collect::<BTreeMap<_, _>>(), 1_800_000_000)).unwrap();
    start(&mut vm).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
    let log: String = vm.proxy().log.iter().map(|(_, line)| format!("{line}\n")).collect();
    let found: BTreeSet<&str> =
        log.split("error[").skip(1).filter_map(|rest| rest.split_once(']').map(|(code, _)| code)).collect();
    let expected: BTreeSet<&str> = errors.iter().map(|error| error.code.as_str()).collect();
    assert_eq!(!log.contains("NO_CONFIG"), is_taken, "{name}\n{text}\n{log}\n{errors:?}");
    assert_eq!(found.is_empty(), is_taken, "{name}\n{text}\n{log}\n{errors:?}");
    assert!(found.is_subset(&expected), "{name}\n{text}\n{log}\n{errors:?}");
    is_taken
}

#[test]
fn the_module_takes_what_check_takes() {
    let module = Module::load(&stepgate_tests::trials::module().unwrap()).unwrap();
    let (mut taken, mut refused) = (0, 0);
    let mut rng = Rng::new(47);
    for (name, value) in written() {
        let all = std::iter::once(value.clone()).chain((0..CHANGES).map(|_| changed(&value, &mut rng)));
        for value in all {
            match same(&name, &value, &module) {
                true => taken += 1,
                false => refused += 1,
            }
        }
    }
    println!("{taken} taken, {refused} refused");
    assert!(taken > 200 && refused > 1_000, "{taken} taken, {refused} refused");
}
