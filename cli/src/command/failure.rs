//! Why a command gives no answer, and the codes with which it ends.

use std::fmt;
use std::io;
use std::process::ExitCode;

use stepgate_render::jwk::Undrawn;

/// What the codes mean; stands at the end of every help text.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  yes: clean, permitted, valid, written, without a gap
  1  no: the document has errors, the request is denied, the token is not valid, a gate has a gap
  2  the command was not used as it wants to be
  3  it could not be done: a file that cannot be read, a key that is not there";

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Clean, permitted, valid, written.
    Yes,
    /// Errors in the document, a denial, a token that is not valid.
    No,
}

impl Answer {
    pub(super) fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => Self::from(0),
            Answer::No => Self::from(1),
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The document has errors, which have been shown already.
    Refused,
    /// The document cannot be taken at all.
    Document(Trouble),
    /// It could not be done, which has been shown already.
    Shown,
    /// The reader of our output has gone (`| head`): nobody is left to tell.
    Unheard,
    /// The command was not used as it wants to be.
    Usage(Trouble),
    /// It could not be done.
    Impossible(Trouble),
}

/// What is wrong, and what to do.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) what: String,
    pub(super) help: Option<String>,
}

impl Failure {
    pub(super) fn usage(what: impl Into<String>) -> Self {
        Self::Usage(Trouble { what: what.into(), help: None })
    }

    pub(super) fn document(what: impl Into<String>) -> Self {
        Self::Document(Trouble { what: what.into(), help: None })
    }

    pub(super) fn impossible(what: impl Into<String>) -> Self {
        Self::Impossible(Trouble { what: what.into(), help: None })
    }

    /// The same, with what to do.
    #[must_use]
    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        match &mut self {
            Self::Document(trouble) | Self::Usage(trouble) | Self::Impossible(trouble) => {
                trouble.help = Some(text.into())
            }
            Self::Refused | Self::Shown | Self::Unheard => {}
        }
        self
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Refused | Self::Document(_) => 1,
            Self::Usage(_) => 2,
            Self::Shown | Self::Unheard | Self::Impossible(_) => 3,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("the document has errors"),
            Self::Shown => f.write_str("it could not be done"),
            Self::Unheard => f.write_str("nobody reads the output"),
            Self::Document(trouble) | Self::Usage(trouble) | Self::Impossible(trouble) => f.write_str(&trouble.what),
        }
    }
}

/// A failure to write the answer.
impl From<Undrawn> for Failure {
    fn from(error: Undrawn) -> Self {
        Self::impossible(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Unheard
        } else {
            Self::impossible(format!("cannot write the answer: {error}"))
        }
    }
}
