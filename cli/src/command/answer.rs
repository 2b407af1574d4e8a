//! The answer of a command, and its exit codes.

use std::process::ExitCode;

/// The meaning of the exit codes, at the end of every help text.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  yes: valid, permitted, written, without findings
  1  no: the document has errors, the request is denied, the token is not valid, a gate has findings
  2  wrong usage: an unknown option, or an argument is missing
  3  failed: a file cannot be read, or a key is missing
  4  in part: permitted or valid, but a part is not judged or UNKNOWN, and is named";

/// The answer of a command that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Valid, permitted, written.
    Yes,
    /// Errors in the document, a denial, a token that is not valid.
    No,
    /// Neither: a part was not judged.
    InPart,
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
            Answer::InPart => Self::from(4),
        }
    }
}
