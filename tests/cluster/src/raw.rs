//! Raw bytes over TCP, for requests that no HTTP library would send.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::Result;

const CONNECT: Duration = Duration::from_secs(5);
/// After this time without a byte the answer is complete.
const SILENCE: Duration = Duration::from_secs(5);

/// Sends bytes and returns all that comes back until the peer closes or resets the connection, or is silent.
pub(crate) async fn exchange(to: SocketAddr, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut stream = timeout(CONNECT, TcpStream::connect(to)).await??;
    let mut answer = Vec::new();
    if let Err(error) = stream.write_all(bytes).await {
        return if is_end(error.kind()) { Ok(answer) } else { Err(error.into()) };
    }
    loop {
        match timeout(SILENCE, stream.read_buf(&mut answer)).await {
            Ok(Ok(0)) | Err(_) => return Ok(answer),
            Ok(Ok(_)) => {}
            Ok(Err(error)) if is_end(error.kind()) => return Ok(answer),
            Ok(Err(error)) => return Err(error.into()),
        }
    }
}

fn is_end(kind: ErrorKind) -> bool {
    [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&kind)
}
