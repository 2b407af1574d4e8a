//! Keys from the environment.

use std::env;

use stepgate_decision::keys::KeyError;

use super::output;

/// Why a variable has no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum VariableError {
    #[error("the environment has no `{}`", output::escape(.0))]
    Unset(String),
    #[error("the variable `{}` is empty", output::escape(.0))]
    Empty(String),
    #[error("the variable `{}` is not text: it must be UTF-8", output::escape(.0))]
    NotUtf8(String),
}

/// The value of a variable.
pub(super) fn read(name: &str) -> Result<String, VariableError> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Err(VariableError::Empty(name.to_owned())),
        Ok(value) => Ok(value),
        Err(env::VarError::NotPresent) => Err(VariableError::Unset(name.to_owned())),
        Err(env::VarError::NotUnicode(_)) => Err(VariableError::NotUtf8(name.to_owned())),
    }
}

/// The value of a variable, as a gate reads it.
pub(super) fn value(name: &str) -> Option<String> {
    read(name).ok()
}

/// Warns about keys that are left out. A gate sees only that a value is missing; here the reason is known.
pub(super) fn warn_of(missing: &[KeyError]) {
    for error in missing {
        let reason = match error {
            KeyError::Missing { kid, env } => match read(env) {
                Err(variable) => format!("key `{kid}`: {variable}"),
                Ok(_) => error.to_string(),
            },
            KeyError::Unusable { .. } | KeyError::CannotSign { .. } => error.to_string(),
        };
        output::warn(&format!("{reason}; the key is left out"));
    }
}
