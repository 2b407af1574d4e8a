//! The step in a request.

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;

use crate::arrival::Arrival;
use crate::kind::Kind;

/// What an attacker did to a token, or a gate that lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It is no longer three canonical parts with exactly the members of a step token.
    Form,
    /// Its header names a `typ` that is none of ours.
    Type,
    /// Its header names a key that is not configured.
    KeyId,
    /// Its header names another algorithm than the key's.
    Algorithm,
    /// Its signature is not of the key that it names.
    Signature,
    /// Its header or claims were changed after it was signed.
    Content,
    /// It was signed for another workflow.
    Workflow,
    /// It was signed for another revision.
    Revision,
    /// It was signed for another document of the same name and revision.
    Digest,
    /// It has a member that no gate writes there, or lacks one that every gate writes: visits or performers that the
    /// document does not count, not its own visit, a round of no join ahead, a source where there is no join, parents that
    /// no transition has, a name that is none.
    Members,
    /// It was signed for a task that the document does not have.
    Task,
    /// It is a start token that says more than the gate that was called first may say.
    Start,
}

/// A token, and what the reader knows of it.
#[derive(Debug, Clone)]
pub struct Token {
    /// Its text in the header.
    pub text: String,
    /// The arrival that it proves.
    pub arrival: Arc<Arrival>,
    /// The only workload that may present it.
    pub holder: SpiffeId,
    /// Which kind it is.
    pub kind: Kind,
    /// What was done to it, if anything.
    pub flaw: Option<Flaw>,
}

/// One entry of the step header.
#[derive(Debug, Clone)]
pub enum Shown {
    /// A token.
    Token(Token),
    /// Any other text: a plain step of level `identity`, or nothing that a gate reads.
    Text(String),
}

impl Shown {
    /// Its text in the header.
    pub fn text(&self) -> &str {
        match self {
            Self::Token(token) => &token.text,
            Self::Text(text) => text,
        }
    }

    /// The token, if it is one.
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::Token(token) => Some(token),
            Self::Text(_) => None,
        }
    }
}
