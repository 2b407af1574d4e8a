//! Why a guard failed: which part of it, and of which type. Never a value: a header may be a credential, and the owner's
//! log is read by others.

use stepgate_config::guard::Reads;

/// Why a guard failed. It names parts of the document only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardFailure {
    /// A part of the request that could be read in two ways.
    #[error("`{part}` {fault}")]
    Unreadable {
        /// The part, as the guard writes it.
        part: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// It reads the value of headers, parameters or attributes that are not there.
    #[error("it reads a value that is not there: {0}")]
    Absent(String),
    /// A conversion or another function failed.
    #[error("`{function}` failed on {types}")]
    Call {
        /// The function.
        function: &'static str,
        /// The types of its arguments in the guard.
        types: String,
    },
    /// Arithmetic on numbers or times that overflows, or divides by zero; also that of doubles.
    #[error("arithmetic overflows or divides by zero")]
    Arithmetic,
    /// Anything else: the guard was checked for types, so that only a number that is not one is left.
    #[error("an operator cannot take its operands")]
    Operator,
    /// The time of the request.
    #[error("the time is out of range")]
    Time,
}

/// Why a part of a request could be read in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A second line or parameter of that name.
    #[error("is there twice")]
    Twice,
    /// Another name that some servers take for it, such as `x_a` for `x-a`.
    #[error("is there in another spelling")]
    OtherSpelling,
    /// Bytes that are no text, or spaces at an end of it.
    #[error("is not plain text")]
    NotText,
    /// Longer than this many bytes.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// The request has none.
    #[error("is absent")]
    Absent,
    /// A path with a `/` at its end, which most applications ignore.
    #[error("ends with a `/`")]
    FinalSlash,
    /// A method with lower-case letters or others.
    #[error("is not in upper case")]
    NotUpperCase,
    /// A host with other characters, or with a dot at its end.
    #[error("is not a name or an address")]
    NotAHost,
    /// A `;`, `?` or `#` in a query.
    #[error("has a `;`, a `?` or a `#`")]
    Separator,
    /// More than this many parts.
    #[error("has more than {0} parts")]
    TooMany(usize),
    /// A parameter of which readers take different names: an empty one, one outside ASCII, one that is encoded twice, or
    /// one with a `]=` in its value.
    #[error("has a parameter whose name can be read in two ways")]
    OddParameter,
    /// A `+` in a parameter.
    #[error("has a `+`")]
    Plus,
}

impl GuardFailure {
    pub(super) fn unreadable(part: impl Into<String>, fault: Fault) -> Self {
        Self::Unreadable { part: part.into(), fault }
    }

    /// Parts that the request does not have; none: the peer lacks an attribute.
    pub(super) fn absent(parts: &[String]) -> Self {
        Self::Absent(if parts.is_empty() { "an attribute of the peer".to_owned() } else { parts.join(" or ") })
    }

    /// The failure of a call of this function. The name comes from the guard, not from the error.
    pub(super) fn call(function: &str, reads: &Reads) -> Self {
        let calls = || reads.calls.iter().filter(|(name, _)| *name == function);
        let types: Vec<&str> = calls().map(|(_, of)| *of).collect();
        calls().next().map_or(Self::Operator, |(function, _)| Self::Call { function, types: types.join(" or ") })
    }
}

/// A header, as a guard writes it.
pub(super) fn header_part(name: &str) -> String {
    format!("request.headers[\"{name}\"]")
}

/// A parameter, as a guard writes it.
pub(super) fn parameter_part(name: &str) -> String {
    format!("request.query[\"{name}\"]")
}
