//! The state that every gate of a workflow should have: read from its documents, from a gate's configuration, or, where
//! neither is given, from the gates themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepgate_config::gate::{Direction, GateConfig, KeySpec};
use stepgate_config::name::WorkflowName;
use stepgate_config::spiffe::{SpiffeId, TrustDomain};
use stepgate_config::workflow::{Mode, Workflow};

/// Most proxies that a report names for a document.
const MAX_NAMED: usize = 3;

/// The expected state.
#[derive(Debug, Clone)]
pub struct ExpectedState {
    /// The open revisions, which every gate of their actors should have.
    pub(crate) workflows: Vec<ExpectedRevision>,
    /// The version of the module.
    pub(crate) version: String,
    source: Source,
}

/// A revision that is expected to be open.
#[derive(Debug, Clone)]
pub(crate) struct ExpectedRevision {
    pub(crate) workflow: Arc<Workflow>,
    /// Where it was taken from, and why.
    pub(crate) taken: String,
}

#[derive(Debug, Clone)]
enum Source {
    /// The configuration of a gate.
    Gate(Box<GateConfig>),
    /// Workflow documents; here those of revisions that should be closed.
    Documents(Vec<Arc<Workflow>>),
    /// The gates that are examined.
    Gates,
}

impl ExpectedState {
    /// Documents, each with the name of its file, are expected to be enforced: of each workflow the highest revision
    /// open, others closed. They say nothing else of a gate, so that no exemption, no further revision, and no second key
    /// of an actor is expected.
    pub fn of_workflows(documents: Vec<(String, Arc<Workflow>)>, version: String) -> Self {
        let highest = |one: &Workflow| {
            let of_name = documents.iter().filter(|(_, other)| other.name == one.name);
            of_name.map(|(_, other)| other.revision).max() == Some(one.revision)
        };
        let (open, closed): (Vec<_>, Vec<_>) = documents.iter().cloned().partition(|(_, workflow)| highest(workflow));
        let revision = |(taken, workflow)| ExpectedRevision { workflow, taken };
        let closed = closed.into_iter().map(|(_, workflow)| workflow).collect();
        Self { workflows: open.into_iter().map(revision).collect(), version, source: Source::Documents(closed) }
    }

    /// A configuration in this file is expected as it is.
    pub fn of_gate(file: &str, config: Box<GateConfig>, version: String) -> Self {
        let open = config.workflows.iter().filter(|workflow| workflow.open);
        let revision = |workflow: &Arc<Workflow>| ExpectedRevision {
            workflow: Arc::clone(workflow),
            taken: format!("{file}, where it is open"),
        };
        Self { workflows: open.map(revision).collect(), version, source: Source::Gate(config) }
    }

    /// The gates that are examined are compared with each other, as with the documents that they have.
    pub fn of_the_gates(version: String) -> Self {
        Self { workflows: Vec::new(), version, source: Source::Gates }
    }

    /// Whether it is still to be taken from the gates.
    pub(crate) fn is_of_the_gates(&self) -> bool {
        matches!(self.source, Source::Gates)
    }

