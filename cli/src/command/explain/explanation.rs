//! The explanation: what was decided, and why.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use stepgate_config::name::TaskName;
use stepgate_config::workflow::{Task, Workflow};
use stepgate_decision::denial::{Code, Denial};
use stepgate_decision::permit::Permit;
use stepgate_decision::token::{Claims, UnverifiedToken};
use stepgate_decision::verdict::{AuditContext, Denied};
use stepgate_decision::{OpenTransition, UnixTime, Verdict};

use super::instance::{HeldStep, Instance};
use super::scenario::{PresentedStep, Scenario};
use crate::command::next_transitions::{self, NextTransition};
use crate::command::time;

/// The transitions that steps open; or the denial of all requests with them.
pub(super) type Next = Result<Vec<OpenTransition>, Denial>;

/// The kind of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Permit,
    Exempt,
    Deny,
}

/// The answer of `explain`. It never contains a token: one that is signed with real keys would be valid.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::command) struct Explanation {
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
    /// The transitions that the step opens, of a permit the new one; without a step, the initial ones.
    pub(super) allowed: Vec<NextTransition>,
    /// Why it opens none, if that is not the reason already.
    pub(super) none_open: Option<String>,
    /// The parts of the history that a permit depends on and that are not known.
    pub(super) assumed: Vec<String>,
    facts: Value,
    /// The same for each request after `--then`.
    pub(super) then: Vec<Self>,
}

impl Explanation {
    /// `next` has the transitions that the steps of a permit open.
    pub(super) fn of(scenario: &Scenario<'_>, instance: &Instance, verdict: &Verdict, next: Option<Next>) -> Self {
        match verdict {
            Verdict::Permitted(permit) => Self::permitted(scenario, instance, permit, next),
            Verdict::Exempt(_) => Self {
                verdict: Outcome::Exempt,
                reason: "the request is exempt: it passes without a step".into(),
                allowed: Vec::new(),
                ..Self::unexplained(scenario, instance, &AuditContext::default())
            },
            Verdict::Observed(denied, _) => Self { observed: true, ..Self::denied(scenario, instance, denied, next) },
            Verdict::Denied(denied) => Self::denied(scenario, instance, denied, next),
        }
    }

    /// Whether the decision permits the request, in whatever mode the gate is.
    pub(super) fn passes(&self) -> bool {
        self.verdict != Outcome::Deny
    }

    fn permitted(scenario: &Scenario<'_>, instance: &Instance, permit: &Permit, next: Option<Next>) -> Self {
        let audit = permit.audit();
        let reply = permit.reply();
        let transition = audit.transition.as_deref().unwrap_or_default();
        let workflow = workflow(scenario, instance, audit);
        let to = workflow.transitions.iter().find(|one| one.to_string() == transition).map(|one| &one.to);
        let step = step(permit.step());
        let mut explanation = Self {
            verdict: Outcome::Permit,
            reason: format!("it is the transition {transition}"),
            assumed: to.map(|to| assumed(instance, workflow, to, &step)).unwrap_or_default(),
            step: Some(step),
            answers_start: reply.start().is_some(),
            answers_receipt: reply.receipt().is_some(),
            allowed: Vec::new(),
            ..Self::unexplained(scenario, instance, audit)
        };
        explanation.open(workflow, to.map(AsRef::as_ref), next);
        explanation
    }

    /// Lists the transitions that the steps open at this task, or says why there are none.
    fn open(&mut self, workflow: &Workflow, at: Option<&Task>, next: Option<Next>) {
        match (next, at) {
            (None, _) => {}
            (Some(Ok(open)), _) => self.allowed = next_transitions::opened(&open, workflow.assurance),
            (Some(Err(_)), Some(at)) if workflow.leaving_with_others(at).next().is_none() => {
                self.none_open = Some(format!("none leaves `{}`, where this branch ends", at.name));
            }
            (Some(Err(denial)), at) => {
                let code = denial.code();
                // The reason of a denial says it, unless nothing will ever open.
                let is_new = self.code != Some(code.as_str()) || code == Code::TooEarly;
                self.none_open = is_new.then(|| format!("{code}: {}", next_transitions::none(&denial)));
                if code == Code::JoinIncomplete {
                    self.expected = denial.expected().iter().map(ToString::to_string).collect();
                }
                // With the other evidence, or with a step of another holder or type, the instance may go on.
                if let (Code::JoinIncomplete | Code::NoTransition | Code::WrongType, Some(at)) = (code, at) {
                    self.allowed = next_transitions::from(workflow, at);
                }
            }
        }
    }

