//! The attempts of a plan, made: what is shown, what it should come to, and what it comes to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Task};
use stepgate_decision::keys::{Crypto, RustCrypto};
use stepgate_decision::rightful::{Step, rightful};
use stepgate_decision::token::{Claims, TokenType};

use super::LabError;
use super::attempt::{Answer, Attempt, now, path_for};
use super::expectation::{Expected, expected};
use super::oracle::denial;
use super::plan::{Case, Plan};
use super::setting::{Setting, identity};
use super::style::Progress;
use crate::mesh::Mesh;

/// How many attempts are made at once.
const AT_ONCE: usize = 4;

/// What kind of step an attempt shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Rightful,
    None,
    Forged,
    Expired,
    OtherHolder,
    OtherInstance,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Rightful, Self::None, Self::Forged, Self::Expired, Self::OtherHolder, Self::OtherInstance];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rightful => "rightful",
            Self::None => "none",
            Self::Forged => "forged",
            Self::Expired => "expired",
            Self::OtherHolder => "of another holder",
            Self::OtherInstance => "of another instance",
        }
    }
}

/// What an attempt's step is worth, for the reader of the document.
pub(super) enum Shown {
    Nothing,
    /// All that the holder of this step has.
    Rightful {
        at: Arc<Task>,
        holder: SpiffeId,
    },
    Worthless,
}

/// An attempt, what it should come to, and what it came to.
pub(super) struct Trial {
    pub(super) attempt: Attempt,
    pub(super) task: Option<Arc<Task>>,
    pub(super) kind: Kind,
    pub(super) expected: Expected,
    /// The code that the decision gives natively.
    pub(super) code: Option<String>,
    pub(super) answer: Answer,
}

impl Trial {
    /// Whether the answer is what the document says, with the code that the decision says.
    pub(super) fn right(&self) -> bool {
        let as_said = match &self.expected {
            Expected::Permit(_) => self.answer.reached,
            Expected::Deny => !self.answer.reached,
            Expected::Depends(_) => self.answer.reached == self.code.is_none(),
        };
        as_said && self.answer.code == self.code && self.answer.reached == self.answer.code.is_none()
    }
}

