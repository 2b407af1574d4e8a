//! The application in Rust: a tower service under hyper, with the layers of `apps/rust`.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tower_layer::Layer;
use tower_service::Service;

use crate::settings::Settings;

#[path = "../../../../apps/rust/workflow_step.rs"]
#[allow(unreachable_pub, reason = "a file that people copy")]
mod workflow_step;

/// Serves `POST /work/NAME`: meets another request, then calls `next` and answers as that does.
#[derive(Clone)]
struct Work<C> {
    client: C,
    settings: Arc<Settings>,
}

type Outgoing = Request<Empty<Bytes>>;

pub(crate) fn start(settings: &Settings) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind(settings.at)).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let settings = Arc::new(settings.clone());
    if settings.with {
        let client = workflow_step::Carry.layer(client);
        let service = workflow_step::Serve.layer(Work { client, settings });
        runtime.spawn(serve(listener, service));
    } else {
        runtime.spawn(serve(listener, Work { client, settings }));
    }
    runtime
}

async fn serve<S>(listener: TcpListener, service: S)
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl<C> Service<Request<Incoming>> for Work<C>
where
    C: Service<Outgoing, Response = Response<Incoming>> + Clone + Send + 'static,
    C::Future: Send,
    C::Error: std::fmt::Debug,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let (mut client, settings) = (self.client.clone(), Arc::clone(&self.settings));
        Box::pin(async move {
            let name = request.uri().path().replace("/work/", "");
            let mut meeting = Request::get(format!("{}/{name}", settings.meeting));
            if let Some(own) = request.headers().get("x-own-step") {
                meeting = meeting.header("x-workflow-step", own);
            }
            client.call(meeting.body(Empty::new()).unwrap()).await.unwrap();
            let next = Request::post(format!("{}/end/{name}", settings.next)).body(Empty::new()).unwrap();
            let (head, body) = client.call(next).await.unwrap().into_parts();
            let content = body.collect().await.unwrap().to_bytes();
            let answer = Response::builder().status(head.status).header("content-type", "application/json");
            Ok(answer.body(Full::new(content)).unwrap())
        })
    }
}
