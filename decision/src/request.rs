//! The request as the workflow sees it: method, host, path, upgrade.

use stepgate_config::workflow::{Method, MethodFit, RequestPattern, sends_back, without_port};

use crate::denial::Denial;
use crate::facts::Facts;
use crate::named_headers::NamedHeaders;
use crate::path::{CanonicalPath, PathError};

/// Longest method, host or upgrade token that is looked at, in bytes.
const MAX_TOKEN: usize = 256;

/// How a request matches a pattern.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fit {
    /// Whether all of it is known to match, and not only for a loose reader: the method in its letters, the host, the port,
    /// the path to its end, the headers.
    whole: bool,
    /// Whether a literal character matches only once it is decoded.
    pub(crate) escaped: bool,
    /// How the host matches.
    pub(crate) host: HostFit,
}

/// How a request's host matches that of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostFit {
    /// It does, or it cannot be read in one way.
    Whole,
    /// It does but for the port, which many an application ignores.
    OtherPort,
    /// It does not.
    No,
}

impl Fit {
    /// Whether the pattern accepts the request.
    pub(crate) fn is_exact(self) -> bool {
        self.whole && !self.escaped
    }
}

/// The facts of a request, read so that they can be matched: everything is text, and the path reads only one way, or
/// there is no path.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    /// The path as sent, query and all.
    pub(crate) target: &'a str,
    /// The path, or why it is not to be trusted; none for a CONNECT that has none, which is not the same as one that is
    /// not text.
    path: Result<Option<CanonicalPath<'a>>, PathError>,
    connect: bool,
}

impl<'a> Request<'a> {
    /// Reads the request's own headers. One that is not text is taken as empty, which matches nothing.
    pub(crate) fn of(facts: &'a Facts) -> Self {
        let text = |name: &str| facts.first(name).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let method = text(":method");
        let target = text(":path");
        let connect = method == "CONNECT";
        let pathless = connect && facts.first(":path").is_none_or(<[u8]>::is_empty);
        Self {
            facts,
            method,
            host: text(":authority"),
            target,
            path: if pathless { Ok(None) } else { CanonicalPath::of(target).map(Some) },
            connect,
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

    /// The path, unless two readers could take it differently. A CONNECT may have none.
    pub(crate) fn path(&self) -> Result<Option<&CanonicalPath<'a>>, Denial> {
        self.path.as_ref().map(Option::as_ref).map_err(|error| Denial::BadPath(*error))
    }

    /// The path, decoded, without the `/` at both ends, for a search by prefix.
    pub(crate) fn decoded_path(&self) -> &str {
        self.path.as_ref().ok().and_then(Option::as_ref).map(CanonicalPath::inner).unwrap_or_default()
    }

    /// How the pattern matches this request; none where it does not. No pattern matches an ambiguous path, or a method
    /// that would return the gate's secrets.
    pub(crate) fn fit(&self, pattern: &RequestPattern, headers: &NamedHeaders<'_>) -> Option<Fit> {
        let method = match pattern.methods.as_slice() {
            [] => is_method(self.method).then_some(MethodFit::Exact),
            listed => Method::fit(listed, self.method),
        }?;
        // A port that the proxy does not know may be any.
        let port = pattern.port.is_none() || self.facts.port.is_none() || pattern.port == self.facts.port;
        if !port {
            return None;
        }
        let named = pattern.host.as_deref().is_none_or(|host| is_host(self.host, host));
        let host = match pattern.host.as_deref() {
            _ if named || !reads_one_way(self.host) => HostFit::Whole,
            Some(host) if without_port(host).eq_ignore_ascii_case(without_port(self.host)) => HostFit::OtherPort,
            Some(_) | None => HostFit::No,
        };
        let known = method == MethodFit::Exact
            && named
            && (pattern.port.is_none() || self.facts.port.is_some())
            && headers.match_all(&pattern.headers);
        let path = self.path().ok()?;
        let Some(wanted) = &pattern.path else { return Some(Fit { whole: known, escaped: false, host }) };
        let path = path.filter(|path| path.may_be(wanted))?;
        Some(Fit { whole: known && path.is(wanted), escaped: path.escapes(wanted), host })
    }
}

/// Whether a host is the one that a document names: without a port there, at any port.
pub(crate) fn is_host(host: &str, wanted: &str) -> bool {
    let any_port = without_port(wanted) == wanted;
    host.eq_ignore_ascii_case(wanted) || (any_port && without_port(host).eq_ignore_ascii_case(wanted))
}

/// The name of an upgrade for the log, if it is a common one. Any other is text of the peer's choice.
pub(crate) fn upgrade_name(name: &str) -> &'static str {
    const COMMON: [&str; 5] = ["connect", "connect-udp", "h2c", "websocket", "tls/1.0"];
    COMMON.into_iter().find(|common| *common == name).unwrap_or("another protocol")
}

/// Whether all readers take a host alike: `name` or `name:port`, with no empty label, and a port from 1 to 65,535 without
/// a zero before it. Any other may be any host: some applications cut a dot or a colon at its end, or what is before an
/// `@`.
pub(crate) fn reads_one_way(host: &str) -> bool {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_port = |port: &str| !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok();
    name.split('.').all(is_label) && port.is_none_or(is_port)
}

/// Whether a pattern for any method accepts this one: a token (RFC 9110, section 5.6.2) that does not ask for the
/// request itself.
fn is_method(method: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !method.is_empty() && method.bytes().all(is_token) && !sends_back(method)
}
