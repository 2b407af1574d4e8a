//! `stepgate at-rest`: the encryption of keys and interlocks in etcd.

use std::path::PathBuf;

use serde_json::json;

use super::answer::{Answer, EXIT_CODES};
use super::error::CommandError;
use super::{output, source};
use stepgate_render::{AtRest, RotationStep, private_file};

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
    /// Replace an existing file: everything encrypted with its keys is lost
    #[arg(long)]
    force: bool,
    /// Print the names of the keys as JSON, without any secret
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    if args.out.as_os_str() == "-" {
        return Err(CommandError::failed("--out must name a file: keys are not printed"));
    }
    let keys = match args.rotate {
        Some(step) => {
            let mut keys = source::read_own(&args.out, MAX_FILE, "stepgate at-rest", AtRest::read)?;
            keys.rotate(step)?;
            keys
        }
        None => {
            let help = "--rotate changes its keys safely; --force loses them, and everything encrypted with them";
            if !args.force {
                source::require_absent(&args.out, help)?;
            }
            AtRest::generate()?
        }
    };
    private_file::write(&args.out, &keys.text()?).map_err(CommandError::failed)?;
    let (file, keys) = (args.out.display().to_string(), keys.summary());
    output::print_as(args.json, &json!({"file": file, "keys": keys}), || format!("{file}: {}", keys.join(", ")))?;
    Ok(Answer::Yes)
}
