//! The explanation: what was decided, and why.

use serde::Serialize;
use serde_json::{Value, json};
use stepgate_config::workflow::Workflow;
use stepgate_decision::Verdict;
use stepgate_decision::denial::{Code, Denial};
use stepgate_decision::permit::Permit;
use stepgate_decision::token::{Claims, UnverifiedToken};
use stepgate_decision::verdict::{AuditContext, Denied};

use super::scenario::{PresentedStep, Scenario};
use crate::command::next_transitions::{self, NextTransition};
use crate::command::time;

/// The kind of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Permit,
    Exempt,
    Deny,
}

/// The answer of `explain`. It never contains a token: one that is signed with real keys would be valid.
#[derive(Debug, Serialize)]
pub(super) struct Explanation {
    pub(super) verdict: Outcome,
    /// The code of a denial.
    pub(super) code: Option<&'static str>,
    /// One sentence.
    pub(super) reason: String,
    /// Whether the gate only observes, and lets the request pass although it is denied.
    pub(super) observed: bool,
    pub(super) workflow: String,
    pub(super) revision: u32,
    /// The task reached before.
    pub(super) at: Option<String>,
    /// `FROM -> TO`.
    pub(super) transition: Option<String>,
    /// The claims of the new step, or the plain step.
    pub(super) step: Option<Value>,
    /// Whether the response has a start token, for further transitions of the instance.
    pub(super) answers_start: bool,
    /// Whether the response has a receipt for the caller.
    pub(super) answers_receipt: bool,
    /// The tasks that were expected.
    pub(super) expected: Vec<String>,
    /// The next transitions from there; without a step, the initial ones.
    pub(super) allowed: Vec<NextTransition>,
    facts: Value,
}

impl Explanation {
    pub(super) fn of(scenario: &Scenario<'_>, verdict: Verdict) -> Self {
        match &verdict {
            Verdict::Permitted(permit) => Self::permitted(scenario, permit),
            Verdict::Exempt(_) => Self {
                verdict: Outcome::Exempt,
                reason: "the request is exempt: it passes without a step".into(),
                allowed: Vec::new(),
                ..Self::unexplained(scenario, &AuditContext::default())
            },
            Verdict::Observed(denied, _) => Self { observed: true, ..Self::denied(scenario, denied) },
            Verdict::Denied(denied) => Self::denied(scenario, denied),
        }
    }

    /// Whether the decision permits the request, in whatever mode the gate is.
    pub(super) fn passes(&self) -> bool {
        self.verdict != Outcome::Deny
    }

    fn permitted(scenario: &Scenario<'_>, permit: &Permit) -> Self {
        let audit = permit.audit();
        let reply = permit.reply();
        let transition = audit.transition.as_deref().unwrap_or_default();
        Self {
            verdict: Outcome::Permit,
            reason: format!("it is the transition {transition}"),
            step: Some(step(permit.step())),
            answers_start: reply.start().is_some(),
            answers_receipt: reply.receipt().is_some(),
            allowed: Vec::new(),
            ..Self::unexplained(scenario, audit)
        }
    }

    fn denied(scenario: &Scenario<'_>, denied: &Denied) -> Self {
        let (denial, audit) = (denied.denial(), denied.audit());
        let mut explanation = Self::unexplained(scenario, audit);
        explanation.code = Some(denial.code().as_str());
        explanation.reason = reason(denial, &explanation, workflow(scenario, audit));
        explanation.expected = denial.expected().iter().map(ToString::to_string).collect();
        // At a join the expected tasks are those before it, not those that may come next.
        if denial.code() != Code::JoinIncomplete && !explanation.expected.is_empty() {
            explanation.allowed.retain(|next| explanation.expected.iter().any(|task| task == next.to()));
        }
        explanation
    }

    /// The parts that do not depend on the verdict.
    fn unexplained(scenario: &Scenario<'_>, audit: &AuditContext) -> Self {
        let workflow = workflow(scenario, audit);
        let reached =
            if let PresentedStep::Example(example) = &scenario.step { Some(example.task.name.as_str()) } else { None };
        let at = audit.at.as_ref().map(|task| task.as_str()).or(reached);
        let allowed = match (at.and_then(|at| workflow.tasks.get(at)), &scenario.step) {
            (Some(task), _) => next_transitions::from(workflow, task),
            (None, PresentedStep::None) => next_transitions::initial(workflow),
            (None, PresentedStep::Raw | PresentedStep::Example(_)) => Vec::new(),
        };
        Self {
            verdict: Outcome::Deny,
            code: None,
            reason: String::new(),
            observed: false,
            workflow: workflow.name.to_string(),
            revision: workflow.revision,
            at: at.map(str::to_owned),
            transition: audit.transition.clone(),
            step: None,
            answers_start: false,
            answers_receipt: false,
            expected: Vec::new(),
            allowed,
            facts: facts(scenario),
        }
    }
}

/// The workflow that the decision found, or else the selected one.
fn workflow<'s>(scenario: &'s Scenario<'_>, audit: &AuditContext) -> &'s Workflow {
    let all = &scenario.gate.config().workflows;
    let found =
        audit.workflow.as_ref().and_then(|(name, rev)| all.iter().find(|w| w.name == *name && w.revision == *rev));
    found.unwrap_or(scenario.workflow)
}

/// The denial as a sentence; for a guard with its source.
fn reason(denial: &Denial, explanation: &Explanation, workflow: &Workflow) -> String {
    if let (Denial::GuardFalse | Denial::GuardFailed(_), Some(transition)) = (denial, &explanation.transition) {
        let mut all = workflow.transitions.iter();
        let guard = all.find(|found| found.to_string() == *transition).and_then(|found| found.when.as_ref());
        return guard.map_or_else(|| denial.to_string(), |guard| format!("{denial}: {}", guard.source()));
    }
    denial.to_string()
}

/// The new step without its signature: claims, or the plain step.
fn step(step: &str) -> Value {
    UnverifiedToken::parse(step).map_or_else(|_| json!(step), |token| claims(token.claims()))
}

fn claims(claims: &Claims) -> Value {
    serde_json::to_value(claims).unwrap_or_default()
}

fn facts(scenario: &Scenario<'_>) -> Value {
    let step = match &scenario.step {
        PresentedStep::None => Value::Null,
        PresentedStep::Raw => json!("raw"),
        PresentedStep::Example(example) => json!({
            "task": example.task.name.as_str(), "holder": example.holder.as_str(), "typ": example.token_type.typ(),
        }),
    };
    json!({
        "peer": scenario.peer, "self": scenario.own, "method": scenario.method, "path": scenario.path, "host": scenario.host,
        "port": scenario.port,
        "headers": scenario.further, "step": step, "time": time::rfc3339(scenario.now),
    })
}
