//! What a proxy goes by, read from `/config_dump` (its own, or the one that istiod makes of what it sends,
//! see [`as_envoy_writes_it`]): the inbound listeners, how callers must prove themselves there, and the filters in
//! the way.

use serde_json::Value;

/// What was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Dump {
    /// Ways in that carry requests: one for each filter chain of an inbound listener.
    pub(super) ways: Vec<Way>,
    /// Listeners whose latest configuration the proxy refused, each with the reason.
    pub(super) refused: Vec<(String, String)>,
}

/// A filter chain that carries requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    /// The listener and the chain.
    pub(super) name: String,
    /// Whether a caller must show a certificate.
    pub(super) mtls: bool,
    /// The gates, in the order in which a request meets them.
    pub(super) gates: Vec<Installed>,
    /// A module that could not be fetched: the proxy denies in its place.
    pub(super) not_fetched: Option<String>,
    /// The clusters to which its routes lead.
    pub(super) clusters: Vec<String>,
}

/// A Wasm filter that is a gate.
#[derive(Debug, Clone)]
pub(super) struct Installed {
    /// What the filter is configured with.
    pub(super) configuration: String,
    /// Whether a request goes on where the module cannot run.
    pub(super) fails_open: bool,
}

impl Dump {
    pub(super) fn read(dump: &Value) -> Self {
        let of = |kind: &'static str| sections(dump, kind);
        let extensions: Vec<&Value> = of("EcdsConfigDump")
            .flat_map(|section| list(section, "ecds_filters"))
            .filter_map(|f| f.get("ecds_filter"))
            .collect();
        let mut read = Self::default();
        for section in of("ListenersConfigDump") {
            let active = list(section, "static_listeners").filter_map(|l| l.get("listener"));
            let dynamic = list(section, "dynamic_listeners").filter_map(|l| l.pointer("/active_state/listener"));
            for listener in active.chain(dynamic).filter(|l| l["traffic_direction"] == "INBOUND") {
                read.ways.extend(ways(listener, &extensions));
            }
            let refused = list(section, "dynamic_listeners").filter_map(|l| {
                let why = l.pointer("/error_state/details")?;
                Some((text(l.get("name")), text(Some(why))))
            });
            read.refused.extend(refused);
        }
        read
    }
}

fn sections<'a>(dump: &'a Value, kind: &'static str) -> impl Iterator<Item = &'a Value> {
    list(dump, "configs").filter(move |section| text(section.get("@type")).ends_with(kind))
}

fn list<'a>(of: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    of.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn ways<'a>(listener: &'a Value, extensions: &'a [&'a Value]) -> impl Iterator<Item = Way> + 'a {
    let chains = list(listener, "filter_chains").chain(listener.get("default_filter_chain"));
    chains.enumerate().flat_map(move |(at, chain)| {
        let managers = list(chain, "filters").filter_map(|filter| filter.get("typed_config"));
        let managers = managers.filter(|config| text(config.get("@type")).ends_with("HttpConnectionManager"));
        managers.map(move |manager| way(listener, chain, at, manager, extensions))
    })
}

fn way(listener: &Value, chain: &Value, at: usize, manager: &Value, extensions: &[&Value]) -> Way {
    let chain_name = chain.get("name").and_then(Value::as_str).map_or_else(|| at.to_string(), str::to_owned);
    let mut way = Way {
        name: format!("{} ({chain_name})", text(listener.get("name"))),
        mtls: chain.pointer("/transport_socket/typed_config/require_client_certificate") == Some(&Value::Bool(true)),
        ..Way::default()
    };
    for filter in list(manager, "http_filters") {
        let name = text(filter.get("name"));
        let discovered = filter.get("config_discovery").map(|_| extensions.iter().find_map(|e| discovered(&name, e)));
        match (filter.get("typed_config"), discovered) {
            (Some(config), _) | (None, Some(Some(config))) if is_wasm(config) => {
                way.gates.extend(installed(&name, config))
            }
            // Asked for as Wasm, and something else is there: what pilot-agent puts in for a failed fetch.
            (None, Some(_)) if wants_wasm(filter) => way.not_fetched = Some(name),
            _ => {}
        }
    }
    let hosts = manager.pointer("/route_config/virtual_hosts").and_then(Value::as_array).into_iter().flatten();
    let routes = hosts.flat_map(|host| list(host, "routes"));
    way.clusters = routes.filter_map(|route| route.pointer("/route/cluster")).map(|c| text(Some(c))).collect();
    way.clusters.sort_unstable();
    way.clusters.dedup();
    way
}

/// The configuration of an extension, if it has this name. istiod shows it bare, without the name: then that of the
/// plugin within, with which the name ends, stands for it.
fn discovered<'a>(name: &str, extension: &'a Value) -> Option<&'a Value> {
    match extension.get("typed_config") {
        Some(config) => (extension["name"] == name).then_some(config),
        None => {
            let own = extension.pointer("/config/name").and_then(Value::as_str)?;
            (name.rsplit('/').next() == Some(own)).then_some(extension)
        }
    }
}

