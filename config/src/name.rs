//! The names in documents: of workflows, actors, tasks and keys.

use crate::sorted::SortedSet;
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::serde_text;

/// Longest name, in bytes.
pub const MAX_NAME: usize = 64;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// No characters.
    #[error("a name has at least one character")]
    Empty,
    /// More than [`MAX_NAME`] bytes.
    #[error("a name has at most {MAX_NAME} bytes; this one has {0}")]
    TooLong(usize),
    /// A character outside `[a-z0-9._-]`.
    #[error("`{}`{} is not allowed in a name: use a-z, 0-9, `.`, `_` and `-`", .0.escape_debug(), code_point(*.0))]
    BadCharacter(char),
}

/// The code point of a character outside ASCII, which may look like a letter of it.
fn code_point(c: char) -> String {
    if c.is_ascii() { String::new() } else { words!(" (U+{:04X})", u32::from(c)) }
}

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

/// A task's name, or the names of several in order with `+` between them.
fn check_join(text: &str) -> Result<(), NameError> {
    text.split('+').try_for_each(check)
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, read by $check:ident;)+) => {$(
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

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde_text::deserialize(deserializer, |text| $check(text).map(|()| Self(text.into())))
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
    WorkflowName, read by check;
    /// An actor's name within its workflow.
    ActorName, read by check;
    /// A task's name within its workflow. Only a [join of several tasks](TaskName::of_several), and what a token says of one,
    /// has a longer name.
    TaskName, read by check_join;
    /// A key's identifier (`kid`, RFC 7515, section 4.1.4), unique within its workflow.
    Kid, read by check;
}

impl TaskName {
    /// The name of the join that these tasks are for a transition that leaves all of them: sorted, with `+` between them.
    pub fn of_several<'n>(tasks: impl IntoIterator<Item = &'n Self>) -> Self {
        let names: SortedSet<&str> = tasks.into_iter().map(Self::as_str).collect();
        Self(names.into_iter().collect::<Vec<_>>().join("+").into())
    }

    /// Whether it is the name of such a join.
    pub fn is_of_several(&self) -> bool {
        self.0.contains('+')
    }
}
