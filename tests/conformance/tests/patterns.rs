//! `docs/patterns.md`, the documents of its patterns, and their cases say the same.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use stepgate_config::workflow::Transition;
use stepgate_config::{Outcome, read_workflow, to_json};
use stepgate_tests::corpus::{Corpus, Whole, folder};
use stepgate_tests::docs::{Kind, Page};

/// The patterns of the revised list are numbered from 1 to this.
const PATTERNS: usize = 43;

/// The keys of a document that the page leaves out.
const LEFT_OUT: [&str; 5] = ["workflow", "revision", "trust_domain", "namespace", "actors"];

/// A line of the page's table.
#[derive(Debug)]
struct Row {
    number: usize,
    name: String,
    verdict: String,
    level: String,
    documents: Vec<String>,
    codes: BTreeSet<String>,
}

impl Row {
    /// None if the line is not of the table.
    fn of(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        let [number, name, verdict, level, documents, codes] = cells.as_slice() else { return None };
        Some(Self {
            number: number.parse().ok()?,
            name: links(name).into_iter().map(|(text, _)| text).collect(),
            verdict: (*verdict).to_owned(),
            level: level.trim_matches('`').to_owned(),
            documents: links(documents).into_iter().map(|(_, target)| target).collect(),
            codes: codes
                .split(", ")
                .filter(|code| *code != "–")
                .map(|code| code.trim_matches('`').to_owned())
                .collect(),
        })
    }
}

/// The text and the target of each link.
fn links(cell: &str) -> Vec<(String, String)> {
    let link = regex_lite::Regex::new(r"\[([^\]]+)\]\(([^)]+)\)").unwrap();
    link.captures_iter(cell).map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
}

fn page() -> String {
    fs::read_to_string(folder().join("../../docs/patterns.md")).unwrap()
}

fn rows() -> Vec<Row> {
    page().lines().filter_map(Row::of).collect()
}

/// The sections by their headings, without them.
fn sections() -> BTreeMap<String, String> {
    let page = page();
    let sections = page.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'));
    sections.map(|(heading, text)| (heading.to_owned(), text.to_owned())).collect()
}

fn document(target: &str) -> PathBuf {
    folder().join("../../docs").join(target).canonicalize().unwrap_or_else(|error| panic!("{target}: {error}"))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

fn read(path: &Path) -> Outcome<std::sync::Arc<stepgate_config::workflow::Workflow>> {
    read_workflow(&fs::read(path).unwrap())
}

#[test]
fn each_pattern_has_a_line_and_a_section() {
    let rows = rows();
    let numbers: Vec<usize> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=PATTERNS).collect::<Vec<_>>());
    let headings: BTreeSet<String> = rows.iter().map(|row| format!("{}. {}", row.number, row.name)).collect();
    let numbered: BTreeSet<String> =
        sections().into_keys().filter(|heading| heading.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert_eq!(headings, numbered);
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        *verdicts.entry(row.verdict.as_str()).or_default() += 1;
        let levels: &[&str] = match row.verdict.as_str() {
            "held" => &["signed"],
            "by convention" | "not yet" => &["once", "ledger"],
            "not held" => &["none"],
            other => panic!("{}: no verdict `{other}`", row.number),
        };
        assert!(levels.contains(&row.level.as_str()), "{}: {} at {}", row.number, row.verdict, row.level);
        assert!(!row.documents.is_empty() || row.verdict == "not yet", "{}: no document", row.number);
    }
    let count = |verdict| verdicts.get(verdict).copied().unwrap_or_default();
    let said = format!(
        "\n{} are held, {} by convention, {} not yet, and {} is not held.\n",
        count("held"),
        count("by convention"),
        count("not yet"),
        count("not held")
    );
    assert!(page().contains(&said), "the page does not say: {said}");
}

