//! String literals in guards that are checked: regular expressions and time zones.

use regex_lite::Regex;
use thiserror::Error;

use super::pattern::Pattern;
use super::pattern_size::{parse, pattern_size};
use super::re2::{self, OtherForm};
use super::{MAX_PATTERN_SIZE, MAX_REGEX};

/// Why an argument is not a regular expression or a time zone.
#[derive(Debug, Error)]
pub(super) enum LiteralError {
    #[error("{0} must be a string literal")]
    NotALiteral(&'static str),
    #[error("it has {0} bytes; at most {MAX_REGEX} are allowed")]
    TooLong(usize),
    #[error(transparent)]
    Regex(#[from] regex_lite::Error),
    #[error(transparent)]
    OtherForm(#[from] OtherForm),
    #[error("it is nested too deeply, or of a form that guards do not have")]
    Form,
    #[error("its size is {0}; at most {MAX_PATTERN_SIZE} is allowed")]
    TooLarge(usize),
    #[error("neither an IANA name nor an offset")]
    Zone,
}

/// Compiles a regular expression within its bounds. Returns its size, too.
pub(super) fn regex(pattern: &str) -> Result<(Pattern, usize), LiteralError> {
    if pattern.len() > MAX_REGEX {
        return Err(LiteralError::TooLong(pattern.len()));
    }
    // The crate that runs patterns may say why.
    let Some(ast) = parse(pattern) else {
        return Err(Regex::new(pattern).err().map_or(LiteralError::Form, LiteralError::Regex));
    };
    let size = pattern_size(&ast, pattern);
    if size > MAX_PATTERN_SIZE {
        return Err(LiteralError::TooLarge(size));
    }
    let disputed = re2::disputed(&ast, pattern)?;
    Ok((Pattern::new(Regex::new(pattern)?, disputed), size))
}
