//! The parts of a request that a guard reads, read so that no other reader can take them differently.
//!
//! A part that another reader could take differently makes the guard an error, whether the guard asks for its value or for
//! its presence, and before the guard is evaluated: nothing here depends on the evaluator.

use stepgate_config::guard::{MAX_HOST, MAX_METHOD, MAX_TEXT, Reads};
use stepgate_config::workflow::without_port;

use super::failure::{Fault, GuardFailure, header_part, parameter_part};
use super::query::{self, decode};
use crate::facts::{Facts, same_variable};

/// The parts of a request that a guard reads; of the others, nothing.
pub(super) struct Readable<'a> {
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) query: Vec<(&'a str, String)>,
    pub(super) method: Option<&'a str>,
    /// Decoded, without the query.
    pub(super) path: Option<String>,
    /// In lower case, without its port.
    pub(super) host: Option<String>,
}

impl<'a> Readable<'a> {
    /// Reads these parts.
    ///
    /// # Errors
    /// The first part that could be read in two ways.
    pub(super) fn of(facts: &'a Facts, reads: &'a Reads) -> Result<Self, GuardFailure> {
        let mut headers = Vec::with_capacity(reads.headers.len());
        for name in &reads.headers {
            let value = header_line(facts, name).map_err(|fault| GuardFailure::unreadable(header_part(name), fault))?;
            headers.extend(value.map(|value| (name.as_str(), value)));
        }
        let target = || pseudo(facts, ":path").map(|target| target.split_once('?').unwrap_or((target, "")));
        let query = match reads.parameters.is_empty() {
            true => Vec::new(),
            false => {
                query::read(part("request.query", true, || Ok(target()?.1))?.unwrap_or_default(), &reads.parameters)?
            }
        };
        let method = part("request.method", reads.method, || checked_method(pseudo(facts, ":method")?))?;
        let path = part("request.path", reads.path, || checked_path(target()?.0))?;
        let host = part("request.host", reads.host, || checked_host(facts, pseudo(facts, ":authority")?))?;
        Ok(Self { headers, query, method, path, host })
    }

    /// The headers and parameters that the guard reads and the request does not have.
    pub(super) fn absent(&self, reads: &Reads) -> Vec<String> {
        let headers = reads.headers.iter().filter(|name| !self.headers.iter().any(|(found, _)| found == name));
        let query = reads.parameters.iter().filter(|name| !self.query.iter().any(|(found, _)| found == name));
        headers.map(|name| header_part(name)).chain(query.map(|name| parameter_part(name))).collect()
    }
}

/// A part, if the guard reads it.
fn part<T>(name: &str, reads: bool, value: impl FnOnce() -> Result<T, Fault>) -> Result<Option<T>, GuardFailure> {
    let value = reads.then(value).transpose();
    value.map_err(|fault| GuardFailure::unreadable(name, fault))
}

/// The one line of a header; none if there is none, in any spelling.
pub(crate) fn header_line<'a>(facts: &'a Facts, name: &str) -> Result<Option<&'a str>, Fault> {
    let mut found = None;
    for (other, value) in facts.headers.iter().filter(|(other, _)| same_variable(other, name)) {
        if !other.eq_ignore_ascii_case(name) {
            return Err(Fault::OtherSpelling);
        }
        if found.replace(value).is_some() {
            return Err(Fault::Twice);
        }
    }
    found.map(|value| text(value)).transpose()
}

/// Visible ASCII characters, and between them spaces and tabs (RFC 9110, section 5.5). Readers take other bytes for
/// Latin-1, for UTF-8, or for nothing, and cut spaces at an end.
fn text(value: &[u8]) -> Result<&str, Fault> {
    if value.len() > MAX_TEXT {
        return Err(Fault::TooLong(MAX_TEXT));
    }
    let plain = |b: &u8| matches!(b, b' '..=b'~' | b'\t');
    let fits = value.iter().all(plain) && value.trim_ascii() == value;
    std::str::from_utf8(value).ok().filter(|_| fits).ok_or(Fault::NotText)
}

/// The one value of a pseudo-header.
fn pseudo<'a>(facts: &'a Facts, name: &str) -> Result<&'a str, Fault> {
    let mut values = facts.all(name);
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => std::str::from_utf8(value).map_err(|_| Fault::NotText),
        (_, None) => Err(Fault::Absent),
        (_, Some(_)) => Err(Fault::Twice),
    }
}

/// Methods are compared letter for letter, but some frameworks ignore their case.
fn checked_method(method: &str) -> Result<&str, Fault> {
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if method.len() > MAX_METHOD {
        return Err(Fault::TooLong(MAX_METHOD));
    }
    if method.bytes().all(upper) { Ok(method) } else { Err(Fault::NotUpperCase) }
}

/// The path has been found to read in one way (`BAD_PATH` otherwise), and then its decoded form does, too. But most
/// applications run one route with and without a `/` at the end, which is why the choice of the task ignores it.
fn checked_path(path: &str) -> Result<String, Fault> {
    if path.len() > MAX_TEXT {
        return Err(Fault::TooLong(MAX_TEXT));
    }
    if path.len() > 1 && path.ends_with('/') {
        return Err(Fault::FinalSlash);
    }
    decode(path).ok_or(Fault::NotText)
}

/// A name or an address, without its port, as in the hosts of tasks. Some readers cut a dot at its end, or decode it: it
/// has neither a dot there nor an escape.
fn checked_host(facts: &Facts, host: &str) -> Result<String, Fault> {
    if facts.first("host").is_some() {
        return Err(Fault::Twice);
    }
    if host.len() > MAX_HOST {
        return Err(Fault::TooLong(MAX_HOST));
    }
    let host = without_port(host);
    let (inner, marks): (&str, &[u8]) = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => (address, b".:"),
        None => (host, b"-._"),
    };
    let plain = inner.bytes().all(|b| b.is_ascii_alphanumeric() || marks.contains(&b));
    let fits = plain && !inner.is_empty() && !inner.ends_with('.');
    if fits { Ok(host.to_ascii_lowercase()) } else { Err(Fault::NotAHost) }
}
