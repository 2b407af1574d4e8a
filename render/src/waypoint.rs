//! Ambient: each workload has a waypoint of its own, which runs its gate and holds only its keys.

use serde_json::{Value, json};

use crate::error::RenderError;
use crate::inventory::Inventory;
use crate::manifest::manifest;
use crate::options::Options;
use crate::workload::Workload;
use crate::{proxies, yaml};

/// The port to which ztunnels forward requests.
const HBONE: u16 = 15008;

/// The class of waypoints that can run a gate.
pub(super) const NOTE: &str = "the waypoints are of the class istio-waypoint. One of a class istio-agentgateway* is no \
    Envoy: it applies neither WasmPlugin nor AuthorizationPolicy, and so has no gate and no interlock";

/// The waypoint, its environment, and the policy that admits only requests through it.
pub(super) fn manifests(
    inventory: &Inventory<'_>,
    workload: &Workload,
    variables: &[String],
    options: &Options,
) -> Result<Vec<Value>, RenderError> {
    let metadata = json!({"name": workload.resource(), "namespace": workload.namespace()});
    let deployment = json!({"spec": {"template": {"spec": {
        "containers": [proxies::container(workload, variables, false)],
    }}}});
    let domain = inventory.id_of(workload).map(|id| id.trust_domain());
    let domain = domain.ok_or_else(|| RenderError::NoIdentity(workload.to_string()))?;
    // The service account of a waypoint has its name. While the trust domain is renamed, its certificate may have either.
    let aliases = options.trust_domain_aliases.iter().map(String::as_str).filter(|alias| *alias != domain);
    let principals: Vec<String> = std::iter::once(domain)
        .chain(aliases)
        .map(|domain| format!("{domain}/ns/{}/sa/{}", workload.namespace(), workload.gateway()))
        .collect();
    Ok(vec![
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata,
            "data": {"deployment": yaml::text(&deployment)?},
        }),
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {
                "name": workload.gateway(), "namespace": workload.namespace(),
                "labels": {"istio.io/waypoint-for": "service"},
            },
            "spec": {
                "gatewayClassName": "istio-waypoint",
                "infrastructure": {"parametersRef": {"group": "", "kind": "ConfigMap", "name": workload.resource()}},
                "listeners": [{"name": "mesh", "port": HBONE, "protocol": "HBONE"}],
            },
        }),
        manifest(
            "security.istio.io/v1",
            "AuthorizationPolicy",
            &format!("{}-waypoint", workload.resource()),
            workload.namespace(),
            &json!({
                "selector": {"matchLabels": workload.labels(&options.label)},
                "action": "ALLOW",
                "rules": [{"from": [{"source": {"principals": principals}}]}],
            }),
        ),
    ])
}

/// A patch of the owner's Services with the workload's label.
pub(super) fn patch(workload: &Workload, options: &Options) -> Result<Value, RenderError> {
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "any", "labels": {"istio.io/use-waypoint": workload.gateway()}},
    });
    proxies::patch_labelled("", "Service", workload, options, &service)
}
