//! Everything with everyone: for each ordered pair of actors, each method and each task's step, in several kinds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Task};
use stepgate_decision::UnixTime;
use stepgate_decision::synthetic::{Step, synthetic_claims};
use stepgate_decision::token::{Claims, TokenType};

use super::LabError;
use super::attack::{Label, Stopped};
use super::attempt::{Attempt, Sender, now, path_for};
use super::cast::Member;
use super::expectation::Shown;
use super::scene::{Move, held, plain_step};
use super::setting::{Setting, identity, instance_name};

/// What kind of step is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rightful,
    None,
    Forged,
    Expired,
    OtherHolder,
    OtherInstance,
}

const RIGHTFUL: Label = Label {
    name: "any step, anywhere",
    tries: "Every actor shows every task's step to every other: skipped, out of order, or another's.",
    stopped: Stopped::Rightful,
};
const NONE: Label = Label {
    name: "no step, anywhere",
    tries: "Every actor calls every other without a step.",
    stopped: Stopped::Rightful,
};
const FORGED: Label = Label {
    name: "a forged step, anywhere",
    tries: "The same with a step that is signed with a key of nobody's.",
    stopped: Stopped::Signed,
};
const EXPIRED: Label =
    Label { name: "an expired step, anywhere", tries: "The same with a step past its time.", stopped: Stopped::Signed };
const OTHER_HOLDER: Label = Label {
    name: "another holder's step, anywhere",
    tries: "The same with a step that was issued to somebody else.",
    stopped: Stopped::Signed,
};
const OTHER_INSTANCE: Label = Label {
    name: "two instances' steps, anywhere",
    tries: "The same with a step of another instance beside it, or in the place of a branch.",
    stopped: Stopped::Signed,
};

impl Kind {
    pub(super) fn label(self) -> &'static Label {
        match self {
            Self::Rightful => &RIGHTFUL,
            Self::None => &NONE,
            Self::Forged => &FORGED,
            Self::Expired => &EXPIRED,
            Self::OtherHolder => &OTHER_HOLDER,
            Self::OtherInstance => &OTHER_INSTANCE,
        }
    }
}

/// The labels of the grid, in the order in which they are told of.
pub(super) fn labels() -> [&'static Label; 6] {
    [Kind::Rightful, Kind::None, Kind::Forged, Kind::Expired, Kind::OtherHolder, Kind::OtherInstance].map(Kind::label)
}

/// All attempts of the grid, by number.
pub(super) struct Grid {
    actors: Vec<Arc<Member>>,
    methods: Vec<String>,
    /// What is shown: nothing, or each task's step in each kind.
    shown: Vec<(Option<Arc<Task>>, Kind)>,
}

/// One attempt, before anything is made for it.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) from: &'a Arc<Member>,
    pub(super) to: &'a Arc<Member>,
    pub(super) method: &'a str,
    pub(super) task: Option<&'a Arc<Task>>,
    pub(super) kind: Kind,
}

impl Grid {
    pub(super) fn of(setting: &Setting) -> Self {
        // A plain step cannot be forged or expire, and names no instance.
        let kinds: &[Kind] = if setting.signed() {
            &[Kind::Rightful, Kind::Forged, Kind::Expired, Kind::OtherHolder, Kind::OtherInstance]
        } else {
            &[Kind::Rightful]
        };
        let steps =
            setting.workflow.tasks.values().flat_map(|task| kinds.iter().map(|kind| (Some(task.clone()), *kind)));
        Self {
            actors: setting.cast.firsts().cloned().collect(),
            methods: methods(setting).into_iter().collect(),
            shown: std::iter::once((None, Kind::None)).chain(steps).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        let sizes = [self.actors.len(), self.actors.len(), self.methods.len(), self.shown.len()];
        sizes.into_iter().fold(1, usize::saturating_mul)
    }

    /// How many pairs of actors there are, and how many steps to show.
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.actors.len().saturating_mul(self.actors.len()), self.shown.len())
    }

    pub(super) fn cell(&self, number: usize) -> Option<Cell<'_>> {
        let (rest, (task, kind)) = digit(number, &self.shown)?;
        let (rest, method) = digit(rest, &self.methods)?;
        let (rest, to) = digit(rest, &self.actors)?;
        let (_, from) = digit(rest, &self.actors)?;
        Some(Cell { from, to, method, task: task.as_ref(), kind: *kind })
    }
}

