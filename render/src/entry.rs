//! Entry from outside: an ingress gateway is an actor. It lets in what begins an instance, and neither steps
//! from outside nor steps to it.

use serde_json::{Value, json};
use stepgate_config::workflow::{RequestPattern, Transition};
use stepgate_decision::permit::INTERLOCK_HEADER;

use super::{Entry, Estate, Options, Wrong};

/// The Gateway and the routes of each entry.
///
/// # Errors
/// An actor that the gateway calls has no host.
pub(super) fn manifests(estate: &Estate<'_>, options: &Options) -> Result<Vec<Value>, Wrong> {
    let mut manifests = Vec::new();
    for entry in &options.entries {
        for document in &estate.documents {
            let Some(actor) = document.workflow.actors.get(entry.actor.as_str()) else { continue };
            let starts =
                document.workflow.transitions.iter().filter(|way| way.from.initial && way.caller.name == actor.name);
            let mut routes = Vec::new();
            for way in starts {
                routes.push(route(way, options)?);
            }
            for workload in estate.of_actor(&document.workflow, actor) {
                let name = format!("stepgate-{}", document.workflow.name.as_str().replace(['_', '.'], "-"));
                let metadata = json!({"name": name, "namespace": workload.namespace()});
                manifests.push(json!({
                    "apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": metadata,
                    "spec": {"selector": workload.labels(&options.label), "servers": [server(entry)]},
                }));
                manifests.push(json!({
                    "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata,
                    "spec": {"hosts": [entry.host], "gateways": [name], "http": routes},
                }));
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

/// The requests of one task, without any step that the outside could bring or take away.
fn route(way: &Transition, options: &Options) -> Result<Value, Wrong> {
    let to = &way.to;
    let host = to.performer.hosts.first().ok_or_else(|| {
        Wrong::new(format!("--entry: the actor `{}`, which the gateway calls, has no host", to.performer.name))
            .help(format!("add `hosts: [NAME.NAMESPACE.svc.cluster.local]` to `{}`", to.performer.name))
    })?;
    let name = stepgate_config::workflow::without_port(host);
    let mut destination = json!({"host": name});
    let port = host.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')?.parse::<u16>().ok());
    if let (Some(port), Some(destination)) = (port, destination.as_object_mut()) {
        destination.insert("port".into(), json!({"number": port}));
    }
    let step = options.settings.get("header").and_then(Value::as_str).unwrap_or("x-workflow-step");
    let mut route = json!({
        "name": to.name.as_str(),
        "route": [{"destination": destination}],
        "headers": {
            "request": {"remove": [step, "baggage", INTERLOCK_HEADER]},
            "response": {"remove": [step, format!("{step}-start")]},
        },
    });
    let matches: Vec<Value> = to.requests.iter().map(matching).collect();
    if let Some(route) = route.as_object_mut().filter(|_| !matches.is_empty()) {
        route.insert("match".into(), matches.into());
    }
    Ok(route)
}

fn matching(request: &RequestPattern) -> Value {
    let mut matching = serde_json::Map::new();
    if let Some(path) = &request.path {
        matching.insert("uri".into(), json!({"regex": regex(&path.to_string())}));
    }
    if !request.methods.is_empty() {
        let methods: Vec<&str> = request.methods.iter().map(|method| method.as_str()).collect();
        matching.insert("method".into(), json!({"regex": methods.join("|")}));
    }
    matching.into()
}

/// A path pattern as RE2, which Istio holds against the whole path.
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
mod tests {
    use super::*;

    #[test]
    fn patterns_become_expressions() {
        assert_eq!(regex("/a.b/{id}/(c)/**"), "/a\\.b/[^/]+/\\(c\\)/.+");
        assert_eq!(regex("/pkg.Service/Method"), "/pkg\\.Service/Method");
    }
}
