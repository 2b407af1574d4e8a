//! The clusters of a proxy: where requests through them may arrive.

use serde_json::Value;

use super::json::{at_any_depth, clusters, list, text};

/// A cluster that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// Its name.
    pub(crate) name: String,
    /// Whether it leads to the address that the application has dialled (`ORIGINAL_DST`), whatever the request's host is.
    pub(crate) any_address: bool,
    /// The names of which the server's certificate must have one, on each connection. Empty: any server is accepted.
    pub(crate) names: Vec<String>,
}

impl Cluster {
    /// The host and the port in the name that Istio gives it: `outbound|PORT|SUBSET|HOST`. An outbound gate takes no other.
    pub(crate) fn host_and_port(&self) -> Option<(&str, u16)> {
        let mut parts = self.name.split('|');
        let (Some("outbound"), Some(port), Some(_), Some(host), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        Some((host, port.parse().ok()?))
    }
}

pub(super) fn read(dump: &Value) -> Vec<Cluster> {
    clusters(dump).map(cluster).collect()
}

fn cluster(cluster: &Value) -> Cluster {
    let by_endpoint = list(cluster, "transport_socket_matches").map(|matching| matching.get("transport_socket"));
    let own = cluster.get("transport_socket").map(Some);
    let sockets: Option<Vec<Vec<String>>> = by_endpoint.chain(own).map(|socket| names(socket?)).collect();
    Cluster {
        name: text(cluster.get("name")),
        any_address: cluster["type"] == "ORIGINAL_DST",
        names: sockets.unwrap_or_default().concat(),
    }
}

/// The names that a socket requires. None: some server without one of them is accepted.
fn names(socket: &Value) -> Option<Vec<String>> {
    let is_tls = text(socket.pointer("/typed_config/@type")).ends_with("tls.v3.UpstreamTlsContext");
    let lists = ["match_typed_subject_alt_names", "match_subject_alt_names"];
    let matchers = lists.iter().flat_map(|key| at_any_depth(socket, key)).filter_map(Value::as_array).flatten();
    let exact = |matcher: &Value| matcher.get("matcher").unwrap_or(matcher).get("exact")?.as_str().map(str::to_owned);
    let names: Vec<String> = matchers.map(exact).collect::<Option<_>>()?;
    (is_tls && !names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tls(matchers: &Value) -> Value {
        json!({"typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "common_tls_context": {"combined_validation_context": {
                "default_validation_context": {"match_typed_subject_alt_names": matchers},
            }},
        }})
    }

    #[test]
    fn a_server_is_known_only_where_every_connection_requires_its_name() {
        let named = || tls(&json!([{"san_type": "URI", "matcher": {"exact": "spiffe://a/b"}}]));
        let loose = || tls(&json!([{"san_type": "URI", "matcher": {"prefix": "spiffe://a/"}}]));
        let plain = || json!({"name": "envoy.transport_sockets.raw_buffer"});
        let by_endpoint = |sockets: &[Value]| {
            let all: Vec<Value> = sockets.iter().map(|socket| json!({"transport_socket": socket})).collect();
            json!({"transport_socket_matches": all})
        };
        for (given, expected) in [
            (json!({}), false),
            (json!({"transport_socket": named()}), true),
            (json!({"transport_socket": loose()}), false),
            (json!({"transport_socket": tls(&json!([]))}), false),
            (json!({"transport_socket": plain()}), false),
            (by_endpoint(&[named()]), true),
            // Istio, where nothing says which: TLS to endpoints with a label, plain text to others.
            (by_endpoint(&[named(), plain()]), false),
        ] {
            assert_eq!(cluster(&given).names, if expected { vec!["spiffe://a/b"] } else { vec![] }, "{given}");
        }
    }

    #[test]
    fn only_the_names_that_istio_gives_have_a_host() {
        let of = |name: &str| Cluster { name: name.into(), any_address: false, names: Vec::new() };
        assert_eq!(of("outbound|80|v1|a.example").host_and_port(), Some(("a.example", 80)));
        for other in ["PassthroughCluster", "inbound|80||a", "outbound|80||", "outbound|x||a", "outbound|80||a|b"] {
            assert!(of(other).host_and_port().is_none_or(|(host, _)| host.is_empty()), "{other}");
        }
    }
}
