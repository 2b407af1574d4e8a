//! `stepgate keygen`: a key for a workflow, with its Secret and its lines of configuration.

use std::path::PathBuf;

use serde_json::json;
use stepgate_config::name::{ActorName, Kid, WorkflowName};

use super::answer::{Answer, EXIT_CODES};
use super::argument::{algorithms, require};
use super::error::CommandError;
use super::{output, time};
use stepgate_decision::keys::Algorithm;
use stepgate_render::private_file::{self, PrivateFileError};
use stepgate_render::{KeyBundle, is_dns_label};

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
    let namespace = args.namespace.as_deref();
    let key = KeyBundle::generate(args.alg, &args.workflow, args.actor.as_ref(), &kid, namespace)?;
    warn(args);
    match (&args.out, args.json) {
        (Some(dir), as_json) => {
            let written = private_file::write_all_into(dir, &key.files()?, args.force).map_err(not_written)?;
            let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
            let json = json!({"kid": kid.as_str(), "env": key.variable(), "files": names});
            output::print_as(as_json, &json, || names.join("\n"))?;
        }
        (None, true) => output::print_json(&key.json())?,
        (None, false) => output::print(&key.yaml()?)?,
    }
    Ok(Answer::Yes)
}

fn not_written(error: PrivateFileError) -> CommandError {
    let failure = CommandError::failed(&error);
    match error {
        PrivateFileError::Exists(_) => failure.help(
            "a key in use must not be lost: choose another folder, or give --force; files are named after the workflow \
             and the actor, not after the key",
        ),
        PrivateFileError::Write { .. } => failure,
    }
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
