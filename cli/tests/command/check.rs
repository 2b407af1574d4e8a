//! `stepgate check`.

use std::fs;

use serde_json::{Value, json};

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
        "split       `shots` to `plates` and `models` (all): all of them are to be taken; a gate lets each in, and nothing forces an \
         application to take all",
        "join        `master` is called once from each of `hdr` and `sound`; what leaves it (`release`) needs both; they fork at \
         `shots`",
        "spiffe      `vfx-2` is spiffe://cluster.local/ns/movie/sa/vfx-2",
        "request     `plates` is POST /plates/{id}",
        "life        an instance 24h, tokens 1h",
        "at most     in one instance `master` 2 times, each other task once",
        "level       `once` decides it exactly, `signed` while each actor has one replica",
        "because     signed tokens are the evidence of each join: `master`",
        "because     below `once`, a choice does not exclude: `assess`",
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

/// A guard is one line.
#[test]
fn guards_and_other_requests_are_shown_as_they_are() {
    let document = "workflow: w\nrevision: 1\ntrust_domain: t\nnamespace: n1\nactors: [a, b]\ntasks:\n  s: {actor: a, initial: true}\n  \
                    p: {actor: b, requests: [{path: /p, host: b.example, headers: {x-kind: one}}, PUT /q]}\n  r: {actor: a}\ntransitions:\n  \
                    - {from: s, to: p, when: \"request.method == 'PUT' ||\\n request.headers['x-a'] == 'b'\"}\n  - p -> r\n";
    let ran = with(&["check", "-"], &[], document.as_bytes());
    for line in [
        "request     `p` is any method /p to b.example with x-kind: one or PUT /q",
        "request     `r` is any request",
        "guard       `s -> p` when request.method == 'PUT' ||\\n request.headers['x-a'] == 'b'",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
}

#[test]
fn json_has_the_level_that_decides_a_document_exactly() {
    let found = stepgate(&["check", "--json", "loan.yaml", "movie.yaml"]).json();
    let level = |file: usize| &found["files"][file]["contents"][0]["workflows"][0]["level"];
    assert_eq!([&level(0)["minimal"], &level(0)["with_one_replica"]], ["once", "once"]);
    assert_eq!([&level(1)["minimal"], &level(1)["with_one_replica"]], ["once", "signed"]);
    let why = level(0)["because"].as_array().unwrap();
    assert!(
        why.iter().any(|why| why["level"] == "once"
            && why["why"].as_str().unwrap().contains("a choice does not exclude: `assess`"))
    );
}

/// The findings of a `check --json`.
fn findings(json: &Value) -> Vec<&Value> {
    json["files"].as_array().unwrap().iter().flat_map(|file| file["findings"].as_array().unwrap()).collect()
}

#[test]
fn json_has_every_finding_with_its_place() {
    let ran = with(&["check", "--json", "movie.yaml", "-"], &[], MISTAKEN.as_bytes());
    assert_eq!(ran.code, 1);
    let found = ran.json();
    assert_eq!([&found["errors"], &found["warnings"]], [1, 0]);
    let error = findings(&found).into_iter().find(|finding| finding["severity"] == "error").unwrap();
    assert_eq!(error["file"], "<stdin>");
    assert_eq!(error["code"], "E014");
    assert_eq!([&error["line"], &error["column"], &error["end_line"], &error["end_column"]], [13, 23, 13, 27]);
    assert_eq!(MISTAKEN[error["start"].as_u64().unwrap() as usize..error["end"].as_u64().unwrap() as usize], *"shot");
    assert!(error["help"].as_str().unwrap().contains("shots"));
}

/// Also when it is clean: the digest, and all that the text for people has.
#[test]
fn json_has_what_a_text_without_errors_says() {
    let found = stepgate(&["check", "--json", "movie.yaml", "gate/movie.yaml", "identity.yaml"]).json();
    assert_eq!([&found["errors"], &found["warnings"]], [0, 0]);
    let contents = |file: usize| &found["files"][file]["contents"][0];
    let movie = &contents(0)["workflows"][0];
    let said = stepgate(&["check", "movie.yaml"]).out;
    assert!(said.contains(movie["digest"].as_str().unwrap()), "{said}");
    assert_eq!([&contents(0)["kind"], &movie["name"], &movie["assurance"]], ["workflow", "movie", "signed"]);
    assert_eq!(movie["revision"], 1);
    assert_eq!([movie["actors"].as_array().unwrap().len(), movie["tasks"].as_array().unwrap().len()], [7, 9]);
    assert_eq!(movie["initial"], json!(["brief"]));
    assert_eq!(
        movie["joins"],
        json!([{"task": "master", "sources": ["hdr", "sound"], "fork": "shots", "then": ["release"], "completes": "always"}])
    );
    assert_eq!(movie["splits"], json!([{"task": "shots", "split": "all", "to": ["plates", "models"]}]));
    assert_eq!([&movie["at_most"]["master"], &movie["at_most"]["color"]], [2, 1]);
    assert_eq!([&contents(1)["kind"], &contents(1)["workflows"][0]["digest"]], [&json!("gate"), &movie["digest"]]);
    assert_eq!([&contents(0)["keys"], &contents(1)["keys"]], [&json!(null), &json!(1)]);
    assert!(contents(2)["workflows"][0]["at_most"].is_null(), "level `identity` counts nothing");
}

/// A folder is for whatever is applied together: of its files, those that are not ours are left out and counted.
#[test]
fn a_folder_and_a_pattern_have_their_documents_checked() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let example = |name: &str| fs::read_to_string(super::run::examples().join(name)).unwrap();
    write("flows/movie.yaml", &example("movie.yaml"));
    write("flows/more/loan.yml", &example("loan.yaml"));
    write("flows/deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 2}\n");
    write("flows/notes.txt", MISTAKEN);
    write("flows/.gitignore", "built/\n");
    write("flows/built/mistaken.yaml", MISTAKEN);
    let at = |path: &str| dir.path().join(path).to_str().unwrap().to_owned();
    for argument in [at("flows"), at("flows/**/*.y*ml").replace("/built", "")] {
        let ran = stepgate(&["check", &argument]);
        let is_folder = !argument.contains('*');
        assert_eq!(ran.code, i32::from(!is_folder), "{argument}: {ran:?}");
        assert!(ran.out.contains("movie revision 1") && ran.out.contains("loan revision 1"), "{}", ran.out);
        assert!(ran.out.contains("left out: 1 file without a document"), "{}", ran.out);
        assert_eq!(ran.out.contains("E014"), !is_folder, "a pattern names what is ignored, too: {}", ran.out);
    }
    let found = stepgate(&["check", "--json", &at("flows")]).json();
    assert_eq!(found["left_out"], json!([at("flows/deployment.yaml")]));
    // An error in a folder counts, whatever the name of the file; so does one that only looks like a document.
    write("flows/more/wrong.yaml", MISTAKEN);
    assert_eq!(stepgate(&["check", &at("flows")]).code, 1);
    write("flows/more/wrong.yaml", &example("movie.yaml").replace("workflow:", "worklfow:"));
    assert_eq!(stepgate(&["check", &at("flows")]).code, 1);
    write("flows/more/wrong.yaml", "workflow: [");
    assert_eq!(stepgate(&["check", &at("flows")]).code, 1);
    // A folder or a pattern without a document was a mistake.
    write("none/deployment.yaml", "kind: Deployment\n");
    for argument in [at("none"), at("nothing/*.yaml")] {
        let ran = stepgate(&["check", &argument]);
        assert!(ran.code == 3 && ran.out.contains("E038"), "{ran:?}");
    }
}

