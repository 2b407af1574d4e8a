//! Calls: an application through its own Envoy, or any client directly to a gate.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::ext::Protocol;
use hyper::header::HOST;
use hyper::{Method, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::MeshError;
use super::body::Whole;
use super::call_error::{CALL_TIMEOUT, CallError};
use super::certificates::Credential;
use super::message::{Request, Response, Version, header_map, lines};
use super::tls::{self, Handshake};

/// The target of a connection and the client that opened it: requests may share one only if both are the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    pub(super) to: SocketAddr,
    pub(super) version: Version,
    /// The client's certificate, and whether there is TLS at all.
    pub(super) tls: Option<tls::Ends>,
}

impl Route {
    /// In plain text.
    pub fn plain(to: SocketAddr, version: Version) -> Self {
        Self { to, version, tls: None }
    }

    /// Over TLS, with this client certificate or none, to any server with a certificate of this authority (PEM).
    ///
    /// # Errors
    /// [`MeshError::Certificate`] if that is not a certificate.
    pub fn tls(
        to: SocketAddr,
        version: Version,
        client: Option<&Credential>,
        authority: &str,
    ) -> Result<Self, MeshError> {
        let authority = CertificateDer::from_pem_slice(authority.as_bytes());
        let authority =
            authority.map_err(|e| MeshError::Certificate(format!("the authority is not a certificate in PEM: {e}")))?;
        let server = tls::Server::IssuedBy(authority.to_vec());
        let ends = tls::Ends { client: client.cloned(), name: to.ip().to_string(), server };
        Ok(Self { to, version, tls: Some(ends) })
    }
}

/// Calls, over connections that are kept for the next one.
#[derive(Debug, Default)]
pub struct Client {
    idle: Mutex<HashMap<Route, Vec<Connection>>>,
}

#[derive(Debug)]
enum Connection {
    Http1(http1::SendRequest<Whole>),
    Http2(http2::SendRequest<Whole>),
}

impl Client {
    /// One request and its whole response. `authority` is the default of `host`. To be called within a
    /// runtime of tokio.
    ///
    /// # Errors
    /// [`CallError`] if no whole response came within [`CALL_TIMEOUT`].
    pub async fn call(&self, route: &Route, authority: &str, request: &Request) -> Result<Response, CallError> {
        let request = to_hyper(authority, request)?;
        tokio::time::timeout(CALL_TIMEOUT, self.send(route, request)).await.map_err(|_| CallError::Timeout)?
    }

    async fn send(&self, route: &Route, mut request: hyper::Request<Whole>) -> Result<Response, CallError> {
        // One that was kept may have been closed meanwhile; then the request comes back unsent.
        while let Some(connection) = self.take(route) {
            match connection.try_send(request).await {
                Ok(answered) => return self.read(route, answered).await,
                Err(Unanswered::NotSent(back)) => request = *back,
                Err(Unanswered::Broken(error)) => return Err(error),
            }
        }
        let opened = open(route).await.map_err(Unanswered::Broken);
        let answered = match opened {
            Ok(connection) => connection.try_send(request).await,
            Err(error) => Err(error),
        };
        let error = match answered {
            Ok(answered) => return self.read(route, answered).await,
            Err(Unanswered::Broken(error)) => error,
            Err(Unanswered::NotSent(_)) => CallError::Http("closed before the request".into()),
        };
        Err(match (error, &route.tls) {
            // In TLS 1.3 a server judges our certificate when the handshake is over for us. Its alert
            // (RFC 8446, section 6) comes in the place of a response, or is lost to the reset that
            // answers our first bytes.
            (CallError::Http(why), Some(_)) => CallError::Tls(why),
            (error, _) => error,
        })
    }

    async fn read(
        &self,
        route: &Route,
        (connection, response): (Connection, hyper::Response<Incoming>),
    ) -> Result<Response, CallError> {
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|e| broken(&e))?;
        let trailers = body.trailers().map(lines).unwrap_or_default();
        self.keep(route, connection);
        Ok(Response {
            status: head.status.as_u16(),
            headers: lines(&head.headers),
            body: body.to_bytes().to_vec(),
            trailers,
        })
    }

    fn take(&self, route: &Route) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(route)?;
        loop {
            let connection = kept.pop()?;
            if connection.is_open() {
                return Some(connection);
            }
        }
    }

    fn keep(&self, route: &Route, connection: Connection) {
        if connection.is_open() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.entry(route.clone()).or_default().push(connection);
        }
    }
}

enum Unanswered {
    NotSent(Box<hyper::Request<Whole>>),
    Broken(CallError),
}

