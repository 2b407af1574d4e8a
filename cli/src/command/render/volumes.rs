//! `stepgate render volumes`: encrypted volumes for the data of actors.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::command::answer::{Answer, EXIT_CODES};
use crate::command::argument::require;
use crate::command::error::CommandError;
use crate::command::{documents, output};
use stepgate_render::{Volumes, is_dns_subdomain, volumes};

/// Writes a class of encrypted volumes, and a claim for the data of each workload.
///
/// Kubernetes has no parameter for encryption: each driver has its own. Give the one that turns encryption on, such as
/// `--parameter encrypted=true` with `--provisioner ebs.csi.aws.com`. Every claim uses this class.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// Workflow documents, YAML or JSON; `-`: standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The CSI driver of the volumes
    #[arg(long, value_name = "NAME", value_parser = provisioner)]
    provisioner: String,
    /// A parameter of the driver, at least the one for encryption; may be given several times
    #[arg(long, value_name = "NAME=VALUE", required = true, value_parser = parameter)]
    parameter: Vec<(String, String)>,
    /// The name of the class
    #[arg(long, value_name = "NAME", default_value = "stepgate-encrypted", value_parser = name)]
    class: String,
    /// The size of each volume
    #[arg(long, value_name = "QUANTITY", default_value = "10Gi", value_parser = size)]
    size: String,
    /// Only for this actor; may be given several times [default: all actors]
    #[arg(long, value_name = "ACTOR")]
    actor: Vec<String>,
    /// The trust domain of this mesh [default: that of each document]
    #[arg(long, value_name = "NAME")]
    trust_domain: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let documents = documents::read(&args.files, &[])?;
    let mut parameters = BTreeMap::new();
    for (name, value) in &args.parameter {
        if parameters.insert(name.clone(), value.clone()).is_some() {
            return Err(CommandError::usage(format!("--parameter: `{name}` is given twice")));
        }
    }
    let text = volumes(
        &documents,
        &Volumes {
            provisioner: args.provisioner.clone(),
            parameters,
            class: args.class.clone(),
            size: args.size.clone(),
            actors: args.actor.clone(),
            trust_domain: args.trust_domain.clone(),
        },
    )?;
    output::print(&text)?;
    Ok(Answer::Yes)
}

/// A DNS name (RFC 1123), possibly with a part of the driver's own after a `/`.
fn provisioner(text: &str) -> Result<String, &'static str> {
    let fits = text.split('/').all(is_dns_subdomain) && text.split('/').count() <= 2;
    require(fits, text, "a driver has a name such as ebs.csi.aws.com")
}

fn name(text: &str) -> Result<String, &'static str> {
    require(is_dns_subdomain(text), text, "a class has a name of lower-case letters, digits, `-` and `.`")
}

fn parameter(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) => {
            Ok((name.to_owned(), value.to_owned()))
        }
        Some(_) | None => Err("a parameter is NAME=VALUE, such as encrypted=true"),
    }
}

/// A whole number of bytes, or of a unit of them.
fn size(text: &str) -> Result<String, &'static str> {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text.strip_suffix(digits).unwrap_or_default();
    let known = ["", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"].contains(&digits);
    let fits = known && (1..=15).contains(&number.len()) && !number.starts_with('0');
    require(fits, text, "a size is a whole number with a unit, such as 500Mi or 10Gi")
}
