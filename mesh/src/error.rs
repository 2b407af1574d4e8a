//! What can go wrong when a mesh starts or is used, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::call_error::CallError;

/// Why a mesh could not start, or why a question about it has no answer.
#[derive(Debug, thiserror::Error)]
pub enum MeshError {
    /// There is no Envoy in any of the places where one is looked for.
    #[error(
        "no Envoy found; looked at:{}\nhelp: `make envoy` installs one, or set `ENVOY_PATH` to an Envoy binary",
        looked.iter().map(|place| format!("\n  - {place}")).collect::<String>()
    )]
    NoEnvoy {
        /// Each place with what was found there.
        looked: Vec<String>,
    },
    /// There is no program that ends an Envoy when this process dies.
    #[error(
        "nothing here can end an Envoy when this program dies\n\
         help: set `STEPGATE_LAUNCHER` to a `stepgate` binary (`make cli`), or install `setpriv` (util-linux)"
    )]
    NoLauncher,
    /// The specification contradicts itself or a bound.
    #[error("{0}")]
    Spec(String),
    /// There is no free loopback network.
    #[error(
        "no free loopback network in 127.16.0.0 to 127.126.255.0: {0}\n\
         help: the local mesh needs Linux, where all of 127.0.0.0/8 is the loopback interface"
    )]
    NoNetwork(io::Error),
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
    /// A file, a socket or a process failed.
    #[error("cannot {doing} `{on}`: {source}")]
    Io {
        /// The operation, such as "create".
        doing: &'static str,
        /// Its object.
        on: String,
        /// The error of the system.
        source: io::Error,
    },
    /// An Envoy ended before it was ready, or was not ready in time.
    #[error(
        "the Envoy of `{envoy}` {what}\nprogram: {program}\n{}",
        if log.is_empty() { "its log is empty".to_owned() } else { format!("last lines of its log:\n{log}") }
    )]
    NotReady {
        /// The first workload that it hosts.
        envoy: String,
        /// What happened, such as "ended with exit status: 1".
        what: String,
        /// Which program it is, and where it was found.
        program: String,
        /// The last lines of its log.
        log: String,
    },
    /// What was started as an Envoy ended at once with success, and without a word.
    #[error(
        "{program} ended at once and said nothing: it does not look like Envoy\n\
         help: `make envoy` installs one, or set `ENVOY_PATH` to an Envoy binary"
    )]
    NotAnEnvoy {
        /// Which program it is, and where it was found.
        program: String,
    },
    /// The clock of an Envoy cannot be set.
    #[error(
        "the clock of this Envoy cannot be set: it was started without the shared object for it, or is not a program for \
         this machine that loads one\nhelp: `make clock` builds the shared object; a static Envoy does not load it"
    )]
    NoClock,
    /// An Envoy did not accept a new configuration.
    #[error("the new configuration of `{workload}` is not in force: {what}")]
    NotInForce {
        /// The workload that it is for.
        workload: String,
        /// What happened instead.
        what: String,
    },
    /// No workload has this name.
    #[error("no workload is called `{name}`; there are: {}", known.join(", "))]
    NoSuchWorkload {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A request did not get an answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// An expected line did not appear in a log.
    #[error("{wanted} did not show up in `{}`", path.display())]
    NotLogged {
        /// What was looked for.
        wanted: String,
        /// Where.
        path: PathBuf,
    },
}

impl MeshError {
    pub(super) fn io(doing: &'static str, on: &Path, source: io::Error) -> Self {
        let on = on.display().to_string();
        Self::Io { doing, on, source }
    }
}
