//! The forms that texts of the language have.

use crate::code::Code;
use crate::name::{ActorName, TaskName};
use crate::spiffe::{SpiffeId, TrustDomain};
use crate::workflow::{Method, PathPattern};
use crate::{bounds, duration};

/// The form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A new name.
    Name,
    /// The name of a task that must exist; its reader looks.
    Task,
    /// The name of an actor that must exist; its reader looks.
    Actor,
    /// `*`, or the name of an actor.
    AnyActor,
    TrustDomain,
    /// Whole, or relative to the trust domain.
    SpiffeId,
    WholeSpiffeId,
    Duration,
    /// A duration of at most [`bounds::MAX_LEEWAY`].
    Leeway,
    Method,
    /// An authority: host, or host and port.
    Host,
    Path,
    /// A lower-case token (RFC 9110, section 5.6.2).
    Token,
    /// The name of an attribute: an identifier of CEL.
    Attribute,
    /// CEL; its own reader looks.
    Guard,
    Header,
    Env,
    PeerSource,
    Instance,
}

const NAME: &str = "^[a-z0-9._-]{1,64}$";

impl Format {
    /// Whether `text` has this form.
    ///
    /// # Errors
    /// What a text of this form looks like.
    pub(super) fn check(self, text: &str) -> Result<(), (Code, String)> {
        let fixed = |code, result: Result<(), &str>| result.map_err(|message| (code, message.to_owned()));
        match self {
            Self::Name => TaskName::try_from(text).map(drop).map_err(|e| (Code::BadName, e.to_string())),
            Self::AnyActor if text == "*" => Ok(()),
            Self::AnyActor => ActorName::try_from(text).map(drop).map_err(|e| (Code::BadName, e.to_string())),
            Self::Task | Self::Actor | Self::Guard => Ok(()),
            Self::TrustDomain => spiffe(TrustDomain::try_from(text).map(drop)),
            Self::SpiffeId => spiffe(spiffe_id(text, None).map(drop)),
            Self::WholeSpiffeId => spiffe(SpiffeId::try_from(text.as_bytes()).map(drop)),
            Self::Duration => fixed(Code::BadDuration, duration::parse(text).map(drop)),
            Self::Leeway => fixed(Code::BadDuration, leeway(text)),
            Self::Method => fixed(Code::BadRequest, Method::try_from(text).map(drop)),
            Self::Host => fixed(Code::BadRequest, host(text)),
            Self::Path => fixed(Code::BadRequest, PathPattern::try_from(text).map(drop)),
            Self::Token => fixed(Code::BadValue, token(text)),
            Self::Attribute => fixed(Code::BadName, attribute(text)),
            Self::Header => fixed(Code::BadHeader, header(text)),
            Self::Env => fixed(Code::BadEnv, env(text)),
            Self::PeerSource => fixed(Code::BadValue, peer_source(text)),
            Self::Instance => fixed(Code::BadValue, instance(text)),
        }
    }

    /// The form as a regular expression of JSON Schema (ECMA-262), if one says enough.
    pub(super) fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Name | Self::Task | Self::Actor => Some(NAME),
            Self::AnyActor => Some("^(\\*|[a-z0-9._-]{1,64})$"),
            Self::TrustDomain => Some("^[a-z0-9._-]{1,255}$"),
            Self::SpiffeId => Some("^(spiffe://[a-z0-9._-]{1,255}/|/)?[a-zA-Z0-9._-]+(/[a-zA-Z0-9._-]+)*$"),
            Self::WholeSpiffeId => Some("^spiffe://[a-z0-9._-]{1,255}(/[a-zA-Z0-9._-]+)+$"),
            Self::Duration | Self::Leeway => Some("^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"),
            Self::Method => Some("^[A-Z_-]{1,32}$"),
            Self::Host => Some("^[a-z0-9._-]+(:[0-9]{1,5})?$"),
            Self::Path => Some("^/[A-Za-z0-9._~!$&'()*+,=:@{}/-]*$"),
            Self::Token => Some("^[a-z0-9.-]{1,32}$"),
            Self::Attribute => Some("^[a-z_][a-z0-9_]{0,63}$"),
            Self::Header => Some("^[a-z0-9-]{1,64}$"),
            Self::Env => Some("^[A-Z_][A-Z0-9_]{0,127}$"),
            Self::PeerSource => Some("^(connection|filter_state:[A-Za-z0-9._-]{1,128})$"),
            Self::Instance => Some("^[A-Za-z0-9_-]{1,128}$"),
            Self::Guard => None,
        }
    }

    /// The form in a word, for the reference.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Task => "task",
            Self::Actor => "actor",
            Self::AnyActor => "actor or `*`",
            Self::TrustDomain => "trust domain",
            Self::SpiffeId | Self::WholeSpiffeId => "SPIFFE ID",
            Self::Duration | Self::Leeway => "duration",
            Self::Method => "method",
            Self::Host => "host",
            Self::Path => "path",
            Self::Token => "token",
            Self::Attribute => "attribute",
            Self::Guard => "CEL",
            Self::Header => "header for steps",
            Self::Env => "variable's name",
            Self::PeerSource => "source",
            Self::Instance => "`txn`",
        }
    }
}

