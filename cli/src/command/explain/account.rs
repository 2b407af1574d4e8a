//! The verdict as an account of what was decided and why.

use serde::Serialize;
use serde_json::{Value, json};
use stepgate_config::workflow::Workflow;
use stepgate_decision::Verdict;
use stepgate_decision::denial::{Code, Denial};
use stepgate_decision::permit::Permit;
use stepgate_decision::token::{Claims, UnverifiedToken};
use stepgate_decision::verdict::{AuditContext, Denied};

use super::scene::{Scene, Shown};
use crate::command::time;
use crate::command::ways::{self, Way};

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decided {
    Permit,
    Exempt,
    Deny,
}

/// The answer of `explain`. It never holds a token: with real keys those would be worth something.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    pub(super) verdict: Decided,
    /// The code of a denial.
    pub(super) code: Option<&'static str>,
    /// One sentence.
    pub(super) reason: String,
    /// The gate only observes, and lets the request through all the same.
    pub(super) observed: bool,
    pub(super) workflow: String,
    pub(super) revision: u32,
    /// The task reached before.
    pub(super) at: Option<String>,
    /// `FROM -> TO`.
    pub(super) transition: Option<String>,
    /// The claims of the new step, or the plain step.
    pub(super) step: Option<Value>,
    /// The answer brings a token with which the initiator takes further transitions of the instance.
    pub(super) answers_start: bool,
    /// The answer brings the caller a receipt.
    pub(super) answers_receipt: bool,
    /// The tasks that would have been right.
    pub(super) expected: Vec<String>,
    /// What the workflow allows from there (from nowhere: how an instance begins).
    pub(super) allowed: Vec<Way>,
    facts: Value,
}

impl Account {
    pub(super) fn of(scene: &Scene<'_>, verdict: Verdict) -> Self {
        match &verdict {
            Verdict::Permitted(permit) => Self::permitted(scene, permit),
            Verdict::Exempt(_) => Self {
                verdict: Decided::Exempt,
                reason: "an exemption names the request: it goes on without a step".into(),
                allowed: Vec::new(),
                ..Self::beginning(scene, &AuditContext::default())
            },
            Verdict::Observed(refusal, _) => Self { observed: true, ..Self::refused(scene, refusal) },
            Verdict::Denied(refusal) => Self::refused(scene, refusal),
        }
    }

    /// Whether the decision, whatever is made of it, lets the request go on.
    pub(super) fn goes_on(&self) -> bool {
        self.verdict != Decided::Deny
    }

    fn permitted(scene: &Scene<'_>, permit: &Permit) -> Self {
        let audit = permit.audit();
        let reply = permit.reply();
        let transition = audit.transition.as_deref().unwrap_or_default();
        Self {
            verdict: Decided::Permit,
            reason: format!("it is the transition {transition}"),
            step: Some(step(permit.step())),
            answers_start: reply.start().is_some(),
            answers_receipt: reply.receipt().is_some(),
            allowed: Vec::new(),
            ..Self::beginning(scene, audit)
        }
    }

    fn refused(scene: &Scene<'_>, refusal: &Denied) -> Self {
        let (denial, audit) = (refusal.denial(), refusal.audit());
        let mut account = Self::beginning(scene, audit);
        account.code = Some(denial.code().as_str());
        account.reason = reason(denial, &account, workflow(scene, audit));
        account.expected = denial.expected().iter().map(ToString::to_string).collect();
        // A join's expectation is what must come before, not what may come next.
        if denial.code() != Code::JoinIncomplete && !account.expected.is_empty() {
            account.allowed.retain(|way| account.expected.iter().any(|task| task == way.to()));
        }
        account
    }

    /// What can be said whatever the verdict is.
    fn beginning(scene: &Scene<'_>, audit: &AuditContext) -> Self {
        let workflow = workflow(scene, audit);
        let held = if let Shown::Rightful(held) = &scene.step { Some(held.task.name.as_str()) } else { None };
        let at = audit.at.as_ref().map(|task| task.as_str()).or(held);
        let allowed = match (at.and_then(|at| workflow.tasks.get(at)), &scene.step) {
            (Some(task), _) => ways::from(workflow, task),
            (None, Shown::Nothing) => ways::beginnings(workflow),
            (None, Shown::Raw | Shown::Rightful(_)) => Vec::new(),
        };
        Self {
            verdict: Decided::Deny,
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
            facts: facts(scene),
        }
    }
}

/// The workflow that the decision found, or else the one that was asked about.
fn workflow<'s>(scene: &'s Scene<'_>, audit: &AuditContext) -> &'s Workflow {
    let all = &scene.gate.config().workflows;
    let found =
        audit.workflow.as_ref().and_then(|(name, rev)| all.iter().find(|w| w.name == *name && w.revision == *rev));
    found.unwrap_or(scene.workflow)
}

/// The owner's sentence, with what the sentence cannot know.
fn reason(denial: &Denial, account: &Account, workflow: &Workflow) -> String {
    if let (Denial::GuardFalse | Denial::GuardFailed(_), Some(transition)) = (denial, &account.transition) {
        let mut all = workflow.transitions.iter();
        let guard = all.find(|way| way.to_string() == *transition).and_then(|way| way.when.as_ref());
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

fn facts(scene: &Scene<'_>) -> Value {
    let held = match &scene.step {
        Shown::Nothing => Value::Null,
        Shown::Raw => json!("raw"),
        Shown::Rightful(held) => json!({
            "task": held.task.name.as_str(), "holder": held.holder.as_str(), "typ": held.token_type.typ(),
        }),
    };
    json!({
        "peer": scene.peer, "self": scene.own, "method": scene.method, "path": scene.path, "host": scene.host,
        "headers": scene.further, "step": held, "time": time::rfc3339(scene.now),
    })
}
