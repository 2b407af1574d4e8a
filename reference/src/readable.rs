//! What a guard may see of a request: `docs/language.md`, "Guards", read a second time.

use std::collections::BTreeMap;

use stepgate_config::guard::Reads;

use crate::header::header;
use crate::request::Request;

/// The most parts of a query.
const MOST_PARTS: usize = 128;
/// The longest header, path and query, and the longest host.
const LONGEST: usize = 4_096;
const LONGEST_HOST: usize = 255;
const LONGEST_METHOD: usize = 32;

/// Characters without a shape, beside white space.
const INVISIBLE: [char; 9] =
    ['\u{ad}', '\u{180e}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{feff}'];

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
        readable.headers.extend(header(&request.headers, name)?.map(|value| (name.clone(), value.to_owned())));
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    if !reads.parameters.is_empty() {
        let pairs = parameters(query)?;
        for name in &reads.parameters {
            let alike: Vec<_> = pairs.iter().filter(|(other, _)| may_be(other, name)).collect();
            match alike.as_slice() {
                [] => {}
                [(other, value)] if other == name && !value.contains('+') => {
                    let value = decoded(value)?;
                    let trimmed = value.trim().trim_matches(INVISIBLE);
                    readable.parameters.insert(name.clone(), (trimmed == value).then_some(value)?);
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
    let plain = |path: &&str| (1..=LONGEST).contains(&path.len()) && (*path == "/" || !path.ends_with('/'));
    field("path", reads.path, Some(path).filter(plain).and_then(decoded))?;
    field("method", reads.method, Some(request.method.clone()).filter(|method| is_method(method)))?;
    field("host", reads.host, host(&request.host))?;
    Some(readable)
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

/// The parameters, names decoded; nothing where the names of one can be read in two ways.
fn parameters(query: &str) -> Option<Vec<(String, &str)>> {
    let parts: Vec<&str> = query.split('&').collect();
    if query.len() > LONGEST || query.contains([';', '?', '#']) || parts.len() > MOST_PARTS {
        return None;
    }
    let pairs =
        parts.into_iter().filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .map(|(name, value)| {
            let marks =
                |name: &str| name.replace(['-', '_'], "").replace(|c: char| c.is_ascii_alphanumeric(), "").len();
            let plain = |name: &String| name.is_ascii() && !name.is_empty() && !name.contains('%') && marks(name) <= 8;
            let name = decoded(name).filter(plain)?;
            let bracketed = value.replace("%5d", "]").replace("%5D", "]").contains("]=");
            (!bracketed).then_some((name, value))
        })
        .collect()
}

/// Whether a framework may take the parameter for the one that the guard names: some run of the pieces of its name, which
/// end at any mark but `-` and `_`, has the same letters and digits.
fn may_be(name: &str, named: &str) -> bool {
    let letters = |text: &str| text.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "");
    let pieces: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').collect();
    let named = letters(named);
    let from = |at: usize| pieces.get(at..).unwrap_or_default();
    let runs = |at: usize| (0..=from(at).len()).filter_map(move |count| from(at).get(..count));
    (0..pieces.len()).flat_map(runs).any(|run| letters(&run.concat()) == named)
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
