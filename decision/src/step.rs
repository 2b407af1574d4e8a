//! Steps in requests: in a header or in W3C Baggage, plain or as tokens.

use std::fmt;

use stepgate_config::bounds::MAX_STEPS;
use stepgate_config::gate::Carrier;
use stepgate_config::name::{TaskName, WorkflowName};
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
            // Tokens begin alike, and end with their signatures.
            let same = |earlier: &&&str| earlier.len() == value.len() && earlier.bytes().rev().eq(value.bytes().rev());
            if values.iter().take(at).any(|earlier| same(&earlier)) {
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

/// Whether a request shows any step, readable or not. `header` is the name of the step header.
pub fn shows_step(facts: &Facts, header: &str, carrier: Carrier) -> bool {
    Steps::of(facts, header, carrier).map_or(true, |steps| !steps.0.is_empty())
}

/// A plain step of level `identity`: `WORKFLOW/REVISION/TASK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainStep {
    /// The workflow.
    pub workflow: WorkflowName,
    /// The revision, at least 1.
    pub revision: u32,
    /// The task that the instance has reached.
    pub task: TaskName,
}

impl PlainStep {
    /// The step of an instance that has reached this task.
    pub fn of(workflow: &Workflow, task: &Task) -> Self {
        Self { workflow: workflow.name.clone(), revision: workflow.revision, task: task.name.clone() }
    }

    /// A step with slashes is plain; a compact JWS has none.
    pub(crate) fn is_one(step: &str) -> bool {
        step.contains('/')
    }

    /// Reads a step.
    ///
    /// # Errors
    /// [`Denial::BadStep`]: not three parts, not names, or a revision that is not written as gates write it.
    pub fn parse(step: &str) -> Result<Self, Denial> {
        let mut parts = step.split('/');
        let mut next = || parts.next().unwrap_or_default();
        let (workflow, revision, task) = (next(), next(), next());
        match (WorkflowName::try_from(workflow), revision.parse::<u32>(), TaskName::try_from(task), parts.next()) {
            // One spelling: no sign, no leading zero.
            (Ok(workflow), Ok(number), Ok(task), None) if number > 0 && number.to_string() == revision => {
                Ok(Self { workflow, revision: number, task })
            }
            _ => Err(Denial::BadStep("a plain step is `workflow/revision/task`")),
        }
    }
}

impl fmt::Display for PlainStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.workflow, self.revision, self.task)
    }
}
