//! The configuration of a proxy, read from `/config_dump` (its own, or the one that istiod generates, see
//! [`with_proto_names`]): the inbound filter chains, whether they require a certificate, and the gates in them.

use serde_json::Value;

/// The part of a configuration that a gate depends on.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigDump {
    /// The filter chains of inbound listeners that carry HTTP.
    pub(crate) chains: Vec<FilterChain>,
    /// Listeners whose latest configuration the proxy refused, each with the reason.
    pub(crate) refused: Vec<(String, String)>,
}

/// A filter chain that carries HTTP.
#[derive(Debug, Clone, Default)]
pub(crate) struct FilterChain {
    /// The listener and the chain.
    pub(crate) name: String,
    /// Whether a caller must present a certificate.
    pub(crate) mtls: bool,
    /// The gates, in the order in which a request passes them.
    pub(crate) gates: Vec<InstalledGate>,
    /// The filter whose module could not be fetched: the proxy denies in its place.
    pub(crate) not_fetched: Option<String>,
    /// The clusters of its routes.
    pub(crate) clusters: Vec<String>,
}

/// A Wasm filter that is a gate.
#[derive(Debug, Clone)]
pub(crate) struct InstalledGate {
    /// The configuration of the filter.
    pub(crate) configuration: String,
    /// Whether requests pass where the module cannot run.
    pub(crate) fails_open: bool,
}

impl ConfigDump {
    pub(crate) fn read(dump: &Value) -> Self {
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
                read.chains.extend(chains(listener, &extensions));
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

fn chains<'a>(listener: &'a Value, extensions: &'a [&'a Value]) -> impl Iterator<Item = FilterChain> + 'a {
    let all = list(listener, "filter_chains").chain(listener.get("default_filter_chain"));
    all.enumerate().flat_map(move |(index, chain)| {
        let managers = list(chain, "filters").filter_map(|filter| filter.get("typed_config"));
        let managers = managers.filter(|config| text(config.get("@type")).ends_with("HttpConnectionManager"));
        managers.map(move |manager| read_chain(listener, chain, index, manager, extensions))
    })
}

fn read_chain(listener: &Value, chain: &Value, index: usize, manager: &Value, extensions: &[&Value]) -> FilterChain {
    let chain_name = chain.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned);
    let mut read = FilterChain {
        name: format!("{} ({chain_name})", text(listener.get("name"))),
        mtls: chain.pointer("/transport_socket/typed_config/require_client_certificate") == Some(&Value::Bool(true)),
        ..FilterChain::default()
    };
    for filter in list(manager, "http_filters") {
        let name = text(filter.get("name"));
        let discovered = filter.get("config_discovery").map(|_| extensions.iter().find_map(|e| discovered(&name, e)));
        match (filter.get("typed_config"), discovered) {
            (Some(config), _) | (None, Some(Some(config))) if is_wasm(config) => {
                read.gates.extend(installed(&name, config))
            }
            // A Wasm filter is configured and another filter is there: pilot-agent replaces one that it cannot fetch.
            (None, Some(_)) if requires_wasm(filter) => read.not_fetched = Some(name),
            _ => {}
        }
    }
    let hosts = manager.pointer("/route_config/virtual_hosts").and_then(Value::as_array).into_iter().flatten();
    let routes = hosts.flat_map(|host| list(host, "routes"));
    read.clusters = routes.filter_map(|route| route.pointer("/route/cluster")).map(|c| text(Some(c))).collect();
    read.clusters.sort_unstable();
    read.clusters.dedup();
    read
}

/// The configuration of an extension, if it has this name. istiod writes it without the name; then the name of the
/// plugin in it, with which the extension's name ends, is compared.
fn discovered<'a>(name: &str, extension: &'a Value) -> Option<&'a Value> {
    match extension.get("typed_config") {
        Some(config) => (extension["name"] == name).then_some(config),
        None => {
            let own = extension.pointer("/config/name").and_then(Value::as_str)?;
            (name.rsplit('/').next() == Some(own)).then_some(extension)
        }
    }
}

/// A dump of istiod in the form of Envoy's. istiod writes the JSON names of Protobuf's fields (`dynamicListeners`), Envoy
/// their original names (`dynamic_listeners`); Protobuf accepts both. Values stay as they are, and so do keys that are
/// not names of fields, such as variables of an environment.
pub(crate) fn with_proto_names(dump: Value) -> Value {
    match dump {
        Value::Array(items) => items.into_iter().map(with_proto_names).collect(),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(key, value)| (snake(&key), with_proto_names(value))).collect())
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

fn requires_wasm(filter: &Value) -> bool {
    let types = filter.pointer("/config_discovery/type_urls").and_then(Value::as_array);
    types.into_iter().flatten().any(|url| text(Some(url)).ends_with("wasm.v3.Wasm"))
}

/// A Wasm filter is a gate if its configuration is one of a gate, or if its name contains `stepgate`.
fn installed(name: &str, config: &Value) -> Option<InstalledGate> {
    let config = config.get("config")?;
    let configuration = config.get("configuration");
    let configuration = match configuration.and_then(|c| c.get("value")) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let has_name = [name.to_owned(), text(config.get("name"))].iter().any(|name| name.contains("stepgate"));
    let has_workflows =
        stepgate_config::to_json(configuration.as_bytes()).is_ok_and(|read| read.get("workflows").is_some());
    let fails_open = config.get("fail_open") == Some(&Value::Bool(true)) || config["failure_policy"] == "FAIL_OPEN";
    (has_name || has_workflows).then_some(InstalledGate { configuration, fails_open })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_names_of_fields_change() {
        let written = json!({"dynamicListeners": [{"hostEnvKeys": ["aB"], "@type": "x/aB", "A_KEY": 1, "a.bC": "cD"}]});
        let read = json!({"dynamic_listeners": [{"host_env_keys": ["aB"], "@type": "x/aB", "A_KEY": 1, "a.bC": "cD"}]});
        assert_eq!(with_proto_names(written), read);
    }

    #[test]
    fn an_extension_is_found_by_its_own_name_or_its_plugins() {
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
