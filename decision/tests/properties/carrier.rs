//! Headers after scrubbing: nothing is left that any reader could take for a step, and all the rest is.

use proptest::prelude::*;
use stepgate_decision::permit::{HeaderMap, scrub};
use stepgate_decision::{Gate, Header, ProxyError};

/// Pieces of baggage.
const PIECES: [&str; 24] = [
    "step=a",
    "step=",
    "step",
    "step.0=a",
    "step.1=b",
    "step.01=c",
    "Step=a",
    "STEP=a",
    "step.x=a",
    "st%65p=a",
    "st%65p.0=a",
    "s%74ep=a",
    "step+=a",
    "+step=a",
    " step =a",
    "stepping=a",
    "steps=1",
    "other=1",
    "k=v;p=1",
    "k=step=a",
    "=",
    "%zz=1",
    "k%20=1",
    "k=v;step=a",
];

fn line() -> impl Strategy<Value = Vec<u8>> {
    let pieces = proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..6);
    prop_oneof![
        6 => pieces.prop_map(|pieces| pieces.join(",").into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ]
}

fn headers() -> impl Strategy<Value = Vec<Header>> {
    let name = proptest::sample::select(
        &[
            "baggage",
            "Baggage",
            "x-workflow-step",
            "X_Workflow-Step",
            "x-workflow-step-start",
            "x-stepgate-permit",
            "traceparent",
        ][..],
    );
    proptest::collection::vec((name.prop_map(str::to_owned), line()), 0..6)
}

/// As a proxy keeps them: names have no case.
#[derive(Debug, Clone)]
struct Map(Vec<Header>);

impl HeaderMap for Map {
    fn remove(&mut self, name: &str) -> Result<(), ProxyError> {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), ProxyError> {
        self.remove(name)?;
        self.0.push((name.to_owned(), value.as_bytes().to_vec()));
        Ok(())
    }
}

fn gate() -> Gate {
    let outcome = stepgate_config::read_gate(b"workflows: []");
    Gate::new(outcome.checked.unwrap(), &|_| None).unwrap().0
}

/// The members of all baggage, as the most lenient reader reads them: names decoded, without case and white space.
fn members(headers: &[Header]) -> Vec<(String, String)> {
    let lines = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("baggage"));
    let text = lines.map(|(_, line)| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>().join(",");
    let split = text.split(',').filter(|member| !member.trim_matches([' ', '\t']).is_empty());
    split
        .map(|member| {
            let (name, _) = member.split_once('=').unwrap_or((member, ""));
            (loose(name), member.trim_matches([' ', '\t']).to_owned())
        })
        .collect()
}

fn loose(name: &str) -> String {
    let mut parts = name.split('%');
    let mut bytes: Vec<u8> = parts.next().unwrap_or_default().bytes().collect();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part.bytes().skip(2));
            }
            None => bytes.extend(format!("%{part}").bytes()),
        }
    }
    let text = String::from_utf8_lossy(&bytes).replace('+', " ").to_lowercase();
    text.trim_matches([' ', '\t']).to_owned()
}

fn is_step(name: &str) -> bool {
    name == "step" || name.starts_with("step.")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn nothing_that_is_left_is_a_step_and_all_else_is_left(headers in headers()) {
        let mut map = Map(headers.clone());
        scrub(&gate(), &headers, &mut map).unwrap();
        for (name, _) in &map.0 {
            let folded = name.to_lowercase().replace('_', "-");
            prop_assert!(!folded.starts_with("x-workflow-step") && folded != "x-stepgate-permit", "{} is left", name);
        }
        let left = members(&map.0);
        prop_assert!(!left.iter().any(|(name, _)| is_step(name)), "{:?} is left", left);
        let readable = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("baggage")).all(|(_, line)| {
            line.iter().all(|byte| *byte == b'\t' || (0x20..0x7f).contains(byte))
        });
        if readable {
            let others: Vec<String> = members(&headers).into_iter().filter(|(name, _)| !is_step(name)).map(|(_, whole)| whole).collect();
            let kept: Vec<String> = left.into_iter().map(|(_, whole)| whole).collect();
            prop_assert_eq!(kept, others);
        }
        let rest = |headers: &[Header]| headers.iter().filter(|(name, _)| name == "traceparent").cloned().collect::<Vec<_>>();
        prop_assert_eq!(rest(&map.0), rest(&headers));
        // Headers without steps stay unchanged.
        let once = map.0.clone();
        scrub(&gate(), &once, &mut map).unwrap();
        prop_assert_eq!(map.0, once);
    }
}
