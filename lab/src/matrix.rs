//! The matrix: for each ordered pair of actors, each method and each task's step, in several kinds.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, ExampleRequest, RequestPattern, Task, Transition};
use stepgate_reference::{Arrival, Kind, Shown};

use super::LabError;
use super::attack::{Label, Stopped};
use super::attack_context::plain_step;
use super::attempt::{Attempt, Sender};
use super::fixture::{Fixture, identity};
use super::random::instance_name;
use super::walk::several;
use super::workloads::Workload;

/// What kind of step is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepKind {
    Honest,
    None,
    Forged,
    Expired,
    OtherHolder,
    OtherInstance,
}

impl StepKind {
    const ALL: [Self; 6] =
        [Self::Honest, Self::None, Self::Forged, Self::Expired, Self::OtherHolder, Self::OtherInstance];

    pub(super) fn label(self) -> &'static Label {
        match self {
            Self::Honest => &Label {
                name: "any step, anywhere",
                tries: "Every actor shows every task's step to every other: skipped, out of order, or another's.",
                stopped: Stopped::Honest,
            },
            Self::None => &Label {
                name: "no step, anywhere",
                tries: "Every actor calls every other without a step.",
                stopped: Stopped::Honest,
            },
            Self::Forged => &Label {
                name: "a forged step, anywhere",
                tries: "The same with a step that is signed with an unknown key.",
                stopped: Stopped::Signed,
            },
            Self::Expired => &Label {
                name: "an expired step, anywhere",
                tries: "The same with a step past its time.",
                stopped: Stopped::Signed,
            },
            Self::OtherHolder => &Label {
                name: "another holder's step, anywhere",
                tries: "The same with a step that was issued to another holder.",
                stopped: Stopped::Signed,
            },
            Self::OtherInstance => &Label {
                name: "two instances' steps, anywhere",
                tries: "The same with a step of another instance beside it, or in the place of a branch.",
                stopped: Stopped::Signed,
            },
        }
    }
}

/// The labels of the matrix, in the order in which they are listed.
pub(super) fn labels() -> [&'static Label; 6] {
    StepKind::ALL.map(StepKind::label)
}

/// All attempts of the matrix, by number.
pub(super) struct Matrix {
    actors: Vec<Arc<Workload>>,
    methods: Vec<String>,
    /// What is shown: nothing, or each task's step in each kind.
    shown: Vec<(Option<Arc<Task>>, StepKind)>,
}

/// One attempt, before anything is made for it.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) from: &'a Arc<Workload>,
    pub(super) to: &'a Arc<Workload>,
    pub(super) method: &'a str,
    pub(super) task: Option<&'a Arc<Task>>,
    pub(super) kind: StepKind,
}

