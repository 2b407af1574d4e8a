//! How the requests of a batch reach Envoy.

use stepgate_mesh::Version;

/// So many connections, each with one request at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) connections: usize,
    pub(super) version: Version,
}

impl Shape {
    /// The one that every set-up is measured with.
    pub(super) const FIRST: Self = Self { connections: 8, version: Version::Http1 };
    /// Those that the main set-ups are measured with too.
    pub(super) const FURTHER: [Self; 3] = [
        Self { connections: 1, version: Version::Http1 },
        Self { connections: 64, version: Version::Http1 },
        Self { connections: 8, version: Version::Http2 },
    ];

    /// In words.
    pub(super) fn words(self) -> String {
        let version = match self.version {
            Version::Http1 => "HTTP/1.1",
            Version::Http2 => "HTTP/2",
        };
        let plural = if self.connections == 1 { "" } else { "s" };
        format!("{} connection{plural}, {version}", self.connections)
    }
}