/// What `render` writes is what a cluster gets.
#[test]
fn the_manifest_that_render_wrote_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("deploy");
    let out = out.to_str().unwrap();
    assert_eq!(stepgate(&["render", "istio", "movie.yaml", "loan.yaml", "--out", out]).code, 0);
    let digest = |json: &Value, name: &str| {
        let contents = json["files"].as_array().unwrap().iter().flat_map(|file| file["contents"].as_array().unwrap());
        let mut workflows = contents.flat_map(|one| one["workflows"].as_array().unwrap());
        workflows.find(|workflow| workflow["name"] == name).unwrap()["digest"].clone()
    };
    let (rendered, written) =
        (stepgate(&["check", "--json", out]), stepgate(&["check", "--json", "movie.yaml", "loan.yaml"]));
    assert_eq!(rendered.code, 0, "{rendered:?}");
    for name in ["movie", "loan"] {
        assert_eq!(digest(&rendered.json(), name), digest(&written.json(), name), "{name}");
    }
    let base = format!("{out}/base/movie.yaml");
    let manifest = fs::read_to_string(&base).unwrap();
    let ran = with(&["check", "-"], &[], manifest.replacen("brief -> shots", "brief -> shot", 1).as_bytes());
    assert!(ran.code == 1 && ran.out.contains("error[E014]"), "{ran:?}");
    assert_eq!(stepgate(&["check", &base]).code, 0);
}

