//! Ambient: each workload behind a waypoint of its own, which runs its gate and holds its keys alone.

use serde_json::{Value, json};

use super::{Estate, Options, Workload, Wrong, proxies, yaml};

/// Where ztunnels hand requests over.
const HBONE: u16 = 15008;

/// The waypoint, its environment, and the policy that lets nothing in past it.
pub(super) fn manifests(
    estate: &Estate<'_>,
    workload: &Workload,
    variables: &[String],
    options: &Options,
) -> Result<Vec<Value>, Wrong> {
    let metadata = json!({"name": workload.resource(), "namespace": workload.namespace()});
    let deployment = json!({"spec": {"template": {"spec": {
        "containers": [proxies::container(workload, variables, false)],
    }}}});
    let domain = estate.id_of(workload).map(|id| id.trust_domain());
    let domain = domain.ok_or_else(|| Wrong::new(format!("`{workload}` has no SPIFFE ID")))?;
    let waypoint = format!("{domain}/ns/{}/sa/{}", workload.namespace(), workload.resource());
    Ok(vec![
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata,
            "data": {"deployment": yaml::text(&deployment)},
        }),
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {
                "name": workload.resource(), "namespace": workload.namespace(),
                "labels": {"istio.io/waypoint-for": "service"},
            },
            "spec": {
                "gatewayClassName": "istio-waypoint",
                "infrastructure": {"parametersRef": {"group": "", "kind": "ConfigMap", "name": workload.resource()}},
                "listeners": [{"name": "mesh", "port": HBONE, "protocol": "HBONE"}],
            },
        }),
        json!({
            "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
            "metadata": {"name": format!("{}-waypoint", workload.resource()), "namespace": workload.namespace()},
            "spec": {
                "selector": {"matchLabels": workload.labels(&options.label)},
                "action": "ALLOW",
                "rules": [{"from": [{"source": {"principals": [waypoint]}}]}],
            },
        }),
    ])
}

/// A change of the owner's Services with the workload's label.
pub(super) fn patch(workload: &Workload, options: &Options) -> Value {
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "any", "labels": {"istio.io/use-waypoint": workload.resource()}},
    });
    json!({
        "target": {
            "kind": "Service", "namespace": workload.namespace(),
            "labelSelector": format!("{}={}", options.label, workload.account()),
        },
        "patch": yaml::text(&service),
    })
}
