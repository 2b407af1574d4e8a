//! The proxies that istiod serves, read at its debug interface (`/debug`): which are connected, whether they have
//! acknowledged the last configuration, and that configuration. The state of a filter is known to its proxy only.

use serde_json::Value;

use crate::config_dump::{ConfigDump, with_proto_names};
use crate::expected::ExpectedState;
use crate::finding::{Finding, Kind};
use crate::http::{Client, Endpoint, HttpError};
use crate::proxy::{Identity, ProxyReport, ReadProxy};

/// The kinds of configuration on which a gate depends, with the ends of the type URLs under which istiod reports
/// refusals.
const KINDS: [(&str, &str); 3] =
    [("listener", ".Listener"), ("route", ".RouteConfiguration"), ("extensionconfig", ".TypedExtensionConfig")];

/// The label of a pod that Istio has made for a Gateway: the Gateway's class.
const CLASS: &str = "gateway.networking.k8s.io/gateway-class-name";
/// The classes for which Istio starts agentgateway in the place of Envoy.
const AGENTGATEWAY: &str = "istio-agentgateway";

/// Every connected proxy of a workload that takes part, or all if no workflow is given.
pub(crate) fn read(
    client: &Client,
    endpoint: &Endpoint,
    expected: &ExpectedState,
) -> Result<Vec<ReadProxy>, HttpError> {
    let clients: Value = client.json(endpoint, "/debug/adsz")?;
    let sync: Value = client.json(endpoint, "/debug/syncz")?;
    let mut all = Vec::new();
    for connected in clients.get("clients").and_then(Value::as_array).into_iter().flatten() {
        let Some((name, path)) = identity(connected) else { continue };
        let mut report = ProxyReport::new(&name, "istiod");
        let identity = Identity::Path(path.clone());
        if let Some(class) = class(connected).filter(|class| class.starts_with(AGENTGATEWAY)) {
            let message =
                format!("it is an agentgateway (GatewayClass `{class}`), which runs no gate and no interlock");
            report.findings.push(Finding::new(Kind::Agentgateway, message));
            all.push(ReadProxy::new(report, identity, None));
            continue;
        }
        if !expected.is_of_the_gates() && expected.at_path(&path).is_empty() {
            continue;
        }
        report.findings = not_synced(&sync, &name);
        let dump = client.json(endpoint, &format!("/debug/config_dump?proxyID={name}"));
        let dump = dump.map_err(|error| report.findings.push(Finding::new(Kind::NoAnswer, error.to_string())));
        let state = dump.ok().map(|dump| (ConfigDump::read(&with_proto_names(dump)), None));
        all.push(ReadProxy::new(report, identity, state));
    }
    Ok(all)
}

/// The name of a proxy (`POD.NAMESPACE`), and the path of its SPIFFE ID.
fn identity(client: &Value) -> Option<(String, String)> {
    // `PROXY-NUMBER` of the connection.
    let (name, _) = client["connectionId"].as_str()?.rsplit_once('-')?;
    // The name comes from a pod and becomes part of a URL.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let name = name.chars().all(plain).then_some(name)?;
    let metadata = &client["metadata"];
    let (namespace, account) = (metadata["NAMESPACE"].as_str()?, metadata["SERVICE_ACCOUNT"].as_str()?);
    Some((name.to_owned(), format!("/ns/{namespace}/sa/{account}")))
}

/// The class of the Gateway for which the proxy runs.
fn class(client: &Value) -> Option<&str> {
    let labels = [client.get("labels"), client.pointer("/metadata/LABELS")];
    labels.into_iter().flatten().find_map(|labels| labels.get(CLASS)?.as_str())
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
