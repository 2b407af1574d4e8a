//! Texts of arguments that follow a rule.

/// The text, if it fits; else the rule.
///
/// # Errors
/// The rule, for clap's message.
pub(super) fn require(fits: bool, text: &str, rule: &'static str) -> Result<String, &'static str> {
    if fits { Ok(text.to_owned()) } else { Err(rule) }
}
