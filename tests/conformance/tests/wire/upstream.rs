//! An application that writes one response, byte by byte as the test says, in the protocol in which it is asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::frames::{HEADERS, PREFACE, SETTINGS, frame, message};

/// A header, any bytes.
pub(crate) type Line = (Vec<u8>, Vec<u8>);

/// Headers and trailers of a response with status 200, without those that HTTP itself adds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) headers: Vec<Line>,
    pub(crate) trailers: Vec<Line>,
}

/// The application.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    reply: Arc<Mutex<Reply>>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let reply = Arc::new(Mutex::new(Reply::default()));
        let shared = Arc::clone(&reply);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                // A proxy that disconnects has not asked for a response.
                tokio::spawn(async move { drop(serve(stream, &shared).await) });
            }
        });
        Self { address, reply }
    }

    /// The response from now on.
    pub(crate) fn answers(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }
}

/// One request, one response; then the connection ends.
async fn serve(mut stream: TcpStream, reply: &Mutex<Reply>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let bytes = if head == PREFACE[..18] {
        stream.read_exact(&mut [0; 6]).await?;
        while read_frame(&mut stream).await? != HEADERS {}
        http2(&reply.lock().unwrap().clone())
    } else {
        http1(&reply.lock().unwrap().clone())
    };
    stream.write_all(&bytes).await?;
    // Until the proxy has read it and closes.
    while stream.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}

/// Reads a frame and returns its type.
async fn read_frame(stream: &mut TcpStream) -> std::io::Result<u8> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
    stream.read_exact(&mut vec![0; length]).await?;
    Ok(head[3])
}

fn http1(reply: &Reply) -> Vec<u8> {
    let mut bytes = b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n".to_vec();
    for (part, end) in [(&reply.headers, &b"\r\n2\r\nhi\r\n0\r\n"[..]), (&reply.trailers, b"\r\n")] {
        for (name, value) in part {
            bytes.extend([name, &b": "[..], value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(end);
    }
    bytes
}

fn http2(reply: &Reply) -> Vec<u8> {
    fn lines(part: &[Line]) -> Vec<(&[u8], &[u8])> {
        part.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect()
    }
    let mut headers: Vec<(&[u8], &[u8])> = vec![(b":status", b"200")];
    headers.extend(lines(&reply.headers));
    let mut bytes = Vec::new();
    frame(&mut bytes, SETTINGS, 0, 0, &[]);
    // The acknowledgement of the client's settings.
    frame(&mut bytes, SETTINGS, 1, 0, &[]);
    message(&mut bytes, &headers, &lines(&reply.trailers));
    // GOAWAY after stream 1, without an error: the next request comes on a connection of its own.
    frame(&mut bytes, 7, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
    bytes
}
