//! The interlock behind the gates: a request without the secret that a gate sets is refused. It covers the moments in
//! which a proxy runs no filter.
//!
//! The secrets are literals in the policies; kustomize copies them from the Secrets when it builds.

use serde_json::{Value, json};
use stepgate_decision::permit::INTERLOCK_HEADER;

use crate::gate::{DETACHED, Target};
use crate::manifest::{manifest, with};
use crate::options::{Attach, Options};
use crate::workload::Workload;

/// The value in a policy until the secrets replace it. It is public, so a policy with it protects nothing.
const UNSET: &str = "unset: build a stage with its secrets";

/// The policy of one workload. DENY, because an ALLOW would be one of several, any of which admits.
pub(super) fn policy(workload: &Workload, secrets: usize, attach: Attach, options: &Options) -> Value {
    let target = match attach {
        Attach::Namespace | Attach::Workload | Attach::Mesh => Target::Labels(workload.labels(&options.label)),
        Attach::Waypoint => Target::Waypoint(workload.gateway()),
    };
    // On a port without HTTP every connection would match the condition.
    let ports: Vec<String> = options.tcp_ports.iter().map(u16::to_string).collect();
    let ports = (!ports.is_empty()).then(|| ("to", json!([{"operation": {"notPorts": ports}}])));
    deny(workload, &target, with(unless(&vec![UNSET; secrets]), ports))
}

/// The same policy for no pod at all.
pub(super) fn idle(workload: &Workload) -> Value {
    deny(workload, &Target::Labels(json!({DETACHED: "detached"})), unless(&["idle"]))
}

fn deny(workload: &Workload, target: &Target, rule: Value) -> Value {
    let spec = with(json!({"action": "DENY", "rules": [rule]}), target.field());
    manifest("security.istio.io/v1", "AuthorizationPolicy", &name(workload), workload.namespace(), &spec)
}

/// A rule that matches requests without one of these secrets.
fn unless(secrets: &[&str]) -> Value {
    json!({"when": [{"key": format!("request.headers[{INTERLOCK_HEADER}]"), "notValues": secrets}]})
}

/// The kustomize replacements that copy the secrets into the policy.
pub(super) fn replacements(workload: &Workload, variables: &[String]) -> Vec<Value> {
    let replacement = |(at, variable): (usize, &String)| {
        json!({
            "source": {
                "kind": "Secret", "name": workload.resource(), "namespace": workload.namespace(),
                "fieldPath": format!("stringData.{variable}"),
            },
            "targets": [{
                "select": {"kind": "AuthorizationPolicy", "name": name(workload), "namespace": workload.namespace()},
                "fieldPaths": [format!("spec.rules.0.when.0.notValues.{at}")],
            }],
        })
    };
    variables.iter().enumerate().map(replacement).collect()
}

fn name(workload: &Workload) -> String {
    format!("{}-interlock", workload.resource())
}