    /// With the documents of these gates, each of which has the name of its proxy: of each workflow the highest open
    /// revision, with the content that most gates have.
    pub(crate) fn with_documents_of(mut self, gates: &[(&str, GateConfig)]) -> Self {
        let mut found: BTreeMap<&WorkflowName, Vec<(&str, &Arc<Workflow>)>> = BTreeMap::new();
        for (proxy, config) in gates {
            for workflow in config.workflows.iter().filter(|workflow| workflow.open) {
                found.entry(&workflow.name).or_default().push((proxy, workflow));
            }
        }
        for of_name in found.into_values() {
            let having = |one: &Workflow| of_name.iter().filter(|(_, other)| other.digest == one.digest).count();
            let best = of_name.iter().max_by_key(|(_, workflow)| (workflow.revision, having(workflow)));
            let Some((_, chosen)) = best else { continue };
            let same = of_name.iter().filter(|(_, other)| other.digest == chosen.digest).map(|(proxy, _)| *proxy);
            let mut proxies: Vec<&str> = same.collect();
            proxies.dedup();
            let more = proxies.len().saturating_sub(MAX_NAMED);
            proxies.truncate(MAX_NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let taken = format!("{}{more}, the highest revision that is open in a gate", proxies.join(", "));
            let workflow = Arc::clone(chosen);
            self.workflows.push(ExpectedRevision { workflow, taken });
        }
        self
    }

    /// The configuration that a gate should have, if one was given.
    pub(crate) fn gate(&self) -> Option<&GateConfig> {
        match &self.source {
            Source::Gate(config) => Some(config),
            Source::Documents(_) | Source::Gates => None,
        }
    }

    /// Whether the given configuration is of outbound gates: it says nothing of the inbound side.
    pub(crate) fn is_outbound(&self) -> bool {
        self.gate().is_some_and(|gate| gate.direction == Direction::Outbound)
    }

    /// The mode of one of its workflows.
    pub(crate) fn mode_of(&self, workflow: &Workflow) -> Mode {
        self.gate().map_or(Mode::Enforce, |gate| gate.mode_of(workflow))
    }

    /// The aliases of the trust domain of one of its workflows, in order: a document has none.
    pub(crate) fn aliases_of<'w>(&self, workflow: &'w Workflow) -> Vec<&'w TrustDomain> {
        self.gate().map_or_else(Vec::new, |_| workflow.domain.aliases().collect())
    }

    /// The keys; none if no configuration was given.
    pub(crate) fn keys(&self) -> &[KeySpec] {
        self.gate().map_or(&[], |gate| &gate.keys)
    }

    /// Whether gates should send an interlock: a configuration may do without, where the application is protected
    /// otherwise.
    pub(crate) fn has_interlock(&self) -> bool {
        self.gate().is_none_or(|gate| !gate.interlock.is_empty())
    }

    /// Every revision that a gate may have, also the closed ones.
    pub(crate) fn given(&self) -> impl Iterator<Item = &Workflow> {
        let more: &[Arc<Workflow>] = match &self.source {
            Source::Gate(config) => &config.workflows,
            Source::Documents(closed) => closed,
            Source::Gates => &[],
        };
        let closed = more.iter().filter(|more| self.open_revision(&more.name) != Some(more.revision));
        self.workflows.iter().map(|revision| &revision.workflow).chain(closed).map(AsRef::as_ref)
    }

    /// The revision of a workflow in which instances should begin.
    pub(crate) fn open_revision(&self, name: &WorkflowName) -> Option<u32> {
        let of_name = self.workflows.iter().find(|revision| revision.workflow.name == *name);
        of_name.map(|revision| revision.workflow.revision)
    }

    /// The open revisions in which at least one of these workloads takes part.
    pub(crate) fn of_workloads(&self, workloads: &[SpiffeId]) -> Vec<&ExpectedRevision> {
        self.workflows.iter().filter(|revision| takes_part(&revision.workflow, workloads)).collect()
    }

    /// Whether one of these workloads takes part in any revision.
    pub(crate) fn includes(&self, workloads: &[SpiffeId]) -> bool {
        self.given().any(|workflow| takes_part(workflow, workloads))
    }

    /// Every workload that takes part in a workflow, in order.
    pub(crate) fn workloads(&self) -> Vec<SpiffeId> {
        let actors = self.given().flat_map(|workflow| workflow.actors.values());
        let mut all: Vec<SpiffeId> = actors.flat_map(|actor| actor.spiffe.iter().cloned()).collect();
        all.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        all.dedup();
        all
    }

    /// The workloads whose SPIFFE ID has this path (`/ns/NAMESPACE/sa/ACCOUNT`), in any trust domain.
    pub(crate) fn at_path(&self, path: &str) -> Vec<SpiffeId> {
        let has_path =
            |id: &SpiffeId| id.as_str().strip_suffix(path).is_some_and(|rest| rest.matches('/').count() == 2);
        self.workloads().into_iter().filter(has_path).collect()
    }

    /// What was taken for granted, in one sentence; nothing where a configuration was given.
    pub(crate) fn assumption(&self) -> Option<&'static str> {
        match self.source {
            Source::Gate(_) => None,
            Source::Documents(_) => Some(
                "a document names no keys, exemptions or interlock: expected are one key for an actor or for all, no \
                 exemption, no `egress`, no alias of the trust domain, an interlock, and no other workflow or revision; \
                 give a gate's configuration if it has more",
            ),
            Source::Gates => Some(
                "no file was given: the gates are compared with each other; expected are one key for an actor or for \
                 all, no exemption, no `egress`, no alias of the trust domain, an interlock, the mode `enforce`, and one \
                 revision; give the file that should be in force to compare with that",
            ),
        }
    }
}

fn takes_part(workflow: &Workflow, workloads: &[SpiffeId]) -> bool {
    workflow.actors.values().any(|actor| workloads.iter().any(|workload| actor.includes(workload)))
}
