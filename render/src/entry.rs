//! Entry from outside: an ingress gateway is an actor. It admits requests that begin an instance, and removes steps in
//! both directions.

use serde_json::{Value, json};
use stepgate_config::KeyOwner;
use stepgate_config::workflow::{RequestPattern, Transition};
use stepgate_decision::permit::INTERLOCK_HEADER;

use crate::error::RenderError;
use crate::inventory::Inventory;
use crate::manifest::{manifest, with};
use crate::options::{Entry, Options};

/// The Gateway and the routes of each entry.
///
/// # Errors
/// An actor that the gateway calls has no host.
pub(super) fn manifests(inventory: &Inventory<'_>, options: &Options) -> Result<Vec<Value>, RenderError> {
    let mut manifests = Vec::new();
    for entry in &options.entries {
        for document in &inventory.documents {
            let Some(actor) = document.workflow.actors.get(entry.actor.as_str()) else { continue };
            let starts = document
                .workflow
                .transitions
                .iter()
                .filter(|start| start.from.initial && start.caller.name == actor.name);
            let mut routes = Vec::new();
            for start in starts {
                routes.push(route(start, options)?);
            }
            for workload in inventory.of_actor(&document.workflow, actor) {
                let name = KeyOwner { workflow: document.workflow.name.clone(), actor: None }.object("stepgate-");
                let gateway = json!({"selector": workload.labels(&options.label), "servers": [server(entry)]});
                let service = json!({"hosts": [entry.host], "gateways": [name], "http": routes});
                for (kind, spec) in [("Gateway", gateway), ("VirtualService", service)] {
                    manifests.push(manifest("networking.istio.io/v1", kind, &name, workload.namespace(), &spec));
                }
            }
        }
    }
    Ok(manifests)
}

fn server(entry: &Entry) -> Value {
    json!({
        "hosts": [entry.host],
        "port": {"name": "https", "number": 443, "protocol": "HTTPS"},
        "tls": {"mode": "SIMPLE", "credentialName": format!("{}-tls", entry.host.replace('.', "-"))},
    })
}

/// The requests of one task, without steps: a client must neither present nor receive one. Each begins an instance, so
/// the gateway does not try again: that would begin another one.
fn route(transition: &Transition, options: &Options) -> Result<Value, RenderError> {
    let to = &transition.to;
    let no_host = || RenderError::NoHost(to.performer.name.to_string());
    let host = to.performer.hosts.first().ok_or_else(no_host)?;
    let name = stepgate_config::workflow::without_port(host);
    let port = host.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')?.parse::<u16>().ok());
    let destination = with(json!({"host": name}), port.map(|port| ("port", json!({"number": port}))));
    let step = options.settings.get("header").and_then(Value::as_str).unwrap_or("x-workflow-step");
    let route = json!({
        "name": to.name.as_str(),
        "route": [{"destination": destination}],
        "retries": {"attempts": 0},
        "headers": {
            "request": {"remove": [step, "baggage", INTERLOCK_HEADER]},
            "response": {"remove": [step, format!("{step}-start")]},
        },
    });
    let matches: Vec<Value> = to.requests.iter().map(matching).collect();
    Ok(with(route, (!matches.is_empty()).then(|| ("match", matches.into()))))
}

fn matching(request: &RequestPattern) -> Value {
    let methods: Vec<&str> = request.methods.iter().map(|method| method.as_str()).collect();
    let path = request.path.as_ref().map(|path| ("uri", json!({"regex": regex(&path.to_string())})));
    let method = (!methods.is_empty()).then(|| ("method", json!({"regex": methods.join("|")})));
    with(json!({}), path.into_iter().chain(method))
}

/// A path pattern as RE2, which Istio matches against the whole path.
fn regex(pattern: &str) -> String {
    let segment = |text: &str| match text {
        "**" => ".+".to_owned(),
        any if any.starts_with('{') => "[^/]+".to_owned(),
        literal => literal.chars().map(escaped).collect(),
    };
    pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn escaped(c: char) -> String {
    if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '~' | '@' | ':' | ',' | '=' | '!' | '&' | '\'') {
        c.to_string()
    } else {
        format!("\\{c}")
    }
}

#[cfg(test)]
mod tests;
