//! Entry from outside: an ingress gateway is an actor. It admits requests that begin an instance, and removes steps in
//! both directions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use stepgate_config::KeyOwner;
use stepgate_config::workflow::{HeaderPattern, RequestPattern, Task, without_port};
use stepgate_decision::permit::INTERLOCK_HEADER;

use crate::document::Document;
use crate::error::RenderError;
use crate::gate;
use crate::inventory::Inventory;
use crate::labels::Labels;
use crate::manifest::{manifest, with};
use crate::names::is_dns_subdomain;
use crate::options::Options;
use crate::workload::Workload;

const API: &str = "networking.istio.io/v1";

/// The gateways that take these manifests.
pub(super) const NOTE: &str = "entry/ is for an ingress gateway that is an Envoy. One of a class istio-agentgateway* \
    applies neither Istio's Gateway nor its VirtualService: steps would pass in and out";

/// A gateway for each workload: Istio ignores the second of two with the same host.
type Gateways<'o> = BTreeMap<Workload, BTreeSet<&'o str>>;

/// The routes of one actor of a workflow, in all revisions.
#[derive(Default)]
struct Service<'o> {
    hosts: BTreeSet<&'o str>,
    gateways: BTreeSet<String>,
    routes: Vec<Value>,
}

/// The gateways of the entries and their routes.
///
/// # Errors
/// An actor that the gateway calls has no host.
pub(super) fn manifests(
    inventory: &Inventory<'_>,
    labels: &Labels<'_>,
    options: &Options,
) -> Result<Vec<Value>, RenderError> {
    let mut documents = inventory.documents.clone();
    documents.sort_by_key(|document| std::cmp::Reverse(openness(document, options)));
    let mut gateways = Gateways::new();
    let mut services: BTreeMap<(String, String), Service<'_>> = BTreeMap::new();
    for entry in &options.entries {
        for document in &documents {
            let Some(actor) = document.workflow.actors.get(entry.actor.as_str()) else { continue };
            let starts = document.workflow.transitions.iter();
            let starts = starts.filter(|start| start.from.initial && start.caller.name == actor.name);
            let routes = routes(starts.map(|start| &*start.to), options)?;
            // In this workflow it takes no part.
            if routes.is_empty() {
                continue;
            }
            let owner = KeyOwner { workflow: document.workflow.name.clone(), actor: Some(actor.name.clone()) };
            for workload in inventory.of_actor(&document.workflow, actor) {
                let name = (workload.namespace().to_owned(), owner.label("stepgate-"));
                let service = services.entry(name).or_default();
                service.hosts.insert(&entry.host);
                service.gateways.insert(workload.gateway());
                let added: Vec<Value> =
                    routes.iter().filter(|route| !service.routes.contains(route)).cloned().collect();
                service.routes.extend(added);
                gateways.entry(workload).or_default().insert(&entry.host);
            }
        }
    }
    let gateway = |(workload, hosts): (Workload, BTreeSet<&str>)| {
        let servers: Vec<Value> = hosts.iter().zip(1_usize..).map(|(host, number)| server(host, number)).collect();
        let spec = json!({"selector": labels.select(&workload), "servers": servers});
        manifest(API, "Gateway", &workload.gateway(), workload.namespace(), &spec)
    };
    let service = |((namespace, name), service): ((String, String), Service<'_>)| {
        let spec = json!({"hosts": service.hosts, "gateways": service.gateways, "http": service.routes});
        manifest(API, "VirtualService", &name, &namespace, &spec)
    };
    Ok(gateways.into_iter().map(gateway).chain(services.into_iter().map(service)).collect())
}

/// The order of revisions: the open one is the greatest. Its routes come first, since Istio takes the first that matches.
fn openness(document: &Document, options: &Options) -> (bool, bool, u32) {
    let open = document.json.get("open").and_then(Value::as_bool);
    let is_opened = open == Some(true) || options.open.contains(&gate::revision(document));
    (open != Some(false), is_opened, document.workflow.revision)
}

fn server(host: &str, number: usize) -> Value {
    json!({
        "hosts": [host],
        "port": {"name": format!("https-{number}"), "number": 443, "protocol": "HTTPS"},
        "tls": {"mode": "SIMPLE", "credentialName": credential(host)},
    })
}

/// The Secret with the certificate of a host.
fn credential(host: &str) -> String {
    format!("{}-tls", host.replace('.', "-"))
}

