//! The request as the workflow sees it: method, host, path, upgrade.

use stepgate_config::workflow::{RequestPattern, without_port};

use crate::denial::Denial;
use crate::facts::Facts;
use crate::path::{CanonicalPath, PathError};

/// Longest method, host or upgrade token that is looked at, in bytes.
const MAX_TOKEN: usize = 256;

/// The facts of a request, read so that they can be matched: everything is text, and the path reads only one way, or
/// there is no path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    /// The path as sent, query and all.
    pub(crate) target: &'a str,
    /// The path, or why it is not to be trusted.
    path: Result<CanonicalPath<'a>, PathError>,
    connect: bool,
    /// Whether there is no path at all, which is not the same as one that is not text.
    pathless: bool,
}

impl<'a> Request<'a> {
    /// Reads the request's own headers. One that is not text is taken as empty, which matches nothing.
    pub(crate) fn of(facts: &'a Facts) -> Self {
        let text = |name: &str| facts.first(name).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let method = text(":method");
        let target = text(":path");
        Self {
            facts,
            method,
            host: text(":authority"),
            target,
            path: CanonicalPath::of(target),
            connect: method == "CONNECT",
            pathless: facts.first(":path").is_none_or(<[u8]>::is_empty),
        }
    }

    /// The protocol that the client asks to change to, if any (RFC 9110, sections 7.8 and 9.3.6).
    ///
    /// # Errors
    /// Where there are several, or one that is not a short token: no task declares these.
    pub(crate) fn upgrade(&self) -> Result<Option<String>, Denial> {
        let mut upgrades = self.facts.all("upgrade").chain(self.facts.all(":protocol"));
        let first = upgrades.next();
        // Envoy takes a CONNECT for the upgrade that it names; the application gets a CONNECT.
        if upgrades.next().is_some() || (self.connect && self.facts.first("upgrade").is_some()) {
            return Err(Denial::Upgrade("there are several"));
        }
        match first {
            None if self.connect => Ok(Some("connect".into())),
            None => Ok(None),
            Some(bytes) if bytes.len() <= MAX_TOKEN => match std::str::from_utf8(bytes) {
                Ok(token) => Ok(Some(token.to_ascii_lowercase())),
                Err(_) => Err(Denial::Upgrade("it is not text")),
            },
            Some(_) => Err(Denial::Upgrade("it is too long")),
        }
    }

    /// The path, unless two readers could take it differently. A CONNECT without one has the empty path.
    pub(crate) fn path(&self) -> Result<CanonicalPath<'a>, Denial> {
        if self.connect && self.pathless {
            return Ok(CanonicalPath::none());
        }
        self.path.map_err(Denial::BadPath)
    }

    /// Whether the pattern accepts this request. An ambiguous path is accepted by no pattern.
    pub(crate) fn is(&self, pattern: &RequestPattern) -> bool {
        let named = pattern.methods.iter().any(|m| m.as_str() == self.method);
        let method = named || (pattern.methods.is_empty() && !self.echoes());
        let host = pattern.host.as_deref().is_none_or(|host| self.host_is(host));
        let path = match (&pattern.path, self.path()) {
            (_, Err(_)) => false,
            (None, Ok(_)) => true,
            (Some(wanted), Ok(path)) => path.is(wanted),
        };
        method && host && path
    }

    /// Whether a task that lists these patterns accepts this request; no pattern at all: any.
    pub(crate) fn is_any(&self, patterns: &[RequestPattern]) -> bool {
        (patterns.is_empty() && !self.echoes()) || patterns.iter().any(|pattern| self.is(pattern))
    }

    /// Whether the request asks to be sent back as it came to the application (RFC 9110, section 9.3.8): with the
    /// interlock and the step that the gate has put into it. A pattern without methods accepts any method but these.
    fn echoes(&self) -> bool {
        matches!(self.method, "TRACE" | "TRACK")
    }

    fn host_is(&self, wanted: &str) -> bool {
        let any_port = without_port(wanted) == wanted;
        self.host.eq_ignore_ascii_case(wanted) || (any_port && without_port(self.host).eq_ignore_ascii_case(wanted))
    }
}

/// The name of an upgrade for the log, if it is a common one. Any other is text of the peer's choice.
pub(crate) fn upgrade_name(name: &str) -> &'static str {
    const COMMON: [&str; 5] = ["connect", "connect-udp", "h2c", "websocket", "tls/1.0"];
    COMMON.into_iter().find(|common| *common == name).unwrap_or("another protocol")
}
