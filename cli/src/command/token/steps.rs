//! The tokens of a step header, as an argument.

use std::path::Path;

use stepgate_config::bounds::MAX_STEPS;

use crate::command::error::CommandError;
use crate::command::{output, source};

/// The tokens in an argument or, for `-`, on the standard input.
pub(super) fn read(argument: &str) -> Result<Vec<String>, CommandError> {
    let text =
        if argument == source::STDIN { source::read_text(argument.as_ref(), MAX_STEPS)? } else { argument.to_owned() };
    let steps: Vec<String> =
        text.split(',').map(|step| step.trim().to_owned()).filter(|step| !step.is_empty()).collect();
    if steps.is_empty() {
        return Err(CommandError::usage("there is no token")
            .help("give one as an argument, or `-` and one on the standard input"));
    }
    Ok(steps)
}

/// Warns about an argument that is the name of a file, not a token.
pub(super) fn warn_of_file(argument: &str) {
    if Path::new(argument).is_file() {
        let name = output::escape(argument);
        output::warn(&format!("`{name}` was read as a token, but is a file: `-` with `< {name}` reads it"));
    }
}
