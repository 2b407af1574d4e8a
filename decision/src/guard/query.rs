//! The parameters of a query (RFC 3986, section 3.4), read so that no framework takes them differently.

use stepgate_config::guard::MAX_TEXT;
use stepgate_config::sorted::{SortedMap, SortedSet};

use super::failure::{Fault, GuardFailure, parameter_part};
use crate::percent;

/// Most parts of a query between `&`, empty ones included. Many servers read no more than 1,000.
const MAX_PARTS: usize = 128;
/// Most marks in a parameter's name that may begin or end a name.
const MAX_MARKS: usize = 8;

/// The parameters of these names, with their decoded values. `query` is the text after the `?`.
pub(super) fn read<'a>(query: &str, names: &'a SortedSet<String>) -> Result<Vec<(&'a str, String)>, GuardFailure> {
    let mut found: Vec<(&str, String)> = Vec::new();
    if names.is_empty() || query.is_empty() {
        return Ok(found);
    }
    if query.len() > MAX_TEXT {
        return Err(GuardFailure::unreadable("request.query", Fault::TooLong(MAX_TEXT)));
    }
    // To some frameworks a `;` separates parameters as `&` does, and a second `?` begins the query anew.
    if query.contains([';', '?', '#']) {
        return Err(GuardFailure::unreadable("request.query", Fault::Separator));
    }
    let mut wanted: SortedMap<String, Vec<&str>> = SortedMap::new();
    for name in names {
        wanted.entry(Reduced::of(name).letters).or_default().push(name);
    }
    for (at, part) in query.split('&').enumerate() {
        if at >= MAX_PARTS {
            return Err(GuardFailure::unreadable("request.query", Fault::TooMany(MAX_PARTS)));
        }
        if part.is_empty() {
            continue;
        }
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let name = decode(name).filter(|name| is_name(name) && !hides_an_equals_sign(value));
        let name = name.ok_or(GuardFailure::unreadable("request.query", Fault::OddParameter))?;
        let reduced = Reduced::of(&name);
        for named in reduced.names().filter_map(|letters| wanted.get(letters)).flatten() {
            let failure = |fault| GuardFailure::unreadable(parameter_part(named), fault);
            if name != *named {
                return Err(failure(Fault::OtherSpelling));
            }
            if found.iter().any(|(other, _)| other == named) {
                return Err(failure(Fault::Twice));
            }
            found.push((named, checked_value(value).map_err(failure)?));
        }
    }
    Ok(found)
}

/// Whether readers agree on the letters of a parameter's name: outside ASCII some fold `ı` to `i`, and some decode a `%`
/// again.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.is_ascii() && !name.contains('%') && name.chars().filter(is_mark).count() <= MAX_MARKS
}

/// Whether some frameworks end the name at a later `=` of the part: at the first that follows a `]`.
fn hides_an_equals_sign(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.contains("]=") || value.contains("%5d=")
}

/// The value of a parameter, decoded.
fn checked_value(value: &str) -> Result<String, Fault> {
    // A `+` is a space in a form, and a plus elsewhere.
    if value.contains('+') {
        return Err(Fault::Plus);
    }
    let value = decode(value).filter(|value| !value.starts_with(is_blank) && !value.ends_with(is_blank));
    value.ok_or(Fault::NotText)
}

/// Characters that some frameworks cut from the ends of a value.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{AD}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

/// Marks at which some framework begins or ends a name: all others than `-` and `_`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "filters pass references")]
fn is_mark(c: &char) -> bool {
    !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_')
}

/// A parameter's name as its letters and digits, in lower case, and the places in them where it has a mark.
struct Reduced {
    letters: String,
    cuts: Vec<usize>,
}

impl Reduced {
    fn of(name: &str) -> Self {
        let (mut letters, mut cuts) = (String::with_capacity(name.len()), vec![0]);
        for c in name.chars() {
            if c.is_ascii_alphanumeric() {
                letters.push(c.to_ascii_lowercase());
            } else if is_mark(&c) && cuts.last() != Some(&letters.len()) {
                cuts.push(letters.len());
            }
        }
        if cuts.last() != Some(&letters.len()) {
            cuts.push(letters.len());
        }
        Self { letters, cuts }
    }

    /// The letters of all names that some framework may take this for: the whole, and each part between two marks. So
    /// `[admin]`, `admin.x`, `x[admin]`, `_admin` and `Admin:int` may be `admin`; `admin_page` is not.
    fn names(&self) -> impl Iterator<Item = &str> {
        let ends = |(at, start)| self.cuts.iter().skip(at).map(move |end| (start, end));
        let runs = self.cuts.iter().enumerate().flat_map(ends);
        runs.filter_map(|(start, end)| self.letters.get(*start..*end)).filter(|letters| !letters.is_empty())
    }
}

/// The text, percent-decoded once; none if it does not decode, or has control characters.
pub(super) fn decode(text: &str) -> Option<String> {
    percent::decode(text).filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_page(query: &str) -> Result<Option<String>, GuardFailure> {
        let names = SortedSet::from(["page".to_owned(), "sort_by".to_owned()]);
        let found = read(query, &names)?;
        Ok(found.into_iter().find(|(name, _)| *name == "page").map(|(_, value)| value))
    }

    #[test]
    fn one_parameter_is_read() {
        for (query, value) in [
            ("", None),
            ("&&", None),
            ("pages=1&pag=2&page_size=3&my-page=4", None),
            ("other[]=1&x=a+b&y=%FF", None),
            ("page=1", Some("1")),
            ("a=b&page=caf%C3%A9%20%2B%26%3B&z", Some("café +&;")),
            ("page", Some("")),
            ("page=a=b", Some("a=b")),
            ("%70age=1", Some("1")),
            ("sort=1&by=2&filter[sort]=3", None),
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
            "sort[by]=1",
            "sortBy=1",
            "[page]=1",
            "page]=1",
            "!page=1",
            "_page=1",
            "?page=1",
            "x?page=1",
            "x=y?page=1",
            "page:int=1",
            "page.x=1",
            "x[page]=1",
            "$page=1",
            "pag%C4%99=1",
            "%2570age=1",
            "=page",
            "page=1]=2",
            "page=1%5D=2",
            "page=1%20",
            "page=%E2%80%8B1",
            "page=1%EF%BB%BF",
            &format!("{}=1", "a.".repeat(9)),
            &"&".repeat(128),
            &"a&".repeat(128),
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
