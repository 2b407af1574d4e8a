//! The Secrets in the environment of the proxies. A container `istio-proxy` with the image `auto` in the pod's template
//! is merged into the one that Istio injects.

use serde_json::{Value, json};

use crate::error::RenderError;
use crate::manifest::with;
use crate::options::Options;
use crate::workload::Workload;
use crate::yaml;

/// The kinds with a template of pods whose fields kustomize knows, so that it merges containers by their names.
const KNOWN: [Owners; 3] = [
    Owners { group: "apps", kinds: &["Deployment", "StatefulSet", "DaemonSet"], template: "/spec/template" },
    Owners { group: "batch", kinds: &["Job"], template: "/spec/template" },
    Owners { group: "batch", kinds: &["CronJob"], template: "/spec/jobTemplate/spec/template" },
];
/// A kind that it does not know: merged, the container would replace all others, so it is appended.
const ROLLOUT: Owners = Owners { group: "argoproj.io", kinds: &["Rollout"], template: "/spec/template" };

/// Kinds of objects that own pods.
struct Owners {
    group: &'static str,
    kinds: &'static [&'static str],
    /// The place of the pods' template.
    template: &'static str,
}

/// The objects whose pods get keys, for the owner.
pub(super) fn note() -> String {
    let kinds: Vec<&str> = KNOWN.iter().flat_map(|owners| owners.kinds).copied().collect();
    format!(
        "components/proxies gives keys to the pods of these kinds: {}; components/proxies-rollout to those of Argo \
         Rollouts. Pods of other kinds, such as Knative Services, have none until you add them (docs/istio.md): their \
         gates deny everything",
        kinds.join(", ")
    )
}

/// Patches of the owner's objects with the workload's label.
pub(super) fn patches(workload: &Workload, variables: &[String], options: &Options) -> Result<Vec<Value>, RenderError> {
    let patch = |owners: &Owners| {
        let spec = json!({"spec": {"containers": [container(workload, variables, true)]}});
        let keys = owners.template.trim_start_matches('/').rsplit('/');
        let object = keys.fold(spec, |inside, key| json!({ key: inside }));
        // The target decides which objects it is for.
        let any = [
            ("apiVersion", json!(format!("{}/v1", owners.group))),
            ("kind", json!(owners.kinds.first())),
            ("metadata", json!({"name": "any"})),
        ];
        patch_labelled(owners.group, &owners.kinds.join("|"), workload, options, &with(object, any))
    };
    KNOWN.iter().map(patch).collect()
}

/// A patch of the owner's Argo Rollouts with the workload's label.
pub(super) fn rollout_patch(
    workload: &Workload,
    variables: &[String],
    options: &Options,
) -> Result<Value, RenderError> {
    let path = format!("{}/spec/containers/-", ROLLOUT.template);
    let append = json!([{"op": "add", "path": path, "value": container(workload, variables, true)}]);
    patch_labelled(ROLLOUT.group, &ROLLOUT.kinds.join("|"), workload, options, &append)
}

/// A patch of the owner's objects with the workload's label, for a kustomization.
pub(super) fn patch_labelled(
    group: &str,
    kind: &str,
    workload: &Workload,
    options: &Options,
    patch: &Value,
) -> Result<Value, RenderError> {
    let label = format!("{}={}", options.label, workload.account());
    let target = json!({"kind": kind, "namespace": workload.namespace(), "labelSelector": label});
    let target = with(target, (!group.is_empty()).then(|| ("group", json!(group))));
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