/// Makes those of the plan that are chosen. Each is made ready only when its turn comes: the tokens of all
/// would be too many.
pub(super) fn all(setting: &Setting, mesh: &Mesh, plan: &Plan, progress: &Progress) -> Result<Vec<Trial>, LabError> {
    let chosen = plan.chosen();
    let (of, done) = (chosen.len(), AtomicUsize::new(0));
    let run = |number: &usize| {
        let trial = plan.case(*number).map(|case| ready(setting, &case)?.run(setting, mesh));
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

struct Planned {
    attempt: Attempt,
    task: Option<Arc<Task>>,
    kind: Kind,
    expected: Expected,
}

impl Planned {
    fn run(self, setting: &Setting, mesh: &Mesh) -> Result<Trial, LabError> {
        let code = denial(setting, &self.attempt);
        let answer = self.attempt.send(mesh)?;
        let Self { attempt, task, kind, expected } = self;
        Ok(Trial { attempt, task, kind, expected, code, answer })
    }
}

fn ready(setting: &Setting, case: &Case<'_>) -> Result<Planned, LabError> {
    let Case { from, to, method, task, kind } = *case;
    let (steps, shown) = match task {
        None => (Vec::new(), Shown::Nothing),
        Some(task) => steps(setting, from, task, kind)?,
    };
    let (path, host) = target(setting, from, to, task);
    let attempt = Attempt { from: Arc::clone(from), to: Arc::clone(to), method: method.to_owned(), path, host, steps };
    let expected = expected(&setting.workflow, &attempt, &shown);
    Ok(Planned { attempt, task: task.cloned(), kind, expected })
}

/// The path that would be right, if one is: that of the task to which the step leads; else of any task there.
fn target(setting: &Setting, from: &Actor, to: &Actor, task: Option<&Arc<Task>>) -> (String, Option<String>) {
    let workflow = &setting.workflow;
    let leads = workflow.transitions.iter().find(|t| {
        let begins = match task {
            Some(task) => t.from.name == task.name,
            None => t.from.initial && t.from.performer.name == from.name,
        };
        begins && t.to.performer.name == to.name
    });
    let there = || workflow.tasks.values().find(|task| task.performer.name == to.name && !task.requests.is_empty());
    let pattern = leads.map(|t| &t.to).or_else(there).and_then(|task| task.requests.first());
    pattern.map_or_else(|| ("/".to_owned(), None), |pattern| (path_for(pattern), pattern.host.clone()))
}

/// The step that the sender shows, and what it is worth.
fn steps(setting: &Setting, from: &Arc<Actor>, task: &Arc<Task>, kind: Kind) -> Result<(Vec<String>, Shown), LabError> {
    let workflow = &setting.workflow;
    let (Some(key), Some(forged)) = (&setting.key, &setting.forged) else {
        let plain = format!("{}/{}/{}", workflow.name, workflow.revision, task.name);
        // A plain step is worth something to whoever may carry on from there.
        return Ok((vec![plain], Shown::Rightful { at: Arc::clone(task), holder: identity(from).clone() }));
    };
    // The step is held by who may hold it; others have stolen it.
    let (holder, token_type) = holder(setting, from, task);
    let claims = |instance: &str, holder: &SpiffeId, issued| {
        rightful(&Step { workflow, task, holder, instance, token_type, issued })
    };
    let instance = super::setting::random(12)?;
    let life = workflow.task_ttl.saturating_add(Duration::from_secs(3600));
    let long_ago = stepgate_decision::UnixTime::from_seconds(now().seconds().saturating_sub(life.as_secs()));
    let (claims, shown) = match kind {
        Kind::Rightful => {
            (claims(&instance, &holder, now()), Shown::Rightful { at: Arc::clone(task), holder: holder.clone() })
        }
        Kind::None | Kind::Forged => (claims(&instance, &holder, now()), Shown::Worthless),
        Kind::Expired => (claims(&instance, &holder, long_ago), Shown::Worthless),
        Kind::OtherHolder => (claims(&instance, &somebody_else(setting, from), now()), Shown::Worthless),
        Kind::OtherInstance => (spliced(&claims, &instance, &holder)?, Shown::Worthless),
    };
    let key = if kind == Kind::Forged { forged } else { key };
    let sign =
        |claims: &Claims| RustCrypto.sign(key, token_type, claims).map_err(|error| LabError::Gate(error.to_owned()));
    Ok((claims.iter().map(sign).collect::<Result<_, _>>()?, shown))
}

/// All that a step wants, but one token of another instance; where it wants only one, one more.
fn spliced(
    claims: &dyn Fn(&str, &SpiffeId, stepgate_decision::UnixTime) -> Vec<Claims>,
    instance: &str,
    holder: &SpiffeId,
) -> Result<Vec<Claims>, LabError> {
    let mut own = claims(instance, holder, now());
    let other = claims(&super::setting::random(12)?, holder, now());
    if own.len() > 1 {
        own.pop();
    }
    own.extend(other.into_iter().next_back());
    Ok(own)
}

/// Who holds the step: the sender where it may, else its performer; and by which token.
fn holder(setting: &Setting, from: &Arc<Actor>, task: &Task) -> (SpiffeId, TokenType) {
    let leaving = || setting.workflow.transitions.iter().filter(|t| t.from.name == task.name);
    if leaving().any(|t| t.via && t.carrier.name == from.name) {
        return (identity(from).clone(), TokenType::Receipt);
    }
    (identity(&task.performer).clone(), TokenType::Arrival)
}

fn somebody_else(setting: &Setting, from: &Actor) -> SpiffeId {
    let other = setting.actors().find(|actor| actor.name != from.name);
    other.map_or_else(|| identity(from).clone(), |actor| identity(actor).clone())
}
