//! What a guard may see of a request: `docs/language.md`, "Guards", read a second time.

use std::collections::BTreeMap;

use stepgate_config::guard::Reads;

use crate::request::Request;

/// The longest header, path and query, and the longest host.
const LONGEST: usize = 4_096;
const LONGEST_HOST: usize = 255;
const LONGEST_METHOD: usize = 32;

/// The values that a guard may see, by field of `request`, by header, by parameter.
#[derive(Default)]
pub(crate) struct Readable {
    pub(crate) fields: BTreeMap<&'static str, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) parameters: BTreeMap<String, String>,
}

/// The parts that a guard reads; nothing if one of them can be misread.
pub(crate) fn of(request: &Request, reads: &Reads) -> Option<Readable> {
    let mut readable = Readable::default();
    for name in &reads.headers {
        let alike: Vec<_> = request.headers.iter().filter(|(other, _)| folded(other) == folded(name)).collect();
        match alike.as_slice() {
            [] => {}
            [(other, value)] if other == name && is_header_text(value) => {
                readable.headers.insert(name.clone(), value.clone());
            }
            _ => return None,
        }
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    if !reads.parameters.is_empty() {
        let pairs = parameters(query)?;
        for name in &reads.parameters {
            let alike: Vec<_> = pairs.iter().filter(|(other, _)| may_be(other, name)).collect();
            match alike.as_slice() {
                [] => {}
                [(other, value)] if other == name && !value.contains('+') => {
                    readable.parameters.insert(name.clone(), decoded(value)?);
                }
                _ => return None,
            }
        }
    }
    let mut field = |name, read: bool, value: Option<String>| {
        if read {
            readable.fields.insert(name, value?);
        }
        Some(())
    };
    field("path", reads.path, Some(path).filter(|path| (1..=LONGEST).contains(&path.len())).and_then(decoded))?;
    field("method", reads.method, Some(request.method.clone()).filter(|method| is_method(method)))?;
    field("host", reads.host, host(&request.host))?;
    Some(readable)
}

/// A name as a server sees it that knows only letters, digits and one mark.
fn folded(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

fn is_header_text(value: &str) -> bool {
    value.len() <= LONGEST && value.trim() == value && value.bytes().all(|b| b == b'\t' || (b' '..0x7f).contains(&b))
}

fn is_method(method: &str) -> bool {
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "-_".contains(c);
    (1..=LONGEST_METHOD).contains(&method.len()) && method.chars().all(upper)
}

/// The name or address of a host, without its port.
fn host(authority: &str) -> Option<String> {
    let port = authority.rfind(':').filter(|at| {
        let digits = authority.get(at.saturating_add(1)..).unwrap_or_default();
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    });
    let name = authority.get(..port.unwrap_or(authority.len()))?.to_lowercase();
    let address = name.starts_with('[') && name.ends_with(']');
    let inner = if address { name.trim_matches(['[', ']']) } else { &name };
    let marks = if address { ".:" } else { "-._" };
    let plain = inner.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c));
    let fits = authority.len() <= LONGEST_HOST && plain && !inner.is_empty() && !inner.ends_with('.');
    fits.then_some(name)
}

/// The parameters, names decoded.
fn parameters(query: &str) -> Option<Vec<(String, &str)>> {
    if query.len() > LONGEST || query.contains(';') {
        return None;
    }
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| Some((decoded(name)?, value))).collect()
}

/// Whether a framework may take the parameter for the one that the guard names.
fn may_be(name: &str, named: &str) -> bool {
    let trimmed = name.trim_matches(|c| c == ' ' || c == '+');
    let list = trimmed.find('[').and_then(|at| trimmed.get(..at));
    [Some(name), Some(trimmed), list].into_iter().flatten().any(|form| folded(form) == folded(named))
}

/// The text, decoded once; nothing where an escape is broken, or what it hides is not UTF-8 or a control character.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).filter(|(digits, _)| !digits.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(rest.as_bytes());
    }
    let decoded = String::from_utf8(bytes).ok()?;
    let sent_plainly = text.bytes().all(|b| b.is_ascii_graphic());
    (sent_plainly && !decoded.chars().any(char::is_control)).then_some(decoded)
}
