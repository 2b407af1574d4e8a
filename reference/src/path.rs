//! Paths and their patterns, read a second time from the texts of both.

/// A path, as its segments: each decoded, and as it is with a NUL for each ASCII character that was escaped.
pub(crate) struct Path(Vec<(String, String)>);

/// How a path is compared with a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    /// As every application reads it.
    Sent,
    /// As some application may read it, once it is decoded.
    Decoded,
    /// The same without decoding anything that ASCII has.
    Masked,
}

impl Path {
    /// The path of a target without its query, if all readers take it alike.
    pub(crate) fn of(target: &str) -> Option<Self> {
        let segments: Vec<&str> = target.split('?').next()?.strip_prefix('/')?.split('/').collect();
        let (last, before) = segments.split_last()?;
        let dots = segments.iter().any(|segment| matches!(*segment, "." | ".."));
        let odd = dots || before.iter().any(|segment| segment.is_empty()) || target.contains('#');
        let read: Option<Vec<_>> = before.iter().chain([last]).map(|segment| read(segment)).collect();
        read.filter(|_| !odd && target.len() <= 8192).map(Self)
    }

    /// Whether the path is one of the pattern.
    pub(crate) fn is(&self, pattern: &str, how: As) -> bool {
        let decoded: Vec<&str> = self.0.iter().map(|(decoded, _)| decoded.as_str()).collect();
        let masked: Vec<&str> = self.0.iter().map(|(_, masked)| masked.as_str()).collect();
        let (strict, wanted) = (how == As::Sent, segments(pattern));
        match how {
            As::Sent => are(&decoded, &wanted, strict) && are(&masked, &wanted, strict),
            As::Decoded => are(trimmed(&decoded), trimmed(&wanted), strict),
            As::Masked => are(trimmed(&masked), trimmed(&wanted), strict),
        }
    }
}

/// One segment, decoded and masked.
fn read(segment: &str) -> Option<(String, String)> {
    let mut parts = segment.split('%');
    let first = parts.next()?.as_bytes();
    let (mut decoded, mut masked) = (first.to_vec(), first.to_vec());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).filter(|(digits, _)| !digits.starts_with('+'))?;
        let byte = u8::from_str_radix(digits, 16).ok()?;
        let harmless = !byte.is_ascii_alphanumeric() && !byte.is_ascii_control() && !b"-._~/\\%;?#".contains(&byte);
        decoded.extend([byte].iter().filter(|_| harmless).chain(rest.as_bytes()));
        masked.extend([if byte.is_ascii() { 0 } else { byte }].iter().chain(rest.as_bytes()));
        harmless.then_some(())?;
    }
    let plain = segment.chars().all(|c| c.is_ascii_alphanumeric() || "-._~!$&'()*+,=:@%".contains(c));
    String::from_utf8(decoded).ok().zip(String::from_utf8(masked).ok()).filter(|_| plain)
}

pub(crate) fn segments(pattern: &str) -> Vec<&str> {
    pattern.split('/').skip(1).collect()
}

/// Without the empty segment at the end, which is a `/` there.
pub(crate) fn trimmed<'s, 't>(segments: &'s [&'t str]) -> &'s [&'t str] {
    segments.strip_suffix(&[""]).unwrap_or(segments)
}

fn are(path: &[&str], wanted: &[&str], strict: bool) -> bool {
    match (path, wanted) {
        ([first, ..], ["**"]) => !first.is_empty(),
        ([first, rest @ ..], [own, others @ ..]) => is(first, own, strict) && are(rest, others, strict),
        ([], []) => true,
        ([], _) | (_, []) => false,
    }
}

/// The texts round the variable of a segment, if it has one.
fn round(segment: &str) -> Option<(&str, &str)> {
    let (before, rest) = segment.split_once('{')?;
    Some((before, rest.split_once('}')?.1))
}

fn is(segment: &str, wanted: &str, strict: bool) -> bool {
    let Some((before, after)) = round(wanted) else { return segment == wanted };
    let Some(end) = segment.len().checked_sub(after.len()).filter(|end| *end >= before.len()) else { return false };
    // Where a copy of these texts overlaps the variable, another reader may cut the segment there.
    let is_cut = |text: &str| {
        let copy = |at: usize| {
            let touches = at < end && at.saturating_add(text.len()) > before.len();
            touches && segment.get(at..).is_some_and(|rest| rest.starts_with(text))
        };
        !text.is_empty() && (0..segment.len()).any(copy)
    };
    let fits = segment.starts_with(before) && segment.ends_with(after) && !segment.is_empty();
    fits && (!strict || (end > before.len() && !is_cut(before) && !is_cut(after)))
}

/// Whether all that may be of one pattern, segment by segment, may be of the other. A `/` at the end is no difference.
pub(crate) fn within(one: &[&str], other: &[&str]) -> bool {
    match (one, other) {
        ([], []) | (["**"], ["**"]) | ([_, ..], ["**"]) => true,
        ([first, rest @ ..], [own, others @ ..]) => {
            let narrower = match (round(first), round(own)) {
                (None, _) => is(first, own, false),
                (Some(_), None) => false,
                (Some((before, after)), Some((shorter, other))) => {
                    before.starts_with(shorter) && after.ends_with(other)
                }
            };
            *first != "**" && narrower && within(rest, others)
        }
        ([], _) | (_, []) => false,
    }
}
