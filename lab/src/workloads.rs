//! The workloads: for each SPIFFE ID of each actor one or several, each with its own certificate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stepgate_config::name::ActorName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Workflow};

use stepgate_mesh::MAX_WORKLOADS;

/// One workload: an actor, under one of its identities, behind one gate.
#[derive(Debug)]
pub(super) struct Workload {
    pub(super) actor: Arc<Actor>,
    pub(super) id: SpiffeId,
    /// What the mesh calls it: the actor's name; where the actor has several, with a number.
    pub(super) name: String,
    /// The authority by which it is called where a task names none.
    pub(super) authority: String,
}

/// All workloads.
pub(super) struct Workloads {
    by_actor: BTreeMap<ActorName, Vec<Arc<Workload>>>,
    /// How many there would be if a mesh had no bound.
    unbounded: usize,
}

impl Workloads {
    /// So many workloads of each SPIFFE ID. Those for which a mesh has no room are left out, but each actor keeps one.
    pub(super) fn of(workflow: &Workflow, replicas: usize) -> Self {
        let actors: Vec<&Arc<Actor>> = workflow.actors.values().filter(|actor| !actor.examples.is_empty()).collect();
        let places = |actor: &Actor| actor.examples.len().saturating_mul(replicas.max(1));
        let most = actors.iter().map(|actor| places(actor)).max().unwrap_or_default();
        let unbounded = actors.iter().map(|actor| places(actor)).sum();
        // The first place of every actor, then the second of those that have one, and so on.
        let rounds = (0..most).flat_map(|place| actors.iter().map(move |actor| (*actor, place)));
        let taken = rounds.filter(|(actor, place)| *place < places(actor)).take(MAX_WORKLOADS.max(actors.len()));
        let mut placed: BTreeMap<ActorName, Vec<(Arc<Actor>, SpiffeId)>> = BTreeMap::new();
        for (actor, place) in taken {
            let id = place.checked_rem(actor.examples.len()).and_then(|at| actor.examples.get(at));
            let places = placed.entry(actor.name.clone()).or_default();
            places.extend(id.map(|id| (Arc::clone(actor), id.clone())));
        }
        Self { by_actor: named(placed), unbounded }
    }

    /// One workload of each SPIFFE ID, called by the first host that the document gives its actor, as in an existing
    /// mesh.
    pub(super) fn existing(workflow: &Workflow) -> Self {
        let Self { by_actor, unbounded } = Self::of(workflow, 1);
        let called = |workload: &Arc<Workload>| {
            let Workload { actor, id, name, .. } = workload.as_ref();
            let authority = actor.hosts.first().unwrap_or(name).clone();
            Arc::new(Workload { actor: Arc::clone(actor), id: id.clone(), name: name.clone(), authority })
        };
        let by_actor = by_actor.into_iter().map(|(actor, places)| (actor, places.iter().map(called).collect()));
        Self { by_actor: by_actor.collect(), unbounded }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Workload>> {
        self.by_actor.values().flatten()
    }

    /// The workloads of an actor; the identities alternate.
    pub(super) fn of_actor(&self, actor: &Actor) -> &[Arc<Workload>] {
        self.by_actor.get(&actor.name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The first workload of each actor.
    pub(super) fn firsts(&self) -> impl Iterator<Item = &Arc<Workload>> {
        self.by_actor.values().filter_map(|places| places.first())
    }

    /// The workload of this turn, the first being turn 0.
    pub(super) fn turn(&self, actor: &Actor, turn: usize) -> Option<&Arc<Workload>> {
        let places = self.of_actor(actor);
        places.get(turn.checked_rem(places.len())?)
    }

    /// Most workloads that one actor has.
    pub(super) fn turns(&self) -> usize {
        self.by_actor.values().map(Vec::len).max().unwrap_or_default()
    }

    /// How many workloads a mesh had no room for.
    pub(super) fn left_out(&self) -> usize {
        self.unbounded.saturating_sub(self.all().count())
    }
}

fn named(placed: BTreeMap<ActorName, Vec<(Arc<Actor>, SpiffeId)>>) -> BTreeMap<ActorName, Vec<Arc<Workload>>> {
    let mut names: BTreeSet<String> = placed.keys().map(ToString::to_string).collect();
    let mut name = |actor: &Actor, alone: bool| {
        if alone {
            return actor.name.to_string();
        }
        // An actor may itself be called `desk.1`.
        let numbered = (1_usize..).map(|number| format!("{}.{number}", actor.name));
        let free = numbered.into_iter().find(|name| names.insert(name.clone()));
        free.unwrap_or_default()
    };
    let mut workloads = BTreeMap::new();
    for (actor, places) in placed {
        let alone = places.len() == 1;
        let place = |(actor, id): (Arc<Actor>, SpiffeId)| {
            let name = name(&actor, alone);
            Arc::new(Workload { actor, id, authority: name.clone(), name })
        };
        workloads.insert(actor, places.into_iter().map(place).collect());
    }
    workloads
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

    fn names(workloads: &Workloads) -> Vec<String> {
        workloads.all().map(|one| format!("{} {}", one.name, one.id.as_str().rsplit('/').next().unwrap())).collect()
    }

    #[test]
    fn each_identity_and_each_replica_has_a_workload() {
        let two = workflow(", desk: {spiffe: [ns/w/sa/d1, ns/w/sa/d2]}");
        assert_eq!(names(&Workloads::of(&two, 1)), ["a a", "desk.1 d1", "desk.2 d2"]);
        let replicas = ["a.1 a", "a.2 a", "desk.1 d1", "desk.2 d2", "desk.3 d1", "desk.4 d2"];
        assert_eq!(names(&Workloads::of(&two, 2)), replicas);
    }

    #[test]
    fn a_number_is_no_actors_name() {
        let odd = workflow(", desk: {spiffe: [ns/w/sa/d1, ns/w/sa/d2]}, desk.1: {spiffe: [ns/w/sa/x]}");
        assert_eq!(names(&Workloads::of(&odd, 1)), ["a a", "desk.2 d1", "desk.3 d2", "desk.1 x"]);
    }

    #[test]
    fn a_full_mesh_leaves_out_replicas_and_no_actor() {
        let two = workflow(", desk: {spiffe: [ns/w/sa/d1, ns/w/sa/d2]}");
        let workloads = Workloads::of(&two, 100);
        assert_eq!((workloads.all().count(), workloads.left_out()), (240, 60));
        assert_eq!(workloads.firsts().count(), 2);
    }
}
