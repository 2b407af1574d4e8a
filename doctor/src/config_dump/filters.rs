//! The HTTP filters of a chain: its gates, and what a request passes after them.

use serde_json::Value;

use super::json::{at_any_depth, text};
use super::policy::refuses_without_interlock;

/// The types of filters that leave a request as the gate has let it through. Istio has these after a plugin.
const NEUTRAL: [&str; 6] = [
    "filters.http.cors.v3.Cors",
    "filters.http.fault.v3.HTTPFault",
    "filters.http.grpc_stats.v3.FilterConfig",
    "filters.http.rbac.v3.RBAC",
    "filters.http.router.v3.Router",
    "/stats.PluginConfig",
];

/// The members of a route, or of what contains it, with which Envoy's router changes a request or sends a copy of it.
const ROUTE_CHANGES: [&str; 11] = [
    "request_headers_to_add",
    "request_headers_to_remove",
    "prefix_rewrite",
    "regex_rewrite",
    "path_rewrite",
    "path_rewrite_policy",
    "host_rewrite_literal",
    "host_rewrite_header",
    "host_rewrite_path_regex",
    "auto_host_rewrite",
    "request_mirror_policies",
];

/// A Wasm filter that is a gate.
#[derive(Debug, Clone)]
pub(crate) struct InstalledGate {
    /// The configuration of the filter.
    pub(crate) configuration: String,
    /// Whether requests pass where the module cannot run.
    pub(crate) fails_open: bool,
    /// The id of its VM: gates with the same one share their data, and with it the replay record.
    pub(crate) vm_id: String,
}

/// The filters of a chain; for the members see [`super::FilterChain`].
#[derive(Debug, Default)]
pub(super) struct Filters {
    pub(super) gates: Vec<InstalledGate>,
    pub(super) gates_off: Vec<String>,
    pub(super) changes: Vec<String>,
    pub(super) interlock: bool,
    pub(super) not_fetched: Option<String>,
}

pub(super) fn read(filters: &[&Value], routes: Option<&Value>, extensions: &[&Value], port: Option<u64>) -> Filters {
    let mut read = Filters::default();
    for filter in filters {
        let name = text(filter.get("name"));
        let discovered = filter.get("config_discovery").map(|_| extensions.iter().find_map(|e| discovered(&name, e)));
        let config = filter.get("typed_config").or(discovered.flatten());
        let gate = config.filter(|config| is_wasm(config)).and_then(|config| installed(&name, filter, config));
        match gate {
            Some(_) if filter["disabled"] == true => read.gates_off.push(format!("the filter `{name}` is disabled")),
            Some(gate) => {
                read.gates.push(gate);
                read.gates_off.extend(routes.and_then(|routes| off_in_a_route(&name, routes)));
            }
            // A Wasm filter is configured and another filter is there: pilot-agent replaces one that it cannot fetch.
            None if requires_wasm(filter) && !config.is_some_and(is_wasm) => read.not_fetched = Some(name),
            None if read.gates.is_empty() => {}
            None => {
                let policy = config.filter(|config| type_of(config).ends_with("filters.http.rbac.v3.RBAC"));
                read.interlock |= policy.is_some_and(|policy| refuses_without_interlock(policy, port));
                if !config.is_some_and(is_neutral) {
                    read.changes.push(format!("the filter `{name}`"));
                }
            }
        }
    }
    if let Some(routes) = routes.filter(|_| !read.gates.is_empty()) {
        let has = |key: &&&str| at_any_depth(routes, key).into_iter().any(is_set);
        read.changes.extend(ROUTE_CHANGES.iter().filter(has).map(|key| format!("`{key}` of a route")));
    }
    read
}

/// Whether a member has an effect: an empty list and `false` have none.
fn is_set(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_array().is_none_or(|items| !items.is_empty())
}

fn off_in_a_route(name: &str, routes: &Value) -> Option<String> {
    let settings = at_any_depth(routes, "typed_per_filter_config");
    let off = settings.into_iter().any(|filters| filters.get(name).is_some_and(|own| own["disabled"] == true));
    off.then(|| format!("a route disables the filter `{name}`"))
}

/// The type of a filter, also where it is wrapped.
fn type_of(config: &Value) -> String {
    let own = text(config.get("@type"));
    if own.ends_with("TypedStruct") { text(config.get("type_url")) } else { own }
}

fn is_neutral(config: &Value) -> bool {
    NEUTRAL.iter().any(|end| type_of(config).ends_with(end))
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

fn is_wasm(config: &Value) -> bool {
    text(config.get("@type")).ends_with("filters.http.wasm.v3.Wasm")
}

fn requires_wasm(filter: &Value) -> bool {
    let types = filter.pointer("/config_discovery/type_urls").and_then(Value::as_array);
    types.into_iter().flatten().any(|url| text(Some(url)).ends_with("wasm.v3.Wasm"))
}

/// A Wasm filter is a gate if its configuration is one of a gate, or if its name contains `stepgate`.
fn installed(name: &str, filter: &Value, config: &Value) -> Option<InstalledGate> {
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
    // Envoy leaves out an optional filter that it does not have.
    let fails_open = config.get("fail_open") == Some(&Value::Bool(true))
        || config["failure_policy"] == "FAIL_OPEN"
        || filter["is_optional"] == true;
    let vm_id = text(config.pointer("/vm_config/vm_id"));
    (has_name || has_workflows).then_some(InstalledGate { configuration, fails_open, vm_id })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
