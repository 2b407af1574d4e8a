//! A subject's answer, in the terms of the corpus, and the check whether it matches the case.

use std::collections::BTreeMap;

use ct_codecs::{Base64UrlSafeNoPadding, Decoder};
use serde_json::Value;

use crate::case::Then;
use crate::prepared::Prepared;
use crate::steps::INSTANCE;

/// The outcome of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The code of a denial.
    pub denied: Option<String>,
    /// The code of a denial that was only observed; empty if the subject cannot see it.
    pub observed: Option<String>,
    /// Headers as the application saw them, lower case; none if it saw no request.
    pub seen: Option<Vec<(String, String)>>,
    /// Trailers as the application saw them.
    pub trailers: Vec<(String, String)>,
    /// The status with which the proxy rejected it before any gate; 0: it only ended the stream.
    pub refused: Option<u16>,
    /// The start token that the caller got.
    pub start: Option<String>,
    /// The receipt that the caller got.
    pub receipt: Option<String>,
}

/// The names under which the corpus's gates carry steps.
const STEP: &str = "x-workflow-step";
/// Headers that must never reach the application.
const OTHERS: [&str; 1] = ["x-workflow-step-start"];
/// Trailers that must never reach the application.
const INTERLOCK: &str = "x-stepgate-permit";

impl Outcome {
    /// The differences from the case's verdict; empty if it is right. `salt` is the one of the case's tokens.
    pub fn differs(&self, then: &Then, salt: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if let (Some(wanted), true) = (then.refused, self.denied.is_none()) {
            if self.refused != Some(wanted) || self.seen.is_some() {
                wrong.push(format!("expected the proxy to reject it with {wanted}, got {}", self.summary()));
            }
            return wrong;
        }
        if let Some(code) = &then.deny {
            if self.denied.as_deref() != Some(code) {
                wrong.push(format!("expected denial {code}, got {}", self.summary()));
            }
            if self.seen.is_some() {
                wrong.push("the application saw a denied request".into());
            }
            if self.start.is_some() || self.receipt.is_some() {
                wrong.push("a denial answered a token".into());
            }
            return wrong;
        }
        let Some(seen) = &self.seen else {
            return vec![format!("expected it to be let through, got {}", self.summary())];
        };
        if let (Some(wanted), Some(got)) = (&then.observed, &self.observed)
            && wanted != got
        {
            wrong.push(format!("expected to observe {wanted}, got {got}"));
        }
        check_step(seen, then, salt, &mut wrong);
        if self.start.is_some() != then.start {
            wrong.push(format!("the caller was {}given a start token", if then.start { "not " } else { "" }));
        }
        if self.receipt.is_some() != then.receipt {
            wrong.push(format!("the caller was {}given a receipt", if then.receipt { "not " } else { "" }));
        }
        check_lines(seen, &then.sees, &mut wrong);
        check_lines(&self.trailers, &then.sees_trailers, &mut wrong);
        for (name, _) in &self.trailers {
            if [STEP, OTHERS[0], INTERLOCK].contains(&name.as_str()) {
                wrong.push(format!("the application saw `{name}` after the body"));
            }
        }
        wrong
    }

    /// Checks the outcome of a request before the case's own: it must not be denied, and one that could not be delivered
    /// is seen by nobody and brings no token.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn check_before(&self, request: &Prepared) -> Result<(), String> {
        if let Some(code) = &self.denied {
            return Err(format!("a request before was denied: {code}"));
        }
        if request.undelivered && (self.seen.is_some() || self.start.is_some() || self.receipt.is_some()) {
            return Err(format!("a request that could not be delivered was seen, or brought a token: {self:?}"));
        }
        Ok(())
    }

    fn summary(&self) -> String {
        match (&self.denied, &self.seen, self.refused) {
            (Some(code), _, _) => format!("denial {code}"),
            (None, Some(_), _) => "a permit".into(),
            (None, None, Some(status)) => format!("status {status} from the proxy"),
            (None, None, None) => "neither".into(),
        }
    }
}

