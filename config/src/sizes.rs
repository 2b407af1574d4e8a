//! How large the tokens of a workflow may be, and how many bytes of them one request shows.

use fixedbitset::FixedBitSet;

use crate::bounds::{MAX_EVIDENCE, MAX_TOKEN};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::name::TaskName;
use crate::net::Net;
use crate::report::{Report, quote};
use crate::sorted::SortedMap;
use crate::spiffe::SpiffeId;
use crate::workflow::{Actor, Assurance, JoinKind, Relation, Task, Workflow};

/// The members of a token's claims, and the values that are of one length in all tokens: `txn` and `jti` (22), three
/// times up to the year 9999 (12), the highest revision (10), the digest (43), the longest `rep` (64).
const CLAIMS: usize = 376;
/// A `jti`: 128 bits in base64url.
const JTI: usize = 22;
/// The JOSE header with the longest `kid`, the longest signature, and two dots.
const ENVELOPE: usize = 227;
/// What separates the tokens of a join, at most: each may be a line of its own, or a member of `baggage`.
const SEPARATOR: usize = 20;

/// The largest tokens of a workflow, on the worst path to each task.
pub struct Sizes<'w> {
    net: Net<'w>,
    /// Of each task the bytes that all later tokens carry because of it: its visits and its performers.
    carried: Vec<usize>,
    /// Of each task those that may lie behind, itself included; empty where nothing is carried.
    behind: Vec<FixedBitSet>,
    /// Of each join the length of its round's name.
    rounds: SortedMap<&'w TaskName, usize>,
}

impl<'w> Sizes<'w> {
    /// The sizes of a workflow's tokens.
    pub fn of(workflow: &'w Workflow) -> Self {
        let net = Net::of(workflow);
        let carried: Vec<usize> = net.tasks.iter().map(|task| carried(workflow, task)).collect();
        // Only what is carried is counted, and in most workflows nothing is.
        let behind = if carried.iter().any(|bytes| *bytes > 0) { behind(&net) } else { Vec::new() };
        let rounds = workflow.joins.keys().map(|join| (join, round(&net, join))).collect();
        Self { net, carried, behind, rounds }
    }

    /// The largest token of any task, in bytes; 0 at level `identity`, which has none.
    pub fn token(&self) -> usize {
        (0..self.net.tasks.len()).flat_map(|task| self.tokens(task)).max().unwrap_or_default()
    }

    /// The most bytes in which a request shows that an instance has reached this task: one token; at a join one of each
    /// source, with what separates them.
    pub fn step(&self, task: &Task) -> usize {
        let tokens = self.net.number(&task.name).map(|task| self.tokens(task)).unwrap_or_default();
        let several = tokens.len() > 1;
        tokens.into_iter().map(|token| if several { token.saturating_add(SEPARATOR) } else { token }).fold(0, add)
    }

    /// The largest token of the task; at a join that of each source.
    fn tokens(&self, task: usize) -> Vec<usize> {
        if self.net.workflow.assurance == Assurance::Identity {
            return Vec::new();
        }
        match self.net.join(task) {
            Some(_) => self.net.graph.predecessors(task).iter().map(|source| self.size(task, Some(*source))).collect(),
            None => vec![self.size(task, None)],
        }
    }

    fn size(&self, number: usize, source: Option<usize>) -> usize {
        let Some(task) = self.net.tasks.get(number) else { return 0 };
        let name = |task: usize| self.net.tasks.get(task).map_or(0, |task| task.name.as_str().len());
        // Behind what comes from one source lies what lies behind that.
        let mut behind = source.and_then(|source| self.behind.get(source)).or(self.behind.get(number)).cloned();
        behind.iter_mut().for_each(|behind| behind.insert(number));
        let history = behind.iter().flat_map(FixedBitSet::ones).filter_map(|task| self.carried.get(task)).copied();
        let before = source.as_ref().map_or(self.net.graph.predecessors(number), std::slice::from_ref);
        let parents = before.iter().map(|from| self.net.join(*from).map_or(1, |join| join.sources.len())).max();
        let round = |join: &TaskName| self.rounds.get(join).copied().unwrap_or(JTI);
        let forked = task.forks.iter().filter(|join| !task.carries.contains(*join));
        let forks = task.carries.iter().chain(forked).map(|join| sum([join.as_str().len(), 6, round(join)]));
        let [issuer, holder] = self.identities(number, task);
        let claims = sum([
            CLAIMS,
            self.net.workflow.name.as_str().len(),
            name(number),
            source.map_or(0, name),
            issuer,
            holder,
            parents.unwrap_or_default().saturating_mul(JTI.saturating_add(3)),
            sum(history),
            sum(forks),
        ]);
        // base64url encodes three bytes as four characters.
        claims.saturating_mul(4).div_ceil(3).saturating_add(ENVELOPE)
    }

