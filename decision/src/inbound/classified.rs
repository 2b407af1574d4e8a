//! Which task a request is, or whether it is exempt. This is decided among all tasks that the workload performs and all
//! exemptions, before any token is looked at: the application runs the narrowest route that matches, whatever the token
//! says.

use std::cmp::Reverse;
use std::sync::Arc;

use stepgate_config::gate::ExemptPeers;
use stepgate_config::sorted::{SortedMap, SortedSet};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::Task;

use crate::denial::Denial;
use crate::gate::Gate;
use crate::named_headers::NamedHeaders;
use crate::request::{HostFit, Request};
use crate::served::ServedTask;
use crate::task_index::{Index, Match};

/// The patterns that a request matches.
pub(crate) struct Classified<'g> {
    tasks: Vec<Match<'g, ServedTask>>,
    exemptions: Vec<Match<'g, ExemptPeers>>,
    /// Whether an exemption may apply: an upgrade would turn a health check into a tunnel.
    may_be_exempt: bool,
    pub(crate) headers: NamedHeaders<'g>,
}

impl<'g> Classified<'g> {
    /// Where the workload is not known, the tasks of all workloads count: fewer requests are then exempt.
    pub(super) fn of(gate: &'g Gate, request: &Request<'g>, own: Option<&SpiffeId>) -> Self {
        let mut exemptions: Vec<Match<'_, ExemptPeers>> = Vec::new();
        let mut found = Self::among(gate, request, gate.served(own));
        gate.exemptions.find(request, &found.headers, &mut exemptions);
        found.exemptions = deepest_first(exemptions, |exemption| exemption.pattern().depth());
        found.may_be_exempt = !found.exemptions.is_empty() && matches!(request.upgrade(), Ok(None));
        found
    }

    /// Among these tasks, without exemptions.
    pub(crate) fn among(
        gate: &'g Gate,
        request: &Request<'g>,
        served: impl Iterator<Item = &'g Index<ServedTask>>,
    ) -> Self {
        let mut tasks: Vec<Match<'_, ServedTask>> = Vec::new();
        let headers = NamedHeaders::of(request.facts, &gate.named_headers);
        served.for_each(|index| index.find(request, &headers, &mut tasks));
        let tasks = deepest_first(tasks, |task| task.pattern().depth());
        Self { tasks, exemptions: Vec::new(), may_be_exempt: false, headers }
    }

    /// Whether no task may be meant, not even by a reader who takes the request loosely.
    pub(crate) fn is_no_task(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Whether anyone may send this, also without mTLS.
    pub(super) fn is_exempt_for_anyone(&self) -> bool {
        self.is_exempt(|peers| *peers == ExemptPeers::Anyone)
    }

    /// Whether this peer may send this without a step.
    pub(super) fn is_exempt_for(&self, peer: &SpiffeId) -> bool {
        self.is_exempt(|peers| match peers {
            ExemptPeers::Anyone | ExemptPeers::Mesh => true,
            ExemptPeers::These(ids) => ids.contains(peer),
        })
    }

    fn is_exempt(&self, peers: impl Fn(&ExemptPeers) -> bool) -> bool {
        let applies = |exemption: &&Match<'_, ExemptPeers>| exemption.fit.is_exact() && peers(&exemption.entry.owner);
        let is_narrowest = |exemption: &Match<'_, ExemptPeers>| {
            self.tasks.iter().all(|task| exemption.entry.is_within_on_any_host(task.entry))
        };
        self.may_be_exempt && self.exemptions.iter().filter(applies).any(is_narrowest)
    }

