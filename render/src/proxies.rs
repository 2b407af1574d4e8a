//! The Secrets in the environment of the proxies. A container `istio-proxy` with the image `auto` in the pod's template
//! is merged into the one that Istio injects.

use serde_json::{Value, json};

use crate::error::RenderError;
use crate::options::Options;
use crate::workload::Workload;
use crate::yaml;

/// The kinds of controllers with a template of pods.
const CONTROLLERS: &str = "Deployment|StatefulSet|DaemonSet";

/// A patch of the owner's Deployments, StatefulSets and DaemonSets with the workload's label.
pub(super) fn patch(workload: &Workload, variables: &[String], options: &Options) -> Result<Value, RenderError> {
    let template = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "any"},
        "spec": {"template": {"spec": {"containers": [container(workload, variables, true)]}}},
    });
    Ok(json!({
        "target": {
            "kind": CONTROLLERS, "namespace": workload.namespace(),
            "labelSelector": format!("{}={}", options.label, workload.account()),
        },
        "patch": yaml::text(&template)?,
    }))
}

/// The proxy's container with the workload's Secret in its environment.
pub(super) fn container(workload: &Workload, variables: &[String], injected: bool) -> Value {
    let from = |name: &String| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": workload.resource(), "key": name}}});
    let environment: Vec<Value> = variables.iter().map(from).collect();
    let mut container = json!({"name": "istio-proxy", "env": environment});
    if let Some(container) = container.as_object_mut().filter(|_| injected) {
        container.insert("image".into(), "auto".into());
        // Without it the API server reads `auto` as an image without a tag and sets `Always`; the injected image would
        // then be pulled at every start, and pods could not start while the registry is away.
        container.insert("imagePullPolicy".into(), "IfNotPresent".into());
    }
    container
}