/// The parts of the standard that readers use (SARIF 2.1.0, sections 3.27 to 3.30).
#[test]
fn sarif_is_for_code_scanning() {
    let ran = with(&["check", "--format", "sarif", "loan.yaml", "-"], &[], MISTAKEN.as_bytes());
    assert_eq!(ran.code, 1);
    let log = ran.json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let error = results.iter().find(|result| result["level"] == "error").unwrap();
    assert_eq!(error["ruleId"], "E014");
    let rule = &run["tool"]["driver"]["rules"][error["ruleIndex"].as_u64().unwrap() as usize];
    assert_eq!([&rule["id"], &rule["defaultConfiguration"]["level"]], ["E014", "error"]);
    let place = &error["locations"][0]["physicalLocation"];
    assert_eq!(place["region"], json!({"startLine": 13, "startColumn": 23, "endLine": 13, "endColumn": 27}));
    assert_eq!(place["artifactLocation"]["uri"], "%3Cstdin%3E");
    assert!(results.iter().any(|result| result["level"] == "note" && result["ruleId"] == "N001"));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let unread = stepgate(&["check", "--format", "sarif", "no such.yaml"]);
    assert_eq!(unread.code, 3);
    assert_eq!(
        unread.json()["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "no%20such.yaml"
    );
}

#[test]
fn github_shows_findings_beside_the_lines() {
    let ran = with(&["check", "--format", "github", "-"], &[], MISTAKEN.as_bytes());
    assert_eq!(ran.code, 1);
    let expected =
        "::error file=<stdin>,line=13,endLine=13,col=23,endColumn=27,title=E014::transition to unknown task `shot`";
    assert!(
        ran.out.lines().any(|line| line.starts_with(expected) && line.contains("%0Ahelp: did you mean `shots`")),
        "{}",
        ran.out
    );
    // A name cannot end the property or begin another command.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a,b:c%0A\n::error ::.yaml");
    fs::write(&file, MISTAKEN).unwrap();
    let ran = stepgate(&["check", "--format", "github", file.to_str().unwrap()]);
    assert!(
        ran.out.lines().all(|line| line.starts_with("::error file=") || line.starts_with("::warning file=")),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("a%2Cb%3Ac%250A"), "{}", ran.out);
    assert_eq!(stepgate(&["check", "--format", "github", "movie.yaml"]).out, "");
}

#[test]
fn quiet_prints_nothing_for_what_is_right() {
    for option in ["--quiet", "-q"] {
        let ran = stepgate(&["check", option, "movie.yaml", "loan.yaml"]);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""), "{ran:?}");
    }
    let ran = with(&["check", "-q", "loan.yaml", "-"], &[], MISTAKEN.as_bytes());
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.starts_with("error[E014]") && !ran.out.contains("N001") && !ran.out.contains("1 error"),
        "{}",
        ran.out
    );
}

