//! The policies of RBAC filters: whether one refuses what has no interlock.

use serde_json::Value;

use super::json::list;

/// The header with the interlock's secret.
const INTERLOCK: &str = "x-stepgate-permit";

/// Whether the filter with this configuration refuses every request, or connection, to this port that has no interlock.
/// Istio leaves conditions on headers out of policies for connections, so that the interlock's then refuses all.
pub(super) fn refuses_without_interlock(config: &Value, port: Option<u64>) -> bool {
    let Some(rules) = config.get("rules") else { return false };
    let policies = || rules.get("policies").and_then(Value::as_object).into_iter().flatten().map(|(_, policy)| policy);
    let holds = |policy: &Value, unknown| {
        let any = |key: &str| list(policy, key).any(|rule| matches(rule, port, unknown));
        any("permissions") && any("principals")
    };
    match rules.get("action").and_then(Value::as_str).unwrap_or("ALLOW") {
        "DENY" => policies().any(|policy| holds(policy, false)),
        "ALLOW" => !policies().any(|policy| holds(policy, true)),
        _ => false,
    }
}

/// Whether a condition holds for all that comes to this port without the interlock. Conditions on anything else are
/// `unknown`.
fn matches(rule: &Value, port: Option<u64>, unknown: bool) -> bool {
    let Some((key, inner)) = rule.as_object().and_then(|members| members.iter().next()) else { return unknown };
    let inner_rules = || list(inner, if key.ends_with("_ids") { "ids" } else { "rules" });
    match key.as_str() {
        "any" => inner == true,
        "and_rules" | "and_ids" => inner_rules().all(|rule| matches(rule, port, unknown)),
        "or_rules" | "or_ids" => inner_rules().any(|rule| matches(rule, port, unknown)),
        "not_rule" | "not_id" => !matches(inner, port, !unknown),
        "destination_port" => inner.as_u64() == port,
        // It is absent.
        "header" if inner["name"] == INTERLOCK => inner["present_match"] == false,
        _ => unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_policy_that_refuses_everything_without_the_interlock_counts() {
        let any = || json!({"any": true});
        let header = || json!({"header": {"name": INTERLOCK, "string_match": {"exact": "a secret"}}});
        let absent = || json!({"and_ids": {"ids": [{"not_id": {"or_ids": {"ids": [header()]}}}]}});
        let other = || json!({"header": {"name": "x-any", "string_match": {"exact": "a"}}});
        let spares = |port: u32| json!({"and_rules": {"rules": [any(), {"not_rule": {"destination_port": port}}]}});
        for (action, permission, principal, expected) in [
            ("DENY", any(), absent(), true),
            ("DENY", any(), any(), true),
            ("DENY", spares(9000), absent(), true),
            ("DENY", spares(8080), absent(), false),
            ("DENY", json!({"destination_port": 9000}), absent(), false),
            ("DENY", any(), json!({"not_id": other()}), false),
            ("DENY", any(), json!({"and_ids": {"ids": [absent(), {"not_id": other()}]}}), false),
            ("DENY", json!({"url_path": {"path": {"prefix": "/a"}}}), absent(), false),
            ("DENY", any(), json!({"header": {"name": INTERLOCK, "present_match": false}}), true),
            ("LOG", any(), absent(), false),
            ("ALLOW", any(), header(), true),
            ("ALLOW", any(), other(), false),
            ("ALLOW", any(), json!({"and_ids": {"ids": [other(), header()]}}), true),
            ("ALLOW", any(), absent(), false),
        ] {
            let policy = json!({"permissions": [permission], "principals": [principal]});
            let config = json!({"rules": {"action": action, "policies": {"a": policy}}});
            assert_eq!(refuses_without_interlock(&config, Some(8080)), expected, "{config}");
        }
        // An action that is left out is `ALLOW`; without rules, or with shadow rules only, nothing is refused.
        assert!(refuses_without_interlock(&json!({"rules": {}}), None));
        assert!(!refuses_without_interlock(&json!({"shadow_rules": {"action": "DENY"}}), None));
    }
}
