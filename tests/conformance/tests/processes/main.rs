//! The published processes of the corpus: what `check` says of each, and whole instances with the tokens that the gates mint.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod walk;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use stepgate_config::workflow::Workflow;
use stepgate_config::{Language, read_workflow, reference_markdown};
use stepgate_tests::corpus::{Corpus, folder};
use stepgate_tests::process::Process;

fn processes() -> Vec<Process> {
    Process::all(&folder()).unwrap()
}

/// The processes, and the control-flow patterns, which have the same form.
fn documents() -> Vec<Process> {
    processes().into_iter().chain(Process::patterns(&folder()).unwrap()).collect()
}

/// The differences between the findings of `check` and those that are written down.
fn differences(name: &str, document: &Value, written: &[String]) -> Vec<String> {
    let mut differing = Vec::new();
    let mut open: Vec<&String> = written.iter().collect();
    for one in read_workflow(document.to_string().as_bytes()).diagnostics {
        let (code, text) = (one.code.as_str(), format!("{} {}", one.message, one.label));
        let is = |wanted: &&String| wanted.strip_prefix(code).is_some_and(|part| text.contains(part.trim_start()));
        match open.iter().position(is) {
            Some(at) => drop(open.remove(at)),
            None => differing.push(format!("{name}: not expected: {code} {text}")),
        }
    }
    differing.extend(open.iter().map(|wanted| format!("{name}: not found: {wanted}")));
    differing
}

#[test]
fn check_finds_in_each_what_is_written_there() {
    let found = |process: &Process| differences(&process.name, &process.document, &process.check);
    let differing: Vec<String> = documents().iter().flat_map(found).collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// A document with a mistake that its author plainly did not mean does not pass without a word.
#[test]
fn check_finds_mistakes() {
    let (mut differing, mut codes) = (Vec::new(), BTreeSet::new());
    for process in processes() {
        for mistake in &process.mistakes {
            let title = format!("{}: {}", process.name, mistake.name);
            differing.extend(differences(&title, &patched(&process.document, &mistake.patch), &mistake.check));
            codes.extend(mistake.check.iter().filter_map(|found| found.get(..4).map(str::to_owned)));
            let more = mistake.check.iter().any(|found| found.starts_with(['E', 'W']));
            assert!(more, "{title}: neither an error nor a warning");
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert!(codes.len() > 12, "{codes:?}");
}

/// A merge patch (RFC 7396, section 2).
fn patched(value: &Value, patch: &Value) -> Value {
    let Some(members) = patch.as_object() else { return patch.clone() };
    let mut merged = value.as_object().cloned().unwrap_or_default();
    for (name, patch) in members {
        let old = merged.remove(name).unwrap_or_default();
        if !patch.is_null() {
            merged.insert(name.clone(), patched(&old, patch));
        }
    }
    Value::Object(merged)
}

/// The walks take every transition of the document, each with the request of its case.
#[test]
fn the_walks_of_each_are_permitted_and_reach_everything() {
    let corpus = Corpus::read().unwrap();
    let mut wrong = Vec::new();
    for process in documents() {
        let Some(config) = &corpus.gates[&process.name].config else {
            wrong.push(format!("{}: the document has errors", process.name));
            continue;
        };
        let mut left: BTreeSet<String> = config.workflows[0].transitions.iter().map(ToString::to_string).collect();
        for walk in &process.walks {
            match walk::walk(&corpus, &process, walk) {
                Ok(taken) => left.retain(|transition| !taken.contains(transition)),
                Err(why) => wrong.push(format!("{}: {why}", process.name)),
            }
        }
        wrong.extend(left.iter().map(|transition| format!("{}: no walk takes {transition}", process.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Six of the twenty run in real Envoys, and each is attacked: a step that another workload holds, a request without a step,
/// one that skips, and one that is made twice.
#[test]
fn there_are_twenty_and_each_is_attacked() {
    let processes = processes();
    assert_eq!(processes.len(), 20);
    assert_eq!(processes.iter().filter(|process| process.envoys).count(), 6);
    for process in &processes {
        let denied: BTreeSet<&str> = process.cases.iter().filter_map(|case| case.then.deny.as_deref()).collect();
        let skips = denied.contains("NO_TRANSITION") || denied.contains("WRONG_REQUEST");
        let stranger = denied.contains("OUTSIDER") && denied.contains("WRONG_HOLDER");
        // At `identity` nothing is remembered.
        let twice = denied.contains("ALREADY_TAKEN") || process.document["assurance"] == "identity";
        assert!(skips && stranger && twice, "{}: {denied:?}", process.name);
    }
}

#[test]
fn together_they_use_every_key_of_the_language() {
    let mut used = BTreeSet::new();
    processes().iter().for_each(|process| keys(&process.document, &mut used));
    let reference = reference_markdown(Language::Workflow);
    let cells = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let unused: Vec<&str> = cells.filter(|key| !used.contains(*key)).collect();
    assert_eq!(unused, Vec::<&str>::new());
}

fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            into.insert(key.clone());
            keys(value, into);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The table of the README has a row for each process, with the codes of its findings.
#[test]
fn the_table_has_each_with_its_codes() {
    let page = fs::read_to_string(folder().join("processes/README.md")).unwrap();
    for process in processes() {
        let file = process.name.strip_prefix("processes/").unwrap();
        let row = page.lines().find(|line| line.starts_with(&format!("| [{file}]({file}.yaml)")));
        let row = row.unwrap_or_else(|| panic!("no row for {file}"));
        let says = row.split('|').nth(4).unwrap();
        let codes: BTreeSet<&str> = process.check.iter().filter_map(|found| found.split(' ').next()).collect();
        let written: BTreeSet<&str> = says.split(['`', ' ', ',']).filter(|word| is_code(word)).collect();
        assert_eq!(written, codes, "{file}");
        let workflow: &Workflow = &read_workflow(process.document.to_string().as_bytes()).into_result().unwrap().0;
        assert_eq!(workflow.name.as_str(), file);
    }
}

fn is_code(word: &str) -> bool {
    let number = word.strip_prefix(['W', 'N']);
    number.is_some_and(|number| number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()))
}