    /// The tasks that the request is.
    ///
    /// # Errors
    /// [`Denial::UnreadableHeader`] where a header that a pattern names could be read in two ways; [`Denial::BadPath`]
    /// where the request reaches a literal character through an escape.
    pub(crate) fn tasks(&self) -> Result<RequestedTasks<'g>, Denial> {
        if let NamedHeaders::Unreadable(name, fault) = self.headers {
            return Err(Denial::UnreadableHeader { name: name.to_owned(), fault });
        }
        let hosted = || self.tasks.iter().filter(|task| task.fit.host != HostFit::No);
        if hosted().any(|task| task.fit.escaped) || self.exemptions.iter().any(|exemption| exemption.fit.escaped) {
            return Err(Denial::escaped_literal());
        }
        let owner = |task: &Match<'g, ServedTask>| &task.entry.owner;
        // A task of another port takes the request away from others, and is not what the request is.
        let exact: Vec<&Match<'g, ServedTask>> = hosted().filter(|task| task.fit.is_exact()).collect();
        // Most requests match one pattern, and there is nothing to compare it with.
        if hosted().nth(1).is_none() && self.exemptions.is_empty() {
            return Ok(RequestedTasks { tasks: exact.into_iter().map(owner).collect(), crossing: Vec::new() });
        }
        let others = deepest_first(representatives(hosted()), |task| task.pattern().depth());
        let mut by_name: SortedMap<_, Vec<&Match<'g, ServedTask>>> = SortedMap::new();
        // One that only a loose application takes the request for excuses nothing: a strict one runs the other task.
        exact.iter().for_each(|task| by_name.entry(owner(task).names()).or_default().push(task));
        // The task itself, by another pattern or in another revision, which may lie within what lies within it.
        let selves = |task: &Match<'g, ServedTask>| by_name.get(&owner(task).names()).into_iter().flatten();
        // Whether a task lies within another task or an exemption, by its name and their numbers: found once for all patterns
        // of the task.
        let (mut in_task, mut in_exemption) = (SortedMap::new(), SortedMap::new());
        let mut is_narrowest = |task: &&Match<'g, ServedTask>| {
            let mut by_task = |(at, other): (usize, &&Match<'g, ServedTask>)| {
                let excused = || selves(task).any(|newer| newer.is_within(other));
                !same(other, task)
                    && other.is_within(task)
                    && !*in_task.entry((owner(task).names(), at)).or_insert_with(excused)
            };
            let mut by_exemption = |(at, other): (usize, &Match<'g, ExemptPeers>)| {
                let excused = || selves(task).any(|newer| newer.entry.is_within_on_any_host(other.entry));
                other.entry.is_within_on_any_host(task.entry)
                    && !*in_exemption.entry((owner(task).names(), at)).or_insert_with(excused)
            };
            !others.iter().enumerate().any(&mut by_task) && !self.exemptions.iter().enumerate().any(&mut by_exemption)
        };
        let narrowest: Vec<&Match<'g, ServedTask>> = exact.iter().copied().filter(&mut is_narrowest).collect();
        // Also beside one that something hides: an application may take the request for neither.
        let crossed = |one: &Match<'g, ServedTask>| {
            let crosses = |other: &&&Match<'g, ServedTask>| {
                let leaves = |own: &&Match<'g, ServedTask>| {
                    other.pattern().contains(own.pattern()) || own.pattern().headers.exclude(&other.pattern().headers)
                };
                !same(one, other) && !selves(one).any(leaves)
            };
            others.iter().find(crosses).copied()
        };
        let mut seen = SortedSet::new();
        let mut apart = representatives(narrowest.iter().copied());
        apart.retain(|one| seen.insert(owner(one).names()));
        let pair = apart.iter().find_map(|one| Some([owner(one), owner(crossed(one)?)]));
        Ok(RequestedTasks {
            tasks: narrowest.into_iter().map(owner).collect(),
            crossing: pair.into_iter().flatten().collect(),
        })
    }
}

/// Among the deepest patterns are those that lie within others: a search for one of them ends soon.
fn deepest_first<M, D: Ord>(matches: Vec<M>, depth: impl Fn(&M) -> D) -> Vec<M> {
    if matches.len() < 2 {
        return matches;
    }
    let mut by_depth: SortedMap<Reverse<D>, Vec<M>> = SortedMap::new();
    matches.into_iter().for_each(|one| by_depth.entry(Reverse(depth(&one))).or_default().push(one));
    by_depth.into_values().flatten().collect()
}

fn same(one: &Match<'_, ServedTask>, other: &Match<'_, ServedTask>) -> bool {
    one.entry.owner.names() == other.entry.owner.names()
}

/// Of each pattern two tasks of different names at most, in place of all: of these, one is another task than any given
/// one. A document may have thousands of tasks with one pattern, which are not to be compared one with the other.
fn representatives<'m, 'g>(matches: impl Iterator<Item = &'m Match<'g, ServedTask>>) -> Vec<&'m Match<'g, ServedTask>> {
    let mut kept: SortedMap<_, Vec<&'m Match<'g, ServedTask>>> = SortedMap::new();
    for task in matches {
        let kept = kept.entry(task.pattern().breadth()).or_default();
        if kept.len() < 2 && kept.iter().all(|other| !same(other, task)) {
            kept.push(task);
        }
    }
    kept.into_values().flatten().collect()
}

/// The tasks that a request is: several only where their patterns are equal, where they are one task in several revisions,
/// or where patterns of two documents cross.
pub(crate) struct RequestedTasks<'g> {
    pub(super) tasks: Vec<&'g ServedTask>,
    /// Two documents' tasks for this request of which neither is the more specific, if there are any.
    pub(super) crossing: Vec<&'g ServedTask>,
}

impl RequestedTasks<'_> {
    /// Whether the request is this task, of this revision of this workflow.
    pub(super) fn include(&self, task: &Arc<Task>) -> bool {
        self.tasks.iter().any(|own| Arc::ptr_eq(&own.task, task))
    }
}
