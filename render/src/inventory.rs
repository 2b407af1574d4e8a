//! The inventory: which workloads of this mesh take part in which workflows.

use std::collections::{BTreeMap, BTreeSet};

use stepgate_config::name::ActorName;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, MixedLevels, Workflow};

use crate::document::Document;
use crate::error::RenderError;
use crate::workload::Workload;

/// The actor that a workload is in one revision of one workflow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role<'d> {
    pub(crate) document: &'d Document,
    pub(crate) actor: &'d Actor,
}

/// The workloads with their roles.
#[derive(Debug)]
pub struct Inventory<'d> {
    pub(crate) documents: Vec<&'d Document>,
    workloads: BTreeMap<Workload, Vec<Role<'d>>>,
    outside: BTreeMap<String, BTreeSet<ActorName>>,
    trust_domain: Option<&'d str>,
}

impl<'d> Inventory<'d> {
    /// The workloads of the documents. `entries` are the actors that are ingress gateways.
    ///
    /// # Errors
    /// Two documents of one name and revision, or of one name at levels that cannot be used together; no workload of this mesh in any of them; an entry that performs a task, or that
    /// begins no instance.
    pub fn of(
        documents: &'d [Document],
        trust_domain: Option<&'d str>,
        entries: &[String],
    ) -> Result<Self, RenderError> {
        let mut sorted: Vec<&Document> = documents.iter().collect();
        sorted.sort_by_key(|document| revision(&document.workflow));
        let mut seen = BTreeSet::new();
        if let Some(twice) = sorted.iter().find(|document| !seen.insert(revision(&document.workflow))) {
            let (workflow, revision) = (twice.workflow.name.to_string(), twice.workflow.revision);
            return Err(RenderError::DuplicateRevision { workflow, revision });
        }
        let levels = documents.iter().map(|document| (&document.workflow.name, document.workflow.assurance));
        MixedLevels::among(levels).map_or(Ok(()), Err)?;
        let mut inventory =
            Self { documents: sorted.clone(), workloads: BTreeMap::new(), outside: BTreeMap::new(), trust_domain };
        for document in sorted {
            for actor in document.workflow.actors.values() {
                actor.spiffe.iter().for_each(|id| inventory.add(id, Role { document, actor }));
                // Nobody knows the workloads of an open segment.
                for open in &actor.open {
                    inventory.outside.entry(open.to_string()).or_default().insert(actor.name.clone());
                }
            }
        }
        for entry in entries {
            inventory.remove_entry(entry)?;
        }
        if inventory.workloads.is_empty() {
            return Err(RenderError::NoWorkload);
        }
        Ok(inventory)
    }

    fn add(&mut self, id: &SpiffeId, role: Role<'d>) {
        match self.workload_of(&role.document.workflow, id) {
            Some(workload) => self.workloads.entry(workload).or_default().push(role),
            None => {
                self.outside.entry(id.to_string()).or_default().insert(role.actor.name.clone());
            }
        }
    }

    /// The workload of this mesh that an identity of the workflow names.
    fn workload_of(&self, workflow: &Workflow, id: &SpiffeId) -> Option<Workload> {
        let home = self.trust_domain.unwrap_or(workflow.trust_domain.as_str());
        Workload::of(id).filter(|_| id.trust_domain() == home)
    }

    /// The workloads with their roles, by namespace and account.
    pub(crate) fn workloads(&self) -> impl Iterator<Item = (&Workload, &[Role<'d>])> {
        self.workloads.iter().map(|(workload, roles)| (workload, roles.as_slice()))
    }

    /// The workloads' names.
    pub fn names(&self) -> Vec<String> {
        self.workloads.keys().map(ToString::to_string).collect()
    }

    /// The namespaces in which they are.
    pub fn namespaces(&self) -> Vec<&str> {
        let all: BTreeSet<&str> = self.workloads.keys().map(Workload::namespace).collect();
        all.into_iter().collect()
    }

    /// Keeps the workloads of these namespaces only; an empty list keeps all. Returns those removed that have a gate
    /// because others call them.
    ///
    /// # Errors
    /// A namespace without a workload.
    pub fn keep(&mut self, namespaces: &[String]) -> Result<Vec<String>, RenderError> {
        self.expect(namespaces)?;
        let kept = |workload: &Workload| is_selected(namespaces, workload.namespace());
        let called = |role: &Role<'_>| {
            let mut transitions = role.document.workflow.transitions.iter();
            transitions.any(|transition| transition.to.performer.name == role.actor.name)
        };
        let removed = self.workloads.iter().filter(|(workload, roles)| !kept(workload) && roles.iter().any(called));
        let removed = removed.map(|(workload, _)| workload.to_string()).collect();
        self.workloads.retain(|workload, _| kept(workload));
        Ok(removed)
    }

