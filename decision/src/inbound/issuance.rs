//! What a child inherits from its parents.

use std::time::Duration;

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{JoinKind, Task, Transition, Workflow};

use super::current_step::{CurrentStep, Evidence};
use crate::denial::Denial;
use crate::facts::Facts;
use crate::replay_record::fingerprint;
use crate::time::UnixTime;
use crate::token::{Claims, Forks, Performers, StepClaim, Visits, start_name};

/// The tokens that a transition makes, and what the record calls it.
pub(super) struct Issuance {
    /// For this actor's application.
    pub(super) arrival: Claims,
    /// For the initiator, at a start.
    pub(super) start: Option<Claims>,
    /// For the caller, where it carries on from here.
    pub(super) receipt: Option<Claims>,
    /// What the transition leaves: the parent's `jti`; at a join, its round.
    pub(super) parent: String,
    /// How long anything that leaves the same parent can be presented, leeway not counted.
    pub(super) presented_until: UnixTime,
}

impl Issuance {
    /// What this transition makes of the tokens shown; none at level `identity`, where there are none.
    pub(super) fn of(
        current: &CurrentStep<'_>,
        transition: &Transition,
        peer: &SpiffeId,
        own: &SpiffeId,
        facts: &Facts<'_>,
        leeway: Duration,
    ) -> Option<Self> {
        let workflow = &current.plan.workflow;
        let start = match &current.origin {
            Evidence::Plain => return None,
            Evidence::Start { txn } => Some(first_arrival(current, txn, peer, own, facts)),
            Evidence::Tokens(_) => None,
        };
        let parents: Vec<&Claims> = match &start {
            Some(start) => vec![start],
            None => current.origin.tokens().iter().map(|token| &token.claims).collect(),
        };
        let first = parents.first().copied()?;
        let parent = parent_name(current, first);
        let jti = child_name(workflow, &parent, transition, facts);
        let to = &transition.to;
        let arrival = Claims {
            iss: own.to_string(),
            sub: own.to_string(),
            aud: None,
            txn: first.txn.clone(),
            iat: facts.now,
            exp: earliest(&parents, |claims| claims.dl).min(facts.now.plus(workflow.task_ttl)).min(join_end(&parents)),
            dl: earliest(&parents, |claims| claims.dl),
            parents: parents.iter().map(|claims| claims.jti.clone()).collect(),
            wf: StepClaim::of(workflow, to, (to.join == JoinKind::All).then(|| transition.from.name.as_str())),
            visits: visits(&parents, to),
            performers: performers(&parents, to, own),
            fork: forks(current, &parents, &parent, to, &jti),
            rep: facts.replica.map(str::to_owned),
            to: None,
            jti,
        };
        let receipt = carries_on(current, to, peer).then(|| Claims { sub: peer.to_string(), ..arrival.clone() });
        Some(Self { arrival, receipt, parent, presented_until: presented_until(current, &parents, leeway), start })
    }

    /// The instance's deadline is exact: no leeway lengthens it. Nor may a join's evidence that is in its
    /// leeway make a child that has ended before it began.
    pub(super) fn check_times(&self, now: UnixTime) -> Result<(), Denial> {
        if now >= self.arrival.dl {
            return Err(Denial::Deadline);
        }
        if now >= self.arrival.exp { Err(Denial::Expired) } else { Ok(()) }
    }

    /// How often this line of descent has entered the task, this time counted.
    pub(super) fn check_visits(&self, to: &Task) -> Result<(), Denial> {
        match (to.max_visits, self.arrival.visits.get(to.name.as_str())) {
            (Some(bound), Some(&visits)) if visits > bound => Err(Denial::TooManyVisits { bound }),
            _ => Ok(()),
        }
    }
}

/// The arrival at the initial task, which the initiator needs to take further transitions.
fn first_arrival(current: &CurrentStep<'_>, txn: &str, peer: &SpiffeId, own: &SpiffeId, facts: &Facts<'_>) -> Claims {
    let (workflow, at) = (&current.plan.workflow, &current.at);
    let dl = facts.now.plus(workflow.deadline);
    let jti = start_name(workflow.name.as_str(), txn, own.as_str(), peer.as_str());
    Claims {
        iss: own.to_string(),
        sub: peer.to_string(),
        aud: None,
        txn: txn.to_owned(),
        iat: facts.now,
        exp: facts.now.plus(workflow.task_ttl).min(dl),
        dl,
        parents: Vec::new(),
        wf: StepClaim::of(workflow, at, None),
        visits: visits(&[], at),
        performers: performers(&[], at, peer),
        fork: own_forks(at, &jti),
        rep: facts.replica.map(str::to_owned),
        to: None,
        jti,
    }
}

