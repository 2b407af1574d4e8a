//! Volumes for the data of actors: a class of volumes that their provider encrypts, and one claim for each workload, in
//! its own namespace.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::document::Document;
use crate::error::RenderError;
use crate::inventory::Inventory;
use crate::workload::Workload;
use crate::yaml;

/// The first line of the text.
const HEADER: &str = "# Written by `stepgate render volumes`: change the documents or the flags, not this text.\n";

/// Options of [`volumes`], which depend on the cluster.
#[derive(Debug, Clone)]
pub struct Volumes {
    /// The CSI driver of the volumes.
    pub provisioner: String,
    /// Its parameters. One of them turns encryption on; each driver has another name for it.
    pub parameters: BTreeMap<String, String>,
    /// The name of the class.
    pub class: String,
    /// The size of each volume, as a quantity of Kubernetes.
    pub size: String,
    /// The actors with a volume; empty: all.
    pub actors: Vec<String>,
    /// The trust domain of this mesh; `None`: that of each document.
    pub trust_domain: Option<String>,
}

/// The class and the claims, as a stream of YAML documents.
///
/// # Errors
/// An actor that is not in the documents, or not a workload of this mesh.
pub fn volumes(documents: &[Document], volumes: &Volumes) -> Result<String, RenderError> {
    let inventory = Inventory::of(documents, volumes.trust_domain.as_deref(), &[])?;
    let is_actor = |workload: &Workload, actor: &String| {
        inventory.roles(workload).iter().any(|role| role.actor.name.as_str() == actor.as_str())
    };
    let all: Vec<&Workload> = inventory.workloads().map(|(workload, _)| workload).collect();
    if let Some(unknown) = volumes.actors.iter().find(|actor| !all.iter().any(|workload| is_actor(workload, actor))) {
        return Err(RenderError::UnknownActor(unknown.clone()));
    }
    let has_volume = |workload: &&&Workload| {
        volumes.actors.is_empty() || volumes.actors.iter().any(|actor| is_actor(workload, actor))
    };
    let claims = all.iter().filter(has_volume).map(|workload| claim(workload, volumes));
    let manifests: Vec<Value> = std::iter::once(class(volumes)).chain(claims).collect();
    Ok(format!("{HEADER}{}", yaml::stream(&manifests)?))
}

/// A volume is created in the zone of its pod and deleted with its claim: no data is kept without a claim.
fn class(volumes: &Volumes) -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": volumes.class, "labels": {"app.kubernetes.io/managed-by": "stepgate"}},
        "provisioner": volumes.provisioner, "parameters": volumes.parameters,
        "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
    })
}

/// One for each workload: no actor can mount the volume of another one.
fn claim(workload: &Workload, volumes: &Volumes) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": workload.resource(), "namespace": workload.namespace(),
            "labels": {"app.kubernetes.io/managed-by": "stepgate"},
        },
        "spec": {
            "storageClassName": volumes.class, "accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem",
            "resources": {"requests": {"storage": volumes.size}},
        },
    })
}
