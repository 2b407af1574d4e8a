//! A header that can be read in one way only.

/// The longest value.
const LONGEST: usize = 4_096;

/// The one value of a header, if it has one; nothing at all where it can be misread.
pub(crate) fn header<'r>(headers: &'r [(String, String)], name: &str) -> Option<Option<&'r str>> {
    let alike: Vec<_> = headers.iter().filter(|(other, _)| folded(other) == folded(name)).collect();
    match alike.as_slice() {
        [] => Some(None),
        [(other, value)] if other == name && is_header_text(value) => Some(Some(value)),
        _ => None,
    }
}

/// A name as a server sees it that knows only letters, digits and one mark.
fn folded(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

fn is_header_text(value: &str) -> bool {
    value.len() <= LONGEST && value.trim() == value && value.bytes().all(|b| b == b'\t' || (b' '..0x7f).contains(&b))
}
