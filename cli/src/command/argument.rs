//! Values of arguments.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use stepgate_decision::keys::Algorithm;

/// The text, if it fits; else the rule.
///
/// # Errors
/// The rule, for clap's message.
pub(super) fn require(fits: bool, text: &str, rule: &'static str) -> Result<String, &'static str> {
    if fits { Ok(text.to_owned()) } else { Err(rule) }
}

/// Whether the text is a `token` of RFC 9110, section 5.6.2, as the name of a header is.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// The algorithms of keys, by their names in JWS.
pub(super) fn algorithms() -> impl TypedValueParser<Value = Algorithm> {
    let named = |name: String| {
        let mut all = Algorithm::ALL.into_iter();
        // An argument may ignore case; the list of possible values has been checked.
        all.find(|algorithm| algorithm.alg().eq_ignore_ascii_case(&name)).ok_or("no such algorithm")
    };
    PossibleValuesParser::new(Algorithm::ALL.map(Algorithm::alg)).try_map(named)
}
