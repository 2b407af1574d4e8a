//! Steps as they travel: in a header or in W3C `baggage`, plain or as tokens.

use stepgate_config::gate::Carrier;

use crate::denial::Denial;
use crate::facts::{Facts, Header};
use crate::token::MAX_PARENTS;

/// Longest sum of all step values of one request, in bytes.
const MAX_STEP: usize = 65_536;
/// Longest baggage member's value, in bytes (W3C Baggage, section 3.3.2, asks for 8,192 in all).
pub(crate) const MAX_BAGGAGE_MEMBER: usize = 4096;
/// Most baggage members that are looked at.
const MAX_BAGGAGE_MEMBERS: usize = 256;
/// The header of W3C Baggage.
pub(crate) const BAGGAGE: &str = "baggage";

/// The steps that a request carries; empty: none. Bounded in number and size, none empty, none double.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Steps<'a>(pub(crate) Vec<&'a str>);

impl<'a> Steps<'a> {
    /// Reads all steps of the carrier that the gate is configured for.
    pub(crate) fn of(facts: &Facts<'a>, header: &str, carrier: Carrier) -> Result<Self, Denial> {
        let values = match carrier {
            Carrier::Header => from_header(facts, header)?,
            Carrier::Baggage => from_baggage(facts)?,
        };
        let total: usize = values.iter().map(|value| value.len()).fold(0, usize::saturating_add);
        if total > MAX_STEP {
            return Err(Denial::BadStep("the steps have more than 64 KiB"));
        }
        if values.len() > MAX_PARENTS {
            return Err(Denial::BadStep("there are more than 64 steps"));
        }
        for (at, value) in values.iter().enumerate() {
            if value.is_empty() {
                return Err(Denial::BadStep("a step is empty"));
            }
            if values.iter().take(at).any(|earlier| earlier == value) {
                return Err(Denial::BadStep("a step stands twice"));
            }
        }
        Ok(Self(values))
    }
}

/// Several lines equal one list (RFC 9110, section 5.3).
fn from_header<'a>(facts: &Facts<'a>, header: &str) -> Result<Vec<&'a str>, Denial> {
    let mut values = Vec::new();
    for line in facts.all(header) {
        values.extend(text(line)?.split(',').map(trim));
    }
    Ok(values)
}

fn from_baggage<'a>(facts: &Facts<'a>) -> Result<Vec<&'a str>, Denial> {
    let mut single = Vec::new();
    let mut numbered: Vec<(usize, &str)> = Vec::new();
    for (name, value) in members(facts)? {
        let Some(which) = member(name) else { continue };
        if value.len() > MAX_BAGGAGE_MEMBER {
            return Err(Denial::BadStep("a step's baggage member has more than 4096 bytes"));
        }
        match which {
            Member::Single => single.push(value),
            Member::Numbered(n) => numbered.push((n, value)),
            Member::Odd => return Err(Denial::BadStep("a step's baggage member is misnamed")),
        }
    }
    numbered.sort_by_key(|(n, _)| *n);
    let in_order = numbered.iter().enumerate().all(|(at, (n, _))| at == *n);
    match (single.len(), numbered.is_empty()) {
        (0, true) => Ok(Vec::new()),
        (1, true) => Ok(single),
        (0, false) if in_order => Ok(numbered.into_iter().map(|(_, value)| value).collect()),
        _ => Err(Denial::BadStep("the step's baggage members are not `step`, or `step.0`, `step.1`, …")),
    }
}

/// The members of all baggage lines, name and value, properties and all.
fn members<'a>(facts: &Facts<'a>) -> Result<Vec<(&'a str, &'a str)>, Denial> {
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

/// Whether a baggage member is one of the gate's, by its name. Some libraries decode names before they hand
/// them on: what they would make one of the gate's is one, and misnamed.
fn member(name: &str) -> Option<Member> {
    if name.contains(['%', '+']) {
        let decoded = decoded(name);
        return plain_member(trim(&decoded)).map(|_| Member::Odd);
    }
    plain_member(name)
}

/// A name with `%XX` and `+` decoded, as in forms; what is no escape stays.
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
    match name {
        "step" => Some(Member::Single),
        _ => match name.get(4..).and_then(|rest| rest.strip_prefix('.')) {
            Some(number) => Some(
                number.parse().ok().filter(|n: &usize| n.to_string() == number).map_or(Member::Odd, Member::Numbered),
            ),
            // `STEP` is a reader's `step`; `stepping` is somebody else's.
            None if name.len() == 4 => Some(Member::Odd),
            None => None,
        },
    }
}

/// What is left of the request's baggage without the gate's members, and with these: `None` where
/// the header may stay as it is, else its new value (empty: remove it). Baggage that is not text is
/// removed whole: what cannot be read cannot be cleaned.
pub(crate) fn rewritten_baggage(present: &[Header], steps: &[&str]) -> Option<String> {
    let all = || present.iter().filter(|(name, _)| name.eq_ignore_ascii_case(BAGGAGE)).map(|(_, line)| line.as_slice());
    let lines = all().count();
    if steps.is_empty() && lines == 0 {
        return None;
    }
    let (mut kept, mut dropped) = (Vec::new(), false);
    for line in all() {
        let Ok(line) = text(line) else { return Some(own_members(steps).join(",")) };
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
    if steps.is_empty() && !dropped {
        return None;
    }
    kept.extend(own_members(steps));
    Some(kept.join(","))
}

fn own_members(steps: &[&str]) -> Vec<String> {
    match steps {
        [one] => vec![format!("step={one}")],
        several => several.iter().enumerate().map(|(at, step)| format!("step.{at}={step}")).collect(),
    }
}

fn text(bytes: &[u8]) -> Result<&str, Denial> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| text.bytes().all(|b| b == b'\t' || (0x20..0x7f).contains(&b)))
        .ok_or(Denial::BadStep("a step is not plain ASCII"))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A plain step of level `identity`: `WORKFLOW/REVISION/TASK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlainStep<'a> {
    pub(crate) workflow: &'a str,
    pub(crate) revision: u32,
    pub(crate) task: &'a str,
}

impl<'a> PlainStep<'a> {
    /// A step with slashes is plain; a compact JWS has none.
    pub(crate) fn is_one(step: &str) -> bool {
        step.contains('/')
    }

    pub(crate) fn parse(step: &'a str) -> Result<Self, Denial> {
        let bad = Denial::BadStep("a plain step is `workflow/revision/task`");
        let mut parts = step.split('/');
        let (Some(workflow), Some(revision), Some(task), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad);
        };
        // One spelling: no sign, no leading zero.
        let number: u32 = revision.parse().map_err(|_| bad.clone())?;
        if number.to_string() != revision {
            return Err(bad);
        }
        Ok(Self { workflow, revision: number, task })
    }
}