/// Whether a start says of its instance only what a first-called gate would: a gate speaks for "this
/// initiator has begun", not for the history, the round or the name of another's instance.
pub(super) fn is_true_start(workflow: &Workflow, at: &Task, claims: &Claims) -> bool {
    let Ok(holder) = SpiffeId::try_from(claims.sub.as_bytes()) else { return false };
    claims.jti == start_name(workflow.name.as_str(), &claims.txn, &claims.iss, &claims.sub)
        && claims.visits == visits(&[], at)
        && claims.performers == performers(&[], at, &holder)
        && claims.fork == own_forks(at, &claims.jti)
}

/// At a join the round, so that all its evidence is one parent; else the arrival itself.
fn parent_name(current: &CurrentStep<'_>, first: &Claims) -> String {
    match (current.at.join, first.fork.get(current.at.name.as_str())) {
        (JoinKind::All, Some(round)) => format!("{round}@{}", current.at.name),
        _ => first.jti.clone(),
    }
}

/// The child's `jti`. A request that a proxy delivers twice must make the same child, so it derives from
/// the parent; where a transition has several uses, which the source does not count here, it is random.
fn child_name(workflow: &Workflow, parent: &str, transition: &Transition, facts: &Facts<'_>) -> String {
    let transition_name = transition.to_string();
    let drawn = Base64UrlSafeNoPadding::encode_to_string(facts.random).unwrap_or_default();
    let use_name = if transition.uses == 1 { "only" } else { drawn.as_str() };
    let bytes = fingerprint(&["child", workflow.name.as_str(), parent, &transition_name, use_name]);
    Base64UrlSafeNoPadding::encode_to_string(bytes).unwrap_or_default()
}

fn earliest(parents: &[&Claims], time: impl Fn(&Claims) -> UnixTime) -> UnixTime {
    parents.iter().map(|claims| time(claims)).min().unwrap_or(UnixTime::from_seconds(0))
}

/// What comes of a join lives no longer than the shortest-lived of its evidence.
fn join_end(parents: &[&Claims]) -> UnixTime {
    if parents.len() > 1 { earliest(parents, |claims| claims.exp) } else { UnixTime::MAX }
}

fn visits(parents: &[&Claims], to: &Task) -> Visits {
    let mut visits = Visits::new();
    for (task, &count) in parents.iter().flat_map(|claims| &claims.visits) {
        let highest = visits.entry(task.clone()).or_default();
        *highest = count.max(*highest);
    }
    if to.max_visits.is_some() {
        let count = visits.entry(to.name.to_string()).or_default();
        *count = count.saturating_add(1);
    }
    visits
}

fn performers(parents: &[&Claims], to: &Task, performer: &SpiffeId) -> Performers {
    let mut performers = Performers::new();
    for (task, ids) in parents.iter().flat_map(|claims| &claims.performers) {
        performers.entry(task.clone()).or_default().extend(ids.iter().cloned());
    }
    if to.constrained {
        performers.entry(to.name.to_string()).or_default().insert(performer.to_string());
    }
    performers
}

/// The rounds of the joins that are still ahead; those that begin here are named by this arrival.
fn forks(current: &CurrentStep<'_>, parents: &[&Claims], parent: &str, to: &Task, jti: &str) -> Forks {
    let mut forks = Forks::new();
    for join in &to.carries {
        // What leaves a join that is itself a fork leaves one round of it, whichever token is listed first.
        let round = if current.at.join == JoinKind::All && current.at.forks.contains(join) {
            Some(parent.to_owned())
        } else {
            parents.iter().find_map(|claims| claims.fork.get(join.as_str())).cloned()
        };
        if let Some(round) = round {
            forks.insert(join.to_string(), round);
        }
    }
    forks.extend(own_forks(to, jti));
    forks
}

/// The rounds that an arrival at this task begins.
fn own_forks(at: &Task, jti: &str) -> Forks {
    at.forks.iter().map(|join| (join.to_string(), jti.to_owned())).collect()
}

/// How long the same transition could be tried again. A token that was replayed at another replica has a twin:
/// the same `jti`, minted as late as its parent could be presented. At a join, what else could complete the
/// round may come as late as the instance lives.
fn presented_until(current: &CurrentStep<'_>, parents: &[&Claims], leeway: Duration) -> UnixTime {
    let deadline = earliest(parents, |claims| claims.dl);
    if current.at.join == JoinKind::All {
        return deadline;
    }
    let ttl = current.plan.workflow.task_ttl;
    let issued = parents.iter().map(|claims| claims.iat).max().unwrap_or(deadline);
    issued.plus(ttl).plus(ttl).plus(leeway).min(deadline)
}

/// Whether the peer carries a transition that leaves this task, and so needs a receipt.
fn carries_on(current: &CurrentStep<'_>, to: &Task, peer: &SpiffeId) -> bool {
    current.plan.leaving(to).iter().any(|t| t.via && t.caller.includes(peer))
}
