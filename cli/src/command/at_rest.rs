//! `stepgate at-rest`: the encryption of keys and interlocks in etcd.

use std::path::PathBuf;

use serde_json::json;

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::{output, source};
use stepgate_render::{AtRest, RotationStep};

/// Longest file that is read, in bytes: more than two keys need.
const MAX_FILE: usize = 64 * 1024;

/// Generates the key with which the API server encrypts Secrets and interlocks in etcd.
///
/// Writes an EncryptionConfiguration, readable by you alone, for `kube-apiserver --encryption-provider-config`. It
/// covers Secrets and AuthorizationPolicies. Objects stored before stay readable, and unencrypted until they are
/// written again.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The file of the configuration
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Take one step of a rotation. After each step every API server must restart with the file; before `retire`, every object must have been written again
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "force")]
    rotate: Option<RotationStep>,
    /// Replace the keys of an existing file: everything encrypted with them is lost
    #[arg(long)]
    force: bool,
    /// Print the names of the keys as JSON, without any secret
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let keeps = args.rotate.is_some();
    let (file, present) = source::lock_own(&args.out, MAX_FILE, "stepgate at-rest", keeps, AtRest::read)?;
    let keys = match (present, args.rotate) {
        (Some(mut keys), Some(step)) => {
            keys.rotate(step)?;
            keys
        }
        (Some(keys), None) if !args.force => {
            output::note(&format!(
                "`{}` has its keys, and nothing was written; --rotate changes them safely; --force loses them, and \
                 everything encrypted with them",
                source::name_of(&args.out)
            ));
            return print(args, &keys);
        }
        (Some(_) | None, _) => AtRest::generate()?,
    };
    file.write(&keys.text()?).map_err(CommandError::failed)?;
    print(args, &keys)
}

fn print(args: &Args, keys: &AtRest) -> Result<Answer, CommandError> {
    let (file, keys) = (args.out.display().to_string(), keys.summary());
    output::print_as(args.json, &json!({"file": file, "keys": keys}), || format!("{file}: {}", keys.join(", ")))?;
    Ok(Answer::Yes)
}
