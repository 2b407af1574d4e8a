//! `stepgate secrets`: the keys and interlocks of workflows, as one file of Kubernetes Secrets.

use std::path::{Path, PathBuf};

use serde_json::json;
use stepgate_decision::keys::Algorithm;

use super::answer::{Answer, EXIT_CODES};
use super::argument::algorithms;
use super::error::CommandError;
use super::output::count;
use super::{documents, output, source};
use stepgate_render::{Inventory, RotationStep, Secrets, private_file};

/// Longest file of Secrets that is read, in bytes.
const MAX_FILE: usize = 8 * 1024 * 1024;

/// Generates the keys and interlock secrets of workflows.
///
/// Writes one file of Kubernetes Secrets, one for each workload, readable by you alone. Everything random is in it;
/// `stepgate render` writes the rest, the same from the same documents.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Workflow documents, YAML or JSON; `-`: standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The file of Secrets
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// HS256: one secret for all gates of a workflow. ES256, EdDSA: a key pair for each actor [default: that of the file, else HS256]
    #[arg(long, value_parser = algorithms())]
    alg: Option<Algorithm>,
    /// An actor that is an ingress gateway: it runs no gate and gets no secrets
    #[arg(long, value_name = "ACTOR")]
    entry: Vec<String>,
    /// The trust domain of this mesh [default: that of each document]
    #[arg(long, value_name = "NAME")]
    trust_domain: Option<String>,
    /// Only for this namespace, if another owner has the others; may be given several times [default: all of the documents]
    #[arg(long, value_name = "NS")]
    namespace: Vec<String>,
    /// Keep the secrets of the file, and generate those that are missing
    #[arg(long, conflicts_with_all = ["force", "rotate"])]
    add: bool,
    /// Take one step of a rotation. Before the next step every proxy must have the result
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "force")]
    rotate: Option<RotationStep>,
    /// Replace an existing file: its keys are lost, and so are the instances that began with them
    #[arg(long)]
    force: bool,
    /// Print the names of workloads and keys as JSON, without any secret
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let documents = documents::read(&args.files, &[])?;
    let mut inventory = Inventory::of(&documents, args.trust_domain.as_deref(), &args.entry)?;
    let removed = inventory.keep(&args.namespace)?;
    let keeps = args.add || args.rotate.is_some();
    let mut secrets = if keeps { read(&args.out)? } else { Secrets::default() };
    refuse_to_lose(args, &secrets)?;
    let algorithm = args.alg.or_else(|| secrets.algorithm()).unwrap_or(Algorithm::Hs256);
    secrets.complete(&inventory, algorithm)?;
    if let Some(step) = args.rotate {
        secrets.rotate(step)?;
    }
    warn_of_shared_key(algorithm, &inventory);
    warn_of_missing_keys(algorithm, &removed);
    if !(keeps || args.force) {
        let help =
            "--add keeps its keys and generates the missing ones; --rotate changes them safely; --force loses them";
        source::require_absent(&args.out, help)?;
    }
    private_file::write(&args.out, &secrets.text(&inventory)?).map_err(CommandError::failed)?;
    let (path, workloads, keys) = (args.out.display().to_string(), inventory.names(), secrets.summary());
    output::print_as(args.json, &json!({"file": path, "workloads": workloads, "keys": keys}), || {
        let all = if keys.is_empty() { "no key".to_owned() } else { keys.join(", ") };
        format!("{path}: {}; {all}", count(workloads.len(), "Secret"))
    })?;
    Ok(Answer::Yes)
}

/// Reads a file of Secrets.
pub(super) fn read(path: &Path) -> Result<Secrets, CommandError> {
    source::read_own(path, MAX_FILE, "stepgate secrets", Secrets::read)
}

/// The file is written with the Secrets of the given namespaces only. Those of other namespaces would be lost.
fn refuse_to_lose(args: &Args, secrets: &Secrets) -> Result<(), CommandError> {
    match secrets.namespace_outside(&args.namespace) {
        None => Ok(()),
        Some(lost) => {
            let text = format!("`{}` has Secrets of the namespace `{lost}`, which would be lost", args.out.display());
            Err(CommandError::failed(text).help(format!("add --namespace {lost}, or keep a file for each owner")))
        }
    }
}

fn warn_of_shared_key(algorithm: Algorithm, inventory: &Inventory<'_>) {
    let namespaces = inventory.namespaces();
    if algorithm == Algorithm::Hs256 && namespaces.len() > 1 {
        output::warn(&format!(
            "HS256: one key for the namespaces {}: a reader of a Secret in one of them can sign for every gate of the \
             workflow; between teams, use --alg ES256",
            namespaces.join(", ")
        ));
    }
}

/// Gates in other namespaces sign with keys that the gates here do not have.
fn warn_of_missing_keys(algorithm: Algorithm, gates: &[String]) {
    if algorithm != Algorithm::Hs256 && !gates.is_empty() {
        output::warn(&format!(
            "no key is generated for {}, which others call: the gates here reject its tokens; if they must accept them, \
             generate and render all namespaces together",
            gates.join(", ")
        ));
    }
}
