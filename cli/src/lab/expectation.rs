//! What the document says of an attempt, read as a person would: is there a transition for it?

use stepgate_config::workflow::{RequestPattern, Task, Transition, Workflow};

use super::attempt::Attempt;
use super::setting::identity;
use super::trial::Shown;

/// What the document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// The request is this transition.
    Permit(String),
    /// It is this one if its guard, a constraint or a bound on visits lets it, which the tokens and the time decide.
    Depends(String),
    /// It is none.
    Deny,
}

/// Reads the document.
pub(super) fn expected(workflow: &Workflow, attempt: &Attempt, shown: &Shown) -> Expected {
    let candidates: Vec<_> = workflow
        .transitions
        .iter()
        .filter(|t| starts_where_shown(t, attempt, shown))
        .filter(|t| t.carrier.name == attempt.from.name && t.to.performer.name == attempt.to.name)
        .filter(|t| accepts(&t.to, attempt))
        .collect();
    match candidates.as_slice() {
        [only] if only.when.is_some() || only.to.constrained || only.to.max_visits.is_some() => {
            Expected::Depends(only.to_string())
        }
        [only] => Expected::Permit(only.to_string()),
        _ => Expected::Deny,
    }
}

fn starts_where_shown(transition: &Transition, attempt: &Attempt, shown: &Shown) -> bool {
    match shown {
        Shown::Nothing => transition.from.initial && transition.from.performer.name == attempt.from.name,
        Shown::Rightful { at, holder } => {
            // At a join the rightful holder shows all the evidence.
            at.name == transition.from.name && holder == identity(&attempt.from)
        }
        Shown::Worthless => false,
    }
}

fn accepts(task: &Task, attempt: &Attempt) -> bool {
    let fits = |pattern: &RequestPattern| {
        let method = pattern.methods.is_empty() || pattern.methods.iter().any(|m| m.as_str() == attempt.method);
        let host = pattern.host.as_ref().is_none_or(|host| attempt.host.as_ref() == Some(host));
        let path = pattern
            .path
            .as_ref()
            .is_none_or(|path| attempt.path.strip_prefix('/').is_some_and(|rest| path.matches(rest.split('/'))));
        method && host && path
    };
    task.requests.is_empty() || task.requests.iter().any(fits)
}
