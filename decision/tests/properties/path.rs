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
    let segment = prop_oneof![
        Just("{any}"),
        Just("a"),
        Just("b"),
        Just("A"),
        Just("a.b"),
        Just("..."),
        Just("c@d"),
        Just("a{x}"),
        Just("{x}b"),
        Just("a{x}b"),
        Just("{x}ab"),
        Just("aa{x}"),
        Just("b{x}a"),
        Just("é"),
        Just("{x}é"),
    ];
    let end = prop_oneof![3 => Just(None), 1 => Just(Some("**")), 1 => Just(Some(""))];
    (proptest::collection::vec(segment, 0..4), end)
        .prop_map(|(segments, end)| format!("/{}", segments.into_iter().chain(end).collect::<Vec<_>>().join("/")))
        // An empty segment within.
        .prop_filter("two slashes", |pattern| !pattern.contains("//"))
}

/// How a path is compared with a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    /// As the document says.
    Written,
    /// As some application may: without the slash at the end, and with the variable of a segment anywhere.
    Loose,
}

/// Whether the pattern matches, one segment after the other.
fn matches_on_paper(pattern: &str, path: &str, how: As) -> bool {
    let end = |text: &str| match how {
        As::Written => text[1..].to_owned(),
        As::Loose => text[1..].trim_end_matches('/').to_owned(),
    };
    let (pattern, path) = (end(pattern), end(path));
    let segments = |text: &str| -> Vec<String> {
        if text.is_empty() && how == As::Loose { Vec::new() } else { text.split('/').map(str::to_owned).collect() }
    };
    let (wanted, given) = (segments(&pattern), segments(&path));
    let one = |(wanted, given): (&String, &String)| segment_on_paper(wanted, given, how);
    match wanted.split_last() {
        Some((last, head)) if last == "**" => {
            given.len() > head.len() && !given[head.len()].is_empty() && head.iter().zip(&given).all(one)
        }
        _ => wanted.len() == given.len() && wanted.iter().zip(&given).all(one),
    }
}

fn segment_on_paper(wanted: &str, given: &str, how: As) -> bool {
    let Some((before, rest)) = wanted.split_once('{') else { return wanted == given };
    let after = rest.split_once('}').unwrap().1;
    // Each way to cut the segment in three, of which one has these texts.
    let cuts: Vec<(usize, usize)> = (0..=given.len()).flat_map(|a| (a..=given.len()).map(move |b| (a, b))).collect();
    let is = |text: &str, from: usize, to: usize| given.get(from..to) == Some(text);
    let fits = |&&(a, b): &&(usize, usize)| is(before, 0, a) && is(after, b, given.len());
    let Some(&(begins, ends)) = cuts.iter().find(fits) else { return false };
    let is_copy = |text: &str, (a, b): (usize, usize)| !text.is_empty() && is(text, a, b) && a < ends && b > begins;
    let copied = cuts.iter().any(|cut| is_copy(before, *cut) || is_copy(after, *cut));
    !given.is_empty() && (how == As::Loose || (begins < ends && !copied))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_path_is_taken_exactly_where_it_reads_one_way(target in path()) {
        prop_assert_eq!(CanonicalPath::of(&target).is_ok(), on_paper(&target).is_some());
    }

    #[test]
    fn a_pattern_matches_as_on_paper(pattern in pattern(), path in "/([abA.@cd]|é|/){0,9}") {
        let read = PathPattern::try_from(pattern.as_str()).unwrap();
        prop_assert_eq!(&read.to_string(), &pattern);
        for escaped in ["%C3%A9", "%c3%A9"] {
            if let Ok(canonical) = CanonicalPath::of(&path.replace('é', escaped)) {
                prop_assert_eq!(canonical.is(&read), matches_on_paper(&pattern, &path, As::Written));
                let may = read.may_match(path[1..].split('/'));
                prop_assert_eq!(may, matches_on_paper(&pattern, &path, As::Loose));
            }
        }
    }

    #[test]
    fn an_escaped_literal_character_matches_nothing(pattern in pattern(), path in "/([ab@]|/){0,6}") {
        let read = PathPattern::try_from(pattern.as_str()).unwrap();
        if let (true, Ok(canonical)) = (path.contains('@'), CanonicalPath::of(&path.replace('@', "%40"))) {
            // A variable takes any character, however it is sent.
            let hidden = path.replace('@', "z");
            prop_assert_eq!(canonical.is(&read), matches_on_paper(&pattern, &hidden, As::Written), "{}", path);
        }
    }

    #[test]
    fn two_patterns_are_compared_as_their_paths(one in pattern(), other in pattern(), path in "/(([abAé]|a[.]b){0,4})?(/([abA]{1,3}|[.]{3}))?(/[ab]?)?") {
        let path = path.replace("///", "/").replace("//", "/");
        let (first, second) = (PathPattern::try_from(one.as_str()).unwrap(), PathPattern::try_from(other.as_str()).unwrap());
        let of = |pattern: &str, how| matches_on_paper(pattern, &path, how);
        let either = (of(&one, As::Written) && of(&other, As::Loose)) || (of(&one, As::Loose) && of(&other, As::Written));
        prop_assert!(!either || first.common(&second).is_some(), "`{}` is of both", path);
        let only = of(&other, As::Loose) && !of(&one, As::Loose);
        prop_assert!(!only || !first.contains(&second), "`{}` is of the second only", path);
        match (first.common(&second), second.common(&first)) {
            (Some(example), Some(_)) => {
                let is = |pattern: &str, how| matches_on_paper(pattern, &example, how);
                let first = is(&one, As::Written) && is(&other, As::Loose);
                prop_assert!(first || (is(&one, As::Loose) && is(&other, As::Written)), "`{}`", example);
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
