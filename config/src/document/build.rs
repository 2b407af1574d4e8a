//! From a draft without errors to the checked workflow.

use std::sync::Arc;

use super::{ConstraintDraft, Draft, TransitionDraft};
use crate::PEOPLE;
use crate::check::Analysis;
use crate::name::TaskName;
use crate::sorted::SortedSet;
use crate::spiffe::SpiffeId;
use crate::workflow::{Actor, Constraint, Digest, Domain, Join, Relation, Task, Transition, Workflow};

/// The workflow, without its digest; none where a part of the draft is missing, which has then been reported.
pub(super) fn build(draft: &Draft, analysis: &Analysis) -> Option<Workflow> {
    let domain = Arc::new(Domain::new(draft.trust_domain.clone()?, draft.aliases.clone()));
    let actors = draft.actors.iter().map(|actor| Arc::new(self::actor(actor, &domain)));
    let actors: Vec<Arc<Actor>> = actors.collect();
    // An advisory constraint is kept apart, so no reader takes it for an enforced one.
    let enforced = || draft.constraints.iter().filter(|constraint| !constraint.advisory);
    let constrained = enforced().flat_map(|constraint| &constraint.tasks).map(|(task, _)| *task).collect();
    let binding = enforced().filter(|constraint| constraint.relation == Relation::Bind);
    let bound = binding.flat_map(|constraint| &constraint.tasks).map(|(task, _)| *task).collect();
    let tasks = (0..draft.tasks.len()).map(|index| task(draft, analysis, &actors, [&constrained, &bound], index));
    let tasks: Vec<Arc<Task>> = tasks.collect::<Option<_>>()?;
    let transitions: Vec<Arc<Transition>> = (draft.transitions.iter().zip(draft.edges()))
        .map(|(transition, edge)| {
            Some(Arc::new(Transition {
                from: Arc::clone(tasks.get(transition.from)?),
                to: Arc::clone(tasks.get(transition.to)?),
                caller: Arc::clone(actors.get(edge.caller?)?),
                sources: sources(draft, transition, &tasks)?,
                via: transition.via.is_some(),
                uses: transition.uses,
                after: transition.after.map(|(after, _)| after),
                within: transition.within.map(|(within, _)| within),
                place: transition.to_span,
                when: transition.when.clone(),
            }))
        })
        .collect::<Option<_>>()?;
    let name = |index: usize| tasks.get(index).map(|task| task.name.clone());
    let joins = analysis.joins.iter().map(|join| {
        let sources = join.sources.iter().map(|source| name(*source)).collect::<Option<Vec<_>>>()?;
        let sources = sources.into_iter().collect();
        let task = name(join.task)?;
        let several = draft.task(join.task).is_some_and(|task| !task.sources.is_empty());
        let first = transitions.iter().find(|t| several && t.from.name == task);
        let parts = first.into_iter().flat_map(|transition| transition.parts()).collect();
        Some((task.clone(), Arc::new(Join { task, fork: name(join.fork)?, sources, several, parts })))
    });
    let constraint = |constraint: &ConstraintDraft| {
        let tasks = constraint.tasks.iter().map(|(task, _)| name(*task)).collect::<Option<_>>()?;
        Some(Constraint { relation: constraint.relation, tasks })
    };
    let joins = joins.collect::<Option<Vec<_>>>()?.into_iter().collect();
    let constraints = enforced().map(constraint).collect::<Option<Vec<_>>>()?;
    let advice = draft.constraints.iter().filter(|constraint| PEOPLE && constraint.advisory);
    let advice = advice.map(constraint).collect::<Option<Vec<_>>>()?;
    Some(Workflow {
        name: draft.name.clone()?,
        revision: draft.revision?,
        digest: Digest::of(&[]),
        trust_domain: draft.trust_domain.clone()?,
        domain,
        assurance: draft.assurance?,
        deadline: draft.deadline?,
        task_ttl: draft.task_ttl?,
        actors: actors.into_iter().map(|actor| (actor.name.clone(), actor)).collect(),
        tasks: (tasks.into_iter().filter(|task| !task.name.is_of_several()))
            .map(|task| (task.name.clone(), task))
            .collect(),
        transitions,
        joins,
        constraints,
        advice,
        open: true,
        mode: draft.mode,
    })
}

/// The tasks that a transition leaves, if these are several.
fn sources(draft: &Draft, transition: &TransitionDraft, tasks: &[Arc<Task>]) -> Option<Vec<Arc<Task>>> {
    let sources = &draft.task(transition.from)?.sources;
    sources.iter().map(|source| tasks.get(*source).cloned()).collect()
}

fn actor(draft: &super::ActorDraft, domain: &Arc<Domain>) -> Actor {
    Actor {
        domain: Arc::clone(domain),
        name: draft.name.clone(),
        spiffe: draft.spiffe.iter().map(|(id, _)| id.clone()).collect(),
        open: draft.open.iter().map(|(open, _)| open.clone()).collect(),
        examples: examples(draft),
        own_open: draft.own_open.clone(),
        attributes: draft.attributes.clone(),
        own: draft.own.clone(),
        hosts: draft.hosts.clone(),
    }
}

fn examples(draft: &super::ActorDraft) -> Vec<SpiffeId> {
    let open = draft.open.iter().flat_map(|(open, _)| [1, 2].into_iter().filter_map(|number| open.example(number)));
    draft.spiffe.iter().map(|(id, _)| id.clone()).chain(open).collect()
}

fn task(
    draft: &Draft,
    analysis: &Analysis,
    actors: &[Arc<Actor>],
    [constrained, bound]: [&SortedSet<usize>; 2],
    index: usize,
) -> Option<Arc<Task>> {
    let task = draft.task(index)?;
    let ttl = draft.ttl(task)?;
    let joins = |selected: &dyn Fn(&crate::check::AnalyzedJoin) -> bool| -> Option<SortedSet<TaskName>> {
        let joins = analysis.joins.iter().filter(|join| selected(join));
        joins.map(|join| draft.task(join.task).map(|task| task.name.clone())).collect()
    };
    Some(Arc::new(Task {
        name: task.name.clone(),
        performer: Arc::clone(actors.get(task.performer.or_else(|| draft.first_caller(index))?)?),
        requests: task.requests.clone(),
        initial: task.initial,
        join: task.join,
        split: task.split.filter(|_| analysis.splits(index)).map(|(split, _)| split),
        upgrade: task.upgrade.clone(),
        max_visits: task.max_visits.filter(|_| analysis.on_cycle(index)).map(|(visits, _)| visits),
        constrained: constrained.contains(&index),
        bound: bound.contains(&index),
        forks: joins(&|join| join.fork == index)?,
        carries: joins(&|join| join.before.contains(&index))?,
        behind_join: analysis.behind_join(index),
        ttl,
        apart: analysis.apart(index),
    }))
}
