//! Sends batches of requests to one Envoy, over several connections at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use stepgate_mesh::{Client, Credential, Mesh, Request, Route};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::process::cpu;
use super::rows::Spread;
use super::setup::Setup;
use super::shape::Shape;

/// A client with a certificate.
pub(super) struct Caller<'a> {
    mesh: &'a Mesh,
    credential: &'a Credential,
    runtime: Runtime,
    /// Of Envoy.
    process: u32,
}

impl<'a> Caller<'a> {
    pub(super) fn new(mesh: &'a Mesh, credential: &'a Credential) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let process = *mesh.process_ids().first().ok_or("no Envoy")?;
        Ok(Self { mesh, credential, runtime: runtime.map_err(|error| error.to_string())?, process })
    }

    /// Envoy's processor time for each request of a batch, and the median latency, both in µs. The connections are
    /// opened before, with a request on each.
    pub(super) fn batch(&self, setup: &mut Setup, shape: Shape, count: usize) -> Result<[f64; 2], String> {
        let to = self.mesh.addresses(&setup.site).map_err(|error| error.to_string())?.inbound;
        let route = Route::tls(to, shape.version, Some(self.credential), self.mesh.authority().pem());
        let batch = Batch {
            client: Client::default(),
            route: route.map_err(|error| error.to_string())?,
            status: setup.status,
            version: shape.version,
        };
        let (batch, connections) = (Arc::new(batch), shape.connections);
        let (first, requests) = (setup.scene.requests(connections)?, setup.scene.requests(count)?);
        let measured = self.runtime.block_on(async {
            batch.send(connections, first).await?;
            let before = cpu(self.process)?;
            let latencies = batch.send(connections, requests).await?;
            let spent = cpu(self.process)? - before;
            let count = u32::try_from(latencies.len()).unwrap_or(u32::MAX);
            Ok([spent / f64::from(count.max(1)), Spread::of(latencies).median])
        });
        measured.map_err(|error: String| format!("{}: {error}", setup.label))
    }
}

struct Batch {
    client: Client,
    route: Route,
    /// Of every response.
    status: u16,
    version: stepgate_mesh::Version,
}

impl Batch {
    /// The latency of each request in µs.
    async fn send(self: &Arc<Self>, connections: usize, requests: Vec<Request>) -> Result<Vec<f64>, String> {
        let queue = Arc::new(Mutex::new(requests.into_iter()));
        let mut senders: JoinSet<Result<Vec<f64>, String>> = JoinSet::new();
        for _ in 0..connections {
            let (batch, queue) = (Arc::clone(self), Arc::clone(&queue));
            senders.spawn(async move {
                let mut latencies = Vec::new();
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(request) = next else { return Ok(latencies) };
                    latencies.push(batch.one(request.over(batch.version)).await?);
                }
            });
        }
        let mut all = Vec::new();
        while let Some(sent) = senders.join_next().await {
            all.extend(sent.map_err(|error| error.to_string())??);
        }
        Ok(all)
    }

    async fn one(&self, request: Request) -> Result<f64, String> {
        let begun = Instant::now();
        let response = self.client.call(&self.route, "bench", &request).await.map_err(|error| error.to_string())?;
        let taken = begun.elapsed().as_secs_f64() * 1e6;
        if response.status == self.status {
            return Ok(taken);
        }
        Err(format!("status {}: {}", response.status, String::from_utf8_lossy(&response.body)))
    }
}
