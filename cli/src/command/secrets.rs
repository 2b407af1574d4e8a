//! `stepgate secrets`: the keys and interlocks of workflows, as one file of Kubernetes Secrets.

use std::path::{Path, PathBuf};

use serde_json::json;
use stepgate_decision::keys::Algorithm;

use super::answer::{Answer, EXIT_CODES};
use super::argument::algorithms;
use super::error::CommandError;
use super::output::count;
use super::{documents, output, source};
use stepgate_render::private_file::PrivateFile;
use stepgate_render::{Inventory, RotationStep, Secrets};

const COMMAND: &str = "stepgate secrets";
/// Longest file of Secrets that is read, in bytes.
const MAX_FILE: usize = 8 * 1024 * 1024;

/// Generates the keys and interlock secrets of workflows.
///
/// Writes one file of Kubernetes Secrets, one for each workload, readable by you alone. Everything random is in it;
/// `stepgate render` writes the rest, the same from the same documents. Secrets in the file that the documents do not
/// mention stay as they are.
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
    /// An actor that is an ingress gateway: it runs no gate and gets no secrets; may be given several times
    #[arg(long, value_name = "ACTOR")]
    entry: Vec<String>,
    /// The trust domain of this mesh [default: that of each document]
    #[arg(long, value_name = "NAME")]
    trust_domain: Option<String>,
    /// Only for this namespace, if another owner has the others; may be given several times [default: all of the documents]
    #[arg(long, value_name = "NS")]
    namespace: Vec<String>,
    /// Generate the secrets that the file does not have yet
    #[arg(long, group = "change")]
    add: bool,
    /// Take one step of a rotation of these documents' secrets. Before the next step every proxy must have the result
    #[arg(long, value_enum, value_name = "STEP", group = "change")]
    rotate: Option<RotationStep>,
    /// List the secrets of the file that the documents do not mention; with --yes, remove them
    #[arg(long, group = "change")]
    remove: bool,
    /// Remove without listing first
    #[arg(long, requires = "remove")]
    yes: bool,
    /// Replace these documents' secrets in the file: their keys are lost, and so are the instances that began with them
    #[arg(long, group = "change")]
    force: bool,
    /// Print the names of workloads and keys as JSON, without any secret
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let documents = documents::read(&args.files, &[])?;
    let mut inventory = Inventory::of(&documents, args.trust_domain.as_deref(), &args.entry)?;
    let left_out = inventory.keep(&args.namespace)?;
    let keeps = args.add || args.remove || args.rotate.is_some();
    let (file, present) = source::lock_own(&args.out, MAX_FILE, COMMAND, keeps, Secrets::read)?;
    let before = present.as_ref().map(Secrets::text).transpose()?;
    let mut secrets = present.unwrap_or_default();
    if args.remove {
        return remove(args, &file, secrets, &inventory);
    }
    if args.force {
        secrets.replace(&inventory, args.alg)?;
    } else {
        secrets.complete(&inventory, args.alg)?;
    }
    if let Some(step) = args.rotate {
        secrets.rotate(&inventory, step)?;
    }
    let text = secrets.text()?;
    match before {
        Some(before) if before == text => output::note(&format!(
            "`{}` has all secrets of these documents, and nothing was written",
            source::name_of(&args.out)
        )),
        Some(_) if !(keeps || args.force) => return Err(incomplete(args)),
        Some(_) | None => drop(file.write(&text).map_err(CommandError::failed)?),
    }
    warn_of_shared_key(&secrets, &inventory);
    warn_of_missing_keys(&secrets, &inventory, &left_out);
    warn_of_unnamed(&inventory);
    note_of_others(secrets.clone().remove(&inventory, &args.namespace).len());
    print(args, &secrets)
}

/// Removes the secrets that the documents do not mention, or only lists them.
fn remove(
    args: &Args,
    file: &PrivateFile,
    mut secrets: Secrets,
    inventory: &Inventory<'_>,
) -> Result<Answer, CommandError> {
    let removed = secrets.remove(inventory, &args.namespace);
    if secrets.workloads().is_empty() {
        return Err(CommandError::failed("no secret in the file is one of these documents': nothing would be left")
            .help("give the documents whose secrets are to stay, or remove the file"));
    }
    if args.yes && !removed.is_empty() {
        file.write(&secrets.text()?).map_err(CommandError::failed)?;
    }
    let is_done = args.yes || removed.is_empty();
    let json = json!({"file": source::name_of(&args.out), "removed": is_done, "secrets": removed});
    output::print_as(args.json, &json, || {
        let state = match (removed.is_empty(), args.yes) {
            (true, _) => "the documents mention everything in it",
            (false, true) => "removed",
            (false, false) => "nothing is removed without --yes",
        };
        let lines: String = removed.iter().map(|line| format!("{line}\n")).collect();
        format!("{lines}{}: {state}", source::name_of(&args.out))
    })?;
    Ok(Answer::of(is_done))
}

fn incomplete(args: &Args) -> CommandError {
    let text =
        format!("`{}` exists without some secrets of these documents, and nothing was written", args.out.display());
    CommandError::failed(text).help(
        "--add generates those that are missing; --rotate changes keys safely; --force replaces those of the documents",
    )
}

fn print(args: &Args, secrets: &Secrets) -> Result<Answer, CommandError> {
    let (path, workloads, keys) = (args.out.display().to_string(), secrets.workloads(), secrets.summary());
    output::print_as(args.json, &json!({"file": path, "workloads": workloads, "keys": keys}), || {
        let all = if keys.is_empty() { "no key".to_owned() } else { keys.join(", ") };
        format!("{path}: {}; {all}", count(workloads.len(), "Secret"))
    })?;
    Ok(Answer::Yes)
}

/// Reads a file of Secrets.
pub(super) fn read(path: &Path) -> Result<Secrets, CommandError> {
    source::read_own(path, MAX_FILE, COMMAND, Secrets::read)
}

/// The rest of the file is not lost, and not forgotten either.
fn note_of_others(number: usize) {
    if number > 0 {
        let secrets = count(number, "Secret");
        output::note(&format!("kept: {secrets} with more than these documents mention; --remove lists it"));
    }
}

fn warn_of_shared_key(secrets: &Secrets, inventory: &Inventory<'_>) {
    if let Some(namespaces) = secrets.sharing(inventory) {
        let namespaces: Vec<&str> = namespaces.into_iter().collect();
        output::warn(&format!(
            "HS256: one key for the namespaces {}: a reader of a Secret in one of them can sign for every gate of the \
             workflow; between teams, use --alg ES256",
            namespaces.join(", ")
        ));
    }
}

/// Workloads of an open segment have gates, too, which need keys.
fn warn_of_unnamed(inventory: &Inventory<'_>) {
    for unnamed in inventory.unnamed() {
        output::warn(&format!(
            "no Secret is written for {unnamed}: the names of its workloads are not known; give their gates the keys \
             yourself, as environment variables"
        ));
    }
}

/// Gates in other namespaces sign with keys that the gates here do not have.
fn warn_of_missing_keys(secrets: &Secrets, inventory: &Inventory<'_>, gates: &[String]) {
    let present = secrets.workloads();
    let missing: Vec<&str> = gates.iter().filter(|gate| !present.contains(gate)).map(String::as_str).collect();
    if !missing.is_empty() && secrets.is_per_actor(inventory) {
        output::warn(&format!(
            "no key is generated for {}, which others call: the gates here reject its tokens; if they must accept them, \
             generate and render all namespaces together",
            missing.join(", ")
        ));
    }
}
