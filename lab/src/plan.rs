//! What to try, as numbers: the matrix, and after it each attack on each transition to which it applies.
//!
//! A document with many actors and tasks has more attempts than memory has room for signed tokens. So an attempt is only
//! a number here, and becomes requests when its turn comes.

use std::sync::Arc;

use stepgate_config::workflow::Transition;

use super::LabError;
use super::attack::{self, Attack, Label};
use super::attack_context::{AttackContext, Requests, pairs};
use super::attempt::Attempt;
use super::coverage::Coverage;
use super::fixture::Fixture;
use super::matrix::{self, Cell, Matrix};
use super::random::instance_name;
use super::sample::sample;
use super::workloads::Workload;

/// Most attempts that are made. Eight actors with twelve tasks have fewer.
pub(super) const MAX_TRIED: usize = 50_000;

/// All attempts on a workflow, in order.
pub(super) struct Plan<'a> {
    fixture: &'a Fixture,
    matrix: Matrix,
    played: Vec<Played<'a>>,
    /// Decides which are tried, where there are too many.
    pub(super) seed: u64,
}

/// An attack on a transition.
pub(super) struct Played<'a> {
    attack: &'static Attack,
    transition: &'a Arc<Transition>,
    from: &'a Arc<Workload>,
    to: &'a Arc<Workload>,
    /// Which header of the task, or parameter of the guard.
    part: usize,
}

/// One attempt, before anything is made for it.
pub(super) enum Case<'a> {
    /// Of the matrix.
    Cell(Cell<'a>),
    /// An attack on a transition.
    Attack(&'a Played<'a>),
}

impl<'a> Plan<'a> {
    pub(super) fn of(fixture: &'a Fixture, seed: u64) -> Self {
        let mut played = Vec::new();
        for transition in &fixture.workflow.transitions {
            for (from, to) in pairs(fixture, transition) {
                let context = AttackContext { fixture, transition, from, to, instance: "planned", part: 0 };
                let further = (1..context.parts()).flat_map(|part| attack::on_parts().map(move |one| (one, part)));
                let all = attack::all().map(|attack| (attack, 0)).chain(further);
                let fitting = all.filter(|(attack, part)| (attack.applies)(&AttackContext { part: *part, ..context }));
                played.extend(fitting.map(|(attack, part)| Played { attack, transition, from, to, part }));
            }
        }
        Self { fixture, matrix: Matrix::of(fixture), played, seed }
    }

    /// How many attempts there are.
    pub(super) fn planned(&self) -> usize {
        self.matrix.len().saturating_add(self.played.len())
    }

    /// Those that are tried, in order: all, or a sample that the seed decides. The attacks on transitions come
    /// first, up to half of the sample: in the matrix most fail for more than one reason.
    pub(super) fn chosen(&self) -> Vec<usize> {
        if self.planned() <= MAX_TRIED {
            return (0..self.planned()).collect();
        }
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let half = MAX_TRIED.checked_div(2).unwrap_or_default();
        let matrix = self.matrix.len();
        let most = MAX_TRIED.saturating_sub(matrix.min(half));
        let played = sample(&mut rng, self.played.len(), most.min(self.played.len()));
        let mut chosen = sample(&mut rng, matrix, MAX_TRIED.saturating_sub(played.len()));
        chosen.extend(played.into_iter().map(|number| number.saturating_add(matrix)));
        chosen
    }

    /// How much of everything these are.
    pub(super) fn coverage(&self, chosen: &[usize]) -> Coverage {
        let mut coverage = Coverage::new(self.planned(), self.matrix.sizes(), self.played.len());
        for number in chosen {
            match self.case(*number) {
                Some(Case::Cell(cell)) => coverage.note_cell(&cell),
                Some(Case::Attack(_)) => coverage.note_attack(),
                None => {}
            }
        }
        coverage
    }

    /// Whether this number is that of an attack on a transition.
    pub(super) fn is_attack(&self, number: usize) -> bool {
        number >= self.matrix.len()
    }

    pub(super) fn case(&self, number: usize) -> Option<Case<'_>> {
        match number.checked_sub(self.matrix.len()) {
            None => self.matrix.cell(number).map(Case::Cell),
            Some(after) => self.played.get(after).map(Case::Attack),
        }
    }

    pub(super) fn fixture(&self) -> &'a Fixture {
        self.fixture
    }
}

impl Case<'_> {
    pub(super) fn label(&self) -> &'static Label {
        match self {
            Self::Cell(cell) => cell.kind.label(),
            Self::Attack(played) => &played.attack.label,
        }
    }

    /// What it is about: the task whose step is shown, or the transition.
    pub(super) fn subject(&self) -> Option<String> {
        match self {
            Self::Cell(cell) => cell.task.map(|task| task.name.to_string()),
            Self::Attack(played) => Some(played.transition.to_string()),
        }
    }

    /// The honest request of the transition that is attacked.
    pub(super) fn honest(&self, fixture: &Fixture) -> Result<Option<Attempt>, LabError> {
        match self {
            Self::Cell(_) => Ok(None),
            Self::Attack(Played { transition, from, to, .. }) => {
                AttackContext { fixture, transition, from, to, instance: "honest", part: 0 }.honest().map(Some)
            }
        }
    }

    /// Its requests, in order.
    pub(super) fn requests(&self, fixture: &Fixture) -> Requests {
        match self {
            Self::Cell(cell) => Ok(vec![cell.request(fixture)?]),
            Self::Attack(Played { attack, transition, from, to, part }) => {
                let instance = instance_name()?;
                let context = AttackContext { fixture, transition, from, to, instance: &instance, part: *part };
                (attack.requests)(&context)
            }
        }
    }
}

/// Everything that an attempt may be called, in order.
pub(super) fn labels() -> Vec<&'static Label> {
    matrix::labels().into_iter().chain(attack::all().map(|attack| &attack.label)).collect()
}
