//! `stepgate render`: the manifests that a cluster owner applies, from workflow documents.

mod argument;
mod flags;
mod volumes;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::output::{self, count};
use super::source::Source;
use super::{documents, secrets};
use flags::Flags;
use stepgate_render::output_dir::{self, OutputDirError};
use stepgate_render::{Rendered, gitignore, istio};

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
/// The same documents, flags and secrets give the same bytes. Nothing secret is written: the stages read the Secrets
/// from `secrets/secrets.yaml`, which `stepgate secrets` writes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
struct Istio {
    /// Workflow documents, YAML or JSON; `-`: standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The file of `stepgate secrets` [default: `secrets/secrets.yaml` in the folder of --out, if it is there; else one
    /// shared key for each workflow, all in their first generation]
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// Write into this folder [default: print the base]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write nothing, and check whether the folder has the files that would be written
    #[arg(long, requires = "out")]
    check: bool,
    /// Also replace and remove files of these names that were changed by hand or that this command has not written
    #[arg(long, requires = "out", conflicts_with = "check")]
    force: bool,
    /// Further settings of every gate, as in its configuration: `exempt`, `header`, `limits`, `log`, `revoked`, …
    #[arg(long, value_name = "FILE")]
    gate: Option<PathBuf>,
    /// Print the names of the files that were written, or would be, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

impl Istio {
    /// What is written reads this file in the folder, so it must name the keys of this file.
    fn secrets_file(&self) -> Option<PathBuf> {
        let written =
            || self.out.as_ref().map(|folder| folder.join("secrets/secrets.yaml")).filter(|file| file.exists());
        self.secrets.clone().or_else(written)
    }
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    match &args.target {
        Target::Istio(istio) => run_istio(istio),
        Target::Volumes(args) => volumes::run(args),
    }
}

fn run_istio(args: &Istio) -> Result<Answer, CommandError> {
    let documents = documents::read(&args.files, &args.flags.open)?;
    let settings = args.gate.as_deref().map_or_else(|| Ok(json!({})), settings)?;
    let secrets = args.secrets_file().as_deref().map(secrets::read).transpose()?;
    let rendered = istio(&documents, secrets.as_ref(), &args.flags.options(settings))?;
    args.flags.warn();
    rendered.warnings.iter().for_each(|warning| output::warn(warning));
    match &args.out {
        None => print(&rendered, args.json),
        Some(dir) if args.check => {
            let changed = output_dir::compare(dir, &rendered.files).map_err(not_written)?;
            print_changed(&changed, args.json, "different")?;
            Ok(Answer::of(changed.is_empty()))
        }
        Some(dir) => {
            let is_new = |(folder, _): &&(&str, String)| !dir.join(folder).exists();
            let notes: Vec<_> = rendered.notes.iter().filter(is_new).collect();
            let changed = output_dir::write(dir, &rendered.files, args.force).map_err(not_written)?;
            keep_out_of_git(&dir.join("secrets"))?;
            print_changed(&changed, args.json, "written")?;
            let written = notes.into_iter().filter(|(folder, _)| dir.join(folder).exists());
            written.for_each(|(_, text)| output::note(&format!("note: {text}")));
            Ok(Answer::Yes)
        }
    }
}

/// The place for secrets ignores them before they are there.
fn keep_out_of_git(folder: &Path) -> Result<(), CommandError> {
    let secrets = ["secrets.yaml", "at-rest.yaml"].map(String::from);
    gitignore::ignore(folder, &secrets)
        .map_err(|error| CommandError::failed(format!("cannot write a .gitignore in `{}`: {error}", folder.display())))
}

fn settings(path: &Path) -> Result<Value, CommandError> {
    let source = Source::read(path)?;
    stepgate_config::to_json(&source.text).map_err(|found| source.reject(&found))
}

fn print(rendered: &Rendered, as_json: bool) -> Result<Answer, CommandError> {
    if as_json {
        let files = rendered.files.iter().map(|file| (file.path.clone(), Value::from(file.text.as_str())));
        output::print_json(&files.collect::<serde_json::Map<_, _>>())?;
    } else {
        let base = rendered
            .files
            .iter()
            .filter(|file| file.path.starts_with("base/") && !file.path.ends_with("/kustomization.yaml"));
        output::print(&base.map(|file| file.text.as_str()).collect::<Vec<_>>().join("---\n"))?;
    }
    Ok(Answer::Yes)
}

fn not_written(error: OutputDirError) -> CommandError {
    let failure = CommandError::failed(&error);
    match error.help() {
        Some(help) => failure.help(help),
        None => failure,
    }
}

fn print_changed(changed: &[String], as_json: bool, state: &str) -> Result<(), CommandError> {
    output::print_as(as_json, &json!({ state: changed }), || {
        let lines: String = changed.iter().map(|path| format!("{path}\n")).collect();
        format!("{lines}{state}: {}\n", count(changed.len(), "file"))
    })
}
