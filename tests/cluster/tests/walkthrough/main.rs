//! Runs every command of `docs/istio.md`, in order, in a real cluster, and compares what each prints.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test says what is wrong by failing"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use stepgate_cluster_tests::{Error, Programs, Registry, Result, WholeCluster, leave_out, repository};
use stepgate_tests::docs::{Block, Kind, Page};
use stepgate_tests::mirror::{self, Mirror};

const PAGE: &str = "docs/istio.md";
/// A block hands variables on to the next. Each has a shell of its own, so that one that hangs can be ended.
const BEFORE: &str = "[ ! -e .state ] || . ./.state";
const AFTER: &str = "declare -px >.state";
/// The waits, which the page does not show.
const WAITS: &str = include_str!("waits.sh");
/// The longest that the commands of a block may take, in seconds.
const PATIENCE: &str = "300";

fn main() -> ExitCode {
    let page = Page::of(&fs::read_to_string(repository().join(PAGE)).unwrap());
    let blocks: Vec<&Block> = page.blocks.iter().filter(|block| is_run(block)).collect();
    let found = Programs::find().and_then(|programs| Ok((programs, images()?)));
    let (programs, images) = match found {
        Ok(found) => found,
        Err(error) => {
            let names: Vec<String> = blocks.iter().map(|block| format!("{PAGE}:{}", block.line)).collect();
            return leave_out(&format!("{PAGE} in a real cluster"), &names, &error);
        }
    };
    let begun = Instant::now();
    let cluster = match WholeCluster::start(&programs) {
        Ok(cluster) => cluster,
        Err(error) => {
            println!("FAILED  the cluster did not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("Kubernetes and Istio are up: {:.1} s\n", begun.elapsed().as_secs_f64());
    let mirror = Mirror::of(repository()).unwrap();
    let mut passed = 0;
    for block in &blocks {
        let begun = Instant::now();
        let result = run(&cluster, &mirror, &images, &block.text);
        let (line, seconds) = (block.line, begun.elapsed().as_secs_f64());
        match result {
            Ok(()) => println!("ok      {PAGE}:{line}, `{}` ({seconds:.1} s)", last_command(&block.text)),
            // The blocks after it depend on it.
            Err(error) => {
                println!("FAILED  {PAGE}:{line} ({seconds:.1} s)\n  {error}");
                keep(&cluster, &mirror);
                println!("\n{passed} passed, 1 failed, {} left out", blocks.len() - passed - 1);
                return ExitCode::FAILURE;
            }
        }
        passed += 1;
    }
    let minutes = begun.elapsed().as_secs_f64() / 60.0;
    println!("\nfrom nothing to the last line of {PAGE}: {minutes:.1} min");
    println!("{passed} passed, 0 failed, 0 left out");
    ExitCode::SUCCESS
}

fn is_run(block: &Block) -> bool {
    matches!(block.kind, Ok(Kind::Walk | Kind::Console))
}

/// The page's registry is that of the test cluster, and its images are those that `make image` has made.
fn run(cluster: &WholeCluster, mirror: &Mirror, images: &Path, block: &str) -> Result<()> {
    let block = block.replace("registry.example.com", &Registry::address().to_string());
    // NetworkPolicies are in force here, and the registry is in another place than on the page.
    let block = block.replace("10.20.0.5/32", &format!("{}/32", Registry::address().ip()));
    let block = block.replace("target/image", &images.display().to_string());
    let mut bash: Command = cluster.command("timeout");
    let before = format!("cd '{}'\n{BEFORE}\n{WAITS}", mirror.path().display());
    bash.args(["--kill-after=5", PATIENCE, "bash"]);
    cluster.while_healthy(|| mirror::run(&mut bash, &block, (&before, AFTER), &["0"]).map_err(Error::new))
}

/// The images of the module, as `make image` writes them.
fn images() -> Result<PathBuf> {
    let named = std::env::var_os("STEPGATE_IMAGES").map(PathBuf::from);
    let there = named.filter(|images| images.join("module/index.json").is_file());
    there.ok_or_else(|| Error::Missing(vec!["the images in `STEPGATE_IMAGES` (`make image` packs them)".to_owned()]))
}

fn last_command(block: &str) -> String {
    let last = block.lines().filter_map(|line| line.strip_prefix("$ ")).next_back().unwrap_or_default();
    last.chars().take(60).collect()
}

/// With `STEPGATE_KEEP` set, the cluster stays as it was at the failure until the standard input ends.
fn keep(cluster: &WholeCluster, mirror: &Mirror) {
    if std::env::var_os("STEPGATE_KEEP").is_some_and(|set| !set.is_empty()) {
        println!("the folder is {}, a shell in the cluster {:?}", mirror.path().display(), cluster.command("bash"));
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    }
}
