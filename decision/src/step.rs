//! Steps in requests: in a header or in W3C Baggage, plain or as tokens.

use std::fmt;

use stepgate_config::bounds::MAX_STEPS;
use stepgate_config::gate::Carrier;
use stepgate_config::workflow::{Task, Workflow};

use crate::baggage::{self, BAGGAGE, text, trim};
use crate::denial::Denial;
use crate::facts::Facts;
use crate::token::MAX_PARENTS;

/// The steps that a request carries; empty: none. Bounded in number and size, none empty, none repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Steps<'a>(pub(crate) Vec<&'a str>);

impl<'a> Steps<'a> {
    /// Reads all steps of the carrier that the gate is configured for.
    pub(crate) fn of(facts: &'a Facts, header: &str, carrier: Carrier) -> Result<Self, Denial> {
        let values = match carrier {
            Carrier::Header => from_header(facts, header)?,
            Carrier::Baggage => baggage::steps(facts)?,
        };
        let total: usize = values.iter().map(|value| value.len()).fold(0, usize::saturating_add);
        if total > MAX_STEPS {
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
                return Err(Denial::BadStep("a step is repeated"));
            }
        }
        Ok(Self(values))
    }
}

/// Several lines equal one list (RFC 9110, section 5.3).
fn from_header<'a>(facts: &'a Facts, header: &str) -> Result<Vec<&'a str>, Denial> {
    let mut values = Vec::new();
    for line in facts.all(header) {
        values.extend(text(line)?.split(',').map(trim));
    }
    Ok(values)
}

/// The header line with which a request carries these steps; none for no steps. `header` is the name of the step
/// header.
pub fn step_header(carrier: Carrier, header: &str, steps: &[&str]) -> Option<(String, String)> {
    match carrier {
        _ if steps.is_empty() => None,
        Carrier::Header => Some((header.to_owned(), steps.join(","))),
        Carrier::Baggage => Some((BAGGAGE.to_owned(), baggage::of_steps(steps))),
    }
}

/// A plain step of level `identity`: `WORKFLOW/REVISION/TASK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainStep<'a> {
    pub(crate) workflow: &'a str,
    pub(crate) revision: u32,
    pub(crate) task: &'a str,
}

impl<'a> PlainStep<'a> {
    /// The step of an instance that has reached this task.
    pub fn of(workflow: &'a Workflow, task: &'a Task) -> Self {
        Self { workflow: workflow.name.as_str(), revision: workflow.revision, task: task.name.as_str() }
    }

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

impl fmt::Display for PlainStep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.workflow, self.revision, self.task)
    }
}
