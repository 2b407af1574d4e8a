//! Keys from the environment, and why one is not there.

use std::env;

use stepgate_decision::keys::KeyError;

use super::output;

/// Why a variable holds no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    Unset,
    Empty,
    NotText,
}

impl Absent {
    /// In a sentence about the variable.
    pub(super) fn of(self, name: &str) -> String {
        let name = output::plain(name);
        match self {
            Self::Unset => format!("the environment has no `{name}`"),
            Self::Empty => format!("the environment's `{name}` is empty"),
            Self::NotText => format!("the environment's `{name}` is not text: it must be UTF-8"),
        }
    }
}

/// What a variable holds.
pub(super) fn read(name: &str) -> Result<String, Absent> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Err(Absent::Empty),
        Ok(value) => Ok(value),
        Err(env::VarError::NotPresent) => Err(Absent::Unset),
        Err(env::VarError::NotUnicode(_)) => Err(Absent::NotText),
    }
}

/// The same, as a gate asks for it.
pub(super) fn value(name: &str) -> Option<String> {
    read(name).ok()
}

/// Tells which keys are left out. A gate knows only that it got none; here there is more to say.
pub(super) fn warn_of(missing: &[KeyError]) {
    for error in missing {
        let why = match error {
            KeyError::Missing { kid, env } => match read(env) {
                Err(absent) => format!("key `{kid}`: {}", absent.of(env)),
                Ok(_) => error.to_string(),
            },
            KeyError::Unusable { .. } | KeyError::CannotSign { .. } => error.to_string(),
        };
        output::warn(&format!("{why}; the key is left out"));
    }
}
