//! Starts that workflows contest: requests with which one caller could begin an instance of either. A gate denies them
//! with `AMBIGUOUS`, so one owner's document would stop another's.

use std::borrow::Cow;
use std::fmt;

use crate::bounds::{MAX_CONTESTED, MAX_OVERLAPS};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::gate::GateConfig;
use crate::sorted::{SortedMap, SortedSet};
use crate::spiffe::SpiffeId;
use crate::workflow::{RequestPattern, Transition, Workflow};

/// A transition with which an instance may begin, and its workflow.
#[derive(Debug, Clone, Copy)]
pub struct Start<'w> {
    /// The workflow.
    pub workflow: &'w Workflow,
    /// The transition.
    pub transition: &'w Transition,
}

/// Two starts of different workflows that one request of one caller could be.
#[derive(Debug, Clone, Copy)]
pub struct Contested<'w> {
    /// One of them.
    pub first: Start<'w>,
    /// The other one, of a workflow that comes later.
    pub second: Start<'w>,
}

/// The result of a comparison.
#[derive(Debug, Default)]
pub struct Starts<'w> {
    /// The contested starts, at most 64.
    pub contested: Vec<Contested<'w>>,
    /// Whether there were too many to compare all.
    pub incomplete: bool,
}

/// Compares the starts of different workflows, of each only those of a revision that is open.
pub fn compare<'w>(workflows: impl IntoIterator<Item = &'w Workflow>) -> Starts<'w> {
    let (mut found, mut left) = (Starts::default(), MAX_OVERLAPS);
    let mut earlier = Earlier::default();
    for workflow in workflows.into_iter().filter(|workflow| workflow.open) {
        let begins = workflow.transitions.iter().filter(|transition| transition.from.initial && !transition.via);
        let begins: Vec<Start<'w>> = begins.map(|transition| Start { workflow, transition }).collect();
        for second in &begins {
            for first in earlier.at_one_workload(second).filter(|first| first.workflow.name != workflow.name) {
                let Some(remaining) =
                    left.checked_sub(first.steps(second)).filter(|_| found.contested.len() < MAX_CONTESTED)
                else {
                    return Starts { incomplete: true, ..found };
                };
                left = remaining;
                if first.common(second).is_some() {
                    found.contested.push(Contested { first: *first, second: *second });
                }
            }
        }
        begins.into_iter().for_each(|start| earlier.add(start));
    }
    found
}

/// The starts of workflows that came before.
#[derive(Default)]
struct Earlier<'w> {
    all: Vec<Start<'w>>,
    /// Their numbers, by the SPIFFE IDs that are called.
    by_id: SortedMap<Cow<'w, SpiffeId>, Vec<usize>>,
    /// The numbers of those that call workloads of an open segment.
    open: Vec<usize>,
}

impl<'w> Earlier<'w> {
    /// Those of which some workload that is called is also called by this start; each once.
    fn at_one_workload(&self, start: &Start<'w>) -> impl Iterator<Item = &Start<'w>> {
        let mut numbers: SortedSet<usize> =
            start.called().filter_map(|id| self.by_id.get(&id)).flatten().copied().collect();
        let performer = &start.transition.to.performer;
        let opens =
            |number: &usize| self.all.get(*number).is_some_and(|first| first.transition.to.performer.shares(performer));
        match performer.open.is_empty() {
            true => numbers.extend(self.open.iter().copied().filter(opens)),
            false => numbers.extend((0..self.all.len()).filter(opens)),
        }
        numbers.into_iter().filter_map(|number| self.all.get(number))
    }

    fn add(&mut self, start: Start<'w>) {
        let number = self.all.len();
        start.called().for_each(|id| self.by_id.entry(id).or_default().push(number));
        if !start.transition.to.performer.open.is_empty() {
            self.open.push(number);
        }
        self.all.push(start);
    }
}

impl GateConfig {
    /// The starts that its workflows contest. A revoked workflow begins nothing.
    pub fn starts(&self) -> Starts<'_> {
        compare(self.workflows.iter().map(AsRef::as_ref).filter(|own| !self.revoked.workflows.contains(&own.name)))
    }
}

impl<'w> Start<'w> {
    /// The workloads that are called, under all their names.
    fn called(&self) -> impl Iterator<Item = Cow<'w, SpiffeId>> + use<'w> {
        self.transition.to.performer.ids()
    }

    fn requests(&self) -> &'w [RequestPattern] {
        &self.transition.to.requests
    }

    /// Steps to compare the two.
    fn steps(&self, other: &Self) -> usize {
        let (a, b) = (RequestPattern::listed(self.requests()), RequestPattern::listed(other.requests()));
        a.iter().flat_map(|a| b.iter().map(|b| a.steps(b))).fold(0, usize::saturating_add)
    }

    /// A request of one caller that could be both, neither the narrower; none where there is none.
    fn common(&self, other: &Self) -> Option<String> {
        let (a, b) = (RequestPattern::listed(self.requests()), RequestPattern::listed(other.requests()));
        if !self.transition.caller.shares(&other.transition.caller) {
            return None;
        }
        a.iter().find_map(|a| b.iter().find_map(|b| a.crossing(b)))
    }
}

impl fmt::Display for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (revision {}, {})", self.workflow.name, self.workflow.revision, self.transition)
    }
}

impl fmt::Display for Contested<'_> {
    /// ``one request could begin an instance of `film` (revision 3, brief -> cut) or of `twin` (revision 1, brief -> cut)``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "one request could begin an instance of {} or of {}", self.first, self.second)
    }
}

impl Contested<'_> {
    /// The error at the second start. `elsewhere` is the place of the first, where that is in another input.
    pub fn diagnostic(&self, elsewhere: Option<&str>) -> Diagnostic {
        let place = elsewhere.map(|place| format!(": the first is in {place}")).unwrap_or_default();
        let example = self.first.common(&self.second).unwrap_or_default();
        let error =
            Diagnostic::new(Code::Ambiguous, self.second.transition.place, format!("{self}: `{example}`{place}"))
                .label("gates deny such a request with `AMBIGUOUS`")
                .help("let the workflows begin with different requests, such as by a path for each");
        match elsewhere {
            Some(_) => error,
            None => error.also(self.first.transition.place, "the other start"),
        }
    }
}

impl Starts<'_> {
    /// All errors within one input.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let contested = self.contested.iter().map(|contested| contested.diagnostic(None));
        contested.chain(self.incomplete.then(Self::too_many)).collect()
    }

    /// The error where not all starts were compared.
    pub fn too_many() -> Diagnostic {
        let message = "too many starts of different workflows to compare";
        Diagnostic::new(Code::TooMany, crate::Span::START, message)
            .label(format!(
                "at most {MAX_OVERLAPS} steps to compare pairs of them, and {MAX_CONTESTED} conflicts shown"
            ))
            .help("give each gate fewer workflows, or let them begin with fewer requests")
    }
}
