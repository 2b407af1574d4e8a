//! Steps as members of W3C Baggage: `step`, or `step.0`, `step.1`, … for the evidence of a join.

use stepgate_config::bounds::MAX_BAGGAGE_MEMBER;

use crate::denial::Denial;
use crate::facts::{Facts, Header};

/// The header of W3C Baggage.
pub(crate) const BAGGAGE: &str = "baggage";
/// Most baggage members that are looked at.
const MAX_BAGGAGE_MEMBERS: usize = 256;

/// The steps in a request's baggage.
pub(crate) fn steps(facts: &Facts) -> Result<Vec<&str>, Denial> {
    let mut single = Vec::new();
    let mut numbered: Vec<(usize, &str)> = Vec::new();
    for (name, value) in members(facts)? {
        let Some(which) = member(name) else { continue };
        if value.len() > MAX_BAGGAGE_MEMBER {
            return Err(Denial::BadStep("a step's baggage member has more than 4096 bytes"));
        }
        match which {
            Member::Single => single.push(value),
            Member::Numbered(n) => {
                let at = numbered.partition_point(|(other, _)| *other <= n);
                numbered.insert(at, (n, value));
            }
            Member::Odd => return Err(Denial::BadStep("a step's baggage member has an odd name")),
        }
    }
    let in_order = numbered.iter().enumerate().all(|(at, (n, _))| at == *n);
    match (single.len(), numbered.is_empty()) {
        (0, true) => Ok(Vec::new()),
        (1, true) => Ok(single),
        (0, false) if in_order => Ok(numbered.into_iter().map(|(_, value)| value).collect()),
        _ => Err(Denial::BadStep("the step's baggage members are not `step`, or `step.0`, `step.1`, …")),
    }
}

/// The baggage that carries these steps and nothing else.
pub(crate) fn of_steps(steps: &[&str]) -> String {
    let members: Vec<String> = match steps {
        [one] => vec![format!("step={one}")],
        several => several.iter().enumerate().map(|(at, step)| format!("step.{at}={step}")).collect(),
    };
    members.join(",")
}

/// The baggage of these headers with these steps in place of theirs.
pub(crate) fn with_steps(present: &[Header], steps: &[&str]) -> String {
    let mut members = others(present).0;
    members.push(of_steps(steps));
    members.join(",")
}

/// The baggage of these headers without the gate's members. `None`: the header may stay as it is; empty: it has to go.
pub(crate) fn without_steps(present: &[Header]) -> Option<String> {
    match others(present) {
        (_, false) => None,
        (members, true) => Some(members.join(",")),
    }
}

/// The members that are not the gate's, and whether anything is left out. Baggage that is not text is left out whole:
/// it cannot be read, so it cannot be cleaned.
fn others(present: &[Header]) -> (Vec<String>, bool) {
    let (mut kept, mut dropped) = (Vec::new(), false);
    for (_, line) in present.iter().filter(|(name, _)| name.eq_ignore_ascii_case(BAGGAGE)) {
        let Ok(line) = text(line) else { return (Vec::new(), true) };
        for whole in line.split(',').take(MAX_BAGGAGE_MEMBERS) {
            let name = whole.split_once('=').map_or(whole, |(name, _)| name);
            if member(trim(name)).is_some() {
                dropped = true;
            } else {
                kept.push(trim(whole).to_owned());
            }
        }
        dropped |= line.split(',').count() > MAX_BAGGAGE_MEMBERS;
    }
    (kept, dropped)
}

/// The members of all baggage lines: name, and value with its properties.
fn members(facts: &Facts) -> Result<Vec<(&str, &str)>, Denial> {
    let mut members = Vec::new();
    for line in facts.all(BAGGAGE) {
        for member in text(line)?.split(',') {
            if members.len() >= MAX_BAGGAGE_MEMBERS {
                return Err(Denial::BadStep("there are more than 256 baggage members"));
            }
            let (name, value) = member.split_once('=').unwrap_or((member, ""));
            members.push((trim(name), trim(value)));
        }
    }
    Ok(members)
}

enum Member {
    Single,
    Numbered(usize),
    Odd,
}

/// Whether a baggage member is one of the gate's, by its name. Some libraries decode names before they pass
/// them on: a name that decodes to one of the gate's is odd.
fn member(name: &str) -> Option<Member> {
    if name.contains(['%', '+']) {
        let decoded = decoded(name);
        return plain_member(trim(&decoded)).map(|_| Member::Odd);
    }
    plain_member(name)
}

/// A name with `%XX` and `+` decoded, as in forms. A `%` that is not an escape stays.
fn decoded(name: &str) -> String {
    let mut rest = name.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, tail @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16);
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                let value =
                    hex(*high).unwrap_or_default().saturating_mul(16).saturating_add(hex(*low).unwrap_or_default());
                bytes.push(u8::try_from(value).unwrap_or_default());
                rest = after;
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn plain_member(name: &str) -> Option<Member> {
    if !name.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("step")) {
        return None;
    }
    let lower = name.starts_with("step");
    match name {
        "step" => Some(Member::Single),
        _ => match name.get(4..).and_then(|rest| rest.strip_prefix('.')) {
            Some(_) if !lower => Some(Member::Odd),
            Some(number) => Some(
                number.parse().ok().filter(|n: &usize| n.to_string() == number).map_or(Member::Odd, Member::Numbered),
            ),
            // A reader that ignores case takes `STEP` for `step`; `stepping` is not ours.
            None if name.len() == 4 => Some(Member::Odd),
            None => None,
        },
    }
}

/// A header line in visible ASCII, spaces and tabs.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Denial> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| is_plain(text.as_bytes()))
        .ok_or(Denial::BadStep("a step is not plain ASCII"))
}

/// Whether these are visible ASCII, spaces and tabs. Tokens are long, and have none but visible characters: eight at a time.
fn is_plain(bytes: &[u8]) -> bool {
    let each = |byte: u8| u64::from_ne_bytes([byte; 8]);
    let is_visible = |word: u64| (word | word.wrapping_sub(each(0x20)) | word.wrapping_add(each(1))) & each(0x80) == 0;
    let are_plain = |bytes: &[u8]| bytes.iter().all(|byte| *byte == b'\t' || (0x20..0x7f).contains(byte));
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().all(|word| is_visible(u64::from_ne_bytes(*word)) || are_plain(word)) && are_plain(rest)
}

/// Without the optional white space around a list's member (RFC 9110, section 5.6.3).
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_plain;

    proptest! {
        #[test]
        fn plain_bytes_are_visible_ascii_spaces_and_tabs(
            mut bytes in proptest::collection::vec(0x20_u8..0x7f, 0..40),
            odd: Option<(prop::sample::Index, u8)>,
        ) {
            if let Some((at, byte)) = odd.filter(|_| !bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let each = bytes.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
            prop_assert_eq!(is_plain(&bytes), each, "{:?}", bytes);
        }
    }

    #[test]
    fn every_byte_is_judged_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..9 {
                let mut bytes = *b"AAAAAAAAA";
                bytes[at] = byte;
                assert_eq!(is_plain(&bytes), matches!(byte, b'\t' | b' '..=b'~'), "{byte} {at}");
            }
        }
    }
}
