//! `stepgate keygen`: a key for a workflow, with its Secret and its lines of configuration.

use std::path::{Path, PathBuf};

use serde_json::json;
use stepgate_config::KeyOwner;
use stepgate_config::name::{ActorName, Kid, WorkflowName};

use super::answer::{Answer, EXIT_CODES};
use super::argument::{algorithms, require};
use super::error::CommandError;
use super::{output, source, time};
use stepgate_decision::keys::Algorithm;
use stepgate_render::private_file::{PrivateFileError, PrivateFolder};
use stepgate_render::{KeyBundle, is_dns_label};

/// Longest file of a key that is read, in bytes.
const MAX_KEY: usize = 16 * 1024;

/// Generates a key for a workflow's tokens.
///
/// Writes the private JWK (RFC 7517) in a Kubernetes Secret under the variable from which gates read it,
/// the public JWK where there is one, and the lines for the gate's configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The workflow whose tokens the key signs
    #[arg(long, value_parser = |text: &str| WorkflowName::try_from(text))]
    workflow: WorkflowName,
    /// The only actor that may sign with it [default: any actor of the workflow]
    #[arg(long, value_parser = |text: &str| ActorName::try_from(text))]
    actor: Option<ActorName>,
    /// HS256: one secret for all gates of the workflow. ES256, EdDSA: a key pair for each actor
    #[arg(long, default_value = "HS256", value_parser = algorithms())]
    alg: Algorithm,
    /// The key's name, unique within the workflow [default: the month, such as 2026-11; for an actor ACTOR-2026-11]
    #[arg(long, value_parser = |text: &str| Kid::try_from(text))]
    kid: Option<Kid>,
    /// The namespace of the Secret [default: the current one of `kubectl`]
    #[arg(long, value_name = "NS", value_parser = namespace)]
    namespace: Option<String>,
    /// Write files into this folder, readable by you alone, instead of the standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace existing files
    #[arg(long, requires = "out")]
    force: bool,
    /// Print the key (with --out: the names of the files) as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let kid = kid(args)?;
    let owner = KeyOwner { workflow: args.workflow.clone(), actor: args.actor.clone() };
    let key = KeyBundle::generate(args.alg, owner, kid, args.namespace.as_deref())?;
    warn(args);
    match (&args.out, args.json) {
        (Some(dir), as_json) => {
            let written = write(dir, &key, args.force)?;
            let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
            let json = json!({"kid": key.kid(), "env": key.variable(), "files": names});
            output::print_as(as_json, &json, || names.join("\n"))?;
        }
        (None, true) => output::print_json(&key.json())?,
        (None, false) => output::print(&key.yaml()?)?,
    }
    Ok(Answer::Yes)
}

/// Writes the files of a key. One that exists with the same names is kept, and what is missing of it is written.
fn write(dir: &Path, generated: &KeyBundle, force: bool) -> Result<Vec<PathBuf>, CommandError> {
    let folder = PrivateFolder::lock(dir).map_err(CommandError::failed)?;
    let present = folder.file(generated.private_file());
    let (key, is_kept) = match present.symlink_metadata() {
        Ok(_) if !force => {
            let private = source::read_text(&present, MAX_KEY)?;
            (&generated.with_key(&private).ok_or_else(|| exists(&present))?, true)
        }
        Ok(_) | Err(_) => (generated, false),
    };
    let files = key.files()?;
    let is_missing = |name: &str| folder.file(name).symlink_metadata().is_err();
    let is_same =
        |name: &str, text: &str| source::read_text(&folder.file(name), MAX_KEY).is_ok_and(|present| present == text);
    if let Some((name, _)) = files.iter().find(|(name, text)| !(force || is_missing(name) || is_same(name, text))) {
        return Err(exists(&folder.file(name)));
    }
    let mut wanted = files.iter().filter(|(name, _)| force || is_missing(name)).peekable();
    if is_kept && wanted.peek().is_none() {
        output::note("this key exists, and nothing was written; --force replaces it");
    }
    for (name, text) in wanted {
        folder.write(name.as_ref(), text).map_err(CommandError::failed)?;
    }
    Ok(files.iter().map(|(name, _)| folder.file(name)).collect())
}

fn exists(path: &Path) -> CommandError {
    CommandError::failed(PrivateFileError::Exists(path.to_owned())).help(
        "it is of another key, which must not be lost: choose another folder, or give --force; files are named after the \
         workflow and the actor, not after the key",
    )
}

/// A `kid` is unique within its workflow, so an actor's key is named after the actor too.
fn kid(args: &Args) -> Result<Kid, CommandError> {
    let month = time::month(time::now());
    match (&args.kid, &args.actor) {
        (Some(kid), _) => Ok(kid.clone()),
        (None, actor) => {
            let name = actor.as_ref().map_or_else(|| month.clone(), |actor| format!("{actor}-{month}"));
            Kid::try_from(name.as_str())
                .map_err(|why| CommandError::usage(format!("`{name}` cannot name a key: {why}")).help("give --kid"))
        }
    }
}

/// Warns about the consequences of the choice.
fn warn(args: &Args) {
    match (args.alg, &args.actor) {
        (Algorithm::Hs256, actor) => {
            output::warn(
                "HS256: a reader of the environment of one proxy can sign for every gate of this workflow; between teams, \
                 use --alg ES256 with an --actor",
            );
            if actor.is_some() {
                output::warn("--actor with HS256: every gate that verifies tokens of this actor holds its secret, too");
            }
        }
        (Algorithm::Es256 | Algorithm::EdDsa, None) => output::warn(
            "without --actor every gate must hold the private key, which is then no better than HS256; generate one for \
             each actor",
        ),
        (Algorithm::Es256 | Algorithm::EdDsa, Some(_)) => {}
    }
}

fn namespace(text: &str) -> Result<String, &'static str> {
    require(is_dns_label(text), text, "a namespace is 1 to 63 of a-z, 0-9 and `-`, neither first nor last a `-`")
}