fn check_lines(seen: &[(String, String)], wanted: &BTreeMap<String, Option<String>>, wrong: &mut Vec<String>) {
    for (name, value) in wanted {
        let got: Vec<&str> = seen.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect();
        let wanted: Vec<&str> = value.iter().map(String::as_str).collect();
        if got != wanted {
            wrong.push(format!("the application saw `{name}` as {got:?}, not {wanted:?}"));
        }
    }
}

/// The application sees exactly one step where there is a permit, and none otherwise.
fn check_step(seen: &[(String, String)], then: &Then, salt: &str, wrong: &mut Vec<String>) {
    let steps = steps(seen);
    if seen.iter().any(|(name, _)| OTHERS.contains(&name.as_str())) {
        wrong.push("the application saw a start header".into());
    }
    let Some(task) = &then.permit else {
        if !steps.is_empty() {
            wrong.push(format!("the application saw a step without a permit: {steps:?}"));
        }
        return;
    };
    let steps = beside_departure(steps, wrong);
    let [step] = steps.as_slice() else {
        wrong.push(format!("the application saw {} steps", steps.len()));
        return;
    };
    let claims = claims(step);
    let reached = match &claims {
        Some(claims) => claims.pointer("/wf/task").and_then(Value::as_str),
        None => step.rsplit('/').next(),
    };
    if reached != Some(task.as_str()) {
        wrong.push(format!("expected a permit to `{task}`, got one to `{}`", reached.unwrap_or("?")));
    }
    check_claims(claims.as_ref(), &then.claims, salt, wrong);
}

/// Of a departure that goes on together with the receipts that it is made from, the departure.
fn beside_departure(steps: Vec<String>, wrong: &mut Vec<String>) -> Vec<String> {
    let names = |token: &str| claims(token)?.get("parents").cloned();
    let (mut departures, receipts): (Vec<String>, Vec<String>) =
        steps.iter().cloned().partition(|token| typ(token).as_deref() == Some("wfd+jwt"));
    if departures.is_empty() || receipts.is_empty() {
        return steps;
    }
    let shown: Vec<Value> = receipts.iter().filter_map(|token| claims(token)?.get("jti").cloned()).collect();
    if departures.iter().any(|token| names(token) != Some(Value::Array(shown.clone()))) {
        wrong.push("the receipts beside a departure are not its parents".into());
    }
    if receipts.iter().any(|token| typ(token).as_deref() != Some("wfr+jwt")) {
        wrong.push("a token beside a departure is no receipt".into());
    }
    departures.truncate(2);
    departures
}

fn check_claims(claims: Option<&Value>, wanted: &BTreeMap<String, Value>, salt: &str, wrong: &mut Vec<String>) {
    for (name, wanted) in wanted {
        let got = claims.and_then(|claims| claims.get(name)).unwrap_or(&Value::Null);
        if got != &salted(wanted, salt) {
            wrong.push(format!("the claim `{name}` is {got}, not {wanted}"));
        }
    }
}

/// An expected claim, with the case's instance named as in this run.
fn salted(wanted: &Value, salt: &str) -> Value {
    let text = wanted.to_string().replace(INSTANCE, &format!("{INSTANCE}{salt}"));
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// The step values among headers: the header's, and the baggage's.
fn steps(seen: &[(String, String)]) -> Vec<String> {
    let mut steps = Vec::new();
    for (name, value) in seen {
        match name.as_str() {
            STEP => steps.extend(value.split(',').map(|step| step.trim().to_owned())),
            "baggage" => steps.extend(
                value
                    .split(',')
                    .filter_map(|member| member.trim().split_once('='))
                    .filter(|(key, _)| *key == "step" || key.starts_with("step."))
                    .map(|(_, value)| value.to_owned()),
            ),
            _ => {}
        }
    }
    steps
}

/// The type of a token.
fn typ(token: &str) -> Option<String> {
    part(token, 0)?.get("typ")?.as_str().map(str::to_owned)
}

/// The claims of a token, not verified.
pub fn claims(token: &str) -> Option<Value> {
    part(token, 1)
}

fn part(token: &str, number: usize) -> Option<Value> {
    let payload = token.split('.').nth(number)?;
    let bytes = Base64UrlSafeNoPadding::decode_to_vec(payload, None).ok()?;
    serde_json::from_slice(&bytes).ok()
}
