//! What can go wrong when a mesh starts or is used, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a mesh could not start, or a question about it had no answer.
#[derive(Debug)]
pub enum MeshError {
    /// No Envoy in any of the places where one is looked for.
    NoEnvoy {
        /// Each place with what was found there.
        looked: Vec<String>,
    },
    /// No program that ties the life of an Envoy to ours.
    NoLauncher,
    /// The specification contradicts itself or a bound.
    Spec(String),
    /// No free loopback network.
    NoNetwork(io::Error),
    /// A certificate could not be made.
    Certificate(String),
    /// A file, a socket or a process.
    Io {
        /// What was tried, such as "create".
        doing: &'static str,
        /// On what.
        on: String,
        /// What the system said.
        source: io::Error,
    },
    /// An Envoy ended before it was ready, or was not ready in time.
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
    /// What was started as an Envoy ended at once, content and without a word.
    NotAnEnvoy {
        /// Which program it is, and where it was found.
        program: String,
    },
    /// An Envoy did not take a new configuration.
    NotInForce {
        /// The workload whose it is.
        workload: String,
        /// What happened instead.
        what: String,
    },
    /// No workload has this name.
    NoSuchWorkload {
        /// The name asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A request did not get an answer.
    Call(super::CallError),
    /// What was waited for did not show up in a log.
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

impl fmt::Display for MeshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEnvoy { looked } => {
                writeln!(f, "no Envoy found; looked at:")?;
                for place in looked {
                    writeln!(f, "  - {place}")?;
                }
                write!(f, "help: `make envoy` gets one, or set `ENVOY_PATH` to an Envoy binary")
            }
            Self::NoLauncher => write!(
                f,
                "nothing here can end an Envoy when this program dies\n\
                 help: set `STEPGATE_LAUNCHER` to a `stepgate` binary (`make cli`), or install `setpriv` (util-linux)"
            ),
            Self::Spec(what) => write!(f, "{what}"),
            Self::NoNetwork(source) => write!(
                f,
                "no free loopback network in 127.16.0.0 to 127.126.255.0: {source}\n\
                 help: the local mesh needs Linux, where all of 127.0.0.0/8 is the loopback interface"
            ),
            Self::Certificate(what) => write!(f, "cannot make a certificate: {what}"),
            Self::Io { doing, on, source } => write!(f, "cannot {doing} `{on}`: {source}"),
            Self::NotReady { envoy, what, program, log } => {
                write!(f, "the Envoy of `{envoy}` {what}\nprogram: {program}\n")?;
                if log.is_empty() { write!(f, "its log is empty") } else { write!(f, "last lines of its log:\n{log}") }
            }
            Self::NotAnEnvoy { program } => write!(
                f,
                "{program} ended at once and said nothing: it does not look like Envoy\n\
                 help: `make envoy` gets one, or set `ENVOY_PATH` to an Envoy binary"
            ),
            Self::NotInForce { workload, what } => {
                write!(f, "the new configuration of `{workload}` is not in force: {what}")
            }
            Self::NoSuchWorkload { name, known } => {
                write!(f, "no workload is called `{name}`; there are: ")?;
                write!(f, "{}", known.join(", "))
            }
            Self::Call(error) => write!(f, "{error}"),
            Self::NotLogged { wanted, path } => {
                write!(f, "{wanted} did not show up in `{}`", path.display())
            }
        }
    }
}

impl std::error::Error for MeshError {}

impl From<super::CallError> for MeshError {
    fn from(error: super::CallError) -> Self {
        Self::Call(error)
    }
}
