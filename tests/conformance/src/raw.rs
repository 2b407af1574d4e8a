//! A connection on which a caller writes what bytes it likes, as no HTTP library would.

mod read;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Builder;

use read::{Ends, Head};
use stepgate_mesh::{CALL_TIMEOUT, CallError, Connection, Credential, Response, Version, connect};

/// Most bytes of a head that are waited for.
const MAX_HEAD: usize = 1 << 20;
/// Time for bytes that are already on their way, once writing has failed.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// HTTP/1 in bytes.
#[derive(Debug)]
pub struct Raw {
    stream: Connection,
    /// What was read and belongs to the next response.
    ahead: Vec<u8>,
}

impl Raw {
    /// Opens one.
    ///
    /// # Errors
    /// As [`connect`].
    pub async fn open(to: SocketAddr, server: &Credential, client: Option<&Credential>) -> Result<Self, CallError> {
        let stream = connect(to, server, client, Version::Http1).await?;
        Ok(Self { stream, ahead: Vec::new() })
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// [`CallError::Http`] if the other end accepts no more.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), CallError> {
        self.stream.write_all(bytes).await.map_err(broken)?;
        self.stream.flush().await.map_err(broken)
    }

    /// Writes bytes while it reads, and gives the final response: a gate may answer before it has read all, and
    /// then reads no more.
    ///
    /// # Errors
    /// [`CallError::Http`] where the connection ends without an answer, [`CallError::Timeout`].
    pub async fn exchange(&mut self, bytes: &[u8]) -> Result<Response, CallError> {
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        let ahead = &mut self.ahead;
        let write = async {
            let written = match writer.write_all(bytes).await {
                Ok(()) => writer.flush().await,
                Err(error) => Err(error),
            };
            match written {
                // What is read decides.
                Ok(()) => std::future::pending::<CallError>().await,
                Err(error) => {
                    tokio::time::sleep(LAST_WORDS).await;
                    broken(error)
                }
            }
        };
        let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
        let read = read_final(&mut reader, ahead, method);
        let (mut read, mut write) = (pin!(read), pin!(write));
        let answer = poll_fn(|context| match read.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(answer),
            Poll::Pending => write.as_mut().poll(context).map(Err),
        });
        tokio::time::timeout(CALL_TIMEOUT, answer).await.map_err(|_| CallError::Timeout)?
    }

    /// The next response, 1xx or final, to a request of this method.
    ///
    /// # Errors
    /// As [`Raw::exchange`].
    pub async fn response(&mut self, method: &str) -> Result<Response, CallError> {
        let read = read_one(&mut self.stream, &mut self.ahead, method.as_bytes());
        tokio::time::timeout(CALL_TIMEOUT, read).await.map_err(|_| CallError::Timeout)?
    }

    /// The next bytes, which are no response any more: of a tunnel. Empty at the end.
    ///
    /// # Errors
    /// As [`Raw::exchange`].
    pub async fn bytes(&mut self) -> Result<Vec<u8>, CallError> {
        if !self.ahead.is_empty() {
            return Ok(std::mem::take(&mut self.ahead));
        }
        let mut bytes = vec![0; 4096];
        let read = tokio::time::timeout(CALL_TIMEOUT, self.stream.read(&mut bytes)).await;
        let read = read.map_err(|_| CallError::Timeout)?.map_err(broken)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// Sends the bytes on a connection of their own. Blocks.
///
/// # Errors
/// As [`Raw::open`] and [`Raw::exchange`].
pub fn call(
    to: SocketAddr,
    server: &Credential,
    client: Option<&Credential>,
    request: &[u8],
) -> Result<Response, CallError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| CallError::Connect(e.to_string()))?;
    runtime.block_on(async { Raw::open(to, server, client).await?.exchange(request).await })
}

async fn read_final<R: AsyncReadExt + Unpin>(
    stream: &mut R,
    ahead: &mut Vec<u8>,
    method: &[u8],
) -> Result<Response, CallError> {
    loop {
        let response = read_one(stream, ahead, method).await?;
        // 101 is the last that is HTTP.
        if response.status >= 200 || response.status == 101 {
            return Ok(response);
        }
    }
}

async fn read_one<R: AsyncReadExt + Unpin>(
    stream: &mut R,
    ahead: &mut Vec<u8>,
    method: &[u8],
) -> Result<Response, CallError> {
    let (head, begin) = loop {
        match Head::of(ahead).map_err(CallError::Http)? {
            Some(found) => break found,
            None if ahead.len() > MAX_HEAD => return Err(CallError::Http("a head without an end".into())),
            None => {
                more(stream, ahead).await?.then_some(()).ok_or(CallError::Http("closed without an answer".into()))?
            }
        }
    };
    let body = ahead.split_off(begin);
    *ahead = body;
    let end = head.end(method);
    loop {
        if let Some((body, trailers, used)) = end.cut(ahead).map_err(CallError::Http)? {
            ahead.drain(..used);
            return Ok(Response { status: head.status, headers: head.headers, body, trailers });
        }
        if !more(stream, ahead).await? {
            let body = std::mem::take(ahead);
            return match end {
                Ends::Close => Ok(Response { status: head.status, headers: head.headers, body, trailers: Vec::new() }),
                Ends::Now | Ends::Length(_) | Ends::Chunks => Err(CallError::Http("closed within a body".into())),
            };
        }
    }
}

/// Reads on; false at the end. An end without TLS's own farewell is one too.
async fn more<R: AsyncReadExt + Unpin>(stream: &mut R, ahead: &mut Vec<u8>) -> Result<bool, CallError> {
    match stream.read_buf(ahead).await {
        Ok(read) => Ok(read > 0),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(broken(error)),
    }
}

fn broken(error: std::io::Error) -> CallError {
    CallError::Http(error.to_string())
}