    /// # Errors
    /// A namespace without a workload.
    pub(crate) fn expect(&self, namespaces: &[String]) -> Result<(), RenderError> {
        let all = self.namespaces();
        match namespaces.iter().find(|name| !all.contains(&name.as_str())) {
            Some(empty) => Err(RenderError::EmptyNamespace {
                namespace: empty.clone(),
                others: all.into_iter().map(str::to_owned).collect(),
            }),
            None => Ok(()),
        }
    }

    /// The roles of a workload.
    pub(crate) fn roles(&self, workload: &Workload) -> &[Role<'d>] {
        self.workloads.get(workload).map(Vec::as_slice).unwrap_or_default()
    }

    /// The actors for which no Secret and no manifest can be written, since the names of their workloads are not known: each
    /// as `IDENTITY (ACTOR, …)`.
    pub fn unnamed(&self) -> Vec<String> {
        let open = self.outside.iter().filter(|(id, _)| id.contains('{'));
        let names = |actors: &BTreeSet<ActorName>| actors.iter().map(ActorName::as_str).collect::<Vec<_>>().join(", ");
        open.map(|(id, actors)| format!("{id} ({})", names(actors))).collect()
    }

    /// Identities that are not workloads of this mesh, with their actors.
    pub(crate) fn outside(&self) -> &BTreeMap<String, BTreeSet<ActorName>> {
        &self.outside
    }

    /// The workloads of this mesh that may act for the actor.
    pub(crate) fn of_actor(&self, workflow: &Workflow, actor: &Actor) -> Vec<Workload> {
        actor.spiffe.iter().filter_map(|id| self.workload_of(workflow, id)).collect()
    }

    /// The workload's SPIFFE ID.
    pub(crate) fn id_of(&self, workload: &Workload) -> Option<&SpiffeId> {
        self.roles(workload).iter().find_map(|role| {
            let mut ids = role.actor.spiffe.iter();
            ids.find(|id| self.workload_of(&role.document.workflow, id).as_ref() == Some(workload))
        })
    }

    /// Removes an ingress gateway: it runs no gate and holds no secrets.
    ///
    /// # Errors
    /// An entry that is not an actor, one that performs a task, or one that begins no instance.
    fn remove_entry(&mut self, entry: &str) -> Result<(), RenderError> {
        let (mut found, mut begins) = (false, false);
        for document in self.documents.clone() {
            let Some(actor) = document.workflow.actors.get(entry) else { continue };
            found = true;
            let mut starts = document.workflow.transitions.iter().filter(|transition| transition.from.initial);
            begins |= starts.any(|start| start.caller.name == actor.name);
            let mut called = document.workflow.transitions.iter();
            if let Some(called) = called.find(|transition| transition.to.performer.name == actor.name) {
                let task = &called.to.name;
                return Err(RenderError::EntryIsCalled { entry: entry.to_owned(), task: task.to_string() });
            }
            for workload in self.of_actor(&document.workflow, actor) {
                // It may be another actor, too, and needs its gate then.
                let led_to = |role: &Role<'_>| {
                    let mut called = role.document.workflow.transitions.iter();
                    called
                        .find(|transition| transition.to.performer.name == role.actor.name)
                        .map(|t| t.to.name.to_string())
                };
                if let Some(task) = self.roles(&workload).iter().find_map(led_to) {
                    return Err(RenderError::EntryIsCalled { entry: entry.to_owned(), task });
                }
                self.workloads.remove(&workload);
            }
        }
        match (found, begins) {
            (true, true) => Ok(()),
            (true, false) => Err(RenderError::EntryBeginsNothing(entry.to_owned())),
            (false, _) => Err(RenderError::UnknownEntry(entry.to_owned())),
        }
    }
}

/// Whether a namespace is among those given; an empty list selects all.
pub(crate) fn is_selected(namespaces: &[String], namespace: &str) -> bool {
    namespaces.is_empty() || namespaces.iter().any(|name| name == namespace)
}

fn revision(workflow: &Workflow) -> (&str, u32) {
    (workflow.name.as_str(), workflow.revision)
}
