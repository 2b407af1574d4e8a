//! Paths and patterns compared with a simple reader that splits, decodes and compares.

use proptest::prelude::*;
use stepgate_config::workflow::PathPattern;
use stepgate_decision::CanonicalPath;

/// Pieces of paths: plain ones, encoded ones, and ones that readers may interpret differently.
const PIECES: [&str; 34] = [
    "/", "/", "/", "a", "B", "7", "-._~", ".", "..", "...", ";", "%", "%2", "%2f", "%2F", "%5C", "%2e", "%25", "%20",
    "%C3%A9", "%c3%a9", "%C3", "%A9", "%C0%AF", "%3b", "%3F", "%23", "%00", "%7f", "%61", "\\", "é", "#", "?x=/../",
];

fn path() -> impl Strategy<Value = String> {
    let pieces = proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..10);
    prop_oneof![
        8 => pieces.prop_map(|pieces| format!("/{}", pieces.concat())),
        1 => any::<String>(),
        1 => "/[ -~]{0,12}".prop_map(String::from),
    ]
}

/// The decoded bytes of each segment; none if some reader could misread the path.
fn on_paper(target: &str) -> Option<Vec<Vec<u8>>> {
    if target.len() > 8192 || target.contains('#') {
        return None;
    }
    let path = target.split('?').next().unwrap();
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let last = segments.len() - 1;
    let read = |(at, segment): (usize, &&str)| {
        let bytes = decoded(segment)?;
        let text = String::from_utf8(bytes.clone()).ok()?;
        let empty_inside = segment.is_empty() && at < last;
        (!empty_inside && *segment != "." && *segment != ".." && !text.chars().any(is_ascii_odd)).then_some(bytes)
    };
    segments.iter().enumerate().map(read).collect()
}

/// Bytes that, once decoded, split, cut, climb or end a line.
fn is_ascii_odd(c: char) -> bool {
    c.is_ascii_control() || "/\\%;?#".contains(c)
}

/// The segment's bytes; none if a plain character is encoded, or a character that must be encoded is not.
fn decoded(segment: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), segment);
    while let Some(first) = rest.chars().next() {
        if first == '%' {
            let digits = rest.get(1..3).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
            let byte = u8::from_str_radix(digits, 16).unwrap();
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                return None;
            }
            bytes.push(byte);
            rest = &rest[3..];
        } else {
            let plain = first.is_ascii_alphanumeric() || "-._~!$&'()*+,=:@".contains(first);
            bytes.push(u8::try_from(first).ok().filter(|_| plain)?);
            rest = &rest[1..];
        }
    }
    Some(bytes)
}

fn pattern() -> impl Strategy<Value = String> {
    let segment = prop_oneof![Just("{any}"), Just("a"), Just("b"), Just("A"), Just("a.b"), Just("..."), Just("c@d")];
    (proptest::collection::vec(segment, 0..4), prop_oneof![3 => Just(""), 1 => Just("**")]).prop_map(
        |(segments, tail)| {
            let tail = (!tail.is_empty()).then_some(tail);
            format!("/{}", segments.into_iter().chain(tail).collect::<Vec<_>>().join("/"))
        },
    )
}

/// Whether the pattern matches, one segment after the other.
fn matches_on_paper(pattern: &str, path: &str) -> bool {
    let wanted: Vec<&str> = pattern[1..].split('/').collect();
    let given: Vec<&str> = path[1..].split('/').collect();
    let one =
        |(wanted, given): (&&str, &&str)| if wanted.starts_with('{') { !given.is_empty() } else { wanted == given };
    match wanted.split_last() {
        Some((&"**", head)) => {
            given.len() > head.len() && !given[head.len()].is_empty() && head.iter().zip(&given).all(one)
        }
        _ => wanted.len() == given.len() && wanted.iter().zip(&given).all(one),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_path_is_taken_exactly_where_it_reads_one_way(target in path()) {
        prop_assert_eq!(CanonicalPath::of(&target).is_ok(), on_paper(&target).is_some());
    }

    #[test]
    fn a_pattern_matches_as_on_paper(pattern in pattern(), path in "/[abA./{}@cd]{0,9}") {
        let read = PathPattern::try_from(pattern.as_str()).unwrap();
        prop_assert_eq!(&read.to_string(), &pattern);
        if let Ok(canonical) = CanonicalPath::of(&path) {
            prop_assert_eq!(canonical.is(&read), matches_on_paper(&pattern, &path));
        }
    }

    #[test]
    fn two_patterns_are_compared_as_their_paths(one in pattern(), other in pattern(), path in "/([abAz]|a[.]b)?(/([abA]|[.]{3}))?(/[ab]?)?") {
        let (first, second) = (PathPattern::try_from(one.as_str()).unwrap(), PathPattern::try_from(other.as_str()).unwrap());
        let (of_one, of_other) = (matches_on_paper(&one, &path), matches_on_paper(&other, &path));
        prop_assert!(!(of_one && of_other) || first.common(&second).is_some(), "`{}` is of both", path);
        prop_assert!(!of_other || of_one || !first.contains(&second), "`{}` is of the second only", path);
        match (first.common(&second), second.common(&first)) {
            (Some(example), Some(_)) => {
                prop_assert!(matches_on_paper(&one, &example) && matches_on_paper(&other, &example), "`{}`", example);
            }
            (None, None) => prop_assert!(!first.contains(&second) && !second.contains(&first)),
            _ => prop_assert!(false, "not seen both ways"),
        }
    }

    #[test]
    fn any_text_is_a_pattern_or_none(text in any::<String>()) {
        if let Ok(pattern) = PathPattern::try_from(text.as_str()) {
            prop_assert_eq!(pattern.to_string(), text);
        }
    }
}
