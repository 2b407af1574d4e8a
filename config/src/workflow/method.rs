//! HTTP methods.

use thiserror::Error;

/// An HTTP method: 1 to 32 upper-case letters, `_` or `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(String);

impl Method {
    /// The method as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a method of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MethodError {
    /// Not of the form.
    #[error("a method is 1 to 32 upper-case letters, such as `POST`")]
    Form,
    /// A method that [`sends_back`] the request.
    #[error("gates deny TRACE and TRACK: the response would show the headers that a gate adds")]
    SendsBack,
}

/// Whether a method asks the server to return the request (RFC 9110, section 9.3.8), with the interlock and the step
/// that a gate has put into it. Some servers accept these methods in any case.
pub fn sends_back(method: &str) -> bool {
    method.eq_ignore_ascii_case("TRACE") || method.eq_ignore_ascii_case("TRACK")
}

/// How a method matches the methods of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodFit {
    /// It is one of them, letter for letter.
    Exact,
    /// Many an application takes it for one of them: it has other letters, or it is a HEAD where only GET is listed.
    Loose,
}

impl Method {
    /// Whether a request's method is one of a list, or may be taken for one.
    pub fn fit(listed: &[Self], method: &str) -> Option<MethodFit> {
        let has = |wanted: &str| listed.iter().any(|one| one.0.eq_ignore_ascii_case(wanted));
        if listed.iter().any(|one| one.0 == method) {
            return Some(MethodFit::Exact);
        }
        (has(method) || (method.eq_ignore_ascii_case("HEAD") && has("GET"))).then_some(MethodFit::Loose)
    }
}

impl TryFrom<&str> for Method {
    type Error = MethodError;
    /// A method as in RFC 9110, section 9, in upper case: methods are case-sensitive, and a
    /// lower-case one in a document is a mistake that would never match.
    fn try_from(text: &str) -> Result<Self, MethodError> {
        if sends_back(text) {
            return Err(MethodError::SendsBack);
        }
        let fits = (1..=32).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MethodError::Form)
        }
    }
}
