//! `stepgate keygen`.

use std::os::unix::fs::PermissionsExt;

use stepgate_config::name::Kid;
use stepgate_decision::keys::{Key, KeyActor};

use super::run::{stepgate, with};

#[test]
fn gates_accept_keys_of_every_algorithm() {
    for (alg, kty) in [("HS256", "oct"), ("ES256", "EC"), ("EdDSA", "OKP")] {
        let ran = stepgate(&["keygen", "--workflow", "movie", "--actor", "vfx-1", "--alg", alg, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let bundle = ran.json();
        let jwk = &bundle["private_jwk"];
        assert_eq!([&jwk["kty"], &jwk["alg"], &jwk["use"]], [kty, alg, "sig"]);
        let kid = Kid::try_from(jwk["kid"].as_str().unwrap()).unwrap();
        assert!(kid.as_str().starts_with("vfx-1-20"), "{kid}");
        let key = Key::new(kid.clone(), KeyActor::Any, &jwk.to_string()).unwrap();
        assert!(key.material().signs());
        assert_eq!(bundle["env"], "STEPGATE_KEY_MOVIE__VFX_1");
        assert_eq!(bundle["secret"]["stringData"]["STEPGATE_KEY_MOVIE__VFX_1"], jwk.to_string());
        if alg == "HS256" {
            assert!(bundle["public_jwk"].is_null() && ran.err.contains("a reader of the environment"), "{ran:?}");
            continue;
        }
        assert!(bundle["public_jwk"].get("d").is_none());
        assert!(!Key::new(kid, KeyActor::Any, &bundle["public_jwk"].to_string()).unwrap().material().signs());
        assert!(ran.err.is_empty(), "{}", ran.err);
    }
}

/// The output is one manifest, which `kubectl apply -f -` takes; the lines for gates are comments in it.
#[test]
fn the_output_is_a_secret_and_its_comments_fit_into_a_gates_configuration() {
    let document = std::fs::read_to_string(super::run::examples().join("movie.yaml")).unwrap();
    for arguments in [&["--alg", "HS256"][..], &["--alg", "ES256", "--actor", "owner", "--kid", "2026"]] {
        let ran = stepgate(&[&["keygen", "--workflow", "movie", "--namespace", "movie"][..], arguments].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let secret = stepgate_config::to_json(ran.out.as_bytes()).unwrap();
        assert_eq!([&secret["kind"], &secret["metadata"]["namespace"]], ["Secret", "movie"]);
        let members: Vec<&str> = secret.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["apiVersion", "kind", "metadata", "stringData", "type"]);
        let indented: String = document.lines().map(|line| format!("    {line}\n")).collect();
        let uncommented = ran
            .out
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| !line.starts_with(' ') || line.starts_with("  -"));
        let lines: Vec<&str> = uncommented.collect();
        // For the gates that sign; of a pair of keys also for the others.
        for keys in lines.chunks(2) {
            let gate = format!("{}\nworkflows:\n  -\n{indented}", keys.join("\n"));
            let found = with(&["check", "-", "--json"], &[], gate.as_bytes()).json();
            let codes: Vec<&str> =
                found["files"][0]["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
            // One actor's key is not enough for all actors; that must be the only error.
            assert!(codes.iter().all(|code| *code == "E034"), "{gate}{found}");
        }
        assert_eq!(lines.len(), if arguments.contains(&"HS256") { 2 } else { 4 }, "{}", ran.out);
    }
}

#[test]
fn files_are_private_and_replace_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    let out = keys.to_str().unwrap();
    let arguments = ["keygen", "--workflow", "movie", "--alg", "ES256", "--actor", "owner", "--out", out];
    let ran = stepgate(&arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!ran.out.contains("\"d\""), "the key itself is only in the files");
    let files: Vec<_> = std::fs::read_dir(&keys).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(files.len(), 5, "the four, and a .gitignore");
    for file in &files {
        let is_secret = file.file_name() != ".gitignore";
        assert!(!is_secret || file.metadata().unwrap().permissions().mode() & 0o777 == 0o600, "{file:?}");
    }
    assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o700);
    let read = || std::fs::read_to_string(keys.join("stepgate.movie.owner.private.jwk.json")).unwrap();
    let before = read();
    // The same key again is kept; what an interrupted run did not write of it is written.
    let again = stepgate(&arguments);
    assert!(again.code == 0 && again.out == ran.out && again.err.contains("nothing was written"), "{again:?}");
    let public = keys.join("stepgate.movie.owner.public.jwk.json");
    let text = std::fs::read_to_string(&public).unwrap();
    std::fs::remove_file(&public).unwrap();
    assert_eq!((stepgate(&arguments).code, std::fs::read_to_string(&public).unwrap()), (0, text));
    // Another key has the same files. Their names do not depend on the key's name: another --kid would not help.
    for other in [&["--kid", "next"][..], &["--namespace", "elsewhere"]] {
        let other = stepgate(&[&arguments[..], other].concat());
        assert_eq!((other.code, read()), (3, before.clone()), "{other:?}");
        assert!(other.err.contains("--force") && !other.err.contains("--kid"), "{}", other.err);
    }
    let mut another = arguments;
    another[4] = "EdDSA";
    assert_eq!((stepgate(&another).code, read()), (3, before.clone()));
    assert_eq!(stepgate(&[&arguments[..], &["--force"]].concat()).code, 0);
    assert_ne!(read(), before);
}

#[test]
fn invalid_names_are_refused() {
    for arguments in [
        &["--workflow", "Movie"][..],
        &["--workflow", "movie", "--kid", "a b"],
        &["--workflow", "movie", "--namespace", "UPPER"],
        &["--workflow", "movie", "--alg", "none"],
        &["--workflow", "movie", "--force"],
    ] {
        assert_eq!(stepgate(&[&["keygen"][..], arguments].concat()).code, 2, "{arguments:?}");
    }
}
