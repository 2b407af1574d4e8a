//! `stepgate token`.

use super::run::{stepgate, with};

/// A key for the gate that the example configures.
fn key() -> String {
    stepgate(&["keygen", "--workflow", "movie", "--kid", &kid(), "--json"]).json()["private_jwk"].to_string()
}

/// The `kid` of the example's only key.
fn kid() -> String {
    let gate = std::fs::read(super::run::examples().join("gate/movie.yaml")).unwrap();
    let gate = stepgate_config::to_json(&gate).unwrap();
    assert_eq!(gate["keys"][0]["env"], "STEPGATE_KEY_MOVIE");
    gate["keys"][0]["kid"].as_str().unwrap().to_owned()
}

fn mint(key: &str, arguments: &[&str]) -> String {
    let asked = ["token", "mint", "gate/movie.yaml"];
    let ran = with(&[&asked[..], arguments].concat(), &[("STEPGATE_KEY_MOVIE", key)], b"");
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.out.trim().to_owned()
}

#[test]
fn a_minted_token_is_valid_and_permitted() {
    let key = key();
    let environment = [("STEPGATE_KEY_MOVIE", key.as_str())];
    let token = mint(&key, &["--task", "shots", "--instance", "i-1"]);
    let ran = with(&["token", "verify", "gate/movie.yaml"], &environment, token.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    for part in
        ["VALID", "an arrival at `shots` of movie revision 1, held by vfx-1, instance i-1", "vfx-1 may call vfx-2"]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let asked =
        ["explain", "gate/movie.yaml", "--peer", "vfx-1", "--self", "vfx-2", "--method", "POST", "--path", "/plates/7"];
    let ran = with(&[&asked[..], &["--step", &token]].concat(), &environment, b"");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("instance  i-1"), "{}", ran.out);
}

#[test]
fn an_invalid_token_is_explained() {
    let (key, other) = (key(), key());
    let old = mint(&key, &["--task", "shots", "--time", "2026-01-01T00:00:00Z"]);
    let ahead = mint(&key, &["--task", "shots", "--time", "2999-01-01T00:00:00Z"]);
    let good = mint(&key, &["--task", "shots"]);
    let forged = mint(&other, &["--task", "shots"]);
    for (token, code) in [
        (old.as_str(), "EXPIRED"),
        (&ahead, "NOT_YET"),
        (&forged, "BAD_SIGNATURE"),
        ("a.b.c", "BAD_STEP"),
        (&good[..good.len() - 9], "BAD_S"),
        ("movie/1/shots", "WRONG_TYPE"),
    ] {
        let ran = with(&["token", "verify", "gate/movie.yaml", token], &[("STEPGATE_KEY_MOVIE", &key)], b"");
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.out.contains(code), "{code}: {}", ran.out);
    }
    let ran = stepgate(&["token", "verify", "gate/movie.yaml", &good]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("STEPGATE_KEY_MOVIE") && ran.out.contains("UNKNOWN_KEY"), "{ran:?}");
    assert_eq!(with(&["token", "verify", "gate/movie.yaml", &good], &[("STEPGATE_KEY_MOVIE", "{}")], b"").code, 3);
    assert_eq!(stepgate(&["token", "verify", "movie.yaml", &good]).code, 2);
}

#[test]
fn a_join_has_a_token_from_each_source() {
    let key = key();
    assert_eq!(mint(&key, &["--task", "master"]).split(',').count(), 2);
    let one = mint(&key, &["--task", "master", "--from", "hdr"]);
    assert_eq!(one.split(',').count(), 1);
    let ran = with(
        &["token", "mint", "gate/movie.yaml", "--task", "master", "--from", "hrd"],
        &[("STEPGATE_KEY_MOVIE", &key)],
        b"",
    );
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("did you mean `hdr`?"), "{}", ran.err);
}

