//! What istiod knows of the proxies (`/debug`): which are connected, whether they have taken what was sent,
//! and what that is. What a filter goes by, only its proxy knows.

use serde_json::Value;
use stepgate_config::spiffe::SpiffeId;

use super::ask::Place;
use super::dump::{Dump, as_envoy_writes_it};
use super::gap::{Gap, Kind};
use super::proxy::Found;
use super::wanted::Wanted;

/// What of a proxy's configuration a gate hangs on, with the ends of the types by which istiod tells of refusals.
const KINDS: [(&str, &str); 3] =
    [("listener", ".Listener"), ("route", ".RouteConfiguration"), ("extensionconfig", ".TypedExtensionConfig")];

/// Every proxy of the workflow that istiod has a connection to.
pub(super) async fn ask(at: &Place, wanted: &Wanted) -> Result<Vec<Found>, String> {
    let (clients, synced) = (at.json("/debug/adsz").await?, at.json("/debug/syncz").await?);
    let mut all = Vec::new();
    for client in clients.get("clients").and_then(Value::as_array).into_iter().flatten() {
        let Some((name, workload)) = identity(client, wanted) else { continue };
        let mut found = Found::new(&name, "istiod");
        found.workloads = vec![workload.as_str().to_owned()];
        found.gaps = not_synced(&synced, &name);
        match at.json(&format!("/debug/config_dump?proxyID={name}")).await {
            Ok(dump) => found.judge(wanted, &[workload], &Dump::read(&as_envoy_writes_it(dump)), None),
            Err(why) => found.gaps.push(Gap::new(Kind::NoAnswer, why)),
        }
        all.push(found);
    }
    Ok(all)
}

/// The name of a proxy (`POD.NAMESPACE`), and its workload if that has a part in a workflow. The trust
/// domain is the mesh's, which istiod does not say here: that of the workflow stands for it.
fn identity(client: &Value, wanted: &Wanted) -> Option<(String, SpiffeId)> {
    // `PROXY-NUMBER` of the connection.
    let (name, _) = client["connectionId"].as_str()?.rsplit_once('-')?;
    // It becomes part of a URL, and came from a pod.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let name = name.chars().all(plain).then_some(name)?;
    let metadata = &client["metadata"];
    let (namespace, account) = (metadata["NAMESPACE"].as_str()?, metadata["SERVICE_ACCOUNT"].as_str()?);
    let path = format!("/ns/{namespace}/sa/{account}");
    let of_path = |id: &SpiffeId| id.as_str().strip_suffix(&path).is_some_and(|rest| rest.matches('/').count() == 2);
    wanted.workloads().into_iter().find(of_path).map(|id| (name.to_owned(), id))
}

fn not_synced(synced: &Value, name: &str) -> Vec<Gap> {
    let of = synced.as_array().into_iter().flatten().filter(|proxy| proxy["proxy"] == name);
    let stale = of.flat_map(|proxy| KINDS.into_iter().filter_map(move |kind| stale(proxy, kind)));
    stale.map(|what| Gap::new(Kind::NotSynced, what)).collect()
}

fn stale(proxy: &Value, (kind, of_type): (&str, &str)) -> Option<String> {
    let nonce = |end: &str| proxy[format!("{kind}_{end}")].as_str().unwrap_or_default();
    let resources = proxy["resources"].as_object().into_iter().flatten();
    // Why the proxy refused the last one; newer releases of istiod tell it.
    let refused = resources.filter(|(name, _)| name.ends_with(of_type)).find_map(|(_, of)| of["lastError"].as_str());
    let refused = refused.filter(|why| !why.is_empty());
    let why = refused.map(|why| format!(": {why}")).unwrap_or_default();
    let open = refused.is_some() || nonce("sent") != nonce("acked");
    open.then(|| format!("it has not taken the {kind} configuration that was sent last{why}"))
}
