//! `stepgate render`: what a cluster owner applies, from workflow documents.

mod flags;
mod tree;
mod volumes;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};
use stepgate_config::MAX_INPUT;

use super::failure::{Answer, EXIT_CODES, Failure};
use super::input::{self, Input};
use super::output::{self, count};
use super::{documents, secrets, subject};
use flags::Flags;
use stepgate_render::{Rendered, istio};

/// Writes manifests from workflow documents.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    #[command(subcommand)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Target {
    Istio(Box<Istio>),
    Volumes(volumes::Args),
}

/// Writes manifests for Istio: a kustomize base, components, and the stages of a roll-out.
///
/// The same documents, flags and secrets give the same bytes. Nothing secret is written: the stages take the
/// Secrets from `secrets/secrets.yaml`, where `stepgate secrets` puts them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
struct Istio {
    /// Workflow documents, YAML or JSON; `-`: the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The file of `stepgate secrets` [default: one shared key for each workflow, all in their first generation]
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// Write into this directory; without it, the base goes to the standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write nothing, and say whether the directory holds what would be written
    #[arg(long, requires = "out")]
    check: bool,
    /// Replace files that this command has not written
    #[arg(long, requires = "out", conflicts_with = "check")]
    force: bool,
    /// Further settings of every gate, as in its configuration: `exempt`, `header`, `log`, `revoked`, …
    #[arg(long, value_name = "FILE")]
    gate: Option<PathBuf>,
    /// Print what was written, or would be, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    match &args.target {
        Target::Istio(istio) => run_istio(istio),
        Target::Volumes(args) => volumes::run(args),
    }
}

fn run_istio(args: &Istio) -> Result<Answer, Failure> {
    let documents = documents::read(&args.files)?;
    let settings = args.gate.as_deref().map_or_else(|| Ok(json!({})), settings)?;
    let secrets = args.secrets.as_deref().map(secrets::read).transpose()?;
    let rendered = istio(&documents, secrets.as_ref(), &args.flags.options(settings))?;
    args.flags.caution();
    rendered.notes.iter().for_each(|note| output::warn(note));
    match &args.out {
        None => print(&rendered, args.json),
        Some(dir) if args.check => {
            let changed = tree::compare(dir, &rendered.files)?;
            told(&changed, args.json, "different")?;
            Ok(Answer::of(changed.is_empty()))
        }
        Some(dir) => {
            let changed = tree::write(dir, &rendered.files, args.force)?;
            told(&changed, args.json, "written")?;
            Ok(Answer::Yes)
        }
    }
}

fn settings(path: &Path) -> Result<Value, Failure> {
    let name = input::name_of(path);
    match input::read(path, MAX_INPUT)? {
        Input::Whole(text) => stepgate_config::to_json(&text).map_err(|found| subject::show(&found, &text, &name)),
        Input::TooLarge => Err(subject::too_large(&name)),
    }
}

fn print(rendered: &Rendered, as_json: bool) -> Result<Answer, Failure> {
    if as_json {
        let files = rendered.files.iter().map(|file| (file.path.clone(), Value::from(file.text.as_str())));
        output::say_json(&files.collect::<serde_json::Map<_, _>>())?;
    } else {
        let base = rendered
            .files
            .iter()
            .filter(|file| file.path.starts_with("base/") && !file.path.ends_with("/kustomization.yaml"));
        output::say(&base.map(|file| file.text.as_str()).collect::<Vec<_>>().join("---\n"))?;
    }
    Ok(Answer::Yes)
}

fn told(changed: &[String], as_json: bool, what: &str) -> Result<(), Failure> {
    if as_json {
        return output::say_json(&json!({ what: changed }));
    }
    let lines: String = changed.iter().map(|path| format!("{path}\n")).collect();
    output::say(&format!("{lines}{what}: {}\n", count(changed.len(), "file")))
}
