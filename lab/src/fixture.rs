//! A document, and the gates, workloads and mesh that the lab makes around it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use stepgate_config::jwk::Algorithm;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Assurance, Task, Workflow};
use stepgate_mesh::{ClientCertificate, Egress, Environment, Envoys, MeshSpec, PathNormalization, Plugin};
use stepgate_reference::{Arrival, Claims, Denied, Flaw, Key, Kind, Permitted, Reader, Shown, Token};

use super::LabError;
use super::attempt::{Attempt, Sender};
use super::circumstances::Circumstances;
use super::gate_setup::{GateSetup, GateSetups, Keys};
use super::workloads::{Workload, Workloads};

/// More workloads than this share Envoys evenly: each keeps its own address, certificate and gate.
const MAX_ENVOYS: usize = 16;

/// A workflow in its lab.
pub(super) struct Fixture {
    pub(super) workflow: Arc<Workflow>,
    /// Reads the document; nothing has happened to it.
    pub(super) reader: Reader,
    pub(super) workloads: Workloads,
    setups: GateSetups,
    /// Whether the gates are those of an existing mesh, in which others may refuse or change a request.
    pub(super) existing: bool,
    pub(super) circumstances: Circumstances,
}

impl Fixture {
    pub(super) fn of(document: &[u8], replicas: usize, algorithm: Algorithm) -> Result<Self, LabError> {
        let value = stepgate_config::to_json(document).map_err(LabError::Document)?;
        if value.get("workflow").is_none() {
            return Err(LabError::NotADocument);
        }
        let workflow =
            stepgate_config::read_workflow(document).into_result().map(|(w, _)| w).map_err(LabError::Document)?;
        let setups = GateSetups::of(&workflow, &value, algorithm)?;
        let workloads = Workloads::of(&workflow, replicas);
        Self::new(workflow, workloads, setups, false)
    }

    /// The workflow of an existing mesh.
    pub(super) fn existing(workflow: Arc<Workflow>, setups: GateSetups) -> Result<Self, LabError> {
        let workloads = Workloads::existing(&workflow);
        Self::new(workflow, workloads, setups, true)
    }

    fn new(
        workflow: Arc<Workflow>,
        workloads: Workloads,
        setups: GateSetups,
        existing: bool,
    ) -> Result<Self, LabError> {
        if workflow.assurance == Assurance::Once {
            return Err(LabError::Once);
        }
        let (reader, circumstances) = (Reader::new(&workflow)?, Circumstances::default());
        Ok(Self { reader, workloads, workflow, setups, existing, circumstances })
    }

    pub(super) fn signed(&self) -> bool {
        self.workflow.assurance.has_tokens()
    }

    /// The setup of an actor's gates.
    pub(super) fn setup(&self, actor: &Actor) -> Option<&Arc<GateSetup>> {
        self.setups.of_actor(actor)
    }

    /// The leeway of an actor's gates, in seconds.
    pub(super) fn leeway(&self, actor: &Actor) -> u64 {
        self.setup(actor).map_or(0, |setup| setup.config.leeway.as_secs())
    }

    /// What the reference says of an attempt.
    pub(super) fn decide(&self, reader: &mut Reader, attempt: &Attempt) -> Result<Permitted, Denied> {
        reader.decide(self.setup(&attempt.to.actor).map(|setup| &setup.config), &attempt.asked(self.now()))
    }

