//! Why a command has no result.

use std::fmt;
use std::io;
use std::process::ExitCode;

use stepgate_render::RenderError;
use stepgate_render::jwk::GenerateError;

/// The error of every command. Its variant decides the exit code.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// The document has errors, which have been printed. Exit code 1.
    #[error("the document has errors")]
    InvalidDocument,
    /// The document cannot be used. Exit code 1.
    #[error("{0}")]
    Document(Message),
    /// The arguments do not fit together. Exit code 2.
    #[error("{0}")]
    Usage(Message),
    /// A file cannot be read, which has been printed. Exit code 3.
    #[error("a file cannot be read")]
    Unreadable,
    /// The reader of the output has closed it (`| head`). Exit code 3.
    #[error("the output is closed")]
    OutputClosed,
    /// The command failed. Exit code 3.
    #[error("{0}")]
    Failed(Message),
}

/// A message, and possibly what to do.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct Message {
    text: String,
    pub(super) help: Option<String>,
}

impl Message {
    fn new(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), help: None }
    }
}

impl CommandError {
    pub(super) fn document(text: impl fmt::Display) -> Self {
        Self::Document(Message::new(text))
    }

    pub(super) fn usage(text: impl fmt::Display) -> Self {
        Self::Usage(Message::new(text))
    }

    pub(super) fn failed(text: impl fmt::Display) -> Self {
        Self::Failed(Message::new(text))
    }

    /// This error with what to do.
    #[must_use]
    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        match &mut self {
            Self::Document(message) | Self::Usage(message) | Self::Failed(message) => message.help = Some(text.into()),
            Self::InvalidDocument | Self::Unreadable | Self::OutputClosed => {}
        }
        self
    }

    /// The message, unless it has been printed or there is no reader for it.
    pub(super) fn message(&self) -> Option<&Message> {
        match self {
            Self::Document(message) | Self::Usage(message) | Self::Failed(message) => Some(message),
            Self::InvalidDocument | Self::Unreadable | Self::OutputClosed => None,
        }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::InvalidDocument | Self::Document(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreadable | Self::OutputClosed | Self::Failed(_) => 3,
        })
    }
}

/// Documents, flags and secrets that do not fit together.
impl From<RenderError> for CommandError {
    fn from(error: RenderError) -> Self {
        let is_internal = matches!(error, RenderError::Jwk(_) | RenderError::UnusableKey(_) | RenderError::Yaml(_));
        let failure = if is_internal { Self::failed(&error) } else { Self::usage(&error) };
        match error.help() {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}

impl From<GenerateError> for CommandError {
    fn from(error: GenerateError) -> Self {
        Self::failed(error)
    }
}

/// Output that cannot be written.
impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::failed(format!("cannot write the output: {error}"))
        }
    }
}
