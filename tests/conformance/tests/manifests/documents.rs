//! The Helm chart renders the same as `stepgate render istio` for every document of this repository, whatever form it has.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};
use stepgate_tests::docs::{Kind, Page};

use super::chart::Both;
use super::tools::{root, tool};

/// The files of a folder that end so.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|is| is == extension)).collect();
    files.sort();
    files
}

/// Every document: the examples, those of the pages, and those of the corpus, where a file may have cases beside it. Each has
/// the name of its file.
fn documents() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for folder in ["config/examples", "tests/corpus/processes", "tests/corpus/patterns"] {
        for path in files(folder, "yaml") {
            let mut document = stepgate_config::to_json(&fs::read(&path).unwrap()).unwrap();
            if document.get("workflow").is_none() {
                document = document["document"].take();
            }
            all.push((path.display().to_string(), document));
        }
    }
    for path in files("docs", "md") {
        let page = Page::of(&fs::read_to_string(&path).unwrap());
        for block in page.blocks.iter().filter(|block| block.kind == Ok(Kind::Workflow)) {
            let document = stepgate_config::to_json(block.text.as_bytes()).unwrap();
            all.push((format!("{}:{}", path.display(), block.line), document));
        }
    }
    for (name, document) in &all {
        assert!(document["workflow"].is_string(), "{name} has no document");
    }
    all
}

fn is_from_several(document: &Value) -> bool {
    document["transitions"].as_array().unwrap().iter().any(|transition| transition["from"].is_array())
}

#[test]
fn the_chart_renders_every_document_as_the_command_does() {
    let left_out = "the Helm chart against kustomize, for every document";
    let (Some(helm), Some(kustomize)) = (tool("helm", left_out), tool("kustomize", left_out)) else { return };
    let all = documents();
    assert!(all.iter().any(|(_, document)| is_from_several(document)));
    let queue = Mutex::new(all.iter());
    let work = || {
        let folder = tempfile::tempdir().unwrap();
        while let Some((name, document)) = { queue.lock().unwrap().next() } {
            compare(name, document, folder.path(), &helm, &kustomize);
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
}

fn compare(name: &str, document: &Value, folder: &Path, helm: &Path, kustomize: &Path) {
    let file = folder.join(format!("{}.json", name.replace(|c: char| !c.is_ascii_alphanumeric(), "-")));
    fs::write(&file, document.to_string()).unwrap();
    let documents = [file.to_str().unwrap()];
    let both = Both { alg: "ES256", flags: &[], values: json!({}), documents: &documents, others: &[] };
    // Only at this stage there are policies, which are made of the transitions.
    both.compare_at(&["enforce"], helm, kustomize);
}
