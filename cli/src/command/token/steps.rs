//! The tokens of a step header, as an argument.

use std::path::Path;

use stepgate_config::bounds::MAX_STEPS;

use crate::command::error::CommandError;
use crate::command::{output, source};

/// The value of a step header: an argument or, for `-`, the standard input.
pub(super) fn read(argument: &str) -> Result<String, CommandError> {
    let text =
        if argument == source::STDIN { source::read_text(argument.as_ref(), MAX_STEPS)? } else { argument.to_owned() };
    let value = text.trim();
    if value.is_empty() {
        return Err(CommandError::usage("there is no token")
            .help("give one as an argument, or `-` and one on the standard input"));
    }
    Ok(value.to_owned())
}

/// Warns about an argument that is the name of a file, not a token.
pub(super) fn warn_of_file(argument: &str) {
    if Path::new(argument).is_file() {
        let name = output::escape(argument);
        output::warn(&format!("`{name}` was read as a token, but is a file: `-` with `< {name}` reads it"));
    }
}