    /// The time of the gates, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.circumstances.now()
    }

    /// A request to a workload that is this task, without a step, with the headers of all requests.
    pub(super) fn attempt(&self, from: Sender, to: &Arc<Workload>, task: &Task) -> Attempt {
        let mut attempt = Attempt::of(from, to, task);
        self.circumstances.add_to(&mut attempt);
        attempt
    }

    /// The token of an arrival, as its gate signs it.
    pub(super) fn token(&self, arrival: Arrival, holder: &SpiffeId, kind: Kind) -> Result<Shown, LabError> {
        self.made((arrival, holder, kind), None, |_| (), |keys| Some(&keys.own))
    }

    /// The same, with the claims of a gate that lies.
    pub(super) fn lie(
        &self,
        arrival: Arrival,
        holder: &SpiffeId,
        kind: Kind,
        flaw: Flaw,
        change: impl FnOnce(&mut Claims),
    ) -> Result<Shown, LabError> {
        self.made((arrival, holder, kind), Some(flaw), change, |keys| Some(&keys.own))
    }

    /// The same, signed with another of the issuer's keys.
    pub(super) fn forged(
        &self,
        arrival: Arrival,
        holder: &SpiffeId,
        kind: Kind,
        key: fn(&Keys) -> Option<&Key>,
    ) -> Result<Shown, LabError> {
        self.made((arrival, holder, kind), Some(Flaw::Signature), |_| (), key)
    }

    fn made(
        &self,
        (arrival, holder, kind): (Arrival, &SpiffeId, Kind),
        flaw: Option<Flaw>,
        change: impl FnOnce(&mut Claims),
        key: fn(&Keys) -> Option<&Key>,
    ) -> Result<Shown, LabError> {
        let (arrival, holder) = (Arc::new(arrival), holder.clone());
        let mut claims = self.reader.claims(&arrival, &holder);
        change(&mut claims);
        let key = self.signing_keys(&arrival, &claims.iss).and_then(key);
        let text = key.ok_or_else(|| LabError::Gate("there is no key to sign with".into()))?.sign(kind, claims)?;
        Ok(Shown::Token(Token { text, arrival, holder, kind, flaw }))
    }

    /// The keys with which this issuer signs for an arrival: as the performer of its task; of a start, as the actor that
    /// was called first. A liar that is neither has those of one of its own actors.
    pub(super) fn signing_keys(&self, arrival: &Arrival, issuer: &SpiffeId) -> Option<&Keys> {
        let called = self.workflow.leaving(&arrival.task).filter(|_| arrival.start).map(|t| &t.to.performer);
        let performer = Some(&arrival.task.performer).filter(|_| !arrival.start);
        let mut rightful = called.chain(performer).filter(|actor| actor.includes(issuer));
        let actor = rightful.next().or_else(|| self.workflow.roles(issuer).next())?;
        self.setup(actor)?.keys.as_ref()
    }

    /// Whether the sender's Envoy has a route for the name that is called.
    pub(super) fn routes(&self, attempt: &Attempt) -> bool {
        attempt.authority() == attempt.to.authority
            || self.hosts(&attempt.to).iter().any(|host| host == attempt.authority())
    }

    /// What is about to be started.
    pub(super) fn introduction(&self) -> String {
        let (actors, workloads) = (self.workloads.firsts().count(), self.workloads.all().count());
        let who = if actors == workloads {
            format!("{actors} actors")
        } else {
            format!("{workloads} workloads of {actors} actors")
        };
        let left_out = match self.workloads.left_out() {
            0 => String::new(),
            more => format!("; a mesh has no room for {more} further workloads"),
        };
        if workloads <= MAX_ENVOYS {
            return format!("starting {who}, each behind its own Envoy{left_out}");
        }
        format!("starting {who} behind {MAX_ENVOYS} Envoys, each with its own address, certificate and gate{left_out}")
    }

    /// All workloads, each behind its gate.
    pub(super) fn mesh(&self, module: &Path) -> MeshSpec {
        let workloads = self.workloads.all().map(|workload| self.workload(workload, module)).collect();
        let mut spec = MeshSpec::new(workloads);
        spec.envoys = Envoys::AtMost(MAX_ENVOYS);
        // The admin interfaces show the configuration, and any program on this machine may call them.
        spec.environment = Environment::Process;
        spec.exit_on_interrupt = true;
        spec
    }

    fn workload(&self, workload: &Workload, module: &Path) -> stepgate_mesh::Workload {
        let mut spec = stepgate_mesh::Workload::new(workload.name.as_str(), workload.id.to_string());
        spec.hosts = self.hosts(workload);
        spec.egress = Some(Egress::default());
        // The gate has to judge clients without a certificate and odd paths: not Envoy before it.
        spec.inbound.client_certificate = ClientCertificate::Optional;
        spec.inbound.path_normalization = PathNormalization::None;
        spec.inbound.ports = self.ports(workload);
        let Some(setup) = self.setup(&workload.actor) else { return spec };
        spec.gated_by(Plugin {
            module: module.to_path_buf(),
            configuration: setup.configuration.clone(),
            environment: setup.environment.clone(),
        })
    }

    /// The ports that the workload's tasks name.
    fn ports(&self, workload: &Workload) -> Vec<u16> {
        let tasks = self.workflow.tasks.values().filter(|task| task.performer.name == workload.actor.name);
        let ports: BTreeSet<u16> = tasks.flat_map(|task| &task.requests).filter_map(|request| request.port).collect();
        ports.into_iter().collect()
    }

    /// The authorities by which a workload is called: its actor's own, and those of its tasks. Only the first workload
    /// of an actor has them.
    fn hosts(&self, workload: &Workload) -> Vec<String> {
        let actor = &workload.actor;
        if self.workloads.turn(actor, 0).is_none_or(|first| first.name != workload.name) {
            return Vec::new();
        }
        let tasks = self.workflow.tasks.values().filter(|task| task.performer.name == actor.name);
        let of_tasks = tasks.flat_map(|task| &task.requests).filter_map(|request| request.host.clone());
        let mut hosts: Vec<String> = actor.hosts.iter().cloned().chain(of_tasks).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

/// The first SPIFFE ID of an actor.
pub(super) fn identity(actor: &Actor) -> &SpiffeId {
    // The reader of documents refuses an actor without one.
    #[allow(clippy::indexing_slicing, reason = "an actor has at least one SPIFFE ID")]
    &actor.examples[0]
}
