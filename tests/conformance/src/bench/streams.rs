//! Messages on an open stream: the cost of a filter that Envoy enters for each piece of a body, long after the decision.

use std::time::Instant;

use stepgate_mesh::{CallError, Credential, Mesh};

use super::effort::Effort;
use super::process::cpu;
use super::rounds::in_turns;
use super::rows::{Label, Row, Spread, rows};
use super::setup::{EMPTY, NO_FILTER, Setup};
use super::workflow::{GUARDED_HEADER, Level, REQUEST};
use crate::raw::Raw;

/// A message, as a chunk of HTTP/1.1 (RFC 9112, section 7.1).
const MESSAGE: &[u8] = b"4\r\nping\r\n";

/// The rows of latency and of processor time, for each message that goes to the application and comes back.
///
/// Only one message is under way at a time, so Envoy enters a filter once for it in each direction.
pub(super) fn through_envoy(
    effort: &Effort,
    mesh: &Mesh,
    caller: &Credential,
    setups: &mut [Setup],
) -> Result<Vec<Row>, String> {
    // They differ in the filter, not in its decision.
    let labels = [NO_FILTER, EMPTY, Level::Hs256.label()];
    let mut measured: Vec<_> = setups.iter_mut().filter(|setup| labels.contains(&setup.label)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let [latency, cpu] = in_turns("messages on a stream", effort.stream_rounds, measured.len(), |at| {
        let setup = measured.get_mut(at).ok_or("no such set-up")?;
        let step = setup.scene.steps(1)?.pop().ok_or("no step")?;
        let messages = stream(mesh, caller, &setup.site, &step, effort.requests);
        runtime.block_on(messages).map_err(|error| format!("{}: {error}", setup.label))
    })?;
    let labels = labels.map(Label::from);
    let mut all = rows("a message each way on an open stream: processor time of Envoy", "µs", &labels, &cpu);
    all.extend(rows("a message each way on an open stream: latency", "µs", &labels, &latency));
    Ok(all)
}

/// The median latency of a message on one stream, and Envoy's processor time for each, both in µs.
async fn stream(
    mesh: &Mesh,
    caller: &Credential,
    site: &str,
    step: &str,
    count: usize,
) -> Result<[f64; 2], Box<dyn std::error::Error>> {
    let process = *mesh.process_ids().first().ok_or("no Envoy")?;
    let mut raw = Raw::open(mesh.addresses(site)?.inbound, mesh.credential(site)?, Some(caller)).await?;
    let ((method, path), (name, value)) = (REQUEST, GUARDED_HEADER);
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\n{name}: {value}\r\nx-workflow-step: {step}\r\nx-lab-stream: echo\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    raw.send(head.as_bytes()).await?;
    // The first one follows the head of the response.
    let first = there_and_back(&mut raw).await?;
    if !first.starts_with(b"HTTP/1.1 200") {
        return Err(String::from_utf8_lossy(&first).into());
    }
    let before = cpu(process)?;
    let mut latencies = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        there_and_back(&mut raw).await?;
        latencies.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    let spent = cpu(process)? - before;
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Ok([Spread::of(latencies).median, spent / f64::from(count.max(1))])
}

/// Sends a message, and reads the application's echo to its end.
async fn there_and_back(raw: &mut Raw) -> Result<Vec<u8>, CallError> {
    raw.send(MESSAGE).await?;
    let mut read = Vec::new();
    while !read.ends_with(MESSAGE) {
        let more = raw.bytes().await?;
        if more.is_empty() {
            break;
        }
        read.extend(more);
    }
    Ok(read)
}
