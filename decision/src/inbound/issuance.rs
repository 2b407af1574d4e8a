//! The claims of the tokens that a transition mints.

use std::sync::Arc;
use std::time::Duration;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, JoinKind, Task, Transition, Workflow};

use super::current_step::CurrentStep;
use super::evidence::Evidence;
use super::inherited::{own_forks, performers, performers_before, visits, visits_before};
use super::start::first_arrival;
use super::window::Window;
use super::{constraint, departure, join};
use crate::base64url;
use crate::denial::Denial;
use crate::facts::Facts;
use crate::fingerprint::fingerprint;
use crate::replay_record::Entry;
use crate::switch::{Check, on};
use crate::time::UnixTime;
use crate::token::{Claims, Forks, StepClaim};

/// The tokens of a transition, not signed, and its name in the replay record.
pub(crate) struct Issuance {
    /// For this actor's application.
    pub(crate) arrival: Claims,
    /// For the initiator, at a start.
    pub(crate) start: Option<Claims>,
    /// For the caller, where it is the caller of a transition from here.
    pub(crate) receipt: Option<Claims>,
    /// The parent: the `jti` of its arrival; at a join, its round. For a departure without receipts, its issuer and `jti`.
    pub(crate) parent: String,
    /// How long anything that leaves the same parent can be presented, one leeway not included.
    pub(crate) presented_until: UnixTime,
}

impl Issuance {
    /// The issuance of this transition, once the deadline, the visits, the constraints, the evidence and the time are
    /// checked.
    pub(crate) fn checked(
        current: &CurrentStep<'_>,
        transition: &Transition,
        peer: &SpiffeId,
        own: &SpiffeId,
        facts: &Facts,
        leeway: Duration,
    ) -> Result<Self, Denial> {
        let workflow = &current.compiled.workflow;
        let start = match &current.evidence {
            Evidence::Start { txn } => {
                // At `once` the initiator's own gate issues it.
                let issuer = if workflow.assurance == Assurance::Once { peer } else { own };
                Some(first_arrival(workflow, &current.at, txn, (peer, issuer), facts))
            }
            Evidence::Plain | Evidence::Tokens(_) | Evidence::Departure { .. } => None,
        };
        let parents = parents(current, start.as_ref());
        // Level `identity` has no tokens.
        let first = parents.first().copied().ok_or(Denial::Internal("a signed step without a token"))?;
        let departure = current.evidence.departure();
        let parent = parent_name(current, first);
        let jti = match departure {
            Some(departure) => departure.jti.clone(),
            None => child_jti(workflow, &parent, transition, facts)?,
        };
        let to = &transition.to;
        let dl = earliest(&parents, |claims| claims.dl);
        let window = match current.evidence.lone_departure() {
            // The caller's gate has seen the evidence.
            Some(_) => Window::always(),
            None => Window::of(transition, &parents, leeway),
        };
        let arrival = Claims {
            iss: own.clone(),
            sub: own.clone(),
            txn: first.txn.clone(),
            iat: facts.now,
            exp: dl.min(facts.now.plus(to.ttl)).min(join_end(&parents)),
            dl,
            parents: match departure {
                Some(departure) => departure.parents.clone(),
                None => parents.iter().map(|claims| claims.jti.clone()).collect(),
            },
            wf: StepClaim::of(workflow, to, (to.join == JoinKind::All).then_some(&transition.from.name)),
            visits: visits(&parents, to),
            performers: performers(&parents, to, &workflow.domain.canonical(own)),
            fork: forks(current, &parents, &parent, to, &jti),
            rep: facts.replica.clone(),
            to: None,
            aud: None,
            jti,
        };
        let caller = &transition.caller;
        // At `once` the replica that has made the departure takes the receipt on.
        let rep = departure.map_or(&arrival.rep, |departure| &departure.rep);
        let for_caller = || Claims { sub: peer.clone(), rep: rep.clone(), ..arrival.clone() };
        let receipt = current.compiled.takes_receipt(to, caller).then(for_caller);
        let presented_until = presented_until(current, first, facts.now, leeway);
        // A peer's gate chooses its name, so it counts only for that gate. Receipts are of others: they are the parent.
        let parent = match current.evidence.lone_departure() {
            Some(departure) => format!("{} {}", departure.iss, departure.jti),
            None => parent,
        };
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

    /// The departure with which the caller's gate sends the request on.
    pub(crate) fn departure(&self, current: &CurrentStep<'_>, transition: &Transition, caller: &SpiffeId) -> Claims {
        let parents = parents(current, self.start.as_ref());
        let Claims { iat, dl, .. } = self.arrival;
        Claims {
            iss: caller.clone(),
            sub: caller.clone(),
            exp: iat.plus(departure::LIFE).min(dl),
            wf: StepClaim::of(&current.compiled.workflow, &transition.from, None),
            visits: visits_before(&parents),
            performers: performers_before(&parents),
            fork: forks_ahead(current, &parents, &self.parent, &transition.to),
            to: Some(transition.to.name.clone()),
            aud: Some(transition.to.performer.name.clone()),
            ..self.arrival.clone()
        }
    }

    /// What the transition takes in the record of the gate that decides: of the caller's gate at `once`, the way of a choice;
    /// of the receiver's, the departure.
    pub(crate) fn entry(&self, current: &CurrentStep<'_>, transition: &Arc<Transition>, leeway: Duration) -> Entry {
        let workflow = &current.compiled.workflow;
        let until = self.presented_until.plus(leeway);
        if current.evidence.lone_departure().is_some() {
            // No transition has this name.
            return Entry::new(workflow, &self.parent, &format!("departure {transition}"), until, 1);
        }
        match current.compiled.way_of_choice(&current.at, transition) {
            Some(way) => Entry::of_choice(workflow, (&self.parent, way), until, transition.uses),
            None => Entry::new(workflow, &self.parent, &transition.to_string(), until, transition.uses),
        }
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

/// The claims that the child descends from: those of the evidence. Of a departure alone, those are its own.
fn parents<'c>(current: &'c CurrentStep<'_>, start: Option<&'c Claims>) -> Vec<&'c Claims> {
    match start.or(current.evidence.lone_departure()) {
        Some(one) => vec![one],
        None => current.evidence.tokens().iter().map(|token| &token.claims).collect(),
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
    let mut forks = forks_ahead(current, parents, parent, to);
    forks.extend(own_forks(to, jti));
    forks
}

/// The rounds that a child at this task inherits.
fn forks_ahead(current: &CurrentStep<'_>, parents: &[&Claims], parent: &str, to: &Task) -> Forks {
    if let Some(departure) = current.evidence.lone_departure() {
        return departure.fork.clone();
    }
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
    if let Some(departure) = current.evidence.lone_departure() {
        return departure.exp;
    }
    if current.at.behind_join {
        return now.plus(workflow.deadline);
    }
    parent.iat.plus(current.at.apart.between_gates(leeway)).plus(current.at.ttl).min(parent.dl)
}
