//! Frames of HTTP/2 (RFC 9113) and header blocks (RFC 7541), written byte by byte.

/// The first bytes of a client (RFC 9113, section 3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Types of frames.
pub(crate) const HEADERS: u8 = 1;
pub(crate) const SETTINGS: u8 = 4;

/// Headers or trailers, any bytes.
pub(crate) type Lines<'a> = &'a [(&'a [u8], &'a [u8])];

/// A message of stream 1 without a body.
pub(crate) fn message(bytes: &mut Vec<u8>, headers: Lines<'_>, trailers: Lines<'_>) {
    const END_STREAM: u8 = 1;
    const END_HEADERS: u8 = 4;
    if trailers.is_empty() {
        frame(bytes, HEADERS, END_STREAM | END_HEADERS, 1, &block(headers));
    } else {
        frame(bytes, HEADERS, END_HEADERS, 1, &block(headers));
        frame(bytes, HEADERS, END_STREAM | END_HEADERS, 1, &block(trailers));
    }
}

fn block(lines: Lines<'_>) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in lines {
        // A literal without indexing, with a new name (RFC 7541, section 6.2.2).
        block.push(0);
        for text in [name, value] {
            integer(&mut block, text.len());
            block.extend_from_slice(text);
        }
    }
    block
}

/// An integer with a prefix of seven bits (RFC 7541, section 5.1).
fn integer(block: &mut Vec<u8>, value: usize) {
    if value < 127 {
        block.push(u8::try_from(value).unwrap());
        return;
    }
    block.push(127);
    let mut rest = value - 127;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
}

pub(crate) fn frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u8, payload: &[u8]) {
    bytes.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes()[1..]);
    bytes.extend_from_slice(&[kind, flags, 0, 0, 0, stream]);
    bytes.extend_from_slice(payload);
}
