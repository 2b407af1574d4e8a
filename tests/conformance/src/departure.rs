//! The departures of cases, written from the protocol's page and not by the gate.

use stepgate_config::workflow::{JoinKind, Transition};
use stepgate_decision::UnixTime;
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{Claims, TokenType};

/// Seconds that a departure lives.
const LIFE: u64 = 60;

/// The claims of the departure with which the caller's gate sends on a request of the step's holder to this task.
///
/// # Errors
/// If no transition leads there.
pub(crate) fn departure(step: &Step<'_>, to: &str) -> Result<Claims, String> {
    let Step { workflow, task, holder, instance, issued, .. } = *step;
    let transition = workflow.transitions.iter().find(|t| t.from.name == task.name && t.to.name.as_str() == to);
    let transition = transition.ok_or_else(|| format!("no transition leads from `{}` to `{to}`", task.name))?;
    let token_type = if transition.via { TokenType::Receipt } else { TokenType::Arrival };
    let shown = synthetic_claims(&Step { token_type, ..*step });
    let first = shown.first().cloned().ok_or("a step without tokens")?;
    let mut claims = Claims {
        iss: holder.clone(),
        sub: holder.clone(),
        jti: format!("{instance}.{to}.departure"),
        exp: UnixTime::from_seconds(issued.seconds().saturating_add(LIFE)).min(first.dl),
        parents: shown.iter().map(|token| token.jti.clone()).collect(),
        fork: transition
            .to
            .carries
            .iter()
            .filter_map(|join| Some((join.clone(), round(transition, join.as_str(), &first)?)))
            .collect(),
        to: Some(transition.to.name.clone()),
        aud: Some(transition.to.performer.name.clone()),
        ..first
    };
    claims.wf.task = task.name.clone();
    claims.wf.from = None;
    for token in &shown {
        claims.performers.extend(token.performers.clone());
        claims.visits.extend(token.visits.clone());
    }
    Ok(claims)
}

/// The round of a join ahead: where the transition leaves a join that is its fork, `ROUND@FORK`.
fn round(transition: &Transition, join: &str, shown: &Claims) -> Option<String> {
    let from = &transition.from;
    if from.join == JoinKind::All && from.forks.contains(join) {
        return Some(format!("{}@{}", shown.fork.get(from.name.as_str())?, from.name));
    }
    shown.fork.get(join).cloned()
}
