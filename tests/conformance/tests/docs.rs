//! The documentation is correct: its commands run, its documents are valid, its links have targets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use stepgate_config::{Language, reference_markdown};
use stepgate_decision::Code;
use stepgate_tests::corpus::Corpus;
use stepgate_tests::docs::{Block, Kind, Page, between, commands};
use stepgate_tests::mirror::{self, Mirror};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All pages, by their path in the repository.
fn pages() -> Vec<(String, Page)> {
    let root = root();
    let mut paths: Vec<String> =
        ["filter/README.md", "istio/README.md", "tests/corpus/README.md", "tests/corpus/processes/README.md"]
            .map(String::from)
            .into();
    for folder in ["", "docs/", "docs/adr/"] {
        let names =
            fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        paths.extend(names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}{name}")));
    }
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), Page::of(&fs::read_to_string(root.join(path)).unwrap()))).collect()
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "the documentation has {} errors:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_block_holds() {
    let mut wrong = Vec::new();
    for (path, page) in pages() {
        let mirror = Mirror::of(&root()).unwrap();
        for block in &page.blocks {
            if let Err(why) = hold(block, &mirror) {
                wrong.push(format!("{path}:{}: {why}", block.line));
            }
        }
    }
    report(&wrong);
}

fn hold(block: &Block, mirror: &Mirror) -> Result<(), String> {
    let kind = block.kind.clone().map_err(|info| format!("unknown kind of block `{info}`"))?;
    let text = block.text.as_bytes();
    let said = |errors: Vec<stepgate_config::Diagnostic>| {
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    match kind {
        Kind::Workflow => stepgate_config::read_workflow(text).into_result().map(drop).map_err(said),
        Kind::Gate => stepgate_config::read_gate(text).into_result().map(drop).map_err(said),
        Kind::Yaml => stepgate_config::to_json(text).map(drop).map_err(said),
        Kind::Json => {
            serde_json::from_str::<serde_json::Value>(&block.text).map(drop).map_err(|error| error.to_string())
        }
        Kind::Console => mirror::run(&mut bash(mirror), &block.text, ("", ""), &["0", "1"]),
        Kind::Walk => parse_commands(mirror, &block.text),
        Kind::NotRun => parse(mirror, &block.text),
        Kind::From(file) => excerpt(&file, &block.text),
        Kind::Free => Ok(()),
    }
}

/// Whether the lines are in this file in this order, whatever their indentation.
fn excerpt(file: &str, block: &str) -> Result<(), String> {
    let source = fs::read_to_string(root().join(file)).map_err(|error| format!("{file}: {error}"))?;
    let mut lines = source.lines().map(str::trim);
    let missing = block.lines().map(str::trim).find(|wanted| !lines.any(|line| line == *wanted));
    missing.map_or(Ok(()), |line| Err(format!("{file} has no line `{line}` there")))
}

#[test]
fn an_excerpt_has_lines_of_its_file_in_their_order() {
    let file = "apps/go/workflowstep.go";
    assert_eq!(excerpt(file, "package workflowstep\nbase := t.Base\n"), Ok(()));
    assert!(excerpt(file, "base := t.Base\npackage workflowstep\n").is_err());
    assert!(excerpt(file, "base := t.Bas\n").is_err() && excerpt("apps/none", "").is_err());
}

/// A reader who runs a page's commands again is not stopped by the files of the first time.
#[test]
fn the_commands_of_a_page_can_be_run_twice() {
    let mut wrong = Vec::new();
    for (path, page) in pages() {
        let blocks: Vec<&Block> = page.blocks.iter().filter(|block| block.kind == Ok(Kind::Console)).collect();
        if blocks.is_empty() {
            continue;
        }
        let mirror = Mirror::of(&root()).unwrap();
        for block in blocks.iter().chain(&blocks) {
            // With any output: the second time a command may say that it writes nothing.
            let any = |(command, _): (String, Vec<String>)| format!("$ {command}\n...\n");
            let block_of_any: String = commands(&block.text).unwrap().into_iter().map(any).collect();
            if let Err(why) = mirror::run(&mut bash(&mirror), &block_of_any, ("", ""), &["0", "1"]) {
                wrong.push(format!("{path}:{}: {why}", block.line));
            }
        }
    }
    report(&wrong);
}

fn bash(mirror: &Mirror) -> Command {
    let stepgate =
        PathBuf::from(std::env::var_os("STEPGATE_BIN").expect("STEPGATE_BIN names the command: run `make test`"));
    // It may be relative to the root, since make starts there.
    let folder = root().join(stepgate.parent().unwrap());
    // Tools from `make tools` come before the machine's.
    let cache = std::env::var("STEPGATE_CACHE")
        .unwrap_or_else(|_| format!("{}/.cache/stepgate", std::env::var("HOME").unwrap()));
    let path = format!("{}:{cache}/bin:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.current_dir(mirror.path()).env("PATH", path).env("NO_COLOR", "1").stdin(Stdio::null());
    bash
}

/// Whether commands that are not run here are at least valid shell.
fn parse(mirror: &Mirror, block: &str) -> Result<(), String> {
    let script: String = block.lines().map(|line| format!("{}\n", line.strip_prefix("$ ").unwrap_or(line))).collect();
    let output = bash(mirror).args(["-n", "-c", &script]).output().map_err(|error| format!("bash: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// The same for commands with their output between them.
fn parse_commands(mirror: &Mirror, block: &str) -> Result<(), String> {
    commands(block)?.iter().try_for_each(|(command, _)| parse(mirror, command))
}

#[test]
fn every_link_leads_somewhere() {
    let (root, pages) = (root(), pages());
    let mut wrong = Vec::new();
    for (path, page) in &pages {
        let folder = root.join(path).parent().unwrap().to_owned();
        for (line, target) in page.links.iter().filter(|(_, target)| !target.contains("://")) {
            let (file, anchor) =
                target.split_once('#').map_or((target.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let file = if file.is_empty() { root.join(path) } else { folder.join(file) };
            let there = match (file.exists(), anchor) {
                (there, None) => there,
                (false, Some(_)) => false,
                (true, Some(anchor)) => Page::of(&fs::read_to_string(&file).unwrap()).anchors.contains(anchor),
            };
            if !there {
                wrong.push(format!("{path}:{line}: the link `{target}` has no target"));
            }
        }
    }
    report(&wrong);
}

/// The tables of keys are those of the code. `BLESS=1 cargo test` writes them.
#[test]
fn the_reference_is_current() {
    for (file, name, language) in [
        ("docs/language.md", "reference:workflow", Language::Workflow),
        ("docs/gate.md", "reference:gate", Language::Gate),
    ] {
        let path = root().join(file);
        let text = fs::read_to_string(&path).unwrap();
        // Below the heading `Reference`.
        let tables = reference_markdown(language).replace("## A", "### A");
        let current = between(&text, name, &format!("\n{tables}\n")).expect("the marks of the reference");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &current).unwrap();
        } else {
            assert!(
                text == current,
                "{file} is not current: BLESS=1 cargo test -p stepgate-tests --test docs the_reference"
            );
        }
    }
}

/// The page of `check`'s codes is that of their table, each with the first diagnostic of its first case.
/// `BLESS=1 cargo test` writes it.
#[test]
fn the_reference_of_codes_is_current() {
    let path = root().join("docs/diagnostics.md");
    let text = fs::read_to_string(&path).unwrap();
    let codes: String = stepgate_config::Code::ALL.iter().map(|code| section(*code)).collect();
    let current = between(&text, "codes", &format!("\n{codes}")).expect("the marks of the codes");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &current).unwrap();
    } else {
        assert!(text == current, "not current: BLESS=1 cargo test -p stepgate-tests --test docs the_reference");
    }
}

fn section(code: stepgate_config::Code) -> String {
    let cases = root().join("config/tests/diagnostics");
    let mut names: Vec<String> =
        fs::read_dir(&cases).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".stderr") && name.starts_with(&code.as_str().to_lowercase()));
    names.sort();
    let diagnostics = names.first().map(|name| fs::read_to_string(cases.join(name)).unwrap()).unwrap_or_default();
    let head = format!("{}[{code}]", code.severity());
    let example = diagnostics.split("\n\n").find(|one| one.starts_with(&head));
    let example = example.map(|one| format!("```text\n{}\n```\n\n", one.trim_end())).unwrap_or_default();
    format!("### `{code}`\n\n**{}.**\n\n{}\n\n{example}", code.title(), code.explanation())
}

#[test]
fn every_code_is_explained_in_order() {
    let page = Page::of(&fs::read_to_string(root().join("docs/denials.md")).unwrap());
    let explained: Vec<&str> =
        page.headings.iter().filter_map(|heading| heading.strip_prefix('`')?.strip_suffix('`')).collect();
    let all: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(explained, all);
}

#[test]
fn the_cases_that_security_names_exist() {
    let corpus = Corpus::read().unwrap_or_else(|error| panic!("{error}"));
    let titles: BTreeSet<String> = corpus.cases.iter().map(|whole| whole.title()).collect();
    let page = Page::of(&fs::read_to_string(root().join("SECURITY.md")).unwrap());
    let is_case = |span: &&String| span.starts_with(|c: char| c.is_ascii_digit()) && span.contains(": ");
    let named: Vec<&String> = page.code.iter().filter(is_case).collect();
    assert!(named.len() > 40, "SECURITY.md names only {} cases", named.len());
    let lost: Vec<&&String> = named.iter().filter(|title| !titles.contains(**title)).collect();
    assert!(lost.is_empty(), "the corpus has no such cases: {lost:?}");
}
