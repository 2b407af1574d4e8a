//! The headers of one part of a stream, as the decision lets them be changed.

use stepgate_decision::Header;
use stepgate_decision::permit::HeaderMap;

use crate::host::{Host, HostError, Part};

/// One part of a stream.
pub(crate) struct Headers<'h> {
    host: &'h dyn Host,
    part: Part,
}

impl<'h> Headers<'h> {
    pub(crate) fn of(host: &'h dyn Host, part: Part) -> Self {
        Self { host, part }
    }
}

impl HeaderMap for Headers<'_> {
    fn remove(&mut self, name: &str) -> Result<(), HostError> {
        self.host.remove_header(self.part, name)
    }

    /// Removes first: not every Envoy replaces all lines of a header, and a line that stayed would be
    /// a step beside the one that was set.
    fn set(&mut self, name: &str, value: &str) -> Result<(), HostError> {
        self.host.remove_header(self.part, name)?;
        self.host.add_header(self.part, name, value)
    }
}

/// The one value of a header; nothing where it is absent or stands twice.
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

    #[test]
    fn a_header_that_stands_twice_has_no_single_value() {
        let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        let headers = [header(":status", "200"), header("grpc-status", "0"), header("Grpc-Status", "7")];
        assert_eq!(single(&headers, ":status"), Some(&b"200"[..]));
        assert_eq!(single(&headers, "grpc-status"), None);
        assert_eq!(single(&headers, "te"), None);
    }
}
