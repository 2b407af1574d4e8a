//! The proxies that istiod serves, read at its debug interface (`/debug`): which are connected, whether they have
//! acknowledged the last configuration, and that configuration. The state of a filter is known to its proxy only.

use serde_json::Value;
use stepgate_config::spiffe::SpiffeId;

use crate::config_dump::{ConfigDump, with_proto_names};
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};
use crate::http::{Client, Endpoint, HttpError};
use crate::proxy::ProxyReport;

/// The kinds of configuration on which a gate depends, with the ends of the type URLs under which istiod reports
/// refusals.
const KINDS: [(&str, &str); 3] =
    [("listener", ".Listener"), ("route", ".RouteConfiguration"), ("extensionconfig", ".TypedExtensionConfig")];

/// Every connected proxy of a workload that takes part.
pub(crate) fn examine(
    client: &Client,
    endpoint: &Endpoint,
    expected: &ExpectedState,
) -> Result<Vec<ProxyReport>, HttpError> {
    let clients: Value = client.json(endpoint, "/debug/adsz")?;
    let sync: Value = client.json(endpoint, "/debug/syncz")?;
    let mut reports = Vec::new();
    for connected in clients.get("clients").and_then(Value::as_array).into_iter().flatten() {
        let Some((name, workload)) = identity(connected, expected) else { continue };
        let mut report = ProxyReport::new(&name, "istiod");
        report.workloads = vec![workload.as_str().to_owned()];
        report.findings = not_synced(&sync, &name);
        match client.json(endpoint, &format!("/debug/config_dump?proxyID={name}")) {
            Ok(dump) => report.check(expected, &[workload], &ConfigDump::read(&with_proto_names(dump)), None),
            Err(error) => report.findings.push(Finding::new(Kind::NoAnswer, error.to_string())),
        }
        reports.push(report);
    }
    Ok(reports)
}

/// The name of a proxy (`POD.NAMESPACE`), and its workload if that takes part in a workflow. istiod does not name the
/// trust domain here; that of the workflow is assumed.
fn identity(client: &Value, expected: &ExpectedState) -> Option<(String, SpiffeId)> {
    // `PROXY-NUMBER` of the connection.
    let (name, _) = client["connectionId"].as_str()?.rsplit_once('-')?;
    // The name comes from a pod and becomes part of a URL.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let name = name.chars().all(plain).then_some(name)?;
    let metadata = &client["metadata"];
    let (namespace, account) = (metadata["NAMESPACE"].as_str()?, metadata["SERVICE_ACCOUNT"].as_str()?);
    let path = format!("/ns/{namespace}/sa/{account}");
    let of_path = |id: &SpiffeId| id.as_str().strip_suffix(&path).is_some_and(|rest| rest.matches('/').count() == 2);
    expected.workloads().into_iter().find(of_path).map(|id| (name.to_owned(), id))
}

fn not_synced(sync: &Value, name: &str) -> Vec<Finding> {
    let of_proxy = sync.as_array().into_iter().flatten().filter(|proxy| proxy["proxy"] == name);
    let stale = of_proxy.flat_map(|proxy| KINDS.into_iter().filter_map(move |kind| stale(proxy, kind)));
    stale.map(|message| Finding::new(Kind::NotSynced, message)).collect()
}

fn stale(proxy: &Value, (kind, of_type): (&str, &str)) -> Option<String> {
    let nonce = |end: &str| proxy[format!("{kind}_{end}")].as_str().unwrap_or_default();
    let resources = proxy["resources"].as_object().into_iter().flatten();
    // Newer releases of istiod say why the proxy refused the last configuration.
    let refused = resources.filter(|(name, _)| name.ends_with(of_type)).find_map(|(_, of)| of["lastError"].as_str());
    let refused = refused.filter(|error| !error.is_empty());
    let reason = refused.map(|error| format!(": {error}")).unwrap_or_default();
    let pending = refused.is_some() || nonce("sent") != nonce("acked");
    pending.then(|| format!("it has not acknowledged the last {kind} configuration{reason}"))
}
