//! Why a text is not a path pattern.

use thiserror::Error;

/// Longest pattern, in bytes.
pub const MAX_PATTERN: usize = 1024;
/// Longest text before or after a variable in its segment, in bytes.
pub const MAX_ROUND: usize = 32;

/// Why a text is not a path pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PathPatternError {
    /// Longer than [`MAX_PATTERN`].
    #[error("a path pattern has at most {MAX_PATTERN} bytes")]
    TooLong,
    /// No `/` at the start.
    #[error("a path pattern begins with `/`")]
    Start,
    /// `**` elsewhere than as the last segment.
    #[error("`**` must be the last segment; use `{{name}}` for one segment")]
    Tail,
    /// More than one variable in a segment, or a brace that belongs to none.
    #[error("a segment has at most one `{{name}}`, with or without text round it: `{{id}}`, `{{id}}:cancel`")]
    Variable,
    /// A variable without a name, or with other characters.
    #[error("the name in `{{name}}` has letters, digits, `_` and `-`")]
    Name,
    /// More text before or after a variable than [`MAX_ROUND`].
    #[error("the text before or after `{{name}}` in its segment has at most {MAX_ROUND} bytes")]
    Round,
    /// An empty segment that is not the last.
    #[error("a path pattern has no empty segment")]
    Empty,
    /// A segment `.` or `..`.
    #[error("a path pattern has no `.` or `..`: gates deny all requests that have one")]
    Dots,
    /// A character that readers of a URL could interpret differently, or that nobody sees.
    #[error(
        "a path pattern has letters, digits, `._~!$&'()*+,=:@-` and visible characters beyond ASCII, none of them \
         encoded; use `{{name}}` for segments with other characters"
    )]
    Character,
}
