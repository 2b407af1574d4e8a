//! The rules for every run.

use std::collections::BTreeMap;

use stepgate_decision::Header;
use stepgate_decision::permit::INTERLOCK_HEADER;
use stepgate_tests::outcome::claims;
use stepgate_tests::wasm::{Action, Fault, Function};

use crate::scenario::{Faults, SMUGGLED, Scenario, Story};
use crate::script::{Callback, STREAM};

/// The limit for a VM's memory, in bytes.
const MAX_MEMORY: usize = 64 << 20;

/// The rules that a run broke.
pub(crate) fn broken_rules(scenario: &Scenario<'_>, honest: &Story, faults: &Faults, story: &Story) -> Vec<String> {
    let mut broken = Vec::new();
    nothing_goes_on_that_should_not(honest, faults, story, &mut broken);
    if story.script == honest.script && story.trap.is_none() {
        what_is_refused_is_answered(honest, faults, story, &mut broken);
    }
    // A proxy that returns the module's own memory as an answer has already read it.
    if !faults.values().any(|fault| matches!(fault, Fault::Elsewhere(..) | Fault::Misjudged(_))) {
        the_log_is_clean(scenario, story, &mut broken);
    }
    if story.memory > MAX_MEMORY && story.trap.is_none() {
        broken.push(format!("{} bytes of memory", story.memory));
    }
    broken
}

fn nothing_goes_on_that_should_not(honest: &Story, faults: &Faults, story: &Story, broken: &mut Vec<String>) {
    // Whether the request of this stream has gone on, and was not rejected afterwards.
    let mut on: BTreeMap<u32, bool> = BTreeMap::new();
    let (mut went_on, mut held) = (false, Vec::new());
    // The stream whose request headers the proxy of the tests has: the one of the last request.
    let mut latest = None;
    // A gate that only observes lets undecided requests go on, without a step; and if it never saw the headers
    // of a response, its trailers bring no receipt.
    let mut log = story.proxy.iter().flat_map(|proxy| &proxy.log);
    let observes = log.any(|(_, line)| line.contains(r#""mode":"observe""#));
    let lost = story.script != honest.script || observes;
    // Without a word of the proxy on who gave the response, it brings no receipt and no start token.
    let unknown = faults.keys().any(|at| story.calls.get(*at) == Some(&Function::Property));
    for (callback, action, part) in &story.asked {
        let of_the_response = matches!(callback, Callback::ResponseHeaders(_) | Callback::ResponseTrailers(_));
        let may_be_bare = lost || unknown && of_the_response;
        let goes_on = *action == Action::Continue;
        match callback {
            Callback::RequestHeaders(id) => {
                latest = Some(*id);
                on.insert(*id, goes_on);
                went_on |= goes_on;
            }
            Callback::RequestBody(id) | Callback::RequestTrailers(id) => {
                if goes_on && on.get(id) != Some(&true) {
                    broken.push(format!("{callback:?} goes on, but its request does not"));
                }
                on.entry(*id).and_modify(|on| *on &= goes_on);
            }
            // If the request did not go on, the response is the proxy's own. Bodies contain no steps.
            Callback::ResponseHeaders(id) | Callback::ResponseTrailers(id) if on.get(id) == Some(&true) => {
                if held.contains(id) && goes_on {
                    broken.push(format!("{callback:?} goes on, but its response was held"));
                }
                held.extend((!goes_on).then_some(*id));
            }
            _ => continue,
        }
        let wanted =
            honest.asked.iter().find(|(other, ..)| std::mem::discriminant(other) == std::mem::discriminant(callback));
        if matches!(callback, Callback::RequestBody(id) if latest != Some(*id)) {
            continue;
        }
        if let (true, Some((_, honestly, as_it_should_be))) = (goes_on, wanted) {
            if *honestly == Action::Pause {
                broken.push(format!("{callback:?} goes on"));
            } else if plain(part) != plain(as_it_should_be)
                && !(may_be_bare && plain(part) == without_steps(as_it_should_be))
                && !(observes && unknown && plain(part) == without_interlock(as_it_should_be))
            {
                broken.push(format!("{callback:?} goes on with {:?}, not {:?}", plain(part), plain(as_it_should_be)));
            }
        }
    }
    if went_on && honest.again == Some(Action::Pause) && story.again == Some(Action::Continue) {
        broken.push("it was let in twice".to_owned());
    }
}

/// Headers, each token replaced by its content: two runs mint different tokens.
fn plain(headers: &[Header]) -> Vec<String> {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value).into_owned();
            let parts: Vec<String> =
                value.split([',', '=']).map(|part| token(part.trim()).unwrap_or(part.to_owned())).collect();
            format!("{name}: {}", parts.join(" "))
        })
        .collect();
    lines.sort();
    lines
}

/// As a gate that observes sends a request on where the proxy does not say that it is for the own workload.
fn without_interlock(headers: &[Header]) -> Vec<String> {
    let others = headers.iter().filter(|(name, _)| name != INTERLOCK_HEADER);
    without_steps(&others.cloned().collect::<Vec<_>>())
}

fn without_steps(headers: &[Header]) -> Vec<String> {
    let tokens = |(_, value): &&Header| token(&String::from_utf8_lossy(value)).is_none();
    plain(&headers.iter().filter(tokens).cloned().collect::<Vec<_>>())
}

fn token(text: &str) -> Option<String> {
    let claims = claims(text)?;
    Some(format!("<{} {} {}>", claims["wf"], claims["sub"], claims["iss"]))
}

fn what_is_refused_is_answered(honest: &Story, faults: &Faults, story: &Story, broken: &mut Vec<String>) {
    let proxy = story.proxy.as_ref().unwrap();
    let hit = |function: Function| faults.keys().any(|at| story.calls.get(*at) == Some(&function));
    let within = faults.values().any(|fault| matches!(fault, Fault::Within(..)));
    let refused = story
        .asked
        .iter()
        .any(|(callback, action, _)| matches!(callback, Callback::RequestHeaders(_)) && *action == Action::Pause);
    if refused && !within && !hit(Function::Respond) {
        let denial = |details: &str| details.starts_with("stepgate:");
        if !proxy.answers.iter().any(|answer| answer.status == 403 && denial(&answer.details)) {
            broken.push("a rejected caller gets no answer".to_owned());
        }
    }
    // The answers of an honest run: the request goes on and the response is held.
    let held = |story: &Story| {
        story.asked.iter().any(|(callback, action, _)| {
            let response = [Callback::ResponseHeaders(STREAM), Callback::ResponseTrailers(STREAM)].contains(callback);
            response && *action == Action::Pause
        })
    };
    if held(story) && !held(honest) && !within && !hit(Function::Close) && proxy.closed.is_empty() && !refused {
        broken.push("a held response is not cut off".to_owned());
    }
}

fn the_log_is_clean(scenario: &Scenario<'_>, story: &Story, broken: &mut Vec<String>) {
    for (level, line) in &story.proxy.as_ref().unwrap().log {
        let told = scenario.secrets.iter().any(|secret| line.contains(secret.as_str()));
        // A VM that traps reports the reason, outside of the proxy's log if that fails.
        let panic = (*level == u32::MAX || line.contains("panic")) && story.trap.is_none();
        if panic || told || shows_token(line) || line.contains(SMUGGLED) {
            broken.push(format!("the log: {line}"));
        }
    }
}

/// Whether a part of a token is in a text. A digest may contain the letters with which each part begins.
fn shows_token(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').any(|word| word.starts_with("eyJ"))
}
