//! Reading a response of HTTP/1.1 (RFC 9112) from bytes.

/// Lines of a header section.
type Lines = Vec<(String, Vec<u8>)>;

/// The head of a response.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: Lines,
}

/// Where the body of a response ends (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Now,
    Length(usize),
    Chunks,
    Close,
}

impl Head {
    /// The head at the beginning of these bytes and where it ends; nothing while it is not whole.
    pub(super) fn of(bytes: &[u8]) -> Result<Option<(Self, usize)>, String> {
        let Some((lines, end)) = section(bytes) else { return Ok(None) };
        let (first, rest) = split_line(lines);
        let status = first.split(|byte| *byte == b' ').nth(1).and_then(|status| std::str::from_utf8(status).ok());
        let no_response = || format!("no response of HTTP/1.1: {}", String::from_utf8_lossy(first));
        let status = status.and_then(|status| status.parse().ok()).ok_or_else(no_response)?;
        Ok(Some((Self { status, headers: headers(rest) }, end)))
    }

    pub(super) fn end(&self, method: &[u8]) -> Ends {
        let value = |name: &str| self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_slice());
        let length = value("content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        match (self.status, value("transfer-encoding"), length) {
            (100..=199 | 204 | 304, ..) => Ends::Now,
            _ if method == b"HEAD" => Ends::Now,
            (200..=299, ..) if method == b"CONNECT" => Ends::Now,
            (_, Some(_), _) => Ends::Chunks,
            (_, None, Some(length)) => Ends::Length(length),
            (_, None, None) => Ends::Close,
        }
    }
}

impl Ends {
    /// Body and trailers of these bytes, and how many they are; nothing while they are not whole.
    pub(super) fn cut(self, bytes: &[u8]) -> Result<Option<(Vec<u8>, Lines, usize)>, String> {
        match self {
            Self::Now => Ok(Some((Vec::new(), Vec::new(), 0))),
            Self::Length(length) => Ok(bytes.get(..length).map(|body| (body.to_vec(), Vec::new(), length))),
            Self::Chunks => chunks(bytes),
            Self::Close => Ok(None),
        }
    }
}

fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, Lines, usize)>, String> {
    let (mut body, mut rest) = (Vec::new(), bytes);
    loop {
        let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else { return Ok(None) };
        let (size, after) = rest.split_at_checked(end).unwrap_or_default();
        let size = std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.ok_or("a chunk without a size")?;
        let after = after.get(2..).unwrap_or_default();
        if size == 0 {
            let used = |left: usize| bytes.len().saturating_sub(left);
            if after.starts_with(b"\r\n") {
                return Ok(Some((body, Vec::new(), used(after.len().saturating_sub(2)))));
            }
            return Ok(section(after).map(|(lines, end)| (body, headers(lines), used(after.len().saturating_sub(end)))));
        }
        let Some((chunk, after)) = after.split_at_checked(size) else { return Ok(None) };
        let Some(after) = after.get(2..) else { return Ok(None) };
        body.extend_from_slice(chunk);
        rest = after;
    }
}

/// Lines up to an empty one, and where what comes after begins.
fn section(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((bytes.get(..end)?, end.checked_add(4)?))
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.windows(2).position(|two| two == b"\r\n") {
        Some(end) => (bytes.get(..end).unwrap_or_default(), bytes.get(end.saturating_add(2)..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}

fn headers(mut lines: &[u8]) -> Lines {
    let mut headers = Vec::new();
    while !lines.is_empty() {
        let (line, rest) = split_line(lines);
        lines = rest;
        if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            headers.push((String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()));
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, body, and how many bytes and trailers.
    fn whole(bytes: &[u8]) -> (u16, Vec<u8>, usize, usize) {
        let (head, begin) = Head::of(bytes).unwrap().unwrap();
        let (body, trailers, used) = head.end(b"GET").cut(&bytes[begin..]).unwrap().unwrap();
        (head.status, body, begin.saturating_add(used), trailers.len())
    }

    #[test]
    fn a_response_ends_where_its_head_says() {
        let two = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1";
        assert_eq!(whole(two), (200, b"hi".to_vec(), two.len() - 8, 0));
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        assert_eq!(whole(chunked), (200, b"abc".to_vec(), chunked.len(), 0));
        let trailers = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\na: b\r\n\r\n";
        assert_eq!(whole(trailers), (200, b"abc".to_vec(), trailers.len(), 1));
        assert_eq!(whole(b"HTTP/1.1 100 Continue\r\n\r\n"), (100, Vec::new(), 25, 0));
    }

    #[test]
    fn what_is_not_whole_is_waited_for() {
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\na: b\r\n\r\n";
        for length in 0..chunked.len() {
            let part = &chunked[..length];
            let Some((head, begin)) = Head::of(part).unwrap() else { continue };
            assert!(head.end(b"GET").cut(&part[begin..]).unwrap().is_none(), "{length}");
        }
        assert!(Head::of(b"SSH-2.0\r\n\r\n").is_err());
    }
}
