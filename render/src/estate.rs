//! The estate: which workloads of this mesh take part in which workflows.

use std::collections::{BTreeMap, BTreeSet};

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Workflow};

use super::{Document, Workload, Wrong};

/// What a workload is in one revision of one workflow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role<'d> {
    pub(crate) document: &'d Document,
    pub(crate) actor: &'d Actor,
}

/// The workloads, and what each is.
#[derive(Debug)]
pub struct Estate<'d> {
    pub(crate) documents: Vec<&'d Document>,
    workloads: BTreeMap<Workload, Vec<Role<'d>>>,
    elsewhere: BTreeSet<String>,
    trust_domain: Option<&'d str>,
}

impl<'d> Estate<'d> {
    /// Takes the documents apart. `entries` are the actors that are ingress gateways.
    ///
    /// # Errors
    /// Two documents of one name and revision; no workload of this mesh in any of them; an entry that is
    /// called itself.
    pub fn of(documents: &'d [Document], trust_domain: Option<&'d str>, entries: &[String]) -> Result<Self, Wrong> {
        let mut sorted: Vec<&Document> = documents.iter().collect();
        sorted.sort_by_key(|document| revision(&document.workflow));
        let twice = sorted.windows(2).find_map(|pair| match pair {
            [a, b] if revision(&a.workflow) == revision(&b.workflow) => Some(&a.workflow),
            _ => None,
        });
        if let Some(workflow) = twice {
            return Err(Wrong::new(format!(
                "revision {} of the workflow `{}` stands in two documents",
                workflow.revision, workflow.name
            ))
            .help("a change is a new revision"));
        }
        let mut estate =
            Self { documents: sorted.clone(), workloads: BTreeMap::new(), elsewhere: BTreeSet::new(), trust_domain };
        for document in sorted {
            for actor in document.workflow.actors.values() {
                actor.spiffe.iter().for_each(|id| estate.add(id, Role { document, actor }));
            }
        }
        for entry in entries {
            estate.leave_out(entry)?;
        }
        if estate.workloads.is_empty() {
            return Err(Wrong::new("no actor of the documents is a workload of this mesh")
                .help("actors have SPIFFE IDs such as `ns/NAMESPACE/sa/ACCOUNT`, in the document's trust domain or in --trust-domain"));
        }
        Ok(estate)
    }

    fn add(&mut self, id: &SpiffeId, role: Role<'d>) {
        let home = self.trust_domain.unwrap_or(role.document.workflow.trust_domain.as_str());
        match Workload::of(id).filter(|_| id.trust_domain() == home) {
            Some(workload) => self.workloads.entry(workload).or_default().push(role),
            None => {
                self.elsewhere.insert(id.to_string());
            }
        }
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

    /// Leaves out the workloads of all namespaces but these; of none, if there are no names. Says which of them
    /// have a gate because others call them.
    ///
    /// # Errors
    /// A namespace in which no workload is.
    pub fn keep(&mut self, namespaces: &[String]) -> Result<Vec<String>, Wrong> {
        self.expect(namespaces)?;
        let kept =
            |workload: &Workload| namespaces.is_empty() || namespaces.iter().any(|name| name == workload.namespace());
        let called = |role: &Role<'_>| {
            let mut ways = role.document.workflow.transitions.iter();
            ways.any(|way| way.to.performer.name == role.actor.name)
        };
        let gone = self.workloads.iter().filter(|(workload, roles)| !kept(workload) && roles.iter().any(called));
        let gone = gone.map(|(workload, _)| workload.to_string()).collect();
        self.workloads.retain(|workload, _| kept(workload));
        Ok(gone)
    }

    /// # Errors
    /// A namespace in which no workload is.
    pub(crate) fn expect(&self, namespaces: &[String]) -> Result<(), Wrong> {
        let all = self.namespaces();
        match namespaces.iter().find(|name| !all.contains(&name.as_str())) {
            Some(none) => Err(Wrong::new(format!("--namespace: the documents have no workload in `{none}`"))
                .help(format!("they have in {}", all.join(", ")))),
            None => Ok(()),
        }
    }

    /// What the workload is.
    pub(crate) fn roles(&self, workload: &Workload) -> &[Role<'d>] {
        self.workloads.get(workload).map(Vec::as_slice).unwrap_or_default()
    }

    /// Identities that are no workloads of this mesh.
    pub(crate) fn elsewhere(&self) -> &BTreeSet<String> {
        &self.elsewhere
    }

    /// The workloads of this mesh that may act for the actor.
    pub(crate) fn of_actor(&self, workflow: &Workflow, actor: &Actor) -> Vec<Workload> {
        let home = self.trust_domain.unwrap_or(workflow.trust_domain.as_str());
        actor.spiffe.iter().filter(|id| id.trust_domain() == home).filter_map(Workload::of).collect()
    }

    /// The workload's SPIFFE ID.
    pub(crate) fn id_of(&self, workload: &Workload) -> Option<&SpiffeId> {
        self.roles(workload).iter().find_map(|role| {
            let home = self.trust_domain.unwrap_or(role.document.workflow.trust_domain.as_str());
            let mut own = role.actor.spiffe.iter().filter(|id| id.trust_domain() == home);
            own.find(|id| Workload::of(id).as_ref() == Some(workload))
        })
    }

    /// Leaves out the ingress gateways: they run no gate, and hold no secrets.
    ///
    /// # Errors
    /// An entry that is no actor, or one whose tasks are called.
    fn leave_out(&mut self, entry: &str) -> Result<(), Wrong> {
        let mut found = false;
        for document in self.documents.clone() {
            let Some(actor) = document.workflow.actors.get(entry) else { continue };
            found = true;
            let mut called = document.workflow.transitions.iter();
            if let Some(called) = called.find(|way| way.to.performer.name == actor.name) {
                let task = &called.to.name;
                return Err(Wrong::new(format!(
                    "--entry: `{entry}` performs `{task}`, which others call: a gateway has no gate before it"
                ))
                .help("let the gateway be an actor of its own, with initial tasks only"));
            }
            for workload in self.of_actor(&document.workflow, actor) {
                self.workloads.remove(&workload);
            }
        }
        if found { Ok(()) } else { Err(Wrong::new(format!("--entry: no document has an actor `{entry}`"))) }
    }
}

fn revision(workflow: &Workflow) -> (&str, u32) {
    (workflow.name.as_str(), workflow.revision)
}
