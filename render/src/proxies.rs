//! The Secrets' way into the proxies. A container `istio-proxy` with the image `auto` in the pod's template
//! is merged into the one that Istio injects.

use serde_json::{Value, json};

use super::{Options, Workload};

/// What a controller's pods are of.
const CONTROLLERS: &str = "Deployment|StatefulSet|DaemonSet";

/// A change of the owner's Deployments, StatefulSets and DaemonSets with the workload's label.
pub(super) fn patch(workload: &Workload, variables: &[String], options: &Options) -> Value {
    let template = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "any"},
        "spec": {"template": {"spec": {"containers": [container(workload, variables, true)]}}},
    });
    json!({
        "target": {
            "kind": CONTROLLERS, "namespace": workload.namespace(),
            "labelSelector": format!("{}={}", options.label, workload.account()),
        },
        "patch": super::yaml::text(&template),
    })
}

/// The proxy's container with the workload's Secret in its environment.
pub(super) fn container(workload: &Workload, variables: &[String], injected: bool) -> Value {
    let from = |name: &String| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": workload.resource(), "key": name}}});
    let environment: Vec<Value> = variables.iter().map(from).collect();
    let mut container = json!({"name": "istio-proxy", "env": environment});
    if let Some(container) = container.as_object_mut().filter(|_| injected) {
        container.insert("image".into(), "auto".into());
        // Else the API server takes `auto` for an image without a tag, and the mesh's own would be pulled at every
        // start: a registry that is away would keep pods from starting.
        container.insert("imagePullPolicy".into(), "IfNotPresent".into());
    }
    container
}
