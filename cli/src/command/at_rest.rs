//! `stepgate at-rest`: how the API server encrypts keys and interlocks before it stores them.

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::json;

use super::failure::{Answer, EXIT_CODES, Failure};
use super::{input, output, secrets};
use stepgate_render::jwk;
use stepgate_render::{AtRest, Step, Wrong};

/// More than two keys and their names take.
const MOST: usize = 64 * 1024;

/// Draws the key with which the API server encrypts Secrets and interlocks in etcd.
///
/// Writes an EncryptionConfiguration, readable by you alone, for `kube-apiserver --encryption-provider-config`. It
/// names Secrets and AuthorizationPolicies. What was stored before stays readable, and as it is until it is written
/// again.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Take a step of a rotation; after each, every API server must restart with the file
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "force")]
    rotate: Option<Rotate>,
    /// Replace a file that is there: what is encrypted with its keys is lost
    #[arg(long)]
    force: bool,
    /// Print what was written as JSON, without any secret
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rotate {
    /// Draw the next key: all API servers read with it, none writes with it
    Preload,
    /// Write with the next key; then have everything written again
    Switch,
    /// Take the key before away: what is still encrypted with it is lost
    Retire,
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    if args.out.as_os_str() == "-" {
        return Err(Failure::impossible("--out names a file: keys are not printed"));
    }
    let mut random = || jwk::random().map_err(|failure| Wrong { what: failure.to_string(), help: None });
    let keys = match args.rotate {
        Some(step) => {
            let mut keys = read(args)?;
            keys.rotate(step.into(), &mut random)?;
            keys
        }
        None if !args.force && args.out.symlink_metadata().is_ok() => {
            let what = format!("`{}` is there already, and nothing was written", args.out.display());
            return Err(Failure::impossible(what)
                .help("--rotate changes its keys without a gap; --force loses them, and what is encrypted with them"));
        }
        None => AtRest::draw(&mut random)?,
    };
    secrets::create(&args.out, &keys.text()?)
        .map_err(|error| Failure::impossible(format!("cannot write `{}`: {error}", args.out.display())))?;
    let file = args.out.display().to_string();
    if args.json {
        output::say_json(&json!({"file": file, "keys": keys.summary()}))?;
    } else {
        output::say(&format!("{file}: {}\n", keys.summary().join(", ")))?;
    }
    Ok(Answer::Yes)
}

fn read(args: &Args) -> Result<AtRest, Failure> {
    let text = input::read_text(&args.out, "EncryptionConfiguration", MOST)?;
    AtRest::read(&text).map_err(|wrong| {
        Failure::impossible(format!("cannot use `{}`: {wrong}", input::name_of(&args.out)))
            .help("it is written by `stepgate at-rest`, and changed by it alone")
    })
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