    fn denied(scenario: &Scenario<'_>, instance: &Instance, denied: &Denied, next: Option<Next>) -> Self {
        let (denial, audit) = (denied.denial(), denied.audit());
        let mut explanation = Self::unexplained(scenario, instance, audit);
        explanation.code = Some(denial.code().as_str());
        explanation.reason = reason(denial, &explanation, workflow(scenario, instance, audit), scenario.now);
        explanation.expected = denial.expected().iter().map(ToString::to_string).collect();
        let workflow = workflow(scenario, instance, audit);
        let at = explanation.at.as_ref().and_then(|at| workflow.tasks.get(at.as_str()));
        explanation.open(workflow, at.map(AsRef::as_ref), next);
        // At a join the expected tasks are those before it, not those that may come next.
        if denial.code() != Code::JoinIncomplete && !explanation.expected.is_empty() {
            explanation.allowed.retain(|next| explanation.expected.iter().any(|task| task == next.to()));
        }
        explanation
    }

    /// The parts that do not depend on the verdict.
    fn unexplained(scenario: &Scenario<'_>, instance: &Instance, audit: &AuditContext) -> Self {
        let workflow = workflow(scenario, instance, audit);
        let reached = if let PresentedStep::Held(step) = &scenario.step { Some(step.at.name.as_str()) } else { None };
        let at = audit.at.as_ref().map(|task| task.as_str()).or(reached);
        let revoked = instance.gate.config().revoked.workflows.contains(&workflow.name);
        let may_begin = matches!(scenario.step, PresentedStep::None) && at.is_none() && !revoked;
        let allowed = if may_begin { next_transitions::initial(workflow) } else { Vec::new() };
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
            none_open: None,
            assumed: Vec::new(),
            facts: facts(scenario),
            then: Vec::new(),
        }
    }
}

/// The workflow that the decision found, or else the selected one.
fn workflow<'s>(scenario: &'s Scenario<'_>, instance: &'s Instance, audit: &AuditContext) -> &'s Workflow {
    let all = &instance.gate.config().workflows;
    let found =
        audit.workflow.as_ref().and_then(|(name, rev)| all.iter().find(|w| w.name == *name && w.revision == *rev));
    found.unwrap_or(scenario.workflow)
}

/// The parts of the history that this permit depends on, and that the step of `--at` does not know.
fn assumed(instance: &Instance, workflow: &Workflow, to: &Task, step: &Value) -> Vec<String> {
    let Some(unknown) = &instance.assumed else { return Vec::new() };
    let compares = |task: &&TaskName| {
        workflow.constraints.iter().any(|one| [*task, &to.name].iter().all(|t| one.tasks.contains(t)))
    };
    let performer =
        |task: &TaskName| format!("it is not known who performed `{task}`: `--performed {task}=ID` says it");
    let visits = step.pointer(&format!("/visits/{}", to.name)).and_then(Value::as_u64);
    let entry =
        |visits| format!("it is entry {visits} of `{}`, if loops were taken as seldom as possible before", to.name);
    unknown
        .iter()
        .filter(compares)
        .map(performer)
        .chain(visits.filter(|_| to.max_visits.is_some()).map(entry))
        .collect()
}

/// The denial as a sentence; for a guard with its source, for a time with its date.
fn reason(denial: &Denial, explanation: &Explanation, workflow: &Workflow, now: UnixTime) -> String {
    let now = now.seconds();
    let dated = |word: &str, bound| format!("{denial}: not {word} {}", time::rfc3339(UnixTime::from_seconds(bound)));
    if let Denial::TooEarly { seconds } = denial {
        return dated("before", now.saturating_add(*seconds));
    }
    if let Denial::TooLate { seconds } = denial {
        return dated("after", now.saturating_sub(*seconds));
    }
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
        PresentedStep::Held(HeldStep { at: task, holder, token_type, .. }) => json!({
            "task": task.name.as_str(), "holder": holder, "typ": token_type.typ(),
        }),
    };
    json!({
        "peer": scenario.peer, "self": scenario.own, "method": scenario.method, "path": scenario.path, "host": scenario.host,
        "port": scenario.port,
        "headers": scenario.further, "step": step, "time": time::rfc3339(scenario.now),
    })
}