/// Joins that no run completes are errors; what is not explored is UNKNOWN, which is neither yes nor no.
#[test]
fn a_workflow_with_too_many_runs_is_judged_in_part() {
    let file = |name: &str| format!("{}/../config/tests/diagnostics/{name}", env!("CARGO_MANIFEST_DIR"));
    let unknown = stepgate(&["check", &file("w024-unexplored.yaml")]);
    assert_eq!(unknown.code, 4, "{unknown:?}");
    assert!(unknown.out.contains("UNKNOWN whether it always completes"), "{}", unknown.out);
    let json = stepgate(&["check", "--json", &file("w024-unexplored.yaml")]).json();
    assert_eq!(json["files"][0]["contents"][0]["workflows"][0]["joins"][0]["completes"], "unknown");
    assert_eq!(stepgate(&["check", "--deny-warnings", &file("w024-unexplored.yaml")]).code, 1);
    let never = stepgate(&["check", &file("e047-choice-before-join.yaml"), &file("w024-unexplored.yaml")]);
    assert_eq!(never.code, 1, "an error is a no, whatever else is unknown");
    assert!(never.out.contains("the shortest run: order -> left -> both"), "{}", never.out);
    let may = stepgate(&["check", "--json", &file("w022-may-not-complete.yaml")]);
    assert_eq!(may.code, 0);
    assert_eq!(may.json()["files"][0]["contents"][0]["workflows"][0]["joins"][0]["completes"], "may");
}

/// `any` is shown with its meaning, also where a document does not say it.
#[test]
fn the_meaning_of_a_split_is_shown() {
    let file = |name: &str| format!("{}/../config/tests/diagnostics/{name}", env!("CARGO_MANIFEST_DIR"));
    let meaning = "each may be taken or not, and several together: the application decides";
    for (name, said) in [("w022-may-not-complete.yaml", "any"), ("w020-unsaid-split.yaml", "not said, so `any`")] {
        let out = stepgate(&["check", &file(name)]).out;
        assert!(out.contains(&format!("({said}): {meaning}")), "{name}: {out}");
    }
}

#[test]
fn every_code_is_explained() {
    for code in stepgate_config::Code::ALL {
        let ran = stepgate(&["check", "--explain", &code.as_str().to_lowercase()]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains(&format!("[{code}]: {}", code.title())), "{}", ran.out);
        assert!(ran.out.contains(&code.explanation()), "{}", ran.out);
    }
    let ran = stepgate(&["check", "--explain", "E999"]);
    assert!(ran.code == 2 && ran.err.contains("docs/diagnostics.md"), "{ran:?}");
    let ran = stepgate(&["check", "--explain", "NO_STEP"]);
    assert!(ran.code == 2 && ran.err.contains("docs/denials.md"), "{ran:?}");
    let ran = with(&["check", "-"], &[], MISTAKEN.as_bytes());
    assert!(ran.out.contains("`stepgate check --explain E014` explains a code"), "{}", ran.out);
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
    for (file, part) in [("no-such.yaml", "there is no such file"), (directory, "no file in this folder")] {
        let ran = stepgate(&["check", file, "movie.yaml"]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.out.contains(part) && ran.out.contains("movie revision 1"), "{}", ran.out);
        let found = stepgate(&["check", "--json", file]);
        assert_eq!((found.code, findings(&found.json())[0]["code"].as_str()), (3, Some("E038")));
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
    let signed =
        signed.replace("deadline: {value: 24h, advisory: true}", "deadline: 24h").replace(", advisory: true", "");
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
    assert!(findings(&found).iter().any(|finding| finding["code"] == "E037"), "{found}");
    for command in [&["render", "istio"][..], &["secrets", "--out", out.to_str().unwrap()]] {
        let ran = stepgate(&[command, &[plain.as_str(), signed.as_str()]].concat());
        assert!(ran.code != 0 && ran.err.contains("at level `identity` and at a higher level"), "{ran:?}");
    }
    assert!(!out.exists());
    assert_eq!(stepgate(&["check", &signed]).code, 0);
}
