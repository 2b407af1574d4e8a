//! Header maps as the ABI passes them: a count, the sizes of all names and values, then their bytes,
//! each with a zero behind it; numbers are 32 bits, little-endian.
//!
//! The SDK's own reader takes every size and every name's encoding on trust and panics where it is
//! wrong; a panic here would take the worker's gate down.

use stepgate_decision::{Header, MAX_HEADERS};

use crate::host::HostError;

/// Most bytes of one header map. Envoy's default for a request is 60 KiB.
const MAX_BYTES: usize = 1 << 20;

/// Reads a header map.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Header>, HostError> {
    const MALFORMED: HostError = "the proxy's header map is malformed";
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    if bytes.len() > MAX_BYTES {
        return Err("there is more than 1 MiB of headers");
    }
    let mut rest = bytes;
    let count = number(&mut rest).ok_or(MALFORMED)?;
    if count > MAX_HEADERS {
        return Err("there are more than 512 headers");
    }
    let mut sizes = Vec::with_capacity(count);
    for _ in 0..count {
        sizes.push(number(&mut rest).zip(number(&mut rest)).ok_or(MALFORMED)?);
    }
    let mut headers = Vec::with_capacity(count);
    for (name, value) in sizes {
        let (name, value) = text(&mut rest, name).zip(text(&mut rest, value)).ok_or(MALFORMED)?;
        // No header that anybody asks for by name has other characters, so none is missed by this.
        headers.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
    }
    // Of a count that is too low, headers would be left over that nobody has looked at.
    if rest.is_empty() { Ok(headers) } else { Err(MALFORMED) }
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let (four, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    usize::try_from(u32::from_le_bytes(*four)).ok()
}

fn text<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (text, after) = rest.split_at_checked(size)?;
    let (zero, after) = after.split_first()?;
    *rest = after;
    (*zero == 0).then_some(text)
}

/// Writes a header map.
pub(crate) fn write(headers: &[(&str, &str)]) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = number(headers.len()).to_vec();
    for (name, value) in headers {
        bytes.extend(number(name.len()));
        bytes.extend(number(value.len()));
    }
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let headers = read(&write(&[(":path", "/a"), ("x-empty", ""), ("x-twice", "1"), ("x-twice", "2")])).unwrap();
        let text: Vec<_> = headers.iter().map(|(n, v)| format!("{n}={}", String::from_utf8_lossy(v))).collect();
        assert_eq!(text, [":path=/a", "x-empty=", "x-twice=1", "x-twice=2"]);
        assert_eq!(read(&[]), Ok(Vec::new()));
        assert_eq!(read(&write(&[])), Ok(Vec::new()));
    }

    #[test]
    fn any_bytes_may_stand_in_a_header() {
        let mut bytes = write(&[("x", "ab")]);
        let end = bytes.len();
        bytes[end - 3] = 0xff;
        assert_eq!(read(&bytes).unwrap(), [("x".to_owned(), vec![0xff, b'b'])]);
        bytes[end - 5] = 0xff;
        assert_eq!(read(&bytes).unwrap(), [("\u{fffd}".to_owned(), vec![0xff, b'b'])]);
    }

    #[test]
    fn a_malformed_map_is_an_error_wherever_it_is_cut_or_bent() {
        let whole = write(&[("name", "value"), ("other", "")]);
        for length in 1..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] = 0xff;
            let _ = read(&bent);
        }
        assert!(read(&[0xff; 4]).is_err());
        for count in [0_u32, 1] {
            let mut fewer = whole.clone();
            fewer.splice(..4, count.to_le_bytes());
            assert!(read(&fewer).is_err(), "{count}");
        }
    }

    #[test]
    fn headers_are_bounded() {
        let many = vec![("x", ""); MAX_HEADERS];
        assert_eq!(read(&write(&many)).unwrap().len(), MAX_HEADERS);
        assert!(read(&write(&vec![("x", ""); MAX_HEADERS + 1])).is_err());
        assert!(read(&write(&[("x", &"y".repeat(MAX_BYTES))])).is_err());
    }
}
