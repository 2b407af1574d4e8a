//! Headers by which what follows the gate would do something else than what was decided on.

/// By these some frameworks take another method or path. None of them is the proxy's own at this place: Envoy sets
/// `x-envoy-original-path` behind its filters.
pub(crate) const FOR_APPLICATIONS: [&str; 6] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-envoy-original-path",
];

/// These steer Envoy's router, which comes behind the gate, where Envoy takes the caller for its own. By them a caller
/// could have one permitted request sent to the application again and again (`retry`, `hedge`), have Envoy answer 204 in
/// the application's place (`alt-response`), which would bring a receipt, send it to another host, or end it early.
/// The caller's own proxy has used up what was meant for it.
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
