//! The header maps of a stream: their bounds, and how the decision changes them.

use proxy_wasm::types::MapType;
use stepgate_decision::permit::HeaderMap;
use stepgate_decision::{Denial, Header, MAX_HEADERS, ProxyError};

use crate::host::{Host, HostError};

/// Most bytes of the names and values of one header map. Envoy's default for a request is 60 KiB.
const MAX_BYTES: usize = 1 << 20;

/// All headers of a map, within [`check_bounds`].
pub(crate) fn read(host: &dyn Host, map: MapType) -> Result<Vec<Header>, Denial> {
    let headers = host.headers(map).map_err(internal)?;
    check_bounds(&headers)?;
    Ok(headers)
}

/// At most [`MAX_HEADERS`] headers of [`MAX_BYTES`] bytes.
pub(crate) fn check_bounds(headers: &[Header]) -> Result<(), Denial> {
    if headers.len() > MAX_HEADERS {
        return Err(Denial::Internal("there are more than 512 headers"));
    }
    let bytes = headers.iter().map(|(name, value)| name.len().saturating_add(value.len()));
    if bytes.fold(0, usize::saturating_add) > MAX_BYTES {
        return Err(Denial::Internal("there is more than 1 MiB of headers"));
    }
    Ok(())
}

pub(crate) fn internal(why: HostError) -> Denial {
    Denial::Internal(why.reason())
}

/// One header map of a stream, as it was read in this callback.
pub(crate) struct Headers<'h> {
    host: &'h dyn Host,
    map: MapType,
    present: &'h [Header],
}

impl<'h> Headers<'h> {
    /// `present` is all that the map has.
    pub(crate) fn new(host: &'h dyn Host, map: MapType, present: &'h [Header]) -> Self {
        Self { host, map, present }
    }
}

impl HeaderMap for Headers<'_> {
    fn remove(&mut self, name: &str) -> Result<(), ProxyError> {
        Ok(self.host.remove_header(self.map, name)?)
    }

    /// Removes several lines first: not every Envoy replaces all lines of a header, and a line that stayed would be a second
    /// step beside the one that was set.
    fn set(&mut self, name: &str, value: &str) -> Result<(), ProxyError> {
        let lines = self.present.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        if lines.count() > 1 {
            self.host.remove_header(self.map, name)?;
        }
        Ok(self.host.replace_header(self.map, name, value)?)
    }
}

/// The value of a header that has exactly one line.
pub(crate) fn single<'a>(headers: &'a [Header], name: &str) -> Option<&'a [u8]> {
    let mut values = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice());
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &str) -> Header {
        (name.to_owned(), value.as_bytes().to_vec())
    }

    #[test]
    fn a_header_of_two_lines_has_no_single_value() {
        let headers = [header(":status", "200"), header("grpc-status", "0"), header("Grpc-Status", "7")];
        assert_eq!(single(&headers, ":status"), Some(&b"200"[..]));
        assert_eq!(single(&headers, "grpc-status"), None);
        assert_eq!(single(&headers, "te"), None);
    }

    #[test]
    fn headers_are_bounded() {
        let many = vec![header("x", ""); MAX_HEADERS + 1];
        assert!(check_bounds(&many[1..]).is_ok() && check_bounds(&many).is_err());
        let long = |bytes: usize| [header("x", &"y".repeat(bytes - 1))];
        assert!(check_bounds(&long(MAX_BYTES)).is_ok() && check_bounds(&long(MAX_BYTES + 1)).is_err());
    }
}