/// Whether a host is a DNS name with which the name of a Secret can begin.
pub fn is_entry_host(host: &str) -> bool {
    is_dns_subdomain(host) && is_dns_subdomain(&credential(host))
}

/// The routes of tasks. Istio takes the first that matches, so the narrowest come first, as where gates look for the task of
/// a request.
fn routes<'t>(tasks: impl Iterator<Item = &'t Task>, options: &Options) -> Result<Vec<Value>, RenderError> {
    let mut seen = BTreeSet::new();
    let tasks = tasks.filter(|to| seen.insert(&to.name));
    let mut requests: Vec<(&Task, &RequestPattern)> =
        tasks.flat_map(|to| RequestPattern::listed(&to.requests).iter().map(move |request| (to, request))).collect();
    requests.sort_by_cached_key(|(_, request)| Reverse((request.depth(), !request.methods.is_empty())));
    let target = |(to, request): &(&'t Task, &'t RequestPattern)| (&to.name, authority(request, options));
    requests.chunk_by(|one, other| target(one) == target(other)).map(|same| route(same, options)).collect()
}

/// The host under which the task accepts the request, if clients outside do not call by it.
fn authority<'t>(request: &'t RequestPattern, options: &Options) -> Option<&'t str> {
    let called = |host: &&str| options.entries.iter().any(|entry| entry.host == without_port(host));
    request.host.as_deref().filter(|host| !called(host))
}

/// These requests of one task, without steps: a client must neither present nor receive one. Each begins an instance, so
/// the gateway does not try again: that would begin another one.
fn route(requests: &[(&Task, &RequestPattern)], options: &Options) -> Result<Value, RenderError> {
    let Some((to, request)) = requests.first() else { return Ok(Value::Null) };
    let no_host = || RenderError::NoHost(to.performer.name.to_string());
    let host = to.performer.hosts.first().ok_or_else(no_host)?;
    let name = without_port(host);
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
    let rewrite = authority(request, options).map(|host| ("rewrite", json!({"authority": host})));
    let matches: Vec<Value> = requests.iter().map(|(_, request)| matching(request)).collect();
    // A pattern of any request matches without being written.
    let matches = (!matches.contains(&json!({}))).then(|| ("match", matches.into()));
    Ok(with(with(route, rewrite), matches))
}

fn matching(request: &RequestPattern) -> Value {
    let methods: Vec<&str> = request.methods.iter().map(|method| method.as_str()).collect();
    let path = request.path.as_ref().map(|path| ("uri", json!({"regex": regex(&path.to_string())})));
    let method = (!methods.is_empty()).then(|| ("method", json!({"regex": methods.join("|")})));
    let (with_value, without): (Vec<_>, Vec<_>) = request.headers.iter().partition(|(_, rule)| rule.value().is_some());
    let value = |(name, rule): (&str, &HeaderPattern)| (name.to_owned(), json!({"exact": rule.as_str()}));
    let with_value: Map<String, Value> = with_value.into_iter().map(value).collect();
    // An empty match is one for any value.
    let without: Map<String, Value> = without.into_iter().map(|(name, _)| (name.to_owned(), json!({}))).collect();
    let headers = [("headers", with_value), ("withoutHeaders", without)].into_iter().filter(|(_, map)| !map.is_empty());
    with(json!({}), path.into_iter().chain(method).chain(headers.map(|(key, map)| (key, map.into()))))
}

/// A path pattern as RE2, which Istio matches against the whole path.
fn regex(pattern: &str) -> String {
    let literal = |text: &str| text.chars().map(escaped).collect::<String>();
    let segment =
        |text: &str| match text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?.1))) {
            _ if text == "**" => ".+".to_owned(),
            Some((before, after)) => format!("{}[^/]+{}", literal(before), literal(after)),
            None => literal(text),
        };
    pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn escaped(c: char) -> String {
    if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '~' | '@' | ':' | ',' | '=' | '!' | '&' | '\'') {
        c.to_string()
    } else if !c.is_ascii() {
        // Percent-encoded, with digits of either case.
        let bytes = c.to_string().into_bytes();
        format!("(?i:{})", bytes.iter().map(|byte| format!("%{byte:02X}")).collect::<String>())
    } else {
        format!("\\{c}")
    }
}

#[cfg(test)]
mod tests;
