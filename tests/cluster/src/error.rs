//! What went wrong in the test cluster, with the end of the log of the program concerned.

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

/// Lines of a log that an error shows.
const TAIL: usize = 25;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something else came than was expected.
    #[error("{0}")]
    Unexpected(String),
    /// An error in a step of some work.
    #[error("{what}: {error}")]
    While {
        /// The step.
        what: String,
        /// Its error.
        error: Box<Error>,
    },
    /// An error, and the log that may explain it.
    #[error("{error}\n  the end of the log of {name}:\n    {tail}")]
    Log {
        /// The error.
        error: Box<Error>,
        /// The program.
        name: String,
        /// The last lines of its log.
        tail: String,
    },
    /// A condition was not met in time.
    #[error("{what}: not within {} s{}", limit.as_secs(), last.as_ref().map(|last| format!(": {last}")).unwrap_or_default())]
    Late {
        /// The condition.
        what: String,
        /// The time that it had.
        limit: Duration,
        /// The error of the last attempt, if it had one.
        last: Option<Box<Error>>,
    },
    /// A program ended that should run.
    #[error("{name} ended: {status}")]
    Ended {
        /// The program.
        name: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A command ended with an error.
    #[error("{status}: {output}")]
    Command {
        /// How it ended.
        status: ExitStatus,
        /// Its output.
        output: String,
    },
    /// The kernel makes no namespaces.
    #[error("cannot make namespaces: {0}")]
    Namespaces(String),
    /// The cluster cannot be set up on this machine.
    #[error("this machine lacks:\n{}", .0.join("\n"))]
    Missing(Vec<String>),
    /// A thread ended that should answer.
    #[error("a thread of the test cluster ended")]
    Thread(#[from] std::sync::mpsc::RecvError),
    /// Of the operating system.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Of an HTTP call.
    #[error(transparent)]
    Call(#[from] stepgate_mesh::CallError),
    /// A connection took too long.
    #[error("no connection: {0}")]
    Timeout(#[from] tokio::time::error::Elapsed),
    /// A text is not the JSON that it should be.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A text is not Base64.
    #[error(transparent)]
    Base64(#[from] ct_codecs::Error),
    /// Bytes are not UTF-8.
    #[error(transparent)]
    Utf8(#[from] std::string::FromUtf8Error),
    /// A text is not an IP address.
    #[error(transparent)]
    Address(#[from] std::net::AddrParseError),
    /// A number is too large.
    #[error(transparent)]
    Number(#[from] std::num::TryFromIntError),
    /// No certificate can be made.
    #[error(transparent)]
    Certificate(#[from] rcgen::Error),
    /// No image can be made.
    #[error(transparent)]
    Image(#[from] stepgate_image::ImageError),
    /// A certificate cannot be used.
    #[error(transparent)]
    Mesh(#[from] stepgate_mesh::MeshError),
}

/// The result of work on the test cluster.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with this text.
    pub fn new(what: impl fmt::Display) -> Self {
        Self::Unexpected(what.to_string())
    }

    /// The same error, with the step in which it occurred before it.
    #[must_use]
    pub fn while_doing(self, what: impl fmt::Display) -> Self {
        Self::While { what: what.to_string(), error: Box::new(self) }
    }

    /// The same error, with the end of a log.
    #[must_use]
    pub fn with_log(self, name: &str, log: &str) -> Self {
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default().join("\n    ");
        Self::Log { error: Box::new(self), name: name.to_owned(), tail }
    }
}
