//! Every answer with `--json`, in any test here, fits the schema of its command; every example fits the one that it names.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::answer_schema::closed_schema;
use super::run::{examples, stepgate, with};

/// The subjects of `stepgate schema` that are answers of commands.
const ANSWERS: [&str; 11] = [
    "check",
    "explain",
    "lab",
    "doctor",
    "keygen",
    "secrets",
    "at-rest",
    "render",
    "token-mint",
    "token-inspect",
    "token-verify",
];

#[test]
fn every_schema_has_a_name_and_is_one() {
    for subject in ANSWERS.into_iter().chain(["workflow", "gate"]) {
        let schema = stepgate(&["schema", subject]).json();
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{subject}: {error}"));
        assert_eq!(schema["$id"], format!("urn:stepgate:schema:{subject}"));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{subject}");
        assert!(!schema["title"].as_str().unwrap().is_empty(), "{subject}");
    }
    let wrong =
        closed_schema("check").is_valid(&json!({"files": [], "left_out": [], "errors": 0, "warnings": 0, "more": 1}));
    assert!(!wrong, "a member that the schema does not describe");
}

/// Each command with `--json` is run here; the runner compares its answer with the schema.
#[test]
fn each_answer_fits_its_schema() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (secrets, etcd, out, keys) = (at("secrets.yaml"), at("etcd.yaml"), at("deploy"), at("keys"));
    for arguments in [
        &["check", "--json", "movie.yaml", "gate/movie.yaml", "loan.yaml", "identity.yaml", "no-such.yaml"][..],
        &[
            "explain",
            "--json",
            "movie.yaml",
            "--peer",
            "owner",
            "--self",
            "vfx-1",
            "--method",
            "POST",
            "--path",
            "/shots/7",
        ],
        &["explain", "--json", "movie.yaml", "--peer", "vfx-1", "--self", "color", "--at", "shots"],
        &["keygen", "--json", "--workflow", "movie"],
        &["keygen", "--json", "--workflow", "movie", "--alg", "ES256", "--actor", "owner", "--out", &keys],
        &["secrets", "--json", "movie.yaml", "--out", &secrets],
        &["secrets", "--json", "movie.yaml", "--out", &secrets, "--remove"],
        &["at-rest", "--json", "--out", &etcd],
        &["render", "istio", "--json", "movie.yaml"],
        &["render", "istio", "--json", "movie.yaml", "--out", &out],
        &["render", "istio", "--json", "movie.yaml", "--out", &out, "--check"],
        &["token", "inspect", "--json", "movie/1/shots,e30.e30.x,more"],
        #[cfg(feature = "doctor")]
        &["doctor", "--json", "movie.yaml", "--admin", "vfx-1=http://127.0.0.1:1"],
    ] {
        let ran = stepgate(arguments);
        assert!(!ran.out.is_empty() && ran.code != 2, "{arguments:?}: {ran:?}");
    }
    let key =
        stepgate(&["keygen", "--json", "--workflow", "movie", "--kid", "2026-11"]).json()["private_jwk"].to_string();
    let key = [("STEPGATE_KEY_MOVIE", key.as_str())];
    let minted = with(&["token", "mint", "gate/movie.yaml", "--task", "shots", "--json"], &key, b"").json();
    let token = minted["tokens"][0].as_str().unwrap();
    assert_eq!(stepgate(&["token", "inspect", "--json", token]).code, 0);
    for token in [token, "no-token"] {
        let ran = with(&["token", "verify", "--json", "gate/movie.yaml", token], &key, b"");
        assert_eq!(ran.code, i32::from(token == "no-token"), "{ran:?}");
    }
}

/// Editors find the schema by the first line of each example, and agree with `check`.
#[test]
fn every_example_names_its_schema_and_fits_it() {
    let mut number = 0;
    for path in yaml_files(&examples()) {
        let text = fs::read_to_string(&path).unwrap();
        let named = text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=");
        let named = path.parent().unwrap().join(named.unwrap_or_else(|| panic!("{}: no schema", path.display())));
        let schema: Value = serde_json::from_slice(&fs::read(named).unwrap()).unwrap();
        let document = stepgate_config::to_json(text.as_bytes()).unwrap();
        let subject = if document.get("workflows").is_some() { "gate" } else { "workflow" };
        assert_eq!(schema, stepgate(&["schema", subject]).json(), "{}", path.display());
        jsonschema::validate(&schema, &document).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        number += 1;
    }
    assert!(number >= 7);
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { yaml_files(&path) } else { vec![path] }).collect()
}
