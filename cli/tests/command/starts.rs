//! Starts that workflows contest: `check`, `render` and `secrets` compare the documents that they are given.

use std::fs;

use super::run::{Ran, stepgate};

/// A document whose owner begins with `POST PATH` at the editor.
fn document(name: &str, revision: u32, path: &str) -> String {
    format!(
        "workflow: {name}\nrevision: {revision}\ntrust_domain: cluster.local\nactors:\n  {name}-owner: {{spiffe: [ns/film/sa/owner]}}\n  editor: {{spiffe: [ns/news/sa/editor]}}\ntasks:\n  {name}-brief: {{actor: {name}-owner, initial: true}}\n  {name}-cut: {{actor: editor, requests: [{{methods: [POST], path: \"{path}\"}}]}}\ntransitions:\n  - {{from: {name}-brief, to: {name}-cut}}\n"
    )
}

/// The answers of the three commands to these documents.
fn answers(documents: &[String], more: &[&str]) -> Vec<Ran> {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (number, text) in documents.iter().enumerate() {
        let file = folder.path().join(format!("{number}.yaml"));
        fs::write(&file, text).unwrap();
        files.push(file.display().to_string());
    }
    let secrets = folder.path().join("secrets.yaml").display().to_string();
    let run = |before: &[&str], after: &[&str]| {
        let files = files.iter().map(String::as_str);
        stepgate(&before.iter().copied().chain(files).chain(after.iter().copied()).collect::<Vec<_>>())
    };
    vec![run(&["check"], &[]), run(&["secrets", "--out", &secrets], &[]), run(&["render", "istio"], more)]
}

#[test]
fn documents_that_one_request_could_begin_are_refused_together() {
    let (film, twin) = (document("film", 3, "/cut/{id}"), document("twin", 1, "/cut/{id}"));
    for ran in answers(&[film.clone(), twin.clone()], &[]) {
        assert_eq!(ran.code, 1, "{ran:?}");
        let said = format!("{}{}", ran.out, ran.err);
        for part in [
            "error[E023]: one request could begin an instance of `film` (revision 3, film-brief -> film-cut) or of `twin` (revision 1, twin-brief -> twin-cut): `POST /cut/x`: the first is in ",
            "0.yaml:11:28",
            "1.yaml:11:28",
            "gates deny such a request with `AMBIGUOUS`",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    for ran in answers(&[film], &[]).into_iter().chain(answers(&[twin], &[])) {
        assert_eq!(ran.code, 0, "{ran:?}");
    }
}

#[test]
fn documents_that_no_request_could_both_begin_are_accepted_together() {
    let other_owner = document("twin", 1, "/cut/{id}").replace("sa/owner", "sa/other");
    for second in [document("twin", 1, "/edit"), other_owner, document("film", 4, "/cut/{id}")] {
        for ran in answers(&[document("film", 3, "/cut/{id}"), second.clone()], &[]) {
            assert_eq!(ran.code, 0, "{second} {ran:?}");
        }
    }
}

/// Only one revision of a workflow begins instances: the highest, or the one that `--open` names.
#[test]
fn a_closed_revision_contests_nothing() {
    let documents = [document("film", 3, "/cut/{id}"), document("film", 4, "/film"), document("twin", 1, "/cut/{id}")];
    let codes = |more: &[&str]| answers(&documents, more).iter().map(|ran| ran.code).collect::<Vec<_>>();
    assert_eq!(codes(&["--open", "film/4"]), [0, 0, 0]);
    assert_eq!(codes(&["--open", "film/3"]), [0, 0, 1]);
}

#[test]
fn within_a_configuration_both_places_are_shown() {
    let indented = |text: &str| text.lines().map(|line| format!("    {line}\n")).collect::<String>();
    let entry = |text: &str, more: &str| indented(text).replacen("    workflow", "  - workflow", 1) + more;
    let keys =
        "keys:\n  - {workflow: film, kid: k, use: sign, env: A}\n  - {workflow: twin, kid: k, use: sign, env: B}\n";
    let (film, twin) = (document("film", 3, "/cut/{id}"), document("twin", 1, "/cut/{id}"));
    let gate = |more: &str| format!("{keys}workflows:\n{}{}", entry(&film, ""), entry(&twin, more));
    let [ran, ..] = &answers(&[gate("")], &[])[..] else { panic!("no answer") };
    assert_eq!(ran.code, 1, "{ran:?}");
    for part in ["error[E023]", "0.yaml:26:32", "the other start", "1 file: 1 error, 0 warnings"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    for closed in [gate("    open: false\n"), format!("revoked: {{workflows: [twin]}}\n{}", gate(""))] {
        assert_eq!(answers(&[closed], &[])[0].code, 0);
    }
}
