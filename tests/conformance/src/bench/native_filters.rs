//! Envoy's own filters for the same question: who calls, and whether a token is signed. They only verify.

use serde_json::{Value, json};

use super::workflow::{CALLER, Level};
use crate::environment::Environment;

const FILTERS: &str = "type.googleapis.com/envoy.extensions.filters.http";

/// `rbac` with eight policies, of which the last one permits the caller.
pub(super) fn rbac() -> Value {
    let policy = |name: &str, id: &str| {
        json!({
            "permissions": [{"and_rules": {"rules": [
                {"header": {"name": ":method", "string_match": {"exact": "POST"}}},
                {"url_path": {"path": {"prefix": format!("/{name}/")}}},
            ]}}],
            "principals": [{"authenticated": {"principal_name": {"exact": id}}}],
        })
    };
    let others = (0..7).map(|n| (format!("p{n}"), policy(&format!("task-{n}"), &format!("{CALLER}-{n}"))));
    let own = ("p7".to_owned(), policy("end", CALLER));
    let policies: serde_json::Map<String, Value> = others.chain([own]).collect();
    let rules = json!({"action": "ALLOW", "policies": policies});
    filter("envoy.filters.http.rbac", "rbac.v3.RBAC", json!({"rules": rules}))
}

/// `jwt_authn`, which verifies the same step token with the same key.
///
/// # Errors
/// If the key is missing.
pub(super) fn jwt_authn(level: Level, keys: &Environment) -> Result<Value, String> {
    let jwk = keys.get(level.key()).ok_or("the corpus lacks a key")?;
    let mut jwk: Value = serde_json::from_str(&jwk).map_err(|error| error.to_string())?;
    let members = jwk.as_object_mut().ok_or("a key is not an object")?;
    members.remove("d");
    members.insert("kid".into(), "now".into());
    let provider = json!({
        "from_headers": [{"name": "x-workflow-step"}],
        "forward": true,
        "local_jwks": {"inline_string": json!({"keys": [jwk]}).to_string()},
    });
    let rules = json!([{"match": {"prefix": "/"}, "requires": {"provider_name": "steps"}}]);
    let config = json!({"providers": {"steps": provider}, "rules": rules});
    Ok(filter("envoy.filters.http.jwt_authn", "jwt_authn.v3.JwtAuthentication", config))
}

fn filter(name: &str, of: &str, mut config: Value) -> Value {
    if let Some(config) = config.as_object_mut() {
        config.insert("@type".into(), format!("{FILTERS}.{of}").into());
    }
    json!({"name": name, "typed_config": config})
}