#[test]
fn keys_come_from_a_file_or_a_variable() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key.json");
    std::fs::write(&file, key()).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(stepgate(&["token", "mint", "movie.yaml", "--task", "shots", "--key", file]).code, 0);
    let by_env = ["token", "mint", "movie.yaml", "--task", "shots", "--ttl", "5m", "--key-env", "MY_KEY"];
    assert_eq!(with(&by_env, &[("MY_KEY", &key())], b"").code, 0);
    for (arguments, code) in [
        (&["--task", "shots"][..], 2),
        (&["--task", "shot", "--key", file], 2),
        (&["--task", "shots", "--key", file, "--ttl", "1d"], 2),
        (&["--task", "shots", "--key", file, "--kid", "other"], 3),
        (&["--task", "shots", "--key", "/no/such"], 3),
        (&["--task", "shots", "--key-env", "NO_SUCH_KEY"], 3),
        (&["--task", "shots", "--type", "receipt", "--key", file], 2),
        (&["--task", "shots", "--type", "departure", "--key", file], 2),
    ] {
        let ran = stepgate(&[&["token", "mint", "movie.yaml"][..], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
    }
}

#[test]
fn inspecting_is_not_verifying() {
    let token = mint(&key(), &["--task", "shots", "--time", "2026-01-01T00:00:00Z"]);
    let ran = with(&["token", "inspect", "-"], &[], token.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("NOT VERIFIED"), "{}", ran.out);
    let shown = stepgate(&["token", "inspect", "--json", &token]).json();
    assert_eq!(shown[0]["verified"], false);
    assert_eq!(shown[0]["header"]["typ"], "wfa+jwt");
    assert_eq!(shown[0]["times"]["iat"]["time"], "2026-01-01T00:00:00Z");
    assert!(shown[0]["times"]["exp"]["relative"].as_str().unwrap().ends_with("ago"));
    assert!(shown[0]["malformed"].is_null());
    // `{"alg":"none"}` and `{}`: not a step token, but it can be decoded.
    let ran = stepgate(&["token", "inspect", "--json", "eyJhbGciOiJub25lIn0.e30."]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let shown = ran.json();
    assert_eq!(shown[0]["header"]["alg"], "none");
    assert!(shown[0]["malformed"].as_str().unwrap().starts_with("BAD_STEP"));
    for (input, code) in [(&b"x"[..], 1), (b"", 2), (b"\xff", 3), (&[b'a'; 70_000], 3)] {
        assert_eq!(with(&["token", "inspect"], &[], input).code, code);
    }
}

#[test]
fn a_plain_step_has_one_form_only() {
    let long = format!("movie/1/{}", "a".repeat(65));
    for (step, code) in [
        ("movie/1/shots", 0),
        ("movie/4294967295/shots", 0),
        ("movie/01/shots", 1),
        ("movie/+1/shots", 1),
        ("movie/4294967296/shots", 1),
        ("movie/1/shots/", 1),
        ("movie/1", 1),
        ("Movie/1/shots", 1),
        ("movie/1/", 1),
        ("/", 1),
        (&long, 1),
    ] {
        let ran = stepgate(&["token", "inspect", "--json", step]);
        assert_eq!(ran.code, code, "{step}: {ran:?}");
        assert_eq!(ran.json()[0]["plain"].is_null(), code == 1, "{step}: {ran:?}");
    }
}

#[test]
fn a_file_given_as_a_token_is_pointed_out() {
    let file = super::run::examples().join("movie.yaml");
    for arguments in [&["token", "inspect"][..], &["token", "verify", "gate/movie.yaml"]] {
        let ran = with(&[arguments, &[file.to_str().unwrap()]].concat(), &[("STEPGATE_KEY_MOVIE", &key())], b"");
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains(&format!("`-` with `< {}`", file.display())), "{ran:?}");
    }
}

/// Anybody can have written an unverified token.
#[test]
fn an_inspected_token_does_not_control_the_terminal() {
    use ct_codecs::{Base64UrlSafeNoPadding as Base64, Encoder};
    let part = |text: &str| Base64::encode_to_string(text).unwrap();
    let token = format!("{}.{}.", part(r#"{"alg":"none"}"#), part("{\"sub\":\"\u{9b}2J\u{7f}\u{202e}\u{2066}\"}"));
    for arguments in [&["token", "inspect", &token][..], &["token", "inspect", "--json", &token]] {
        let ran = stepgate(arguments);
        for (raw, escaped) in
            [('\u{9b}', "\\u009b"), ('\u{7f}', "\\u007f"), ('\u{202e}', "\\u202e"), ('\u{2066}', "\\u2066")]
        {
            assert!(!ran.out.contains(raw) && ran.out.contains(escaped), "{ran:?}");
        }
    }
}

#[test]
fn an_empty_variable_is_distinguished_from_a_missing_one() {
    use std::os::unix::ffi::OsStrExt;
    let by_env = ["token", "mint", "movie.yaml", "--task", "shots", "--key-env", "STEPGATE_KEY_MOVIE"];
    let by_gate = ["token", "mint", "gate/movie.yaml", "--task", "shots"];
    let verify = ["token", "verify", "gate/movie.yaml", "a.b.c"];
    let explain = ["explain", "gate/movie.yaml", "--peer", "owner", "--self", "vfx-1", "--step", "a.b.c"];
    let text = std::ffi::OsStr::from_bytes(b"\xff");
    for arguments in [&by_env[..], &by_gate, &verify, &explain] {
        let unset = stepgate(arguments);
        assert!(unset.err.contains("the environment has no `STEPGATE_KEY_MOVIE`"), "{unset:?}");
        let empty = with(arguments, &[("STEPGATE_KEY_MOVIE", "")], b"");
        assert!(empty.err.contains("`STEPGATE_KEY_MOVIE` is empty"), "{empty:?}");
        let other = super::run::with_bytes(arguments, &[("STEPGATE_KEY_MOVIE", text)], b"");
        assert!(other.err.contains("`STEPGATE_KEY_MOVIE` is not text"), "{other:?}");
    }
}