#[test]
fn each_document_is_in_the_line_of_its_number() {
    let mut named = Vec::new();
    for row in rows() {
        for target in &row.documents {
            let file = stem(&document(target));
            assert!(file.starts_with(&format!("{:02}-", row.number)), "{}: {file}", row.number);
            named.push(format!("{file}.yaml"));
        }
    }
    named.sort();
    let yaml = |folder: PathBuf| {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".yaml")).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(named, yaml(folder().join("patterns")));
    assert_eq!(named, yaml(folder().join("patterns/cases")));
}

#[test]
fn the_page_shows_the_documents() {
    let sections = sections();
    for row in rows() {
        let section = &sections[&format!("{}. {}", row.number, row.name)];
        let blocks = Page::of(section).blocks;
        assert!(blocks.iter().all(|block| block.kind == Ok(Kind::Yaml)), "{}", row.number);
        let shown: Vec<Value> = blocks.iter().map(|block| to_json(block.text.as_bytes()).unwrap()).collect();
        let whole = row.documents.iter().map(|target| {
            let mut value = to_json(&fs::read(document(target)).unwrap()).unwrap();
            let members = value.as_object_mut().unwrap();
            LEFT_OUT.iter().for_each(|key| drop(members.remove(*key)));
            value
        });
        assert_eq!(shown, whole.collect::<Vec<_>>(), "{}", row.number);
        let excused = section.contains("\nNo document");
        assert_eq!(excused, row.documents.is_empty(), "{}: a document, or the reason for none", row.number);
    }
}

#[test]
fn check_finds_what_the_page_says() {
    for row in rows() {
        let found = row.documents.iter().flat_map(|target| {
            let outcome = read(&document(target));
            assert!(outcome.checked.is_some(), "{target}: {:?}", outcome.diagnostics);
            outcome.diagnostics
        });
        let found: BTreeSet<String> = found.map(|diagnostic| diagnostic.code.to_string()).collect();
        assert_eq!(found, row.codes, "{}", row.number);
    }
}

/// Each transition has a case that permits it, and each document one that denies. A pattern is held if no case shows that
/// it is not.
#[test]
fn the_cases_show_the_verdict() {
    let corpus = Corpus::read().unwrap_or_else(|error| panic!("{error}"));
    for row in rows() {
        let mut broken = 0;
        for target in &row.documents {
            let path = document(target);
            let name = format!("patterns/{}", stem(&path));
            let cases: Vec<&Whole> = corpus.cases.iter().filter(|whole| whole.chapter == name).collect();
            assert!(cases.iter().all(|whole| whole.gate == name), "{name}");
            assert!(cases.iter().any(|whole| whole.case.then.deny.is_some()), "{name}: nothing is denied");
            let (not_held, held): (Vec<&Whole>, Vec<&Whole>) =
                cases.into_iter().partition(|whole| whole.case.name.starts_with("not held: "));
            assert!(not_held.iter().all(|whole| whole.case.then.permit.is_some()), "{name}: a denial is held");
            broken += not_held.len();
            for transition in &read(&path).checked.unwrap().transitions {
                assert!(held.iter().any(|whole| permits(whole, transition)), "{name}: no case permits {transition}");
            }
        }
        if !row.documents.is_empty() {
            assert_eq!(broken == 0, row.verdict == "held", "{}: {broken} cases show that it is not held", row.number);
        }
    }
}

/// Whether the case permits this transition; a request without tokens takes one that leaves an initial task.
fn permits(whole: &Whole, transition: &Transition) -> bool {
    let (from, steps) = (&transition.from, &whole.case.given.steps);
    let shown: BTreeSet<&str> = steps.iter().map(|step| step.task.as_str()).collect();
    let sources: BTreeSet<&str> = transition.sources().iter().map(|source| source.name.as_str()).collect();
    let leaves = if steps.is_empty() { from.initial } else { shown == sources };
    let calls = whole.when.peer.as_deref() == Some(transition.caller.name.as_str());
    leaves && calls && whole.case.then.permit.as_deref() == Some(transition.to.name.as_str())
}
