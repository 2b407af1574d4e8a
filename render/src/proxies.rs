//! The Secrets in the environment of the proxies. A container `istio-proxy` with the image `auto` in the pod's template
//! is merged into the one that Istio injects.

use serde_json::{Value, json};

use crate::error::RenderError;
use crate::manifest::with;
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
    patch_labelled(CONTROLLERS, workload, options, &template)
}

/// A patch of the owner's objects with the workload's label, for a kustomization.
pub(super) fn patch_labelled(
    kind: &str,
    workload: &Workload,
    options: &Options,
    patch: &Value,
) -> Result<Value, RenderError> {
    let label = format!("{}={}", options.label, workload.account());
    let target = json!({"kind": kind, "namespace": workload.namespace(), "labelSelector": label});
    Ok(json!({"target": target, "patch": yaml::text(patch)?}))
}

/// The proxy's container with the workload's Secret in its environment.
pub(super) fn container(workload: &Workload, variables: &[String], injected: bool) -> Value {
    let from = |name: &String| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": workload.resource(), "key": name}}});
    let environment: Vec<Value> = variables.iter().map(from).collect();
    // Without the policy the API server reads `auto` as an image without a tag and sets `Always`; the injected image
    // would then be pulled at every start, and pods could not start while the registry is away.
    let image = [("image", json!("auto")), ("imagePullPolicy", json!("IfNotPresent"))];
    with(json!({"name": "istio-proxy", "env": environment}), image.into_iter().filter(|_| injected))
}
