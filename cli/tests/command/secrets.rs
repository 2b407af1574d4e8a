//! `stepgate secrets`.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;
use stepgate_config::GateConfig;
use stepgate_decision::Gate;

use super::run::{Ran, examples, long, stepgate};

/// A folder for one file of Secrets.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("secrets.yaml")
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let file = self.file();
        stepgate(&[&["secrets", "movie.yaml", "--out", file.to_str().unwrap()], arguments].concat())
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    /// The Secrets, by name.
    fn secrets(&self) -> BTreeMap<String, Value> {
        let objects = objects(&self.text());
        objects.into_iter().map(|object| (object["metadata"]["name"].as_str().unwrap().to_owned(), object)).collect()
    }

    /// The configuration that `render` writes for these Secrets, by the plugin's name.
    fn gates(&self) -> BTreeMap<String, GateConfig> {
        let file = self.file();
        let ran = stepgate(&["render", "istio", "movie.yaml", "--secrets", file.to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let plugins = objects(&ran.out).into_iter().filter(|object| object["kind"] == "WasmPlugin");
        let read = |plugin: Value| {
            let config = stepgate_config::read_gate(plugin["spec"]["pluginConfig"].to_string().as_bytes());
            (plugin["metadata"]["name"].as_str().unwrap().to_owned(), config.checked.unwrap())
        };
        plugins.map(read).collect()
    }
}

pub(super) fn objects(text: &str) -> Vec<Value> {
    text.split("\n---\n").map(|document| stepgate_config::to_json(document.as_bytes()).unwrap()).collect()
}

fn held<'a>(secret: &'a Value, variable: &str) -> Option<&'a str> {
    secret["stringData"].get(variable).map(|value| value.as_str().unwrap())
}

/// A gate with this configuration in a proxy with this Secret, and the keys that it lacks.
fn gate(config: &GateConfig, secret: &Value) -> Result<usize, String> {
    let environment = |name: &str| held(secret, name).map(str::to_owned);
    let made = Gate::new(config.clone(), &environment);
    made.map(|(_, missing)| missing.len()).map_err(|errors| format!("{errors:?}"))
}