impl Matrix {
    pub(super) fn of(fixture: &Fixture) -> Self {
        // A plain step cannot be forged or expire, and names no instance.
        let kinds: &[StepKind] = if fixture.signed() {
            &[StepKind::Honest, StepKind::Forged, StepKind::Expired, StepKind::OtherHolder, StepKind::OtherInstance]
        } else {
            &[StepKind::Honest]
        };
        let several = several(&fixture.workflow).map(|transition| &transition.from);
        let places = fixture.workflow.tasks.values().chain(several);
        let steps = places.flat_map(|task| kinds.iter().map(|kind| (Some(task.clone()), *kind)));
        Self {
            actors: fixture.workloads.firsts().cloned().collect(),
            methods: methods(fixture).into_iter().collect(),
            shown: std::iter::once((None, StepKind::None)).chain(steps).collect(),
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
    /// The request.
    pub(super) fn request(&self, fixture: &Fixture) -> Result<Attempt, LabError> {
        let steps = match self.task {
            None => Vec::new(),
            Some(task) => steps(fixture, self.from, task, self.kind)?,
        };
        let ExampleRequest { path, host, port, headers, .. } =
            target(fixture, &self.from.actor, &self.to.actor, self.task);
        let mut attempt = Attempt {
            from: Sender::Workload(Arc::clone(self.from)),
            to: Arc::clone(self.to),
            method: self.method.to_owned(),
            path,
            query: String::new(),
            host,
            port,
            steps,
            headers,
            plain: false,
        };
        fixture.circumstances.add_to(&mut attempt);
        Ok(attempt)
    }
}

/// The last digit of a number with these digits, and the number before it.
fn digit<T>(number: usize, digits: &[T]) -> Option<(usize, &T)> {
    let at = digits.get(number.checked_rem(digits.len())?)?;
    Some((number.checked_div(digits.len())?, at))
}

/// GET, POST, and what the document names.
fn methods(fixture: &Fixture) -> BTreeSet<String> {
    let named = fixture.workflow.tasks.values().flat_map(|task| &task.requests).flat_map(|r| &r.methods);
    named.map(|method| method.as_str().to_owned()).chain(["GET".to_owned(), "POST".to_owned()]).collect()
}

/// The correct path, host, port and headers, if there are any: those of the task to which the step leads; else of any task there.
fn target(fixture: &Fixture, from: &Actor, to: &Actor, task: Option<&Arc<Task>>) -> ExampleRequest {
    let workflow = &fixture.workflow;
    let leads = workflow.transitions.iter().find(|t| {
        let begins = match task {
            Some(task) => t.from.name == task.name,
            None => t.from.initial && t.from.performer.name == from.name,
        };
        begins && t.to.performer.name == to.name
    });
    let there = || workflow.tasks.values().find(|task| task.performer.name == to.name && !task.requests.is_empty());
    let task = leads.map(|t| &t.to).or_else(there);
    task.map_or_else(|| RequestPattern::default().example(), |task| task.example())
}

/// The step that the sender shows.
fn steps(fixture: &Fixture, from: &Workload, task: &Arc<Task>, step: StepKind) -> Result<Vec<Shown>, LabError> {
    let workflow = &fixture.workflow;
    if !fixture.signed() {
        return Ok(vec![plain_step(workflow, task)]);
    }
    // A sender that may not hold the step has stolen it.
    let (mut holder, kind) = holder(fixture, from, task);
    if step == StepKind::OtherHolder {
        holder = other_holder(fixture, from);
    }
    let instance = instance_name()?;
    let mut arrivals = Arrival::assumed(workflow, task, (&holder, kind), &instance, fixture.now());
    match step {
        StepKind::Honest | StepKind::None | StepKind::Forged | StepKind::OtherHolder => {}
        StepKind::Expired => {
            let life = task.ttl.as_secs().saturating_add(3600);
            arrivals.iter_mut().for_each(|arrival| arrival.times = arrival.times.earlier(life));
        }
        // In the place of one branch's evidence, or beside the only token.
        StepKind::OtherInstance => {
            if arrivals.len() > 1 {
                arrivals.pop();
            }
            arrivals.extend(Arrival::assumed(workflow, task, (&holder, kind), &instance_name()?, fixture.now()).pop());
        }
    }
    let token = |arrival| match step {
        StepKind::Forged => fixture.forged(arrival, &holder, kind, |keys| Some(&keys.forged)),
        StepKind::Honest | StepKind::None | StepKind::Expired | StepKind::OtherHolder | StepKind::OtherInstance => {
            fixture.token(arrival, &holder, kind)
        }
    };
    arrivals.into_iter().map(token).collect()
}

/// Who holds the step, and with which kind of token: the sender if it may, else the performer.
fn holder(fixture: &Fixture, from: &Workload, task: &Task) -> (SpiffeId, Kind) {
    let leaves = |t: &Transition| t.from.name == task.name || t.sources().iter().any(|one| one.name == task.name);
    let mut leaving = fixture.workflow.transitions.iter().filter(|t| leaves(t));
    if leaving.any(|t| t.via && t.caller.name == from.actor.name) {
        return (from.id.clone(), Kind::Receipt);
    }
    (identity(&task.performer).clone(), Kind::Arrival)
}

fn other_holder(fixture: &Fixture, from: &Workload) -> SpiffeId {
    let other = fixture.workloads.firsts().find(|one| one.actor.name != from.actor.name && one.id != from.id);
    other.map_or_else(|| from.id.clone(), |one| one.id.clone())
}