/// istiod writes a dump with the names that JSON gives to the fields of Protobuf, `dynamicListeners`; Envoy with those
/// of the definitions, `dynamic_listeners`. Protobuf takes both. Texts stay as they are, and so do keys that are no
/// such names, as those of an environment.
pub(super) fn as_envoy_writes_it(dump: Value) -> Value {
    match dump {
        Value::Array(items) => items.into_iter().map(as_envoy_writes_it).collect(),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(key, value)| (snake(&key), as_envoy_writes_it(value))).collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

fn snake(key: &str) -> String {
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) || !key.chars().all(|c| c.is_ascii_alphanumeric()) {
        return key.to_owned();
    }
    let mut name = String::with_capacity(key.len());
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

fn is_wasm(config: &Value) -> bool {
    text(config.get("@type")).ends_with("filters.http.wasm.v3.Wasm")
}

fn wants_wasm(filter: &Value) -> bool {
    let types = filter.pointer("/config_discovery/type_urls").and_then(Value::as_array);
    types.into_iter().flatten().any(|url| text(Some(url)).ends_with("wasm.v3.Wasm"))
}

/// A Wasm filter is a gate if its configuration is that of one, or is none at all and its name says so.
fn installed(name: &str, config: &Value) -> Option<Installed> {
    let config = config.get("config")?;
    let configuration = config.get("configuration");
    let configuration = match configuration.and_then(|c| c.get("value")) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let says_so = [name.to_owned(), text(config.get("name"))].iter().any(|name| name.contains("stepgate"));
    let reads_so = stepgate_config::to_json(configuration.as_bytes()).is_ok_and(|read| read.get("workflows").is_some());
    let fails_open = config.get("fail_open") == Some(&Value::Bool(true)) || config["failure_policy"] == "FAIL_OPEN";
    (says_so || reads_so).then_some(Installed { configuration, fails_open })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_fields_change_and_nothing_else() {
        let written = json!({"dynamicListeners": [{"hostEnvKeys": ["aB"], "@type": "x/aB", "A_KEY": 1, "a.bC": "cD"}]});
        let read = json!({"dynamic_listeners": [{"host_env_keys": ["aB"], "@type": "x/aB", "A_KEY": 1, "a.bC": "cD"}]});
        assert_eq!(as_envoy_writes_it(written), read);
    }

    #[test]
    fn an_extension_is_known_by_its_own_name_or_its_plugins() {
        let name = "extensions.istio.io/wasmplugin/movie.stepgate";
        let envoys = json!({"name": name, "typed_config": {"config": {"name": "any"}}});
        assert_eq!(discovered(name, &envoys), envoys.get("typed_config"));
        let bare = json!({"config": {"name": "movie.stepgate"}});
        assert_eq!(discovered(name, &bare), Some(&bare));
        for other in [json!({"name": "x", "typed_config": {}}), json!({"config": {"name": "stepgate"}}), json!({})] {
            assert_eq!(discovered(name, &other), None);
        }
    }
}
