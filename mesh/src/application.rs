//! The small service behind each workload: it answers with the request that it saw.
//!
//! Headers of the request tell it how to answer:
//!
//! | header | effect |
//! | --- | --- |
//! | `x-lab-status: 503` | answers this status |
//! | `x-lab-grpc-status: 5` | answers a gRPC call with this status |
//! | `x-lab-response-header: name: value` | adds a header to the response; may be repeated |
//! | `x-lab-response-trailer: name: value` | adds a trailer; may be repeated |
//! | `x-lab-stream: echo` | answers at once, and then sends back what comes, as it comes |
//!
//! A tunnel (CONNECT, or an upgrade that no `x-lab-status` refuses) sends back what comes, too.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, TRAILER, UPGRADE};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

use super::body::{Answer, Whole};
use super::message::{SEEN, lines};
use super::seen::Seen;

/// Requests that an application remembers.
const REMEMBERED: usize = 1024;

/// More than any gate lets through, so that the gate is tested and not the application.
const MAX_HEADERS: usize = 1024;
const MAX_HEADER_BYTES: u32 = 1 << 20;

/// The service of one workload, for as long as the runtime lives.
#[derive(Debug)]
pub struct Application {
    workload: String,
    count: AtomicU64,
    recent: Mutex<VecDeque<Seen>>,
}

impl Application {
    /// Listens, so that it can be called at once. It ends with the runtime of tokio in
    /// which this is called.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn start(workload: &str, at: SocketAddr) -> std::io::Result<Arc<Self>> {
        let listener = TcpListener::bind(at).await?;
        let application =
            Arc::new(Self { workload: workload.into(), count: AtomicU64::new(0), recent: Mutex::default() });
        tokio::spawn(Arc::clone(&application).serve(listener));
        Ok(application)
    }

    /// Requests that it has seen so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// The last ones, oldest first.
    pub fn recent(&self) -> Vec<Seen> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().cloned().collect()
    }

    async fn serve(self: Arc<Self>, listener: TcpListener) {
        // An error of `accept` is that of one connection; the caller sees it.
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::task::yield_now().await;
                continue;
            };
            // A response is written in parts: Nagle's algorithm would hold the last one back for 40 ms.
            let _ = stream.set_nodelay(true);
            let application = Arc::clone(&self);
            tokio::spawn(async move {
                let answer = service_fn(|request| Arc::clone(&application).answer(request));
                let mut server = auto::Builder::new(TokioExecutor::new());
                server.http1().max_headers(MAX_HEADERS);
                server.http2().max_header_list_size(MAX_HEADER_BYTES);
                // WebSocket over HTTP/2 (RFC 8441).
                server.http2().enable_connect_protocol();
                let _ = server.serve_connection_with_upgrades(TokioIo::new(stream), answer).await;
            });
        }
    }

    async fn answer(
        self: Arc<Self>,
        mut request: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<Answer>, Infallible> {
        self.count.fetch_add(1, Ordering::SeqCst);
        // After these the connection is no longer HTTP: there is no body to wait for.
        let leaves_http = request.method() == Method::CONNECT || request.headers().contains_key(UPGRADE);
        if leaves_http {
            tokio::spawn(echo(hyper::upgrade::on(&mut request)));
        }
        let (head, body) = request.into_parts();
        let streams = head.headers.contains_key("x-lab-stream");
        let (body_bytes, trailers, stream) = match body {
            body if streams => (0, HeaderMap::new(), Some(body)),
            body if !leaves_http => match body.collect().await {
                Ok(body) => {
                    let trailers = body.trailers().cloned().unwrap_or_default();
                    (body.to_bytes().len(), trailers, None)
                }
                Err(_) => (0, HeaderMap::new(), None),
            },
            _ => (0, HeaderMap::new(), None),
        };
        let host = head.headers.get(hyper::header::HOST).map(HeaderValue::as_bytes);
        let authority = head.uri.authority().map(|a| a.as_str().as_bytes()).or(host);
        let seen = Seen {
            workload: self.workload.clone(),
            method: head.method.to_string(),
            path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            authority: String::from_utf8_lossy(authority.unwrap_or_default()).into_owned(),
            version: format!("{:?}", head.version),
            headers: readable(&head.headers),
            body_bytes,
            trailers: readable(&trailers),
        };
        let response = respond(&head.headers, &seen);
        self.remember(seen);
        Ok(response.map(|body| match stream {
            Some(incoming) => Answer::echo(incoming, body),
            None => Answer::Whole(body),
        }))
    }

    fn remember(&self, seen: Seen) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= REMEMBERED {
            recent.pop_front();
        }
        recent.push_back(seen);
    }
}

/// A tunnel that leads back.
async fn echo(upgrade: hyper::upgrade::OnUpgrade) {
    // One that does not come about is the caller's to see.
    if let Ok(tunnel) = upgrade.await {
        let (mut from, mut to) = tokio::io::split(TokioIo::new(tunnel));
        let _ = tokio::io::copy(&mut from, &mut to).await;
    }
}

fn respond(asked: &HeaderMap, seen: &Seen) -> hyper::Response<Whole> {
    let json = serde_json::to_vec(seen).unwrap_or_default();
    let seen_as_json = json.clone();
    let mut headers = instructed(asked, "x-lab-response-header");
    let mut trailers = instructed(asked, "x-lab-response-trailer");
    let mut status = number(asked, "x-lab-status").and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or_default();
    let content_type = asked.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let content = if content_type.is_some_and(|ty| ty.starts_with(b"application/grpc")) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        let code = number(asked, "x-lab-grpc-status").unwrap_or_default();
        trailers.insert(HeaderName::from_static("grpc-status"), HeaderValue::from(code));
        grpc_message(&json)
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // RFC 9110, section 6.6.2; HTTP/1.1 sends none that are not announced.
        for name in trailers.keys() {
            headers.append(TRAILER, name.clone().into());
        }
        json
    };
    let mut body = Whole::new(content, trailers);
    if let (Some(protocol), None) = (asked.get(UPGRADE), asked.get("x-lab-status")) {
        status = StatusCode::SWITCHING_PROTOCOLS;
        headers.insert(UPGRADE, protocol.clone());
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.remove(CONTENT_TYPE);
        // There is no body to say it in.
        headers.extend(HeaderValue::from_bytes(&seen_as_json).map(|seen| (HeaderName::from_static(SEEN), seen)));
        body = Whole::default();
    } else if seen.method == Method::CONNECT.as_str() {
        body = Whole::default();
    }
    let mut response = hyper::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// What it saw as a length-prefixed, uncompressed message (gRPC over HTTP/2).
fn grpc_message(json: &[u8]) -> Vec<u8> {
    let length = u32::try_from(json.len()).unwrap_or_default();
    let mut message = vec![0];
    message.extend(length.to_be_bytes());
    message.extend_from_slice(json);
    message
}

fn number(asked: &HeaderMap, name: &str) -> Option<u16> {
    asked.get(name)?.to_str().ok()?.parse().ok()
}

fn instructed(asked: &HeaderMap, name: &str) -> HeaderMap {
    let line = |value: &HeaderValue| {
        let (name, value) = value.to_str().ok()?.split_once(':')?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    };
    let mut map = HeaderMap::new();
    for (name, value) in asked.get_all(name).iter().filter_map(line) {
        map.append(name, value);
    }
    map
}

fn readable(map: &HeaderMap) -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    lines(map).into_iter().map(|(name, value)| (name, text(value))).collect()
}
