//! Hands the workflow step of the request that is being served on with the requests that are made because of it.
//!
//! Copy this file into a service that has a Stepgate gate in front of it. It needs the crates `http`, `tower-layer`,
//! `tower-service` and `tokio` (with the feature `rt`), which axum, tonic and hyper bring.
//!
//! ```ignore
//! let service = ServiceBuilder::new().layer(workflow_step::Serve).service(application); // axum: `Router::layer`
//! let client = ServiceBuilder::new().layer(workflow_step::Carry).service(client);       // a client that is a tower service
//! ```
//!
//! A request that has the header already keeps its own. Only such clients hand the step on, to every host that they call.
//!
//! Limits. The step belongs to the task of tokio that serves the request: a task that the application spawns has none, nor has
//! a response's body that is made while it is sent, nor work from a queue. At a join, with a receipt or with a start token, the
//! application sets the header itself.

use std::task::{Context, Poll};

use http::{HeaderName, HeaderValue, Request};
use tokio::task::futures::TaskLocalFuture;
use tower_layer::Layer;
use tower_service::Service;

/// The gate's `header`.
pub const HEADER: HeaderName = HeaderName::from_static("x-workflow-step");

tokio::task_local! {
    static SERVED: Vec<HeaderValue>;
}

/// The layer of a server: keeps the step of the request that it serves.
#[derive(Debug, Clone, Copy)]
pub struct Serve;

/// The layer of a client: adds the step to the requests that it sends.
#[derive(Debug, Clone, Copy)]
pub struct Carry;

/// A server with [`Serve`].
#[derive(Debug, Clone)]
pub struct Serving<S>(S);

/// A client with [`Carry`].
#[derive(Debug, Clone)]
pub struct Carrying<S>(S);

impl<S> Layer<S> for Serve {
    type Service = Serving<S>;

    fn layer(&self, inner: S) -> Serving<S> {
        Serving(inner)
    }
}

impl<S> Layer<S> for Carry {
    type Service = Carrying<S>;

    fn layer(&self, inner: S) -> Carrying<S> {
        Carrying(inner)
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Serving<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = TaskLocalFuture<Vec<HeaderValue>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let step: Vec<HeaderValue> = request.headers().get_all(HEADER).iter().map(secret).collect();
        let answer = SERVED.sync_scope(step.clone(), || self.0.call(request));
        SERVED.scope(step, answer)
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Carrying<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if !request.headers().contains_key(HEADER) {
            for line in SERVED.try_with(Vec::clone).unwrap_or_default() {
                request.headers_mut().append(HEADER, line);
            }
        }
        self.0.call(request)
    }
}

/// It prints as `Sensitive`, and HTTP/2 does not keep it in its table.
fn secret(line: &HeaderValue) -> HeaderValue {
    let mut line = line.clone();
    line.set_sensitive(true);
    line
}
