//! The claims of the tokens that a transition mints.

use std::time::Duration;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{JoinKind, Task, Transition, Workflow};

use super::current_step::{CurrentStep, Evidence};
use super::inherited::{own_forks, performers, visits};
use super::start::first_arrival;
use super::window::Window;
use super::{constraint, join};
use crate::base64url;
use crate::denial::Denial;
use crate::facts::Facts;
use crate::fingerprint::fingerprint;
use crate::switch::{Check, on};
use crate::time::UnixTime;
use crate::token::{Claims, Forks, StepClaim};

/// The tokens of a transition, not signed, and its name in the replay record.
pub(super) struct Issuance {
    /// For this actor's application.
    pub(super) arrival: Claims,
    /// For the initiator, at a start.
    pub(super) start: Option<Claims>,
    /// For the caller, where it is the caller of a transition from here.
    pub(super) receipt: Option<Claims>,
    /// The parent: the `jti` of its arrival; at a join, its round.
    pub(super) parent: String,
    /// How long anything that leaves the same parent can be presented, one leeway not included.
    pub(super) presented_until: UnixTime,
}

impl Issuance {
    /// The issuance of this transition, once the deadline, the visits, the constraints, the evidence and the time are
    /// checked.
    pub(super) fn checked(
        current: &CurrentStep<'_>,
        transition: &Transition,
        peer: &SpiffeId,
        own: &SpiffeId,
        facts: &Facts,
        leeway: Duration,
    ) -> Result<Self, Denial> {
        // Level `identity` has no tokens.
        const NO_TOKEN: Denial = Denial::Internal("a signed step without a token");
        let workflow = &current.compiled.workflow;
        let start = match &current.evidence {
            Evidence::Plain => return Err(NO_TOKEN),
            Evidence::Start { txn } => Some(first_arrival(workflow, &current.at, txn, (peer, own), facts)),
            Evidence::Tokens(_) => None,
        };
        let parents: Vec<&Claims> = match &start {
            Some(start) => vec![start],
            None => current.evidence.tokens().iter().map(|token| &token.claims).collect(),
        };
        let first = parents.first().copied().ok_or(NO_TOKEN)?;
        let parent = parent_name(current, first);
        let jti = child_jti(workflow, &parent, transition, facts)?;
        let to = &transition.to;
        let dl = earliest(&parents, |claims| claims.dl);
        let window = Window::of(transition, &parents, leeway);
        let arrival = Claims {
            iss: own.clone(),
            sub: own.clone(),
            txn: first.txn.clone(),
            iat: facts.now,
            exp: dl.min(facts.now.plus(to.ttl)).min(join_end(&parents)),
            dl,
            parents: parents.iter().map(|claims| claims.jti.clone()).collect(),
            wf: StepClaim::of(workflow, to, (to.join == JoinKind::All).then_some(&transition.from.name)),
            visits: visits(&parents, to),
            performers: performers(&parents, to, &workflow.domain.canonical(own)),
            fork: forks(current, &parents, &parent, to, &jti),
            rep: facts.replica.clone(),
            jti,
        };
        let caller = &transition.caller;
        let receipt =
            current.compiled.takes_receipt(to, caller).then(|| Claims { sub: peer.clone(), ..arrival.clone() });
        let presented_until = presented_until(current, first, facts.now, leeway);
        let issuance = Self { arrival, receipt, parent, presented_until, start };
        issuance.check_deadline(facts.now)?;
        issuance.check_visits(to)?;
        if on(Check::Constraints) {
            constraint::check(workflow, &issuance.arrival.performers)?;
        }
        join::check(current)?;
        window.check(facts.now)?;
        Ok(issuance)
    }

    /// The instance's deadline is exact: no leeway extends it.
    fn check_deadline(&self, now: UnixTime) -> Result<(), Denial> {
        if now >= self.arrival.dl && on(Check::Deadline) { Err(Denial::Deadline) } else { Ok(()) }
    }

    /// How often this line of descent has entered the task, this time included.
    fn check_visits(&self, to: &Task) -> Result<(), Denial> {
        match (to.max_visits, self.arrival.visits.get(&to.name)) {
            (Some(bound), Some(&visits)) if visits > bound && on(Check::Visits) => Err(Denial::TooManyVisits { bound }),
            _ => Ok(()),
        }
    }
}

/// At a join the round, so that all its evidence is one parent; else the arrival itself.
fn parent_name(current: &CurrentStep<'_>, first: &Claims) -> String {
    match (current.at.join, first.fork.get(&current.at.name)) {
        (JoinKind::All, Some(round)) => format!("{round}@{}", current.at.name),
        _ => first.jti.clone(),
    }
}

/// The child's `jti`. A request that a proxy delivers twice must make the same child, so it derives from
/// the parent; where a transition has several uses, which are not counted here, it is random.
fn child_jti(workflow: &Workflow, parent: &str, transition: &Transition, facts: &Facts) -> Result<String, Denial> {
    let use_name = if transition.uses == 1 { "only".to_owned() } else { base64url::encode(facts.drawn()?) };
    let bytes = fingerprint(&["child", workflow.name.as_str(), parent, &transition.to_string(), &use_name]);
    Ok(base64url::encode(bytes))
}

fn earliest(parents: &[&Claims], time: impl Fn(&Claims) -> UnixTime) -> UnixTime {
    parents.iter().map(|claims| time(claims)).min().unwrap_or(UnixTime::from_seconds(0))
}

/// The child of a join lives no longer than the shortest-lived of its evidence.
fn join_end(parents: &[&Claims]) -> UnixTime {
    if parents.len() > 1 { earliest(parents, |claims| claims.exp) } else { UnixTime::MAX }
}

/// The rounds of the joins that are still ahead; those that begin here have the name of this arrival.
fn forks(current: &CurrentStep<'_>, parents: &[&Claims], parent: &str, to: &Task, jti: &str) -> Forks {
    let mut forks = Forks::new();
    for join in &to.carries {
        // A transition that leaves a join which is itself a fork leaves one round of it, whichever token is listed first.
        let round = if current.at.join == JoinKind::All && current.at.forks.contains(join) {
            Some(parent.to_owned())
        } else {
            parents.iter().find_map(|claims| claims.fork.get(join)).cloned()
        };
        if let Some(round) = round {
            forks.insert(join.clone(), round);
        }
    }
    forks.extend(own_forks(to, jti));
    forks
}

/// How long the same transition could be tried again. A token that was replayed at another replica has a twin:
/// the same `jti`, minted as late as its parent could be presented, by a clock that may be behind that of the parent's
/// gate. The parent may be such a late twin itself, and so on back to the start.
///
/// At a join, other evidence of the round may come as long as the instance lives, so the token that leaves the join may
/// have a twin as late as that. Whoever holds both presents the twin honestly, as another arrival; at another replica it
/// has a child, the twin of the first one's child, and that is as late. So all tasks behind a join are like the join:
/// the `ttl` of a task bounds how much later than its parent's a child's twin is, not how late the parent's is.
///
/// No instance that began before now lives longer than `deadline` from now. Its deadline as the tokens say it is no
/// bound: a gate that lies about its own evidence can shorten it, and the twin may have come by other evidence.
fn presented_until(current: &CurrentStep<'_>, parent: &Claims, now: UnixTime, leeway: Duration) -> UnixTime {
    let workflow = &current.compiled.workflow;
    if current.at.behind_join {
        return now.plus(workflow.deadline);
    }
    parent.iat.plus(current.at.apart.between_gates(leeway)).plus(current.at.ttl).min(parent.dl)
}
