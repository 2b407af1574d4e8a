//! A case's request on the wire.

use stepgate_mesh::{Credential, Mesh, MeshError, Request, Response, Version};

use crate::case::Http;
use crate::prepared::{Line, Prepared};
use crate::raw;

/// Longest chunk of a body without a length, in bytes.
const CHUNK: usize = 8192;

/// Sends it to a site's gate, or out through it. `id` identifies it in the logs.
pub(super) fn send(
    mesh: &Mesh,
    credential: Option<&Credential>,
    site: &str,
    request: &Prepared,
    id: &str,
) -> Result<Response, MeshError> {
    if request.outbound {
        return mesh.call(site, site, &in_words(request, id));
    }
    match request.http {
        Http::Two => mesh.call_directly(credential, site, &in_words(request, id)),
        Http::One | Http::OneOne => {
            let bytes = in_bytes(request, site, id);
            let mut at = mesh.addresses(site)?.inbound;
            at.set_port(request.port.unwrap_or(at.port()));
            Ok(raw::call(at, mesh.credential(site)?, credential, &bytes)?)
        }
    }
}

fn in_words(request: &Prepared, id: &str) -> Request {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut message = Request::new(text(&request.sent.method), text(&request.sent.path)).header("x-lab-id", id);
    if let Some(host) = &request.sent.host {
        message = message.header("host", host.clone());
    }
    for (name, value) in &request.sent.headers {
        message = message.header(text(name), value.clone());
    }
    for (name, value) in &request.trailers {
        message = message.trailer(text(name), value.clone());
    }
    let message = message.body(vec![0; request.body]).at(request.port);
    if request.http == Http::Two { message.over(Version::Http2) } else { message }
}

/// HTTP/1 as written in the case, name by name and byte by byte.
fn in_bytes(request: &Prepared, site: &str, id: &str) -> Vec<u8> {
    let version = if request.http == Http::One { "HTTP/1.0" } else { "HTTP/1.1" };
    let sent = &request.sent;
    let mut bytes = [&sent.method[..], b" ", &sent.path, b" ", version.as_bytes(), b"\r\n"].concat();
    let host = sent.host.clone().unwrap_or_else(|| site.as_bytes().to_vec());
    if !host.is_empty() {
        line(&mut bytes, &(b"host".to_vec(), host));
    }
    line(&mut bytes, &(b"x-lab-id".to_vec(), id.as_bytes().to_vec()));
    sent.headers.iter().for_each(|header| line(&mut bytes, header));
    let body = vec![0; request.body];
    if request.chunked || !request.trailers.is_empty() {
        bytes.extend(b"transfer-encoding: chunked\r\n\r\n");
        for chunk in body.chunks(CHUNK) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n");
        request.trailers.iter().for_each(|trailer| line(&mut bytes, trailer));
        bytes.extend(b"\r\n");
    } else {
        if !body.is_empty() {
            bytes.extend(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(body);
    }
    bytes
}

fn line(bytes: &mut Vec<u8>, (name, value): &Line) {
    bytes.extend([name, &b": "[..], value, b"\r\n"].concat());
}
