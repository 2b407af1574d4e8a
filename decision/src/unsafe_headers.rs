//! Headers that make the router or the application do something else than was decided on.

use crate::facts::same_variable;

/// Some frameworks take another method or path from these. None of them is the proxy's own at this point: Envoy sets
/// `x-envoy-original-path` after its filters. Gunicorn and a common piece of code for Flask cut the value of the last two
/// from the beginning of the path: of `/jobs/admin` with `script_name: /jobs`, they run the route `/admin`.
pub(crate) const FOR_APPLICATIONS: [&str; 8] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-envoy-original-path",
    "script-name",
    "x-script-name",
];

/// These steer Envoy's router, which comes after the gate, where Envoy trusts the caller as internal. With them a caller
/// could make Envoy send one permitted request again and again (`retry`, `hedge`), answer 204 in the application's
/// place (`alt-response`), which would bring a receipt, send it to another host, or end it early. The caller's own proxy
/// has already used the ones that were meant for it.
pub(crate) const FOR_ROUTERS: [&str; 12] = [
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-max-retries",
    "x-envoy-original-dst-host",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-stream-duration-ms",
];

/// Whether a header is for Envoy, whichever release: an application has none of these to send.
pub(crate) fn is_for_envoy(name: &str) -> bool {
    const ENVOY: &str = "x-envoy-";
    name.get(..ENVOY.len()).is_some_and(|start| same_variable(start, ENVOY))
}