impl Cell<'_> {
    /// The request, and what its step is worth.
    pub(super) fn made(&self, setting: &Setting) -> Result<Move, LabError> {
        let (steps, shown) = match self.task {
            None => (Vec::new(), Shown::Nothing),
            Some(task) => steps(setting, self.from, task, self.kind)?,
        };
        let (path, host) = target(setting, &self.from.actor, &self.to.actor, self.task);
        let attempt = Attempt {
            from: Sender::Member(Arc::clone(self.from)),
            to: Arc::clone(self.to),
            method: self.method.to_owned(),
            path,
            host,
            steps,
            headers: Vec::new(),
            plain: false,
        };
        Ok(Move { attempt, shown })
    }
}

/// The last digit of a number whose digits are these, and what stands before it.
fn digit<T>(number: usize, digits: &[T]) -> Option<(usize, &T)> {
    let at = digits.get(number.checked_rem(digits.len())?)?;
    Some((number.checked_div(digits.len())?, at))
}

/// GET, POST, and what the document names.
fn methods(setting: &Setting) -> BTreeSet<String> {
    let named = setting.workflow.tasks.values().flat_map(|task| &task.requests).flat_map(|r| &r.methods);
    named.map(|method| method.as_str().to_owned()).chain(["GET".to_owned(), "POST".to_owned()]).collect()
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
fn steps(setting: &Setting, from: &Member, task: &Arc<Task>, kind: Kind) -> Result<(Vec<String>, Shown), LabError> {
    let workflow = &setting.workflow;
    // The step is held by who may hold it; others have stolen it.
    let (holder, token_type) = holder(setting, from, task);
    let instance = instance_name()?;
    let shown = Shown::Step(held(task, &holder, token_type, &instance));
    if !setting.signed() {
        return Ok((vec![plain_step(workflow, task)], shown));
    }
    let claims = |instance: &str, holder: &SpiffeId, issued| {
        synthetic_claims(&Step { workflow, task, holder, instance, token_type, issued })
    };
    let life = workflow.task_ttl.saturating_add(Duration::from_secs(3600));
    let long_ago = UnixTime::from_seconds(now().seconds().saturating_sub(life.as_secs()));
    let (claims, shown) = match kind {
        Kind::Rightful => (claims(&instance, &holder, now()), shown),
        Kind::None | Kind::Forged => (claims(&instance, &holder, now()), Shown::Worthless),
        Kind::Expired => (claims(&instance, &holder, long_ago), Shown::Worthless),
        Kind::OtherHolder => (claims(&instance, &somebody_else(setting, from), now()), Shown::Worthless),
        Kind::OtherInstance => (spliced(&claims, &instance, &holder)?, Shown::Worthless),
    };
    let sign = |claims| match kind {
        Kind::Forged => setting.forge(token_type, claims),
        Kind::Rightful | Kind::None | Kind::Expired | Kind::OtherHolder | Kind::OtherInstance => {
            setting.sign(token_type, claims)
        }
    };
    Ok((claims.iter().map(sign).collect::<Result<_, _>>()?, shown))
}

/// All that a step wants, but one token of another instance; where it wants only one, one more.
fn spliced(
    claims: &dyn Fn(&str, &SpiffeId, UnixTime) -> Vec<Claims>,
    instance: &str,
    holder: &SpiffeId,
) -> Result<Vec<Claims>, LabError> {
    let mut own = claims(instance, holder, now());
    let other = claims(&instance_name()?, holder, now());
    if own.len() > 1 {
        own.pop();
    }
    own.extend(other.into_iter().next_back());
    Ok(own)
}

/// Who holds the step: the sender where it may, else its performer; and by which token.
fn holder(setting: &Setting, from: &Member, task: &Task) -> (SpiffeId, TokenType) {
    if setting.workflow.needs_receipt(task, &from.id) {
        return (from.id.clone(), TokenType::Receipt);
    }
    (identity(&task.performer).clone(), TokenType::Arrival)
}

fn somebody_else(setting: &Setting, from: &Member) -> SpiffeId {
    let other = setting.cast.firsts().find(|member| member.actor.name != from.actor.name);
    other.map_or_else(|| from.id.clone(), |member| member.id.clone())
}
