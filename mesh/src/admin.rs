//! The admin interface of an Envoy: readiness, counters, access log.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::MeshError;
use super::call_error::CallError;
use super::client::{Client, Route};
use super::message::{Request, Response, Version};
use super::process::Process;
use super::wait::POLL;

/// Time that an Envoy has to start.
const START: Duration = Duration::from_secs(20);

/// More of it for each filter of the mesh: compiling one keeps a core busy for some two seconds, and all
/// Envoys start at once on whatever cores there are.
const START_OF_A_FILTER: Duration = Duration::from_secs(5);

/// One line of the access log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccessEntry {
    /// `inbound` or `outbound`.
    pub direction: String,
    /// The request's `x-lab-id`.
    pub id: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The path after Envoy's normalization.
    pub path: Option<String>,
    /// The status; 0 if there was none.
    pub status: u16,
    /// Envoy's RESPONSE_CODE_DETAILS, such as `via_upstream` or `stepgate:WRONG_HOLDER`.
    pub details: Option<String>,
    /// The instance, if a gate has read it.
    pub instance: Option<String>,
    /// Envoy's RESPONSE_FLAGS.
    pub flags: Option<String>,
    /// The URI SANs of the caller's certificate.
    pub peer: Option<String>,
}

pub(super) fn access_log(path: &Path) -> Vec<AccessEntry> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    // The last line may be half written.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// How long the Envoys of a mesh with so many filters may take.
pub(super) fn time_to_start(filters: usize) -> Duration {
    let filters = u32::try_from(filters).unwrap_or(u32::MAX);
    START.saturating_add(START_OF_A_FILTER.saturating_mul(filters))
}

/// Waits until the Envoy serves, or has ended.
pub(super) async fn ready(
    name: &str,
    admin: SocketAddr,
    process: &mut Process,
    limit: Duration,
) -> Result<(), MeshError> {
    let client = Client::default();
    let begun = Instant::now();
    loop {
        if let Some(status) = process.ended() {
            return Err(process.ended_early(name, status));
        }
        let answer = get(&client, admin, "/ready").await;
        if answer.is_ok_and(|answer| answer.status == 200 && answer.body.starts_with(b"LIVE")) {
            return Ok(());
        }
        if begun.elapsed() > limit {
            let what =
                format!("was not ready within {} s; `stepgate lab --ready-timeout` allows more", limit.as_secs());
            return Err(process.not_ready(name, what));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Counters and gauges by name.
pub(super) async fn stats(client: &Client, admin: SocketAddr) -> Result<BTreeMap<String, u64>, CallError> {
    /// Text readouts have a text for their value, histograms no name.
    #[derive(Deserialize)]
    struct Stat {
        name: Option<String>,
        value: Option<serde_json::Value>,
    }
    #[derive(Deserialize)]
    struct Stats {
        stats: Vec<Stat>,
    }
    let answer = get(client, admin, "/stats?format=json").await?;
    let read: Stats = serde_json::from_slice(&answer.body)
        .map_err(|error| CallError::Http(format!("`/stats` is not the JSON of Envoy: {error}")))?;
    Ok(read.stats.into_iter().filter_map(|stat| Some((stat.name?, stat.value?.as_u64()?))).collect())
}

/// Bytes on its heap.
pub(super) async fn allocated(client: &Client, admin: SocketAddr) -> Result<u64, CallError> {
    let answer = get(client, admin, "/memory").await?;
    let odd = || CallError::Http("`/memory` does not say what is allocated".into());
    let memory: serde_json::Value = serde_json::from_slice(&answer.body).map_err(|_| odd())?;
    // Numbers of 64 bits are texts in the JSON of protobuf.
    let allocated = memory.get("allocated").and_then(serde_json::Value::as_str);
    allocated.and_then(|bytes| bytes.parse().ok()).ok_or_else(odd)
}

async fn get(client: &Client, admin: SocketAddr, path: &str) -> Result<Response, CallError> {
    let route = Route { to: admin, version: Version::Http1, tls: None };
    client.call(&route, &admin.to_string(), &Request::new("GET", path)).await
}
