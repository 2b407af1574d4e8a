//! The attempts of a plan, made: what is sent, what it should come to, and what it comes to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::LabError;
use super::attack::Label;
use super::attempt::{Answer, Attempt};
use super::expectation::{Expected, Taken, expected};
use super::oracle::Oracle;
use super::plan::{Case, Plan};
use super::setting::Setting;
use super::style::Progress;
use super::wire::Gates;

/// How many attempts are made at once.
const AT_ONCE: usize = 4;

/// An attempt: its requests in order. What it is called after is the last.
pub(super) struct Trial {
    /// Its place in the plan.
    pub(super) number: usize,
    pub(super) label: &'static Label,
    /// The task whose step was shown, or the transition.
    pub(super) subject: Option<String>,
    /// The requests that lead up to it.
    pub(super) before: Vec<Outcome>,
    pub(super) last: Outcome,
}

/// A request, what it should come to, and what it came to.
pub(super) struct Outcome {
    pub(super) attempt: Attempt,
    pub(super) expected: Expected,
    /// The code that the decision gives natively.
    pub(super) code: Option<String>,
    pub(super) answer: Answer,
    /// Whether it reached the application under another path than it was sent with. Then it is judged as what arrived.
    pub(super) rewritten: bool,
}

impl Trial {
    /// Whether each answer is what the document says, with the code that the decision says.
    pub(super) fn right(&self) -> bool {
        self.outcomes().all(Outcome::right)
    }

    /// Whether what was tried was stopped: the request, or on an exempt one its step.
    pub(super) fn stopped(&self) -> bool {
        let exempt = self.last.expected == Expected::Exempt && self.last.answer.step.is_none();
        !self.last.answer.reached || exempt
    }

    pub(super) fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.before.iter().chain([&self.last])
    }
}

impl Outcome {
    pub(super) fn right(&self) -> bool {
        // Whoever else refuses, has no code of ours; nobody else may refuse what is right.
        if self.answer.before_the_gate {
            return self.expected == Expected::Deny;
        }
        let new_step = self.answer.step.as_ref().is_some_and(|step| self.is_new(step));
        let as_said = match &self.expected {
            Expected::Permit(_) => self.answer.reached && new_step,
            Expected::Depends(_) => self.answer.reached == self.code.is_none() && self.answer.reached == new_step,
            Expected::Exempt => self.answer.reached && self.answer.step.is_none(),
            Expected::Deny => !self.answer.reached,
        };
        as_said && self.answer.code == self.code && self.answer.reached == self.answer.code.is_none()
    }

    /// A gate hands on a step of its own, never one that was shown; a plain step may lead back to itself.
    fn is_new(&self, step: &str) -> bool {
        !step.contains('.') || !self.attempt.steps.iter().any(|shown| shown == step)
    }
}

/// Makes those of the plan that are chosen. Each is made ready only when its turn comes: the tokens of all
/// would be too many.
pub(super) fn all(
    plan: &Plan<'_>,
    chosen: &[usize],
    gates: &dyn Gates,
    progress: &Progress,
) -> Result<Vec<Trial>, LabError> {
    let (setting, oracle) = (plan.setting(), Oracle::new(plan.setting()));
    let (of, done) = (chosen.len(), AtomicUsize::new(0));
    let run = |number: &usize| {
        let trial = plan.case(*number).map(|case| play(setting, &oracle, gates, *number, &case))?.transpose();
        progress.step("attempts", done.fetch_add(1, Ordering::Relaxed).saturating_add(1), of);
        trial
    };
    let results: Vec<Result<Vec<Trial>, LabError>> = thread::scope(|scope| {
        let share = of.div_ceil(AT_ONCE).max(1);
        let workers: Vec<_> =
            chosen.chunks(share).map(|share| scope.spawn(|| share.iter().filter_map(run).collect())).collect();
        let gone = || Err(LabError::Gate("a worker of the lab is gone".into()));
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| gone())).collect()
    });
    let mut trials = Vec::with_capacity(of);
    for result in results {
        trials.extend(result?);
    }
    Ok(trials)
}

/// Plays one attempt. Nothing: it has no requests.
pub(super) fn play(
    setting: &Setting,
    oracle: &Oracle<'_>,
    gates: &dyn Gates,
    number: usize,
    case: &Case<'_>,
) -> Result<Option<Trial>, LabError> {
    let (mut taken, mut before) = (Taken::default(), Vec::new());
    for one in case.moves(setting)? {
        let mut said = expected(&setting.workflow, &one.attempt, &one.shown, &taken);
        let mut code = oracle.code(&one.attempt);
        let answer = gates.answer(&one.attempt)?;
        let arrived = arrived(setting, &one.attempt, &answer);
        if let Some(arrived) = &arrived {
            said = expected(&setting.workflow, arrived, &one.shown, &taken);
            code = oracle.code(arrived);
        }
        if answer.reached {
            taken.note(&one.attempt, &one.shown, &said);
        }
        before.push(Outcome { attempt: one.attempt, expected: said, code, answer, rewritten: arrived.is_some() });
    }
    let Some(mut last) = before.pop() else { return Ok(None) };
    for outcome in before.iter_mut().chain([&mut last]).filter(|outcome| outcome.right()) {
        // Tens of thousands of tokens would be too many to keep; those of a wrong answer show how to repeat it.
        outcome.attempt.steps.clear();
        outcome.attempt.steps.shrink_to_fit();
    }
    Ok(Some(Trial { number, label: case.label(), subject: case.subject(), before, last }))
}

/// What the application saw, where that is another request than the one sent: a proxy of a mesh may write a path anew
/// before its gate sees it. What counts is what the application acts on.
fn arrived(setting: &Setting, attempt: &Attempt, answer: &Answer) -> Option<Attempt> {
    let path = answer.path.as_ref().filter(|path| setting.given && **path != attempt.path)?;
    Some(Attempt { path: path.clone(), ..attempt.clone() })
}
