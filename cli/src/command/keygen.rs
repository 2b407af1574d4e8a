//! `stepgate keygen`: a key for a workflow, with all that a mesh wants to be told about it.

mod files;
mod sheet;

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::json;
use stepgate_config::name::{ActorName, Kid, WorkflowName};
use stepgate_decision::keys::{Algorithm, Key, KeyActor};

use super::failure::{Answer, EXIT_CODES, Failure};
use super::{output, time};
use sheet::Sheet;
use stepgate_render::jwk;

/// Draws a key for a workflow's tokens.
///
/// Writes the private JWK (RFC 7517) in a Kubernetes Secret under the variable from which gates read it,
/// the public JWK where there is one, and the lines for the gate's configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The workflow whose tokens the key signs
    #[arg(long, value_parser = |text: &str| WorkflowName::try_from(text))]
    workflow: WorkflowName,
    /// The only actor who may sign with it [default: any actor of the workflow]
    #[arg(long, value_parser = |text: &str| ActorName::try_from(text))]
    actor: Option<ActorName>,
    /// HS256: one secret for all gates of the workflow. ES256, EdDSA: a key pair for each actor
    #[arg(long, value_enum, default_value_t = Alg::Hs256)]
    alg: Alg,
    /// The key's name, unique within the workflow [default: the month, such as 2026-11; for an actor ACTOR-2026-11]
    #[arg(long, value_parser = |text: &str| Kid::try_from(text))]
    kid: Option<Kid>,
    /// The namespace of the Secret [default: that of whoever applies it]
    #[arg(long, value_name = "NS", value_parser = namespace)]
    namespace: Option<String>,
    /// Write files into this directory, readable by you alone, instead of the standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long, requires = "out")]
    force: bool,
    /// Print the key (with --out: what was written) as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Alg {
    #[value(name = "HS256")]
    Hs256,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "EdDSA")]
    EdDsa,
}

impl From<Alg> for Algorithm {
    fn from(alg: Alg) -> Self {
        match alg {
            Alg::Hs256 => Self::Hs256,
            Alg::Es256 => Self::Es256,
            Alg::EdDsa => Self::EdDsa,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    let kid = kid(args)?;
    let jwks = jwk::generate(args.alg.into(), kid.as_str())?;
    // What a gate would refuse must never reach a cluster.
    Key::new(kid.clone(), KeyActor::Any, &jwks.private.to_string())
        .map_err(|why| Failure::impossible(format!("the key drawn is not one that gates take: {why}")))?;
    let sheet = Sheet::new(&args.workflow, args.actor.as_ref(), &kid, args.namespace.as_deref(), jwks);
    caution(args);
    match (&args.out, args.json) {
        (Some(dir), as_json) => {
            let written = files::write(dir, &sheet.files(), args.force)?;
            let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
            if as_json {
                output::say_json(&json!({"kid": kid.as_str(), "env": sheet.env(), "files": names}))?;
            } else {
                output::say(&names.iter().map(|name| format!("{name}\n")).collect::<String>())?;
            }
        }
        (None, true) => output::say_json(&sheet.json())?,
        (None, false) => output::say(&sheet.yaml())?,
    }
    Ok(Answer::Yes)
}

/// A `kid` is unique within its workflow, so an actor's key is named after the actor too.
fn kid(args: &Args) -> Result<Kid, Failure> {
    let month = time::month(time::now());
    match (&args.kid, &args.actor) {
        (Some(kid), _) => Ok(kid.clone()),
        (None, actor) => {
            let name = actor.as_ref().map_or_else(|| month.clone(), |actor| format!("{actor}-{month}"));
            Kid::try_from(name.as_str())
                .map_err(|why| Failure::usage(format!("`{name}` cannot name a key: {why}")).help("give --kid"))
        }
    }
}

/// Says what the choice means.
fn caution(args: &Args) {
    match (args.alg, &args.actor) {
        (Alg::Hs256, actor) => {
            output::warn(
                "HS256: whoever can read the environment of one proxy can speak for every gate of this workflow; \
                 between teams, take --alg ES256 with an --actor",
            );
            if actor.is_some() {
                output::warn("--actor with HS256: every gate that verifies for this actor holds its secret too");
            }
        }
        (Alg::Es256 | Alg::EdDsa, None) => output::warn(
            "without --actor every gate must hold the private key, which then keeps no more than HS256 does; \
             draw one for each actor",
        ),
        (Alg::Es256 | Alg::EdDsa, Some(_)) => {}
    }
}

/// A DNS label (RFC 1123), as Kubernetes wants it.
fn namespace(text: &str) -> Result<String, &'static str> {
    let fits = (1..=63).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-');
    let clean = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits && clean {
        Ok(text.to_owned())
    } else {
        Err("a namespace is 1 to 63 of a-z, 0-9 and `-`, neither first nor last a `-`")
    }
}