#[test]
fn every_workload_has_a_secret_with_which_its_gate_starts() {
    for (alg, plugins) in [("HS256", 1), ("ES256", 7), ("EdDSA", 7)] {
        let place = Place::new();
        let ran = place.run(&["--alg", alg]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let (secrets, gates) = (place.secrets(), place.gates());
        assert_eq!((secrets.len(), gates.len()), (7, plugins), "{alg}");
        for (name, secret) in &secrets {
            let config = gates.get(name).or_else(|| gates.get("stepgate")).unwrap();
            assert_eq!(gate(config, secret), Ok(0), "{alg} {name}");
            assert_eq!(config.mode, stepgate_config::workflow::Mode::Enforce);
        }
        let interlocks: std::collections::BTreeSet<_> =
            secrets.values().map(|secret| held(secret, "STEPGATE_INTERLOCK_1").unwrap()).collect();
        assert_eq!(interlocks.len(), 7, "one for each workload");
    }
}

/// An actor's private key is in its own Secret only: not in annotations, not in plugins.
#[test]
fn a_private_key_is_only_at_its_signer() {
    let place = Place::new();
    assert_eq!(place.run(&["--alg", "ES256"]).code, 0);
    let secrets = place.secrets();
    let jwk: Value =
        serde_json::from_str(held(&secrets["stepgate-owner"], "STEPGATE_KEY_MOVIE__OWNER_K1").unwrap()).unwrap();
    let private = jwk["d"].as_str().unwrap();
    assert_eq!(place.text().matches(private).count(), 1);
    let file = place.file();
    let ran = stepgate(&["render", "istio", "movie.yaml", "--json", "--secrets", file.to_str().unwrap()]);
    assert!(!ran.out.contains(private) && ran.out.contains(jwk["x"].as_str().unwrap()), "{ran:?}");
    for (name, secret) in &secrets {
        assert_eq!(held(secret, "STEPGATE_KEY_MOVIE__OWNER_K1").is_some(), name == "stepgate-owner");
    }
}

/// The stages read the file in the folder, so the gates name its keys, also if nobody says where it is.
#[test]
fn a_folder_with_secrets_is_rendered_for_them() {
    let place = Place::new();
    let folder = place.file().with_file_name("deploy");
    let (out, file) = (folder.to_str().unwrap(), folder.join("secrets/secrets.yaml"));
    let file = file.to_str().unwrap();
    assert_eq!(stepgate(&["secrets", "movie.yaml", "--alg", "ES256", "--out", file]).code, 0);
    let ran = stepgate(&["render", "istio", "movie.yaml", "--out", out, "--secrets", file]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = stepgate(&["render", "istio", "movie.yaml", "--out", out, "--check"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn the_file_is_private_and_is_not_lost() {
    let place = Place::new();
    assert_eq!(place.run(&[]).code, 0);
    assert_eq!(std::fs::metadata(place.file()).unwrap().permissions().mode() & 0o777, 0o600);
    let before = place.text();
    // With nothing to add nothing changes.
    for flags in [&[][..], &["--add"]] {
        let again = place.run(flags);
        assert!(again.code == 0 && again.err.contains("nothing was written"), "{again:?}");
        assert_eq!(place.text(), before);
    }
    let file = place.file();
    let other = stepgate(&["secrets", "checkout.yaml", "--out", file.to_str().unwrap()]);
    assert_eq!((other.code, place.text()), (3, before.clone()), "{other:?}");
    assert!(other.err.contains("--add") && other.err.contains("--rotate"), "{}", other.err);
    // With --force everything does. The new key has another name.
    assert_eq!(place.run(&["--force"]).code, 0);
    let after = place.secrets();
    for (name, secret) in &after {
        assert!(held(secret, "STEPGATE_KEY_MOVIE_K1").is_none() && held(secret, "STEPGATE_KEY_MOVIE_K2").is_some());
        assert!(!before.contains(held(secret, "STEPGATE_INTERLOCK_1").unwrap()), "{name}");
    }
    let shown = place.run(&["--add", "--json"]);
    let any = held(&place.secrets()["stepgate-hdr"], "STEPGATE_INTERLOCK_1").unwrap().to_owned();
    assert!(!shown.out.contains(&any) && shown.json()["workloads"].as_array().unwrap().len() == 7, "{shown:?}");
}

#[test]
fn adding_secrets_leaves_the_others_unchanged() {
    let place = Place::new();
    assert_eq!(place.run(&["--rotate", "preload"]).code, 3, "there is nothing to rotate");
    let (file, document) = (place.file(), long("movie.yaml"));
    let smaller = place.0.path().join("smaller.yaml");
    std::fs::write(&smaller, document.replace("[ns/movie/sa/hdr]", "[vm/hdr]")).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(stepgate(&["secrets", smaller.to_str().unwrap(), "--out", file]).code, 0);
    let before = place.secrets();
    assert_eq!(before.len(), 6);
    assert_eq!(place.run(&["--add"]).code, 0);
    let after = place.secrets();
    assert!(after.len() == 7 && before.iter().all(|(name, secret)| after[name] == *secret));
    assert_eq!(gate(&place.gates()["stepgate"], &after["stepgate-hdr"]), Ok(0));
}

/// Between two steps, gates with the old and the new configuration work in proxies that were restarted and, except for
/// `switch`, in those that were not. Each accepts the tokens of the other.
#[test]
fn a_rotation_has_no_interruption() {
    for alg in ["HS256", "EdDSA"] {
        let place = Place::new();
        assert_eq!(place.run(&["--alg", alg]).code, 0);
        let name = "stepgate-hdr";
        let of = |place: &Place| {
            let mut gates = place.gates();
            let config = gates.remove(name).or_else(|| gates.remove("stepgate")).unwrap();
            (config, place.secrets().remove(name).unwrap())
        };
        let signing = |config: &GateConfig| {
            let mut signing = config.keys.iter().filter(|key| key.key_use == stepgate_config::gate::KeyUse::Sign);
            let kid = signing.next().unwrap().kid.to_string();
            assert!(signing.next().is_none());
            kid
        };
        let (first, proxy_1) = of(&place);
        assert_eq!(place.run(&["--rotate", "switch"]).code, 2, "it is not its turn");
        assert_eq!(place.run(&["--rotate", "preload"]).code, 0);
        let (preloaded, proxy_2) = of(&place);
        assert_eq!(signing(&preloaded), signing(&first));
        assert_eq!(first.interlock, ["STEPGATE_INTERLOCK_1"]);
        assert_eq!(preloaded.interlock, ["STEPGATE_INTERLOCK_1", "STEPGATE_INTERLOCK_2"]);
        // A proxy that was not restarted yet lacks the next key and reports that; it continues with the old one.
        assert_eq!((gate(&preloaded, &proxy_1), gate(&preloaded, &proxy_2)), (Ok(1), Ok(0)));
        assert_eq!(place.run(&["--rotate", "preload"]).code, 2);
        assert_eq!(place.run(&["--rotate", "switch"]).code, 0);
        let (switched, proxy_3) = of(&place);
        assert_eq!(switched.interlock, ["STEPGATE_INTERLOCK_2", "STEPGATE_INTERLOCK_1"]);
        assert_eq!(switched.keys.len(), preloaded.keys.len());
        assert_eq!(signing(&switched), signing(&first).replace("k1", "k2"));
        // The switch changes the configuration only: proxies keep their Secrets.
        assert_eq!(proxy_3["stringData"], proxy_2["stringData"]);
        assert!(gate(&switched, &proxy_1).is_err(), "one that was never restarted denies everything");
        assert_eq!(place.run(&["--rotate", "retire"]).code, 0);
        let (retired, proxy_4) = of(&place);
        assert_eq!((retired.keys.len(), signing(&retired)), (first.keys.len(), signing(&switched)));
        assert_eq!((gate(&retired, &proxy_3), gate(&retired, &proxy_4)), (Ok(0), Ok(0)));
        for old in ["STEPGATE_INTERLOCK_1", "STEPGATE_KEY_MOVIE_K1", "STEPGATE_KEY_MOVIE__HDR_K1"] {
            assert!(held(&proxy_4, old).is_none(), "{old}");
        }
        let next = place.run(&["--rotate", "switch"]);
        assert!(next.code == 2 && next.err.contains("--rotate preload"), "{next:?}");
    }
}

#[test]
fn another_file_is_refused_and_not_shown() {
    let place = Place::new();
    assert_eq!(place.run(&[]).code, 0);
    let text = place.text();
    let secret = held(&place.secrets()["stepgate-hdr"], "STEPGATE_INTERLOCK_1").unwrap().to_owned();
    for broken in [
        text.replace("kind: Secret", "kind: ConfigMap"),
        text.replacen("STEPGATE_INTERLOCK_1:", "STEPGATE_INTERLOCK_2:", 1),
        text.replacen("[\"STEPGATE_INTERLOCK_1\"]", "[]", 1),
        text.replacen("name: stepgate-", "name: ", 1),
        text.replace("k1", "first"),
        String::new(),
        format!("{secret}: ["),
    ] {
        std::fs::write(place.file(), &broken).unwrap();
        let ran = place.run(&["--add"]);
        assert!(ran.code == 3 && !ran.err.contains(&secret), "{ran:?}");
        assert_eq!(place.text(), broken);
    }
}

#[test]
fn secrets_are_limited_to_the_given_namespaces() {
    let place = Place::new();
    let crossing = place.0.path().join("crossing.yaml");
    let movie = long("movie.yaml");
    std::fs::write(&crossing, movie.replace("ns/movie/sa/hdr", "ns/dailies/sa/hdr")).unwrap();
    let (crossing, file) = (crossing.display().to_string(), place.file().display().to_string());
    let generate = |rest: &[&str]| stepgate(&[&["secrets", &crossing, "--out", &file], rest].concat());
    let ran = generate(&["--namespace", "dailys"]);
    assert!(ran.code != 0 && ran.err.contains("no workload in `dailys`") && ran.err.contains("dailies, movie"));
    let ran = generate(&["--namespace", "dailies"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(place.secrets().keys().collect::<Vec<_>>(), ["stepgate-hdr"]);
    assert!(!ran.err.contains("no key is generated"), "{}", ran.err);
    // With a key for each actor, gates of other namespaces have keys that are not in this file.
    let ran = generate(&["--namespace", "dailies", "--alg", "ES256", "--force"]);
    assert!(ran.code == 0 && ran.err.contains("no key is generated for movie/color"), "{ran:?}");
    let ran = generate(&["--force"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(place.secrets().len(), 7);
    // A step for one namespace would leave the gates of the others without its keys.
    let before = std::fs::read_to_string(&file).unwrap();
    assert_eq!(generate(&["--add", "--namespace", "dailies"]).code, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    let ran = generate(&["--rotate", "preload", "--namespace", "dailies"]);
    assert!(ran.code == 2 && ran.err.contains("`movie/color`") && ran.err.contains("--namespace"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    let ran = generate(&["--rotate", "preload", "--namespace", "dailies", "--namespace", "movie"]);
    assert_eq!((ran.code, place.secrets().len()), (0, 7), "{ran:?}");
}

#[test]
fn another_kind_of_keys_replaces_all_of_them() {
    let place = Place::new();
    assert_eq!(place.run(&["--alg", "ES256"]).code, 0);
    assert_eq!(place.run(&["--add"]).code, 0, "--add uses the algorithm of the file");
    let ran = place.run(&["--add", "--alg", "HS256"]);
    assert!(ran.code == 2 && ran.err.contains("--force"), "{ran:?}");
}

/// A `kid` is revoked in every workflow, so no two keys have the same.
#[test]
fn no_two_keys_have_one_kid() {
    for alg in ["HS256", "ES256"] {
        let place = Place::new();
        let file = place.file();
        let ran = stepgate(&[
            "secrets",
            "movie.yaml",
            "loan.yaml",
            "checkout.yaml",
            "--alg",
            alg,
            "--json",
            "--out",
            file.to_str().unwrap(),
        ]);
        let keys = ran.json()["keys"].as_array().unwrap().clone();
        let different: std::collections::BTreeSet<_> = keys.iter().map(ToString::to_string).collect();
        assert!(keys.len() >= 3 && different.len() == keys.len(), "{keys:?}");
    }
}

/// Documents whose names differ only in a separator, and one with the longest name: their gates run side by side.
#[test]
fn two_keys_never_share_a_variable() {
    let document = std::fs::read_to_string(examples().join("movie.yaml")).unwrap();
    for alg in ["HS256", "ES256"] {
        let place = Place::new();
        let write = |name: &str| {
            let path = place.0.path().join(format!("{name}.yaml")).to_str().unwrap().to_owned();
            let document = document.replace("workflow: movie", &format!("workflow: {name}"));
            // Each begins with a request of its own.
            let document = document.replace("/shots/", &format!("/{name}/"));
            std::fs::write(&path, document.replace("vfx-1", "vfx_1").replace("sa/vfx_1", "sa/vfx-1")).unwrap();
            path
        };
        let paths = ["a-b", "a.b", "a_b", "movie-vfx", &"m".repeat(64)].map(write);
        let file = place.file().to_str().unwrap().to_owned();
        let documents: Vec<&str> = paths.iter().map(String::as_str).collect();
        let ran = stepgate(&[&["secrets", "--out", &file, "--alg", alg], &documents[..]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let ran = stepgate(&[&["render", "istio", "--secrets", &file], &documents[..]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let secrets = place.secrets();
        let plugins: Vec<Value> = objects(&ran.out).into_iter().filter(|o| o["kind"] == "WasmPlugin").collect();
        for (name, secret) in &secrets {
            let of = |plugin: &&Value| plugin["metadata"]["name"] == **name || plugin["metadata"]["name"] == "stepgate";
            let plugin = plugins.iter().find(of).unwrap();
            let config = stepgate_config::read_gate(plugin["spec"]["pluginConfig"].to_string().as_bytes());
            assert_eq!(gate(&config.checked.unwrap(), secret), Ok(0), "{name}");
        }
    }
}
