//! Whatever is done to a file of secrets, in whatever order: what the documents do not mention stays, and the file is
//! read again as it was written.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;
use stepgate_decision::keys::Algorithm;
use stepgate_render::{Document, Inventory, RotationStep, Secrets};

/// Two documents of other workloads, two of the same ones, and a revision in which an actor has another name.
static DOCUMENTS: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let read = |name: &str| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples").join(name);
        stepgate_config::rewrite(&std::fs::read_to_string(file).unwrap(), stepgate_config::Form::Long).unwrap().unwrap()
    };
    let renamed = read("movie.yaml")
        .replace("revision: 1", "revision: 2")
        .replace("  color: {spiffe", "  grading: {spiffe")
        .replace("{actor: color,", "{actor: grading,");
    [read("movie.yaml"), renamed, read("checkout.yaml"), read("movie-guards.yaml")]
        .iter()
        .map(|text| Document {
            json: stepgate_config::to_json(text.as_bytes()).unwrap(),
            workflow: stepgate_config::read_workflow(text.as_bytes()).into_result().unwrap().0,
        })
        .collect()
});

#[derive(Debug, Clone, Copy)]
enum Change {
    Add(Option<Algorithm>),
    Rotate(RotationStep),
    Replace(Option<Algorithm>),
}

fn change() -> impl Strategy<Value = Change> {
    let algorithm = || prop_oneof![Just(None), Just(Some(Algorithm::Hs256)), Just(Some(Algorithm::EdDsa))];
    let step = prop_oneof![Just(RotationStep::Preload), Just(RotationStep::Switch), Just(RotationStep::Retire)];
    prop_oneof![2 => algorithm().prop_map(Change::Add), 4 => step.prop_map(Change::Rotate), 1 => algorithm().prop_map(Change::Replace)]
}

/// The workflow and the actor of a key.
type Owner = (String, String);

/// A secret value, its role (whether a key signs, whether an interlock is set), and the owner of the key.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    value: String,
    role: String,
    owner: Option<Owner>,
}

/// The content of a file, by Secret and variable.
fn content(text: &str) -> BTreeMap<(String, String), Held> {
    let mut all = BTreeMap::new();
    let text_of = |value: &Value| value.as_str().unwrap().to_owned();
    for document in text.split("\n---\n") {
        let secret = stepgate_config::to_json(document.as_bytes()).unwrap();
        let metadata = &secret["metadata"];
        let name = format!("{}/{}", text_of(&metadata["namespace"]), text_of(&metadata["name"]));
        let annotation = |name: &str| -> Vec<Value> {
            serde_json::from_str(metadata["annotations"][name].as_str().unwrap()).unwrap()
        };
        let (keys, interlock) = (annotation("stepgate.dev/keys"), annotation("stepgate.dev/interlock"));
        for (variable, value) in secret["stringData"].as_object().unwrap() {
            let key = keys.iter().find(|entry| entry["env"] == **variable);
            let held = Held {
                value: text_of(value),
                role: key.map_or((interlock[0] == **variable).to_string(), |entry| text_of(&entry["use"])),
                owner: key.map(|entry| (text_of(&entry["workflow"]), text_of(&entry["actor"]))),
            };
            assert!(all.insert((name.clone(), variable.clone()), held).is_none());
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_is_lost(steps in proptest::collection::vec((1..16_usize, change()), 1..14)) {
        let mut secrets = Secrets::default();
        for (given, change) in steps {
            let documents: Vec<Document> =
                DOCUMENTS.iter().enumerate().filter(|(at, _)| given >> at & 1 == 1).map(|(_, one)| one.clone()).collect();
            let inventory = Inventory::of(&documents, None, &[]).unwrap();
            let mut changed = secrets.clone();
            let done = match change {
                Change::Add(algorithm) => changed.complete(&inventory, algorithm),
                Change::Rotate(step) => changed.complete(&inventory, None).and_then(|()| changed.rotate(&inventory, step)),
                Change::Replace(algorithm) => changed.replace(&inventory, algorithm),
            };
            // A step that is refused writes nothing.
            if done.is_err() {
                continue;
            }
            let text = changed.text().unwrap();
            prop_assert_eq!(Secrets::read(&text).unwrap().text().unwrap(), text.as_str());
            if !secrets.workloads().is_empty() {
                let named: BTreeSet<String> = inventory.names().iter().map(|name| name.replace('/', "/stepgate-")).collect();
                let is_mentioned = |owner: &Owner| {
                    let of_it = |document: &&Document| document.workflow.name.as_str() == owner.0;
                    documents.iter().filter(of_it).any(|document| {
                        let mut actors = document.workflow.actors.keys();
                        owner.1 == "*" || actors.any(|actor| actor.as_str() == owner.1)

                    })
                };
                let after = content(&text);
                for (place, held) in content(&secrets.text().unwrap()) {
                    let is_mentioned = held.owner.as_ref().map_or(named.contains(&place.0), is_mentioned);
                    let (removes, changes) = match change {
                        Change::Add(_) => (false, false),
                        Change::Rotate(step) => (step == RotationStep::Retire, true),
                        Change::Replace(_) => (true, true),
                    };
                    let now = after.get(&place);
                    let stays = now.is_some_and(|now| now.value == held.value);
                    prop_assert!(stays || (removes && is_mentioned), "{change:?} of {given:b} lost {place:?}");
                    let same = now.is_none_or(|now| now.role == held.role);
                    prop_assert!(same || (changes && is_mentioned), "{change:?} of {given:b} changed {place:?}");
                }
            }
            secrets = changed;
        }
    }
}
