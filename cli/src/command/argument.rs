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
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// A header, written as it is sent, `NAME: VALUE`, or as `NAME=VALUE`; the name in lower case.
///
/// # Errors
/// How a header is written, if there is no name or neither mark follows it.
pub(super) fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once([':', '=']).ok_or(FORM)?;
    let name = name.trim().to_ascii_lowercase();
    if is_token(&name) { Ok((name, value.trim().to_owned())) } else { Err(FORM) }
}

const FORM: &str = "a header is written `name: value` or `name=value`; method, path and host are no headers here";

/// The same of a header that a proxy may have let in, without the host.
///
/// # Errors
/// That, or how a header is written.
pub(super) fn request_header(text: &str) -> Result<(String, String), &'static str> {
    match header(text)? {
        (name, _) if name == "host" => Err(FORM),
        (_, value) if value.contains(['\r', '\n', '\0']) => Err("the value of a header is one line"),
        header => Ok(header),
    }
}

/// Reads a method.
///
/// # Errors
/// What a method is (RFC 9110, section 9.1).
pub(super) fn method(text: &str) -> Result<String, &'static str> {
    require(is_token(text), text, "a method is one word, such as `POST`")
}

/// Reads an authority.
///
/// # Errors
/// What no authority has.
pub(super) fn host(text: &str) -> Result<String, &'static str> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '/';
    let is_host = !text.is_empty() && !text.chars().any(is_odd);
    require(is_host, text, "a host is a name or an address, perhaps with a port, such as `shop:8080`")
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
