//! The formats of an answer.

use clap::ValueEnum;

/// A format of `check`'s answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people, with the lines of the files
    #[default]
    Text,
    /// Everything that was found, also without an error
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}
