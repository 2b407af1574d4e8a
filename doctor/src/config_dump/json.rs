//! Parts of a dump.

use serde_json::Value;

/// The sections whose type ends so.
pub(super) fn sections<'a>(dump: &'a Value, kind: &'static str) -> impl Iterator<Item = &'a Value> {
    list(dump, "configs").filter(move |section| text(section.get("@type")).ends_with(kind))
}

pub(super) fn list<'a>(of: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    of.get(key).and_then(Value::as_array).into_iter().flatten()
}

pub(super) fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// All clusters that are in use.
pub(super) fn clusters(dump: &Value) -> impl Iterator<Item = &Value> {
    let all = sections(dump, "ClustersConfigDump")
        .flat_map(|section| list(section, "static_clusters").chain(list(section, "dynamic_active_clusters")));
    all.filter_map(|cluster| cluster.get("cluster"))
}

/// All route configurations that are in use.
pub(super) fn route_configurations(dump: &Value) -> impl Iterator<Item = &Value> {
    let all = sections(dump, "RoutesConfigDump")
        .flat_map(|section| list(section, "static_route_configs").chain(list(section, "dynamic_route_configs")));
    all.filter_map(|routes| routes.get("route_config"))
}

/// The values of every member with this name, at any depth.
pub(super) fn at_any_depth<'a>(of: &'a Value, key: &str) -> Vec<&'a Value> {
    match of {
        Value::Array(items) => items.iter().flat_map(|item| at_any_depth(item, key)).collect(),
        Value::Object(members) => {
            let inner = members.values().flat_map(|value| at_any_depth(value, key));
            members.get(key).into_iter().chain(inner).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}
