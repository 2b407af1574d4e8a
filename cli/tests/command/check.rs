//! `stepgate check`.

use std::fs;

use super::run::{stepgate, with};

/// A document with one mistake, at 13:23.
const MISTAKEN: &str = "\
workflow: movie
revision: 1
trust_domain: cluster.local
assurance: signed
actors:
  owner: {spiffe: [ns/m/sa/owner]}
  vfx: {spiffe: [ns/m/sa/vfx]}
tasks:
  brief: {actor: owner, initial: true}
  shots: {actor: vfx, requests: [{methods: [POST], path: /shots}]}
  grade: {actor: owner, requests: [{methods: [POST], path: /grade}]}
transitions:
  - {from: brief, to: shot}
  - {from: shots, to: grade}
";

/// A document with a warning: every request matches one of its tasks.
fn careless() -> String {
    MISTAKEN.replace("to: shot}", "to: shots}").replace(", requests: [{methods: [POST], path: /grade}]", "")
}

#[test]
fn a_document_without_errors_is_summarized() {
    let ran = stepgate(&["check", "movie.yaml", "loan.yaml", "gate/movie.yaml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "movie revision 1, assurance signed",
        "actors      7: `color`, `hdr`, `owner`, `sound`, `vfx-1`, `vfx-2` and `vfx-3`",
        "join        `master` waits for `hdr` and `sound`; they fork at `shots`",
        "at most     in one instance `master` 2 times, each other task once",
        "note[N001]: one instance may enter `approve` up to 4 times",
        "at most     in one instance `approve` 4 times, `assess` 4 times, `documents` 3 times, `pay` 4 times",
        "gate/movie.yaml: a gate's configuration with 1 workflow and 1 key",
        "3 files: 0 errors, 0 warnings",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "no colour but on a terminal");
}

#[test]
fn errors_are_shown_at_their_place() {
    let ran = with(&["check", "-"], &[], MISTAKEN.as_bytes());
    assert_eq!(ran.code, 1);
    for part in ["error[E014]", "<stdin>:13:23", "did you mean `shots` (line 10)?", "1 file: 1 error"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
}

#[test]
fn json_is_one_array() {
    let ran = with(&["check", "--json", "movie.yaml", "-"], &[], MISTAKEN.as_bytes());
    assert_eq!(ran.code, 1);
    let found = ran.json();
    let error = found.as_array().unwrap().iter().find(|finding| finding["severity"] == "error").unwrap();
    assert_eq!(error["file"], "<stdin>");
    assert_eq!(error["code"], "E014");
    assert_eq!([&error["line"], &error["column"], &error["end_line"], &error["end_column"]], [13, 23, 13, 27]);
    assert_eq!(MISTAKEN[error["start"].as_u64().unwrap() as usize..error["end"].as_u64().unwrap() as usize], *"shot");
    assert!(error["help"].as_str().unwrap().contains("shots"));
    assert_eq!(stepgate(&["check", "--json", "movie.yaml"]).json(), serde_json::json!([]));
}

#[test]
fn warnings_may_be_denied() {
    let text = careless();
    let ran = with(&["check", "-"], &[], text.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("warning[W001]"), "{}", ran.out);
    assert_eq!(with(&["check", "--deny-warnings", "-"], &[], text.as_bytes()).code, 1);
    assert_eq!(stepgate(&["check", "--deny-warnings", "loan.yaml"]).code, 0, "a note is no warning");
}

#[test]
fn an_unreadable_file_is_reported_with_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().to_str().unwrap();
    for (file, part) in [("no-such.yaml", "there is no such file"), (directory, "it is a directory")] {
        let ran = stepgate(&["check", file, "movie.yaml"]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.out.contains(part) && ran.out.contains("movie revision 1"), "{}", ran.out);
        let found = stepgate(&["check", "--json", file]);
        assert_eq!((found.code, found.json()[0]["code"].as_str()), (3, Some("IO")));
    }
}

#[test]
fn hostile_texts_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let large = dir.path().join("large.yaml");
    fs::write(&large, vec![b'a'; 9 << 20]).unwrap();
    let ran = stepgate(&["check", large.to_str().unwrap()]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("E001") && ran.out.contains("8 MiB"), "{}", ran.out);
    assert_eq!(stepgate(&["explain", large.to_str().unwrap(), "--peer", "none"]).code, 1);
    for text in [&b""[..], b"workflow: a\0b\n", b"\xff\xfe", b"[[[[", b"{}", &b"[".repeat(100_000)] {
        let ran = with(&["check", "-"], &[], text);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(!ran.out.contains('\0'));
    }
    // An endless input: no more than the bound is read.
    assert_eq!(stepgate(&["check", "/dev/zero"]).code, 1);
}

/// A plain step proves nothing, so one workflow has no revision at `identity` beside a signed one: in no command that
/// gets both.
#[test]
fn one_workflow_has_one_kind_of_level() {
    let dir = tempfile::tempdir().unwrap();
    let plain = fs::read_to_string(super::run::examples().join("identity.yaml")).unwrap();
    let signed = plain.replace("assurance: identity", "assurance: signed").replace("revision: 1", "revision: 2");
    let signed = signed.replace("deadline: {value: 24h, advisory: true}", "deadline: 24h");
    assert_ne!(plain, signed);
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (plain, signed, out) =
        (file("plain.yaml", &plain), file("signed.yaml", &signed), dir.path().join("secrets.yaml"));
    let ran = stepgate(&["check", &plain, &signed]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for part in
        ["error[E037]", "has revisions at level `identity` and at a higher level", "signed.yaml", "mode: observe"]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let found = stepgate(&["check", "--json", &plain, &signed]).json();
    assert!(found.as_array().unwrap().iter().any(|finding| finding["code"] == "E037"), "{found}");
    for command in [&["render", "istio"][..], &["secrets", "--out", out.to_str().unwrap()]] {
        let ran = stepgate(&[command, &[plain.as_str(), signed.as_str()]].concat());
        assert!(ran.code != 0 && ran.err.contains("at level `identity` and at a higher level"), "{ran:?}");
    }
    assert!(!out.exists());
    assert_eq!(stepgate(&["check", &signed]).code, 0);
}
