//! `stepgate lab`: a document tried out on real Envoys.

use std::path::PathBuf;

use stepgate_config::MAX_INPUT;

use super::failure::{Answer, EXIT_CODES, Failure};
use super::input::{self, Input};
use super::keygen::Alg;
use super::{output, subject};
use stepgate_lab::{Algorithm, LabError, Options};

/// Tries a workflow out on real Envoys: one for each workload, at most 16 for all.
///
/// Whole instances go along the workflow; then everything is tried that the document forbids: each step by everyone
/// to everyone, and each attack on each transition. Of more than 50000 attempts, so many that a seed picks. Each
/// answer is compared with what the document says.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// A workflow document, YAML or JSON; `-`: the standard input
    file: PathBuf,
    /// Leave it running until interrupted, with ready-made curl lines
    #[arg(long)]
    keep: bool,
    /// Print every case as JSON
    #[arg(long)]
    json: bool,
    /// Workloads of each SPIFFE ID of each actor, each behind a gate of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    replicas: u8,
    /// With what gates sign: `HS256`, one secret for all; `ES256` or `EdDSA`, a key pair for each actor
    #[arg(long, value_enum, default_value_t = Alg::Hs256)]
    alg: Alg,
    /// Decides which attempts are made where there are too many to make all; drawn and shown where it is left out
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// The filter
    #[arg(
        long,
        value_name = "FILE",
        env = "STEPGATE_MODULE",
        default_value = "target/wasm32-wasip1/filter/stepgate_filter.wasm"
    )]
    module: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    let name = input::name_of(&args.file);
    let document = match input::read(&args.file, MAX_INPUT)? {
        Input::Whole(document) => document,
        Input::TooLarge => return Err(subject::too_large(&name)),
    };
    let (module, colour) = (args.module.clone(), output::colours_answers());
    let options = Options {
        document,
        name: name.clone(),
        replicas: usize::from(args.replicas),
        algorithm: match args.alg {
            Alg::Hs256 => Algorithm::Hs256,
            Alg::Es256 => Algorithm::Es256,
            Alg::EdDsa => Algorithm::EdDsa,
        },
        seed: args.seed,
        module,
        keep: args.keep,
        json: args.json,
        colour,
    };
    match stepgate_lab::run(&options) {
        Ok(all_right) => Ok(Answer::of(all_right)),
        Err(LabError::Document(found)) => Err(subject::show(&found, &options.document, &name)),
        Err(
            error @ (LabError::NotADocument
            | LabError::Gate(_)
            | LabError::Name(_)
            | LabError::NoFork(_)
            | LabError::Key(_)),
        ) => Err(Failure::document(format!("`{name}`: {error}"))),
        Err(LabError::Output(error)) => Err(error.into()),
        Err(
            error @ (LabError::NoModule(_)
            | LabError::NoFilter(_)
            | LabError::Mesh(_)
            | LabError::ExistingMesh(_)
            | LabError::Random(_)
            | LabError::Worker),
        ) => Err(Failure::impossible(error.to_string())),
    }
}
