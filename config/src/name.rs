//! The names people give: workflows, actors, tasks and keys.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Longest name, in bytes.
pub const MAX_NAME: usize = 64;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameError {
    /// Nothing at all.
    Empty,
    /// More than [`MAX_NAME`] bytes.
    TooLong(usize),
    /// A character outside `[a-z0-9._-]`.
    BadCharacter(char),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "a name has at least one character"),
            Self::TooLong(n) => write!(f, "a name has at most {MAX_NAME} bytes, this one has {n}"),
            Self::BadCharacter(c) => {
                // A letter that looks like one of these is told by its number.
                let number = if c.is_ascii() { String::new() } else { format!(" (U+{:04X})", u32::from(*c)) };
                write!(f, "`{}`{number} is not allowed in a name: use a-z, 0-9, `.`, `_` and `-`", c.escape_debug())
            }
        }
    }
}

impl std::error::Error for NameError {}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > MAX_NAME {
        return Err(NameError::TooLong(text.len()));
    }
    match text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-')) {
        Some(c) => Err(NameError::BadCharacter(c)),
        None => Ok(()),
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        ///
        /// 1 to 64 bytes of `[a-z0-9._-]`; cheap to clone.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;
            fn try_from(text: &str) -> Result<Self, NameError> {
                check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

names! {
    /// A workflow's name.
    WorkflowName;
    /// An actor's name within its workflow.
    ActorName;
    /// A task's name within its workflow.
    TaskName;
    /// A key's identifier (`kid`, RFC 7515, section 4.1.4), unique within its workflow.
    Kid;
}
