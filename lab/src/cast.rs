//! Who plays: for each SPIFFE ID of each actor one workload or several, each with its own certificate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stepgate_config::name::ActorName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Workflow};

use stepgate_mesh::MAX_WORKLOADS;

/// One workload: an actor, under one of its identities, behind one gate.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) actor: Arc<Actor>,
    pub(super) id: SpiffeId,
    /// What the mesh calls it: the actor's name; where the actor has several, with a number.
    pub(super) name: String,
    /// The authority by which it is called where a task names none.
    pub(super) authority: String,
}

/// All workloads.
pub(super) struct Cast {
    members: BTreeMap<ActorName, Vec<Arc<Member>>>,
    /// How many there would be, were a mesh not bounded.
    wanted: usize,
}

impl Cast {
    /// As many workloads of each SPIFFE ID. What a mesh has no room for is left out, actors last.
    pub(super) fn of(workflow: &Workflow, replicas: usize) -> Self {
        let actors: Vec<&Arc<Actor>> = workflow.actors.values().filter(|actor| !actor.spiffe.is_empty()).collect();
        let seats = |actor: &Actor| actor.spiffe.len().saturating_mul(replicas.max(1));
        let most = actors.iter().map(|actor| seats(actor)).max().unwrap_or_default();
        let wanted = actors.iter().map(|actor| seats(actor)).sum();
        // The first seat of every actor, then the second of those that have one, and so on.
        let rounds = (0..most).flat_map(|seat| actors.iter().map(move |actor| (*actor, seat)));
        let taken = rounds.filter(|(actor, seat)| *seat < seats(actor)).take(MAX_WORKLOADS.max(actors.len()));
        let mut seated: BTreeMap<ActorName, Vec<(Arc<Actor>, SpiffeId)>> = BTreeMap::new();
        for (actor, seat) in taken {
            let id = seat.checked_rem(actor.spiffe.len()).and_then(|at| actor.spiffe.get(at));
            let seats = seated.entry(actor.name.clone()).or_default();
            seats.extend(id.map(|id| (Arc::clone(actor), id.clone())));
        }
        Self { members: named(seated), wanted }
    }

    /// One workload of each SPIFFE ID, called by the first of the hosts that the document gives its actor: as it is
    /// in a mesh that the lab did not make.
    pub(super) fn given(workflow: &Workflow) -> Self {
        let Self { members, wanted } = Self::of(workflow, 1);
        let called = |member: &Arc<Member>| {
            let Member { actor, id, name, .. } = member.as_ref();
            let authority = actor.hosts.first().unwrap_or(name).clone();
            Arc::new(Member { actor: Arc::clone(actor), id: id.clone(), name: name.clone(), authority })
        };
        let members = members.into_iter().map(|(actor, seats)| (actor, seats.iter().map(called).collect()));
        Self { members: members.collect(), wanted }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.values().flatten()
    }

    /// The workloads of an actor; the identities alternate.
    pub(super) fn of_actor(&self, actor: &Actor) -> &[Arc<Member>] {
        self.members.get(&actor.name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The first workload of each actor.
    pub(super) fn firsts(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.values().filter_map(|seats| seats.first())
    }

    /// The workload of this turn, the first being turn 0.
    pub(super) fn turn(&self, actor: &Actor, turn: usize) -> Option<&Arc<Member>> {
        let seats = self.of_actor(actor);
        seats.get(turn.checked_rem(seats.len())?)
    }

    /// Most workloads that one actor has.
    pub(super) fn turns(&self) -> usize {
        self.members.values().map(Vec::len).max().unwrap_or_default()
    }

    /// How many workloads a mesh had no room for.
    pub(super) fn left_out(&self) -> usize {
        self.wanted.saturating_sub(self.all().count())
    }
}

fn named(seated: BTreeMap<ActorName, Vec<(Arc<Actor>, SpiffeId)>>) -> BTreeMap<ActorName, Vec<Arc<Member>>> {
    let mut names: BTreeSet<String> = seated.keys().map(ToString::to_string).collect();
    let mut name = |actor: &Actor, alone: bool| {
        if alone {
            return actor.name.to_string();
        }
        // An actor may itself be called `desk.1`.
        let numbered = (1_usize..).map(|number| format!("{}.{number}", actor.name));
        let free = numbered.into_iter().find(|name| names.insert(name.clone()));
        free.unwrap_or_default()
    };
    let mut members = BTreeMap::new();
    for (actor, seats) in seated {
        let alone = seats.len() == 1;
        let seat = |(actor, id): (Arc<Actor>, SpiffeId)| {
            let name = name(&actor, alone);
            Arc::new(Member { actor, id, authority: name.clone(), name })
        };
        members.insert(actor, seats.into_iter().map(seat).collect());
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workflow(actors: &str) -> Arc<Workflow> {
        let text = format!(
            "workflow: w\nrevision: 1\ntrust_domain: w.example\nassurance: identity\ndeadline: {{value: 24h, advisory: true}}\n\
             actors: {{a: {{spiffe: [ns/w/sa/a]}}{actors}}}\n\
             tasks:\n  s: {{actor: a, initial: true}}\n  t: {{actor: desk, requests: [{{path: /t}}]}}\n\
             transitions: [{{from: s, to: t}}]\n"
        );
        stepgate_config::read_workflow(text.as_bytes()).into_result().unwrap().0
    }

    fn names(cast: &Cast) -> Vec<String> {
        cast.all().map(|member| format!("{} {}", member.name, member.id.as_str().rsplit('/').next().unwrap())).collect()
    }

    #[test]
    fn each_identity_and_each_replica_has_a_workload() {
        let two = workflow(", desk: {spiffe: [ns/w/sa/d1, ns/w/sa/d2]}");
        assert_eq!(names(&Cast::of(&two, 1)), ["a a", "desk.1 d1", "desk.2 d2"]);
        let replicas = ["a.1 a", "a.2 a", "desk.1 d1", "desk.2 d2", "desk.3 d1", "desk.4 d2"];
        assert_eq!(names(&Cast::of(&two, 2)), replicas);
    }

    #[test]
    fn a_number_is_no_actors_name() {
        let odd = workflow(", desk: {spiffe: [ns/w/sa/d1, ns/w/sa/d2]}, desk.1: {spiffe: [ns/w/sa/x]}");
        assert_eq!(names(&Cast::of(&odd, 1)), ["a a", "desk.2 d1", "desk.3 d2", "desk.1 x"]);
    }

    #[test]
    fn a_full_mesh_leaves_out_replicas_and_no_actor() {
        let two = workflow(", desk: {spiffe: [ns/w/sa/d1, ns/w/sa/d2]}");
        let cast = Cast::of(&two, 100);
        assert_eq!((cast.all().count(), cast.left_out()), (240, 60));
        assert_eq!(cast.firsts().count(), 2);
    }
}
