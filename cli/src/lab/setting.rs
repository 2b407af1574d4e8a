//! A document, and the gate's configuration, keys and mesh that the lab makes around it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use serde_json::{Value, json};
use stepgate_config::name::Kid;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Actor, Assurance, Workflow};
use stepgate_decision::Gate;
use stepgate_decision::keys::{Key, KeyActor};

use super::LabError;
use crate::mesh::{Egress, Envoys, MeshSpec, Plugin, Workload};

/// The step header.
pub(super) const HEADER: &str = "x-workflow-step";
const KEY: &str = "STEPGATE_LAB_KEY";
const INTERLOCK: &str = "STEPGATE_LAB_INTERLOCK";
/// More actors than this share Envoys evenly: each keeps its own address, certificate and gate.
const MAX_ENVOYS: usize = 16;

/// A workflow in its lab.
pub(super) struct Setting {
    pub(super) workflow: Arc<Workflow>,
    /// The gate as the proxies have it, to ask the decision natively.
    pub(super) gate: Gate,
    /// With which every gate signs; none at level `identity`.
    pub(super) key: Option<Key>,
    /// A key of nobody's, with the same `kid`.
    pub(super) forged: Option<Key>,
    configuration: String,
    environment: BTreeMap<String, String>,
}

impl Setting {
    pub(super) fn of(document: &[u8]) -> Result<Self, LabError> {
        let mut value = stepgate_config::to_json(document).map_err(LabError::Document)?;
        if value.get("workflow").is_none() {
            return Err(LabError::NotADocument);
        }
        let workflow =
            stepgate_config::read_workflow(document).into_result().map(|(w, _)| w).map_err(LabError::Document)?;
        let jwk = random_jwk()?;
        let environment = BTreeMap::from([(KEY.to_owned(), jwk.clone()), (INTERLOCK.to_owned(), random(24)?)]);
        // The lab enforces, whatever the document's own mode.
        if let Some(members) = value.as_object_mut() {
            members.remove("mode");
        }
        let configuration = configuration(&workflow, value).to_string();
        let config = stepgate_config::read_gate(configuration.as_bytes())
            .into_result()
            .map(|(config, _)| config)
            .map_err(LabError::Document)?;
        let (gate, _) = Gate::new(config, &|name| environment.get(name).cloned())
            .map_err(|errors| LabError::Gate(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
        let signed = workflow.assurance == Assurance::Signed;
        let key = |jwk: &str| {
            let kid = Kid::try_from("lab").map_err(|error| LabError::Gate(error.to_string()))?;
            Key::new(kid, KeyActor::Any, jwk).map_err(|error| LabError::Gate(error.to_string()))
        };
        Ok(Self {
            key: signed.then(|| key(&jwk)).transpose()?,
            forged: signed.then(|| key(&random_jwk()?)).transpose()?,
            workflow,
            gate,
            configuration,
            environment,
        })
    }

    /// What is about to be started.
    pub(super) fn introduction(&self) -> String {
        let actors = self.actors().count();
        if actors <= MAX_ENVOYS {
            return format!("starting {actors} actors, each behind its own Envoy");
        }
        format!("starting {actors} actors behind {MAX_ENVOYS} Envoys, each with its own address, certificate and gate")
    }

    /// One workload an actor, with the certificate of its first SPIFFE ID.
    pub(super) fn mesh(&self, module: &Path) -> MeshSpec {
        let workloads: Vec<Workload> = self
            .actors()
            .map(|actor| {
                let mut workload = Workload::new(actor.name.as_str(), identity(actor).to_string());
                workload.hosts = self.hosts(actor);
                workload.egress = Some(Egress::default());
                workload.gated_by(Plugin {
                    module: module.to_path_buf(),
                    configuration: self.configuration.clone(),
                    environment: self.environment.clone(),
                })
            })
            .collect();
        let mut spec = MeshSpec::new(workloads);
        spec.envoys = Envoys::AtMost(MAX_ENVOYS);
        spec.exit_on_interrupt = true;
        spec
    }

    pub(super) fn actors(&self) -> impl Iterator<Item = &Arc<Actor>> {
        self.workflow.actors.values().filter(|actor| !actor.spiffe.is_empty())
    }

    /// The authorities by which an actor is called: its own, and those that its tasks want.
    fn hosts(&self, actor: &Actor) -> Vec<String> {
        let tasks = self.workflow.tasks.values().filter(|task| task.performer.name == actor.name);
        let wanted = tasks.flat_map(|task| &task.requests).filter_map(|request| request.host.clone());
        let mut hosts: Vec<String> = actor.hosts.iter().cloned().chain(wanted).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

/// The first SPIFFE ID of an actor: the one it has in the lab.
pub(super) fn identity(actor: &Actor) -> &SpiffeId {
    // The reader of documents refuses an actor without one.
    #[allow(clippy::indexing_slicing, reason = "an actor has at least one SPIFFE ID")]
    &actor.spiffe[0]
}

fn configuration(workflow: &Workflow, document: Value) -> Value {
    let mut configuration = json!({
        "interlock": {"env": [INTERLOCK]},
        "log": {"denials_per_second": 5},
        "workflows": [document],
    });
    if workflow.assurance == Assurance::Signed
        && let Some(members) = configuration.as_object_mut()
    {
        let key = json!({"workflow": workflow.name.as_str(), "kid": "lab", "use": "sign", "env": KEY});
        members.insert("keys".to_owned(), json!([key]));
    }
    configuration
}

fn random_jwk() -> Result<String, LabError> {
    Ok(json!({"kty": "oct", "alg": "HS256", "k": random(32)?}).to_string())
}

/// Random bytes as base64url.
pub(super) fn random(bytes: usize) -> Result<String, LabError> {
    let mut drawn = vec![0; bytes];
    getrandom::fill(&mut drawn).map_err(|error| LabError::Gate(format!("no randomness: {error}")))?;
    Base64UrlSafeNoPadding::encode_to_string(drawn).map_err(|error| LabError::Gate(error.to_string()))
}
