//! A document, and the gates, workloads and mesh that the lab makes around it.

use std::path::Path;
use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Assurance, Workflow};
use stepgate_decision::Gate;
use stepgate_decision::keys::{Algorithm, Crypto, RustCrypto};
use stepgate_decision::token::{Claims, TokenType};

use super::LabError;
use super::attempt::Attempt;
use super::cast::{Cast, Member};
use super::post::{Post, Posts};
use stepgate_mesh::{ClientCertificate, Egress, Envoys, MeshSpec, PathNormalization, Plugin, Workload};

/// The step header.
pub(super) const HEADER: &str = "x-workflow-step";
/// A path that the lab's gates exempt for whoever belongs to the mesh, by GET.
pub const EXEMPT_PATH: &str = "/.well-known/stepgate-lab";
/// More workloads than this share Envoys evenly: each keeps its own address, certificate and gate.
const MAX_ENVOYS: usize = 16;

/// A workflow in its lab.
pub(super) struct Setting {
    pub(super) workflow: Arc<Workflow>,
    pub(super) cast: Cast,
    posts: Posts,
    /// Whether the lab did not start the gates: then there are others in the way.
    pub(super) given: bool,
}

impl Setting {
    pub(super) fn of(document: &[u8], replicas: usize, algorithm: Algorithm) -> Result<Self, LabError> {
        let value = stepgate_config::to_json(document).map_err(LabError::Document)?;
        if value.get("workflow").is_none() {
            return Err(LabError::NotADocument);
        }
        let workflow =
            stepgate_config::read_workflow(document).into_result().map(|(w, _)| w).map_err(LabError::Document)?;
        let posts = Posts::of(&workflow, &value, algorithm)?;
        Ok(Self { cast: Cast::of(&workflow, replicas), workflow, posts, given: false })
    }

    /// The workflow of gates that are there already.
    pub(super) fn of_given(workflow: Arc<Workflow>, posts: Posts) -> Self {
        Self { cast: Cast::given(&workflow), workflow, posts, given: true }
    }

    pub(super) fn signed(&self) -> bool {
        self.workflow.assurance == Assurance::Signed
    }

    /// The gate of an actor as the proxies have it, to ask the decision natively.
    pub(super) fn gate(&self, actor: &Actor) -> Option<&Gate> {
        self.posts.of_actor(actor).map(|post| post.gate.as_ref())
    }

    /// The keys of an actor.
    pub(super) fn post(&self, actor: &Actor) -> Option<&Arc<Post>> {
        self.posts.of_actor(actor)
    }

    /// Signs as the gate of whoever the claims name as their issuer.
    pub(super) fn sign(&self, token_type: TokenType, claims: &Claims) -> Result<String, LabError> {
        let key = self.issuer(claims).and_then(|post| post.keys.as_ref()).map(|keys| &keys.own);
        let key = key.ok_or_else(|| LabError::Gate("there is no key to sign with".into()))?;
        RustCrypto.sign(key, token_type, claims).map_err(|error| LabError::Gate(error.to_string()))
    }

    /// Signs with a key of nobody's, under the same `kid`.
    pub(super) fn forge(&self, token_type: TokenType, claims: &Claims) -> Result<String, LabError> {
        let key = self.issuer(claims).and_then(|post| post.keys.as_ref()).map(|keys| &keys.forged);
        let key = key.ok_or_else(|| LabError::Gate("there is no key to forge".into()))?;
        RustCrypto.sign(key, token_type, claims).map_err(|error| LabError::Gate(error.to_string()))
    }

    /// The post of the actor who is named as issuer.
    pub(super) fn issuer(&self, claims: &Claims) -> Option<&Arc<Post>> {
        let actor = self.workflow.actors.values().find(|actor| actor.includes(&claims.iss));
        self.post(actor?)
    }

    /// Whether the sender's Envoy knows the way by the name that is called.
    pub(super) fn routes(&self, attempt: &Attempt) -> bool {
        attempt.authority() == attempt.to.authority
            || self.hosts(&attempt.to).iter().any(|host| host == attempt.authority())
    }

    /// What is about to be started.
    pub(super) fn introduction(&self) -> String {
        let (actors, workloads) = (self.cast.firsts().count(), self.cast.all().count());
        let who = if actors == workloads {
            format!("{actors} actors")
        } else {
            format!("{workloads} workloads of {actors} actors")
        };
        let left_out = match self.cast.left_out() {
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
        let workloads = self.cast.all().map(|member| self.workload(member, module)).collect();
        let mut spec = MeshSpec::new(workloads);
        spec.envoys = Envoys::AtMost(MAX_ENVOYS);
        spec.exit_on_interrupt = true;
        spec
    }

    fn workload(&self, member: &Member, module: &Path) -> Workload {
        let mut workload = Workload::new(member.name.as_str(), member.id.to_string());
        workload.hosts = self.hosts(member);
        workload.egress = Some(Egress::default());
        // The gate is to judge who has no certificate, and how a path is written: not Envoy before it.
        workload.inbound.client_certificate = ClientCertificate::Optional;
        workload.inbound.path_normalization = PathNormalization::None;
        let Some(post) = self.post(&member.actor) else { return workload };
        workload.gated_by(Plugin {
            module: module.to_path_buf(),
            configuration: post.configuration.clone(),
            environment: post.environment.clone(),
        })
    }

    /// The authorities by which a workload is called: its actor's own, and those that its tasks want. An actor's
    /// first workload has them.
    fn hosts(&self, member: &Member) -> Vec<String> {
        let actor = &member.actor;
        if self.cast.turn(actor, 0).is_none_or(|first| first.name != member.name) {
            return Vec::new();
        }
        let tasks = self.workflow.tasks.values().filter(|task| task.performer.name == actor.name);
        let wanted = tasks.flat_map(|task| &task.requests).filter_map(|request| request.host.clone());
        let mut hosts: Vec<String> = actor.hosts.iter().cloned().chain(wanted).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

/// The first SPIFFE ID of an actor.
pub(super) fn identity(actor: &Actor) -> &SpiffeId {
    // The reader of documents refuses an actor without one.
    #[allow(clippy::indexing_slicing, reason = "an actor has at least one SPIFFE ID")]
    &actor.spiffe[0]
}

/// A name for an instance, that no other has.
pub(super) fn instance_name() -> Result<String, LabError> {
    Ok(stepgate_render::jwk::random_text()?.chars().take(16).collect())
}
