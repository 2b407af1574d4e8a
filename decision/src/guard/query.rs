//! The parameters of a query (RFC 3986, section 3.4), read so that no framework takes them differently.

use std::collections::BTreeSet;

use stepgate_config::guard::MAX_TEXT;

use super::failure::{Fault, GuardFailure, parameter_part};
use crate::facts::same_variable;

/// The parameters of these names, with their decoded values. `query` is the text after the `?`.
pub(super) fn read<'a>(query: &str, names: &'a BTreeSet<String>) -> Result<Vec<(&'a str, String)>, GuardFailure> {
    let mut found: Vec<(&str, String)> = Vec::new();
    if names.is_empty() || query.is_empty() {
        return Ok(found);
    }
    if query.len() > MAX_TEXT {
        return Err(GuardFailure::unreadable("request.query", Fault::TooLong(MAX_TEXT)));
    }
    // To some frameworks a `;` separates parameters as `&` does.
    if query.contains(';') {
        return Err(GuardFailure::unreadable("request.query", Fault::Separator));
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name).ok_or(GuardFailure::unreadable("request.query", Fault::NotText))?;
        let forms = forms(&name);
        let taken_for = |named: &&String| forms.iter().any(|form| same_variable(form, named));
        let Some(named) = names.iter().find(taken_for) else { continue };
        let failure = |fault| GuardFailure::unreadable(parameter_part(named), fault);
        if name != *named {
            return Err(failure(Fault::OtherSpelling));
        }
        if found.iter().any(|(other, _)| other == named) {
            return Err(failure(Fault::Twice));
        }
        // A `+` is a space in a form, and a plus elsewhere.
        if value.contains('+') {
            return Err(failure(Fault::Plus));
        }
        found.push((named, decode(value).ok_or(failure(Fault::NotText))?));
    }
    Ok(found)
}

/// The names that some framework takes a parameter for: they trim spaces, or cut at `[`. That they ignore case and take
/// other characters for `_`, [`same_variable`] knows.
fn forms(name: &str) -> [&str; 3] {
    let trimmed = name.trim_matches([' ', '+']);
    [name, trimmed, trimmed.split('[').next().unwrap_or_default()]
}

/// The text, percent-decoded once; none if it is not visible ASCII, or encodes nothing, control characters, or bytes that
/// are not UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()?.saturating_mul(16).saturating_add(digit()?)).ok()?
            }
            b'!'..=b'~' => byte,
            _ => return None,
        });
    }
    String::from_utf8(decoded).ok().filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_page(query: &str) -> Result<Option<String>, GuardFailure> {
        let names = BTreeSet::from(["page".to_owned(), "sort_by".to_owned()]);
        let found = read(query, &names)?;
        Ok(found.into_iter().find(|(name, _)| *name == "page").map(|(_, value)| value))
    }

    #[test]
    fn one_parameter_is_read() {
        for (query, value) in [
            ("", None),
            ("&&", None),
            ("pages=1&pag=2", None),
            ("other[]=1&x=a+b&y=%FF", None),
            ("page=1", Some("1")),
            ("a=b&page=caf%C3%A9%20%2B%26%3B&z", Some("café +&;")),
            ("page", Some("")),
            ("page=a=b", Some("a=b")),
            ("sort[by]=1", None),
            ("%70age=1", Some("1")),
        ] {
            assert_eq!(read_page(query), Ok(value.map(str::to_owned)), "{query}");
        }
    }

    #[test]
    fn a_query_that_could_be_read_in_two_ways_is_not_read() {
        let long = format!("x={}", "a".repeat(MAX_TEXT));
        for query in [
            "page=1&page=1",
            "page=1&Page=2",
            "PAGE=1",
            "page[]=1",
            "page[0]=1",
            "+page=1",
            "%20page=1",
            "page+=1",
            "sort.by=1",
            "sort+by=1",
            "sort[by=1",
            "a=1;page=2",
            "page=a+b",
            "page=%",
            "page=%4",
            "page=%zz",
            "page=%FF",
            "page=%00",
            "page=%0a",
            "page=é",
            "%zz=1",
            "%FF=1",
            &long,
        ] {
            assert!(read_page(query).is_err(), "{query}");
        }
    }
}
