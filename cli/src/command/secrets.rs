//! `stepgate secrets`: the keys and interlocks of workflows, as one file of Kubernetes Secrets.

mod file;

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::json;
use stepgate_decision::keys::Algorithm;

use super::failure::{Answer, EXIT_CODES, Failure};
use super::keygen::Alg;
use super::output::count;
use super::{documents, output};
use stepgate_render::jwk;
use stepgate_render::{Drawn, Estate, Secrets, Source, Step, Wrong};

pub(super) use file::{create, read};

/// Draws the keys and interlock secrets of workflows.
///
/// Writes one file of Kubernetes Secrets, one for each workload, readable by you alone. All that is random
/// is in it: `stepgate render` writes the rest, the same from the same documents.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Workflow documents, YAML or JSON; `-`: the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The file of Secrets
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// HS256: one secret for all gates of a workflow. ES256, EdDSA: a key pair for each actor [default: HS256, or as the file has it]
    #[arg(long, value_enum)]
    alg: Option<Alg>,
    /// An actor that is an ingress gateway: it runs no gate, and gets no secrets
    #[arg(long, value_name = "ACTOR")]
    entry: Vec<String>,
    /// The trust domain of this mesh [default: that of each document]
    #[arg(long, value_name = "NAME")]
    trust_domain: Option<String>,
    /// Only for this namespace, where others are another owner's; may be given several times [default: all of the documents]
    #[arg(long, value_name = "NS")]
    namespace: Vec<String>,
    /// Keep what the file has, and draw what the documents need besides
    #[arg(long, conflicts_with_all = ["force", "rotate"])]
    add: bool,
    /// Take a step of a rotation; between two steps all proxies must have taken up the last
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "force")]
    rotate: Option<Rotate>,
    /// Replace a file that is there: its keys are lost, and the instances that began under them
    #[arg(long)]
    force: bool,
    /// Print what was written as JSON, without any secret
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rotate {
    /// Draw the next keys: all gates take them, none signs with them
    Preload,
    /// Sign with the next keys; those before are still taken
    Switch,
    /// Take the keys before away
    Retire,
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    let documents = documents::read(&args.files)?;
    let mut estate = Estate::of(&documents, args.trust_domain.as_deref(), &args.entry)?;
    let gone = estate.keep(&args.namespace)?;
    let keeps = args.add || args.rotate.is_some();
    let mut secrets = if keeps { file::read(&args.out)? } else { Secrets::default() };
    refuse_to_lose(args, &secrets)?;
    let algorithm = args.alg.map(Algorithm::from).or_else(|| secrets.algorithm()).unwrap_or(Algorithm::Hs256);
    secrets.complete(&estate, algorithm, &mut System)?;
    if let Some(step) = args.rotate {
        secrets.rotate(step.into(), &mut System)?;
    }
    caution(algorithm, &estate);
    strangers(algorithm, &gone);
    file::write(&args.out, &secrets.text(&estate)?, keeps || args.force)?;
    let (path, workloads) = (args.out.display().to_string(), estate.names());
    if args.json {
        output::say_json(&json!({"file": path, "workloads": workloads, "keys": secrets.summary()}))?;
    } else {
        let keys = secrets.summary();
        let all = if keys.is_empty() { "no key".to_owned() } else { keys.join(", ") };
        output::say(&format!("{path}: {}; {all}\n", count(workloads.len(), "Secret")))?;
    }
    Ok(Answer::Yes)
}

/// A file holds the Secrets of the namespaces that are named, and of no others: what it has besides would be gone.
fn refuse_to_lose(args: &Args, secrets: &Secrets) -> Result<(), Failure> {
    let named = |namespace: &&str| args.namespace.is_empty() || args.namespace.iter().any(|name| name == namespace);
    match secrets.namespaces().into_iter().find(|namespace| !named(namespace)) {
        None => Ok(()),
        Some(lost) => {
            let what = format!("`{}` has Secrets of the namespace `{lost}`, which would be lost", args.out.display());
            Err(Failure::impossible(what)
                .help(format!("name it, too: --namespace {lost}; or keep a file for each owner")))
        }
    }
}

fn caution(algorithm: Algorithm, estate: &Estate<'_>) {
    let namespaces = estate.namespaces();
    if algorithm == Algorithm::Hs256 && namespaces.len() > 1 {
        output::warn(&format!(
            "HS256: one key for the namespaces {}: whoever can read a Secret in one of them can speak for every \
             gate of the workflow; between teams, take --alg ES256",
            namespaces.join(", ")
        ));
    }
}

/// What signs elsewhere with a key of its own is not believed here.
fn strangers(algorithm: Algorithm, gates: &[String]) {
    if algorithm != Algorithm::Hs256 && !gates.is_empty() {
        output::warn(&format!(
            "no key is drawn for {}, which others call: the gates here believe none of its tokens; if they must, \
             draw and render all namespaces together",
            gates.join(", ")
        ));
    }
}

impl From<Rotate> for Step {
    fn from(step: Rotate) -> Self {
        match step {
            Rotate::Preload => Self::Preload,
            Rotate::Switch => Self::Switch,
            Rotate::Retire => Self::Retire,
        }
    }
}

/// The system's own randomness.
struct System;

impl Source for System {
    fn key(&mut self, algorithm: Algorithm, kid: &str) -> Result<Drawn, Wrong> {
        let jwks = jwk::generate(algorithm, kid).map_err(|failure| wrong(&failure))?;
        Ok(Drawn { private: jwks.private, public: jwks.public })
    }

    fn secret(&mut self) -> Result<String, Wrong> {
        jwk::random_text().map_err(|failure| wrong(&failure))
    }
}

fn wrong(failure: &jwk::Undrawn) -> Wrong {
    Wrong { what: failure.to_string(), help: None }
}