/// A SPIFFE ID, whole or relative to `domain`. Its form is the same in every domain.
pub(crate) fn spiffe_id(text: &str, domain: Option<&TrustDomain>) -> Result<SpiffeId, crate::spiffe::SpiffeIdError> {
    // Whatever looks like a URI is taken as one, or `https://x` would become a path.
    if text.contains(':') {
        return SpiffeId::try_from(text.as_bytes());
    }
    match domain {
        Some(domain) => SpiffeId::within(domain, text),
        None => SpiffeId::within(&TrustDomain::try_from("a")?, text),
    }
}

fn spiffe(result: Result<(), crate::spiffe::SpiffeIdError>) -> Result<(), (Code, String)> {
    result.map_err(|e| (Code::BadSpiffeId, e.to_string()))
}

fn all_of(text: &str, most: usize, such: impl Fn(u8) -> bool) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(such)
}

fn leeway(text: &str) -> Result<(), &'static str> {
    match duration::parse(text)? {
        leeway if leeway > bounds::MAX_LEEWAY => {
            Err("a leeway is at most 5 minutes: an expired token lives on for as long")
        }
        _ => Ok(()),
    }
}

/// `host` or `host:port` (RFC 9110, section 7.2), lower case.
fn host(text: &str) -> Result<(), &'static str> {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let named = all_of(name, 253, |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
    let numbered =
        port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse().is_ok_and(|n: u16| n > 0));
    if named && numbered {
        Ok(())
    } else {
        Err("a host is lower case, with or without a port: `api.example` or `api.example:8080`")
    }
}

fn token(text: &str) -> Result<(), &'static str> {
    let lower = |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    if all_of(text, 32, lower) { Ok(()) } else { Err("an upgrade is a lower-case token, such as `websocket`") }
}

fn attribute(text: &str) -> Result<(), &'static str> {
    if matches!(text, "id" | "actor" | "attributes") {
        return Err(
            "`id`, `actor` and `attributes` mean something else in a guard: `peer.id`, `peer.actor`, `peer.attributes`",
        );
    }
    // What CEL reserves (langdef, "Syntax") could not be written as `peer.NAME`.
    let reserved = [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "namespace",
        "null",
        "package",
        "return",
        "true",
        "var",
        "void",
        "while",
    ];
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_');
    let rest = all_of(text, 64, |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if first && rest && !reserved.contains(&text) {
        Ok(())
    } else {
        Err("an attribute is an identifier of CEL: 1 to 64 of `[a-z0-9_]`, no digit first, no reserved word")
    }
}

fn header(text: &str) -> Result<(), &'static str> {
    if !all_of(text, 64, |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        return Err("a header name is 1 to 64 of `[a-z0-9-]`");
    }
    // These mean something to proxies, servers or Stepgate itself, so that a step in them would be
    // changed, dropped (RFC 9110, section 7.6.1) or taken for something else; and the gate strips its header.
    let taken = [
        "accept",
        "authorization",
        "baggage",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "date",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "origin",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "set-cookie",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "x-request-id",
        "x-stepgate-permit",
    ];
    let prefixes = ["grpc-", "x-envoy-", "x-forwarded-", "x-b3-", "sec-"];
    if taken.contains(&text) || prefixes.iter().any(|prefix| text.starts_with(prefix)) {
        return Err("this header has a meaning of its own: a step needs one that nobody else reads or writes");
    }
    Ok(())
}

fn env(text: &str) -> Result<(), &'static str> {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_uppercase() || b == b'_');
    let rest = all_of(text, 128, |b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
    if first && rest { Ok(()) } else { Err("a variable is 1 to 128 of `[A-Z0-9_]`, no digit first") }
}

fn peer_source(text: &str) -> Result<(), &'static str> {
    let key = text.strip_prefix("filter_state:");
    let named =
        key.is_some_and(|key| all_of(key, 128, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')));
    if text == "connection" || named {
        Ok(())
    } else {
        Err("the peer's identity comes from `connection` or `filter_state:KEY`")
    }
}

fn instance(text: &str) -> Result<(), &'static str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if all_of(text, 128, plain) { Ok(()) } else { Err("an instance's `txn` is 1 to 128 of `[A-Za-z0-9_-]`") }
}
