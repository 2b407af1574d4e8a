//! Rewriting keeps everything but the form.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use stepgate_config::{Checked, Form, RewriteError, read_all, rewrite};

fn repository(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// An example in its long form.
fn long(path: &str) -> String {
    written(&repository(path), Form::Long)
}

fn digests(text: &str) -> Vec<String> {
    let outcomes = read_all(text.as_bytes()).into_iter();
    let workflows = outcomes.flat_map(|outcome| match outcome.checked {
        Some(Checked::Workflow(workflow)) => vec![workflow],
        Some(Checked::Gate(gate)) => gate.workflows.clone(),
        None => panic!("{:#?}\n{text}", outcome.diagnostics),
    });
    workflows.map(|workflow| workflow.digest.to_string()).collect()
}

/// The file in this form; checks that another time changes nothing, and that the digests are the same.
#[track_caller]
fn written(text: &str, form: Form) -> String {
    let once = rewrite(text, form).unwrap_or_else(|error| panic!("{error}\n{text}")).unwrap();
    let twice = rewrite(&once, form).unwrap().unwrap();
    assert_eq!(once, twice, "{text}");
    assert_eq!(digests(text), digests(&once), "{text}\n{once}");
    once
}

const LONG: &str = r##"# The film.
workflow: film # its name
revision: 1
trust_domain: example.org   # of the mesh
assurance: signed

actors:
  # Sie zahlt überall.
  owner: {spiffe: [ns/film/sa/owner], hosts: ["owner.example"]}
  vfx:
    spiffe: [spiffe://example.org/ns/film/sa/vfx]
    attributes: {team: "blue # not green"}
  sound:
    spiffe:
      - ns/film/sa/sound
  other: {spiffe: [ns/other/sa/other]}
  "on": {spiffe: [ns/film/sa/on]}
  kept: {spiffe: [
    ns/film/sa/kept # since 2020
  ]}
tasks:
  brief: {actor: owner, initial: true}
  shots:
    actor: vfx
    requests:
      - methods: [POST, PUT]
        path: "/shots/{id}"
  models:
    actor: sound
    requests: [{methods: [POST], path: /models}, {path: /old/**}]   # two
    max_visits: 3
  plates: {actor: other, requests: [{methods: [GET], path: /plates, host: a.example}]}
  color:
    actor: "on"
    requests:
      - path: /color # bright
        methods: [GET]
      - {path: /colour}
  master:
    actor: kept
    requests:   # only one
      - path: /master
transitions:
  - {from: brief, to: shots}
  - from: shots
    to: models
  - {from: models, to: plates}  # slow
  - {from: plates, to: color}

  - {from: color, to: master}
  - from: models # again
    to: master
  - {from: models, to: color, when: 'request.query["q"] == "#"'}
"##;

#[test]
fn a_document_is_written_short_by_as_few_edits_as_it_takes() {
    let short = LONG
        .replace(
            "trust_domain: example.org   # of the mesh\n",
            "trust_domain: example.org   # of the mesh\nnamespace: film\n",
        )
        .replace("{spiffe: [ns/film/sa/owner], hosts", "{hosts")
        .replace("    spiffe: [spiffe://example.org/ns/film/sa/vfx]\n", "")
        .replace("sound:\n    spiffe:\n      - ns/film/sa/sound\n", "sound: {}\n")
        .replace("{spiffe: [ns/film/sa/on]}", "{}")
        .replace(
            "requests:\n      - methods: [POST, PUT]\n        path: \"/shots/{id}\"",
            "requests: \"POST,PUT /shots/{id}\"",
        )
        .replace("[{methods: [POST], path: /models}, {path: /old/**}]", "[\"POST /models\", \"/old/**\"]")
        .replace("- {path: /colour}", "- \"/colour\"")
        .replace(
            "- {from: brief, to: shots}\n  - from: shots\n    to: models\n  - {from: models, to: plates}  # slow",
            "- brief -> shots -> models -> plates  # slow",
        )
        .replace("{from: plates, to: color}", "plates -> color")
        .replace("{from: color, to: master}", "color -> master")
        .replace("- path: /master", "- \"/master\"");
    assert_eq!(written(LONG, Form::Short), short);
    // Of the parts in short form, those with a comment within stay.
    let again = written(&short, Form::Long);
    for line in [
        "vfx:\n    spiffe: [ns/film/sa/vfx]\n    attributes",
        "  sound: {spiffe: [ns/film/sa/sound]}\n",
        "- {from: brief, to: shots}\n  - {from: shots, to: models}\n  - {from: models, to: plates}  # slow\n",
    ] {
        assert!(again.contains(line), "{line}\n{again}");
    }
    assert!(!again.contains("namespace") && !again.contains("->"), "{again}");
}

#[test]
fn a_chain_and_a_list_have_a_bound_of_length_and_no_task_twice() {
    let names: Vec<String> = (0..30).map(|number| format!("task-{number}")).collect();
    let mut text = "workflow: w\nrevision: 1\ntrust_domain: d\nactors:\n".to_owned();
    for number in 0..30 {
        writeln!(text, "  actor-{number}: {{spiffe: [ns/shop/sa/actor-{number}]}}").unwrap();
    }
    text += "tasks:\n";
    for (number, name) in names.iter().enumerate() {
        let rest = if number == 0 { "initial: true" } else { "requests: /x" };
        writeln!(text, "  {name}: {{actor: actor-{number}, max_visits: 1, {rest}}}").unwrap();
    }
    text += "transitions:\n";
    for pair in names.windows(2) {
        writeln!(text, "  - {{from: {}, to: {}}}", pair[0], pair[1]).unwrap();
    }
    writeln!(text, "  - {{from: {}, to: {}}}", names[29], names[28]).unwrap();
    let short = written(&text, Form::Short);
    assert!(short.lines().all(|line| line.len() <= 120), "{short}");
    assert!(short.contains("actors: [\n  actor-0,\n  actor-1,\n"), "{short}");
    assert!(short.contains("  - task-29 -> task-28\n"), "{short}");
    assert_eq!(written(&short, Form::Long), text.replace("requests: /x", "requests: [{path: \"/x\"}]"));
}

#[test]
fn only_documents_change() {
    let movie = long("config/examples/gate/movie.yaml");
    let indented: String = movie.lines().map(|line| format!("    {line}\n")).collect();
    let other = "# Another one.\nkind: ConfigMap\nmetadata: {name: x} # &a\ndata:\n  tab: \"\t\"\n  text: |\n    # no comment\n    \ttabs\n  requests: [{methods: [GET], path: /x}]\n";
    let manifest = format!("---\n{other}---\nkind: WasmPlugin\nspec:\n  pluginConfig:\n{indented}...\n---\n{other}");
    let short = written(&manifest, Form::Short);
    assert!(short.starts_with(&format!("---\n{other}---\nkind: WasmPlugin\nspec:\n  pluginConfig:\n    #")), "{short}");
    assert!(short.ends_with(&format!("...\n---\n{other}")), "{short}");
    assert!(short.contains("      - {methods: [GET], path: /healthz, peers: anyone}\n"), "{short}");
    assert!(
        short.contains("          shots:   {actor: vfx-1, split: all, requests: \"POST /shots/{id}\"}\n"),
        "{short}"
    );
    assert_eq!(rewrite(other, Form::Short).unwrap(), None);
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let movie = long("config/examples/movie.yaml");
    let invalid =
        |text: &str| matches!(rewrite(text, Form::Short), Err(RewriteError::Invalid(found)) if !found.is_empty());
    assert!(invalid(&movie.replace("to: shots", "to: shot")));
    assert!(invalid("workflow: [\n"));
    // An anchor in a document is an error. An alias elsewhere ends the reading of the file.
    assert!(invalid(&movie.replace("owner: {", "owner: &a {")));
    assert!(invalid(&format!("{movie}---\na: &x 1\nb: *x\n")));
    let anchored = format!("a: &x 1 # one\nb: !t 2\n---\n{movie}");
    assert!(written(&anchored, Form::Short).starts_with("a: &x 1 # one\nb: !t 2\n---\n"));
}

#[test]
fn line_feeds_tabs_and_marks_stay() {
    let movie = long("config/examples/movie.yaml").replace("assurance: signed", "assurance: signed\t# tab \t é");
    let short = written(&movie, Form::Short);
    assert_eq!(written(&movie.replace('\n', "\r\n"), Form::Short), short.replace('\n', "\r\n"));
    let marked = format!("\u{feff}{movie}");
    assert_eq!(written(&marked, Form::Short), format!("\u{feff}{short}"));
    let long = written(&short, Form::Long);
    assert_eq!(written(&short.replace('\n', "\r\n"), Form::Long), long.replace('\n', "\r\n"));
    assert_eq!(written(movie.trim_end(), Form::Short), short.trim_end());
}

#[test]
fn json_stays_json() {
    let movie = stepgate_config::to_json(long("config/examples/movie.yaml").as_bytes()).unwrap();
    for text in [movie.to_string(), format!("{movie:#}")] {
        let short = written(&text, Form::Short);
        let value: serde_json::Value = serde_json::from_str(&short).unwrap();
        assert_eq!(value["tasks"]["shots"]["requests"], "POST /shots/{id}");
        assert_eq!(value["namespace"], "movie");
        assert_eq!(value["transitions"][0], "brief -> shots -> plates -> color -> hdr -> master -> release");
        let long: serde_json::Value = serde_json::from_str(&written(&short, Form::Long)).unwrap();
        assert_eq!(long, movie);
    }
}

#[test]
fn each_file_of_the_repository_can_be_written_in_both_forms() {
    for file in ["istio/movie/base/movie.yaml", "envoy/local.yaml", "config/examples/gate/movie.yaml"] {
        let short = written(&repository(file), Form::Short);
        written(&short, Form::Long);
    }
}

/// Choices, one after the other, again from the first after the last.
struct Choices(Vec<u8>, usize);

impl Choices {
    fn one_of(&mut self, ways: usize) -> usize {
        self.1 += 1;
        usize::from(self.0[self.1 % self.0.len()]) % ways
    }
}

/// A YAML document that grows by lines, with comments between and after them.
struct Text {
    lines: String,
    comments: Vec<String>,
    choices: Choices,
}

impl Text {
    fn comment(&mut self) -> String {
        let number = self.comments.len();
        let text = ["# n°", "#-> {from: a} ", "# \"'[", "#\t# "][self.choices.one_of(4)];
        self.comments.push(format!("{text}{number}"));
        format!("{text}{number}")
    }

    fn line(&mut self, indent: usize, text: &str) {
        if self.choices.one_of(9) == 0 {
            let comment = self.comment();
            let indent = [0, indent, 11][self.choices.one_of(3)];
            writeln!(self.lines, "{}{comment}", " ".repeat(indent)).unwrap();
        }
        if self.choices.one_of(12) == 0 {
            self.lines.push('\n');
        }
        let end = if self.choices.one_of(7) == 0 { format!(" {}", self.comment()) } else { String::new() };
        writeln!(self.lines, "{}{text}{end}", " ".repeat(indent)).unwrap();
    }

    fn actors(&mut self, actors: usize) {
        if self.choices.one_of(3) == 0 {
            self.line(0, "namespace: shop");
            match self.choices.one_of(3) {
                0 => {
                    let names: Vec<String> = (0..actors).map(|actor| format!("a{actor}")).collect();
                    return self.line(0, &format!("actors: [{}]", names.join(", ")));
                }
                1 => {
                    let indent = self.choices.one_of(3);
                    self.line(0, "actors:");
                    return (0..actors).for_each(|actor| self.line(indent, &format!("- a{actor}")));
                }
                _ => {
                    self.line(0, "actors:");
                    self.line(2, "a0: {}");
                    self.line(2, "b: {hosts: [x.example]}");
                }
            }
        } else {
            self.line(0, "actors:");
            self.line(2, "a0: {spiffe: [ns/shop/sa/a0]}");
        }
        for actor in 1..actors {
            match self.choices.one_of(4) {
                0 => self.line(2, &format!("a{actor}: {{spiffe: [ns/shop/sa/a{actor}]}}")),
                1 => {
                    self.line(2, &format!("a{actor}: {{hosts: [h.example],"));
                    self.line(4, &format!("spiffe: [spiffe://d/ns/shop/sa/a{actor}]}}"));
                }
                2 => {
                    self.line(2, &format!("a{actor}:"));
                    self.line(4, "spiffe:");
                    self.line(4, &format!("- ns/shop/sa/a{actor}"));
                    self.line(4, "attributes:");
                    self.line(6, "n1: 3");
                }
                _ => {
                    self.line(2, &format!("a{actor}:"));
                    self.line(3, "hosts: [é.example]".replace('é', "e").as_str());
                    self.line(3, &format!("spiffe: [ns/film/sa/a{actor}]"));
                }
            }
        }
    }

    fn task(&mut self, task: usize, actor: usize) {
        if task == 0 {
            return self.line(2, &format!("t0: {{actor: a{actor}, initial: true}}"));
        }
        match self.choices.one_of(6) {
            0 => self.line(
                2,
                &format!(
                    "t{task}: {{actor: a{actor}, requests: [{{methods: [GET, POST], path: \"/t{task}/{{id}}\"}}]}}"
                ),
            ),
            1 => {
                self.line(2, &format!("t{task}: {{actor: a{actor}, requests: [{{path: /t{task}}}, \"PUT /u{task}\"]}}"))
            }
            2 => {
                self.line(2, &format!("t{task}:"));
                self.line(3, &format!("requests: GET , PUT /t{task}"));
                self.line(3, &format!("actor: a{actor}"));
            }
            3 => {
                self.line(2, &format!("t{task}:"));
                self.line(4, "requests:");
                self.line(4, "- methods:");
                self.line(8, "- GET");
                self.line(6, &format!("path: /t{task}"));
                if self.choices.one_of(2) == 0 {
                    self.line(4, &format!("- {{path: /v{task}, port: 80}}"));
                }
                self.line(4, &format!("actor: a{actor}"));
            }
            4 => {
                self.line(2, &format!("t{task}: {{actor: a{actor}, requests: ["));
                self.line(4, "{methods: [POST],");
                self.line(5, &format!("path: /t{task}}},"));
                self.line(4, &format!("/w{task}]"));
                self.line(3, "}");
            }
            _ => {
                self.line(2, &format!("t{task}:"));
                self.line(4, &format!("actor: a{actor}"));
                self.line(4, "requests:");
                self.line(4, &format!("  - path: /t{task}"));
            }
        }
    }

    fn transitions(&mut self, tasks: usize) {
        let indent = self.choices.one_of(3);
        self.line(0, "transitions:");
        let mut next = 0;
        while next + 1 < tasks {
            match self.choices.one_of(5) {
                0 | 1 => self.line(indent, &format!("- {{from: t{next}, to: t{}}}", next + 1)),
                2 => {
                    self.line(indent, &format!("- from: t{next}"));
                    self.line(indent + 2, &format!("to: t{}", next + 1));
                }
                3 if next + 2 < tasks => {
                    self.line(indent, &format!("- t{next}->t{}  -> t{}", next + 1, next + 2));
                    next += 1;
                }
                3 | 4 => self.line(
                    indent,
                    &format!("- {{to: t{}, when: 'request.query[\"q\"] == \"#\"', from: t{next}}}", next + 1),
                ),
                other => panic!("{other}"),
            }
            next += 1;
        }
    }
}

fn document(actors: usize, tasks: usize, choices: Vec<u8>) -> (String, Vec<String>) {
    let mut text = Text { lines: String::new(), comments: Vec::new(), choices: Choices(choices, 0) };
    for line in ["workflow: w", "revision: 1", "trust_domain: d"] {
        text.line(0, line);
    }
    text.actors(actors);
    text.line(0, "tasks:");
    (0..tasks).for_each(|task| text.task(task, task % actors));
    text.transitions(tasks);
    if text.choices.one_of(3) == 0 {
        text.line(0, "deadline: 3h");
    }
    let lines = match text.choices.one_of(4) {
        0 => text.lines.replace('\n', "\r\n"),
        1 => format!("\u{feff}{}", text.lines),
        2 => text.lines.trim_end().to_owned(),
        _ => text.lines,
    };
    (lines, text.comments)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_keeps_its_meaning_and_its_comments(
        actors in 2_usize..5, tasks in 2_usize..9, choices in proptest::collection::vec(any::<u8>(), 40..160),
    ) {
        let (text, comments) = document(actors, tasks, choices);
        let (short, long) = (written(&text, Form::Short), written(&text, Form::Long));
        for one in [&short, &long, &written(&short, Form::Long), &written(&long, Form::Short)] {
            let mut rest = one.as_str();
            for comment in &comments {
                let at = rest.find(comment.as_str());
                prop_assert!(at.is_some(), "{comment}\n{text}\n{one}");
                rest = &rest[at.unwrap() + comment.len()..];
            }
            prop_assert_eq!(one.matches('#').count(), text.matches('#').count());
        }
    }
}
