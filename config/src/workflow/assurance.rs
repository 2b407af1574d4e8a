//! The levels of assurance.

/// How much a workflow's gates prove. The language has one more level (`ledger`); documents with it are rejected, since
/// the gates of this release do not support it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// The peer's identity and a plain step.
    Identity,
    /// Signed step tokens and a replay record in each receiving replica.
    Signed,
    /// The same, and at the caller's side a gate that takes each use before the request leaves.
    Once,
}

impl Assurance {
    /// The word for it in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Signed => "signed",
            Self::Once => "once",
        }
    }

    /// Whether the steps are signed tokens, with all that gates keep by them: times, visits, joins, a record.
    pub fn has_tokens(self) -> bool {
        match self {
            Self::Identity => false,
            Self::Signed | Self::Once => true,
        }
    }
}
