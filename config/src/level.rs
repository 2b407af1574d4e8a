//! The assurance levels of the language.

use crate::workflow::Assurance;

/// How much gates prove. Documents of this release may have the first three; see [`Assurance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Who calls, by certificate.
    Identity,
    /// Also the way of the instance, by signed tokens; each receiving replica counts.
    Signed,
    /// Also each use, which the caller's gate counts.
    Once,
    /// Also at which tasks an instance is, in one place.
    Ledger,
}

impl Level {
    /// Whether gates of this assurance enforce what this level does.
    pub(crate) fn within(self, assurance: Assurance) -> bool {
        match assurance {
            Assurance::Identity => self <= Self::Identity,
            Assurance::Signed => self <= Self::Signed,
            Assurance::Once => self <= Self::Once,
        }
    }

    /// Its name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Signed => "signed",
            Self::Once => "once",
            Self::Ledger => "ledger",
        }
    }
}