    /// The longest issuer and the longest holder of the task's tokens. An arrival has the performer for both; a receipt
    /// is held by a caller; a start token is issued by a workload that is called from there.
    fn identities(&self, number: usize, task: &Task) -> [usize; 2] {
        let leaving = || self.net.leaving(number).iter();
        let performer = longest(&task.performer);
        let called = leaving().filter(|_| task.initial).map(|transition| longest(&transition.to.performer));
        let callers = leaving().filter(|transition| transition.via).map(|t| longest(&t.caller));
        [called.fold(performer, usize::max), callers.fold(performer, usize::max)]
    }
}

fn add(a: usize, b: usize) -> usize {
    a.saturating_add(b)
}

fn sum(parts: impl IntoIterator<Item = usize>) -> usize {
    parts.into_iter().fold(0, add)
}

fn longest(actor: &Actor) -> usize {
    let open = actor.open.iter().flat_map(|open| actor.domain.longest(open));
    actor.ids().map(|id| id.as_str().len()).chain(open).max().unwrap_or_default()
}

/// `"TASK":COUNT,` among the visits, and `"TASK":["ID",…],` among the performers.
fn carried(workflow: &Workflow, task: &Task) -> usize {
    let name = task.name.as_str().len();
    let visits = task.max_visits.map_or(0, |bound| sum([name, 4, bound.to_string().len()]));
    if !task.constrained {
        return visits;
    }
    let quoted = |id: &SpiffeId| id.as_str().len().saturating_add(3);
    let bind = |constraint: &&crate::workflow::Constraint| constraint.relation == Relation::Bind;
    let bound = workflow.constraints.iter().filter(bind).any(|constraint| constraint.tasks.contains(&task.name));
    let open = task.performer.open.iter().filter(|_| bound).map(|open| open.longest().saturating_add(3));
    let ids = task.performer.spiffe.iter().map(quoted).chain(open);
    // A bound task has one performer in an instance; any other may be entered by each.
    let ids = if bound { ids.max().unwrap_or_default() } else { sum(ids) };
    sum([visits, name, 6, ids])
}

/// The length of the name of a join's round: a `jti`; after a fork that is itself a join, the name of that one's round, `@`,
/// and its name.
fn round(net: &Net<'_>, join: &TaskName) -> usize {
    let (mut length, mut at) = (JTI, join);
    while let Some(fork) = net.workflow.joins.get(at).map(|join| &join.fork) {
        if net.workflow.tasks.get(fork).is_none_or(|task| task.join != JoinKind::All) {
            break;
        }
        length = sum([length, 1, fork.as_str().len()]);
        at = fork;
    }
    length
}

/// Of each task those that may lie behind it, itself included. On a cycle that is each task of the cycle.
fn behind(net: &Net<'_>) -> Vec<FixedBitSet> {
    let mut behind = vec![FixedBitSet::with_capacity(net.tasks.len()); net.tasks.len()];
    for component in net.graph.order() {
        let mut all = FixedBitSet::with_capacity(net.tasks.len());
        for &task in &component {
            all.insert(task);
            net.graph
                .predecessors(task)
                .iter()
                .filter_map(|before| behind.get(*before))
                .for_each(|set| all.union_with(set));
        }
        for &task in &component {
            if let Some(own) = behind.get_mut(task) {
                own.clone_from(&all);
            }
        }
    }
    behind
}

/// Compares the largest token and the largest evidence of a join with what gates and Envoy take.
pub(crate) fn check(workflow: &Workflow, span: Span, report: &mut Report) {
    let sizes = Sizes::of(workflow);
    check_token(&sizes, MAX_TOKEN, span, report);
    let steps = workflow.joins.keys().filter_map(|join| workflow.tasks.get(join));
    let largest = steps.map(|task| (sizes.step(task), &task.name)).max_by_key(|(size, _)| *size);
    if let Some((size, join)) = largest.filter(|(size, _)| *size > MAX_EVIDENCE) {
        let message = words!("what leaves the join {} may have to show {size} bytes of tokens", quote(join.as_str()));
        let large = Diagnostic::new(Code::TokenTooLarge, span, message);
        report.push(large.label(words!("at most {MAX_EVIDENCE} fit into the headers of a request")).help(
            "Envoy takes 60 KiB of headers: join the branches in several joins, one after the other, or use shorter names, and fewer tasks on cycles and under constraints",
        ));
    }
}

/// Compares the largest token with the most that its carrier takes.
pub(crate) fn check_token(sizes: &Sizes<'_>, most: usize, span: Span, report: &mut Report) {
    let size = sizes.token();
    if size > most {
        let message = words!("tokens of workflow {} may have {size} bytes", quote(sizes.net.workflow.name.as_str()));
        let large = Diagnostic::new(Code::TokenTooLarge, span, message);
        report.push(large.label(words!("gates mint at most {most}")).help(
            "tokens grow with tasks on cycles, with tasks under constraints and the SPIFFE IDs of their actors, and with joins: use fewer of them, or shorter names",
        ));
    }
}
