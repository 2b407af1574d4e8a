//! `stepgate doctor`: whether every workload of a workflow has the gate that it should have. Only asks; a
//! proxy's admin interface and istiod's debug interface are read, and nothing is changed.

mod ask;
mod dump;
mod gap;
mod istiod;
mod judge;
mod proxy;
mod report;
mod stats;
mod wanted;

use tokio::runtime::Builder;
use tokio::task::JoinSet;

pub use ask::Place;
pub use gap::{Gap, Kind};
pub use proxy::Found;
pub use report::{Asked, Report};
pub use wanted::Wanted;

/// Most proxies that are asked at a time.
const AT_ONCE: usize = 16;

/// Asks these proxies, by name, and istiod.
///
/// # Errors
/// In words, if istiod does not answer or nothing can be asked at all.
pub fn examine(wanted: &Wanted, proxies: Vec<(String, Place)>, istiod: Option<&Place>) -> Result<Report, String> {
    let runtime =
        Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|error| error.to_string())?;
    let mut found = runtime.block_on(ask_all(wanted, proxies));
    if let Some(at) = istiod {
        found.extend(runtime.block_on(istiod::ask(at, wanted)).map_err(|why| format!("istiod: {why}"))?);
    }
    let asked = |id: &str| found.iter().any(|proxy| proxy.workloads.iter().any(|workload| workload == id));
    let absent = wanted.workloads().into_iter().filter(|id| !asked(id.as_str()));
    let gaps = absent.map(|id| Gap::new(Kind::NotAsked, format!("no proxy of {} was asked", id.as_str()))).collect();
    let workflows = wanted.workflows.iter().map(|(workflow, _)| Asked {
        name: workflow.name.as_str().to_owned(),
        revision: workflow.revision,
        digest: workflow.digest.as_str().to_owned(),
    });
    Ok(Report { workflows: workflows.collect(), proxies: found, gaps })
}

/// In the order in which they were named.
async fn ask_all(wanted: &Wanted, proxies: Vec<(String, Place)>) -> Vec<Found> {
    let mut waiting = JoinSet::new();
    let mut found = Vec::new();
    let mut to_ask = proxies.into_iter().enumerate();
    loop {
        while waiting.len() < AT_ONCE {
            let Some((at, (name, place))) = to_ask.next() else { break };
            let wanted = wanted.clone();
            waiting.spawn(async move { (at, proxy::ask(&name, &place, &wanted).await) });
        }
        match waiting.join_next().await {
            None => break,
            Some(Ok(answered)) => found.push(answered),
            // Nothing there panics, and nothing is cancelled.
            Some(Err(_)) => {}
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, found)| found).collect()
}
