//! Where actors keep what they keep: a class of volumes that their provider encrypts, and one claim for each
//! workload, in its own namespace.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Document, Estate, MARK_VOLUMES, Workload, Wrong, yaml};

/// What only the owner of the cluster knows.
#[derive(Debug, Clone)]
pub struct Volumes {
    /// The driver that makes the volumes.
    pub provisioner: String,
    /// What it is told, among it that it encrypts; there is no name for that which all drivers know.
    pub parameters: BTreeMap<String, String>,
    /// The class's name.
    pub class: String,
    /// How large each volume is, as a quantity of Kubernetes.
    pub size: String,
    /// The actors that keep something; none: all.
    pub actors: Vec<String>,
    /// The trust domain of this mesh; none: that of each document.
    pub trust_domain: Option<String>,
}

/// The class and the claims, as a stream of YAML documents.
///
/// # Errors
/// An actor that no document has, or that is no workload of this mesh.
pub fn volumes(documents: &[Document], volumes: &Volumes) -> Result<String, Wrong> {
    let estate = Estate::of(documents, volumes.trust_domain.as_deref(), &[])?;
    let plays = |workload: &Workload, actor: &String| {
        estate.roles(workload).iter().any(|role| role.actor.name.as_str() == actor.as_str())
    };
    let all: Vec<&Workload> = estate.workloads().map(|(workload, _)| workload).collect();
    if let Some(none) = volumes.actors.iter().find(|actor| !all.iter().any(|workload| plays(workload, actor))) {
        return Err(Wrong::new(format!("--actor: `{none}` is no actor of the documents that has a workload here")));
    }
    let keeps =
        |workload: &&&Workload| volumes.actors.is_empty() || volumes.actors.iter().any(|actor| plays(workload, actor));
    let claims = all.iter().filter(keeps).map(|workload| claim(workload, volumes));
    let manifests: Vec<Value> = std::iter::once(class(volumes)).chain(claims).collect();
    Ok(format!("{MARK_VOLUMES}{}", yaml::stream(&manifests)))
}

/// A volume is made where its pod runs, and goes with its claim: what nobody claims is kept nowhere.
fn class(volumes: &Volumes) -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": volumes.class, "labels": {"app.kubernetes.io/managed-by": "stepgate"}},
        "provisioner": volumes.provisioner, "parameters": volumes.parameters,
        "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
    })
}

/// One for each workload: what one actor keeps, no other mounts.
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
