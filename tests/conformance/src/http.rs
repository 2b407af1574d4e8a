//! One plain HTTP request, to an interface on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The body of a response with status 200 to `GET`.
///
/// # Errors
/// Returns a message that says what failed.
pub fn get(at: SocketAddr, path: &str) -> Result<String, String> {
    send("GET", at, path)
}

/// The body of a response with status 200 to `POST` without a body.
///
/// # Errors
/// Returns a message that says what failed.
pub fn post(at: SocketAddr, path: &str) -> Result<String, String> {
    send("POST", at, path)
}

fn send(method: &str, at: SocketAddr, path: &str) -> Result<String, String> {
    let mut answer = Vec::new();
    let mut ask = || {
        let mut stream = TcpStream::connect(at)?;
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        stream.read_to_end(&mut answer)
    };
    ask().map_err(|error| format!("{at}{path}: {error}"))?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| format!("{at}{path}: no answer"))?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(format!("{at}{path}: {head}\n{body}"));
    }
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") { unchunked(body) } else { Ok(body.to_owned()) }
}

/// RFC 9112, section 7.1.
fn unchunked(mut body: &str) -> Result<String, String> {
    let mut whole = String::new();
    loop {
        let (size, rest) = body.split_once("\r\n").ok_or("a chunk without a size")?;
        let size = usize::from_str_radix(size, 16).map_err(|error| format!("a chunk of `{size}`: {error}"))?;
        if size == 0 {
            return Ok(whole);
        }
        whole.push_str(rest.get(..size).ok_or("a chunk that breaks off")?);
        body = rest.get(size..).and_then(|rest| rest.strip_prefix("\r\n")).ok_or("a chunk without an end")?;
    }
}