impl Connection {
    fn is_open(&self) -> bool {
        match self {
            Self::Http1(sender) => !sender.is_closed(),
            Self::Http2(sender) => !sender.is_closed(),
        }
    }

    async fn try_send(
        mut self,
        request: hyper::Request<Whole>,
    ) -> Result<(Self, hyper::Response<Incoming>), Unanswered> {
        let ready = match &mut self {
            Self::Http1(sender) => sender.ready().await,
            Self::Http2(sender) => sender.ready().await,
        };
        if ready.is_err() {
            return Err(Unanswered::NotSent(Box::new(request)));
        }
        let answer = match &mut self {
            Self::Http1(sender) => sender.try_send_request(request).await,
            Self::Http2(sender) => sender.try_send_request(request).await,
        };
        answer.map(|response| (self, response)).map_err(|mut error| match error.take_message() {
            Some(request) => Unanswered::NotSent(Box::new(request)),
            None => Unanswered::Broken(broken(error.error())),
        })
    }
}

async fn open(route: &Route) -> Result<Connection, CallError> {
    let refused = |e: std::io::Error| CallError::Connect(format!("{}: {e}", route.to));
    let stream = TcpStream::connect(route.to).await.map_err(refused)?;
    // Small requests, each waited for: Nagle's algorithm would add 40 ms to every one.
    stream.set_nodelay(true).map_err(refused)?;
    match &route.tls {
        None => speak(route.version, stream).await,
        Some(ends) => match ends.handshake(stream, route.version).await {
            Handshake::Done(stream) => speak(route.version, *stream).await,
            Handshake::Refused(why) => Err(CallError::Tls(why)),
        },
    }
}

async fn speak<S>(version: Version, stream: S) -> Result<Connection, CallError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let stream = TokioIo::new(stream);
    match version {
        Version::Http1 => {
            let (sender, connection) = http1::handshake(stream).await.map_err(|e| broken(&e))?;
            tokio::spawn(connection.with_upgrades());
            Ok(Connection::Http1(sender))
        }
        Version::Http2 => {
            let executor = TokioExecutor::new();
            let handshake = http2::handshake(executor, stream).await;
            let (sender, connection) = handshake.map_err(|e| broken(&e))?;
            tokio::spawn(connection);
            Ok(Connection::Http2(sender))
        }
    }
}

/// The request as hyper sends it.
fn to_hyper(authority: &str, request: &Request) -> Result<hyper::Request<Whole>, CallError> {
    let unsendable = |what: String| CallError::Unsendable(what);
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| unsendable(format!("the method `{}`", request.method)))?;
    let protocol = request.headers.iter().find(|(name, _)| name == ":protocol");
    let mut headers = header_map(request.headers.iter().filter(|(name, _)| name != ":protocol"))?;
    let given = headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    let authority = given.unwrap_or_else(|| authority.to_owned());
    let target = match (request.version, &method) {
        // A plain CONNECT names an authority and nothing else (RFC 9110, section 9.3.6).
        (_, &Method::CONNECT) if protocol.is_none() => request.path.clone(),
        (Version::Http2, _) => format!("http://{authority}{}", request.path),
        (Version::Http1, _) => request.path.clone(),
    };
    let uri = target.parse::<Uri>().map_err(|_| unsendable(format!("the target `{target}`")))?;
    match request.version {
        // HTTP/2 has `:authority` for it.
        Version::Http2 => drop(headers.remove(HOST)),
        Version::Http1 if headers.contains_key(HOST) => {}
        Version::Http1 => {
            let host = authority.parse();
            headers.insert(HOST, host.map_err(|_| unsendable(format!("the host `{authority}`")))?);
        }
    }
    let trailers = header_map(&request.trailers)?;
    if request.version == Version::Http1 {
        for name in trailers.keys() {
            headers.append(hyper::header::TRAILER, name.clone().into());
        }
    }
    let mut sent = hyper::Request::new(Whole::new(request.body.clone(), trailers));
    *sent.method_mut() = method;
    *sent.uri_mut() = uri;
    *sent.headers_mut() = headers;
    if let Some((_, protocol)) = protocol {
        let protocol = String::from_utf8_lossy(protocol);
        sent.extensions_mut().insert(Protocol::from(protocol.as_ref()));
    }
    Ok(sent)
}

fn broken(error: &hyper::Error) -> CallError {
    CallError::Http(because(error))
}

/// An error with all its causes, on one line.
fn because(error: &dyn std::error::Error) -> String {
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        why = format!("{why}: {error}");
        cause = error.source();
    }
    why
}
