//! The forms of strings in the language.

use super::format_error::FormatError;
use super::lexical;
use crate::gate::Rate;
use crate::name::{ActorName, TaskName};
use crate::open_id::OpenId;
use crate::spiffe::{SpiffeId, SpiffeIdError, TrustDomain};
use crate::workflow::{Method, PathPattern};
use crate::{bounds, duration};

/// The form of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A new name.
    Name,
    /// The name of a task, which must exist; `document` checks that.
    Task,
    /// The name of an actor, which must exist; `document` checks that.
    Actor,
    /// `*`, or the name of an actor.
    AnyActor,
    TrustDomain,
    /// Absolute, or relative to the trust domain.
    SpiffeId,
    WholeSpiffeId,
    Duration,
    /// A duration of at most [`bounds::MAX_LEEWAY`].
    Leeway,
    /// A number and a period: `100/1m`.
    Rate,
    Method,
    /// An authority: host, or host and port.
    Host,
    Path,
    /// The short form of a request, which `short` writes out where it can be read.
    Request,
    /// The short form of transitions, which `short` writes out where it can be read.
    Chain,
    /// A name of Kubernetes: a label of DNS (RFC 1123).
    Namespace,
    /// A lower-case token (RFC 9110, section 5.6.2).
    Token,
    /// The name of an attribute: an identifier of CEL.
    Attribute,
    /// CEL; `guard` checks it.
    Guard,
    Header,
    /// The name of a header by which requests are told apart.
    RequestHeader,
    HeaderValue,
    Env,
    PeerSource,
    Instance,
}

const NAME: &str = "^[a-z0-9._-]{1,64}$";

impl Format {
    /// Checks that `text` has this form.
    pub(super) fn check(self, text: &str) -> Result<(), FormatError> {
        match self {
            Self::Name => TaskName::try_from(text).map(drop).map_err(FormatError::from),
            Self::AnyActor if text == "*" => Ok(()),
            Self::AnyActor => ActorName::try_from(text).map(drop).map_err(FormatError::from),
            Self::Task | Self::Actor | Self::Guard => Ok(()),
            Self::TrustDomain => TrustDomain::try_from(text).map(drop).map_err(FormatError::from),
            Self::SpiffeId if text.contains(['{', '}']) => {
                OpenId::parse(text, None).map(drop).map_err(FormatError::from)
            }
            Self::SpiffeId => spiffe_id(text, None).map(drop).map_err(FormatError::from),
            Self::WholeSpiffeId => SpiffeId::try_from(text.as_bytes()).map(drop).map_err(FormatError::from),
            Self::Duration => duration::parse(text).map(drop).map_err(FormatError::from),
            Self::Leeway if duration::parse(text)? > bounds::MAX_LEEWAY => Err(FormatError::Leeway),
            Self::Leeway => Ok(()),
            Self::Rate => require(rate(text).is_some(), FormatError::Rate),
            Self::Method => Method::try_from(text).map(drop).map_err(FormatError::from),
            Self::Host => require(lexical::is_host(text), FormatError::Host),
            Self::Path => PathPattern::try_from(text).map(drop).map_err(FormatError::from),
            Self::Request => Err(FormatError::Request),
            Self::Chain => Err(FormatError::Chain),
            Self::Namespace => require(lexical::is_namespace(text), FormatError::Namespace),
            Self::Token => require(lexical::is_token(text), FormatError::Upgrade),
            Self::Attribute if lexical::is_peer_field(text) => Err(FormatError::AttributeTaken),
            Self::Attribute => require(lexical::is_attribute(text), FormatError::Attribute),
            Self::Header if !lexical::is_header(text) => Err(FormatError::Header),
            Self::Header => require(!lexical::has_other_purpose(text), FormatError::HeaderTaken),
            Self::RequestHeader if !lexical::is_header(text) => Err(FormatError::Header),
            Self::RequestHeader => require(lexical::may_tell_requests_apart(text), FormatError::HeaderOfProxies),
            Self::HeaderValue => require(lexical::is_header_value(text), FormatError::HeaderValue),
            Self::Env => require(lexical::is_env(text), FormatError::Env),
            Self::PeerSource => require(lexical::is_peer_source(text), FormatError::PeerSource),
            Self::Instance => require(lexical::is_instance(text), FormatError::Instance),
        }
    }

    /// The form as a regular expression of JSON Schema (ECMA-262). It may accept more than [`Format::check`] does.
    pub(super) fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Name | Self::Task | Self::Actor => Some(NAME),
            Self::AnyActor => Some("^(\\*|[a-z0-9._-]{1,64})$"),
            Self::TrustDomain => Some("^[a-z0-9._-]{1,255}$"),
            Self::SpiffeId => Some(
                r"^(spiffe://[a-z0-9._-]{1,255}/|/)?([a-zA-Z0-9._-]+|\{[a-z0-9._-]{1,64}\})(/([a-zA-Z0-9._-]+|\{[a-z0-9._-]{1,64}\}))*$",
            ),
            Self::WholeSpiffeId => Some("^spiffe://[a-z0-9._-]{1,255}(/[a-zA-Z0-9._-]+)+$"),
            Self::Duration | Self::Leeway => Some("^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"),
            Self::Rate => Some("^[1-9][0-9]{0,6}/([0-9]+h)?([0-9]+m)?([0-9]+s)?$"),
            Self::Method => Some("^[A-Z_-]{1,32}$"),
            Self::Host => Some("^[a-z0-9._-]+(:[0-9]{1,5})?$"),
            Self::Path => Some(r##"^/[^ "#%;<>?^`|\\\[\]]*$"##),
            Self::Request => Some("^ *([A-Z_-]+( *, *[A-Z_-]+)* +)?/[^ ]* *$"),
            Self::Chain => Some("^ *[a-z0-9._-]{1,64}( *-> *[a-z0-9._-]{1,64})+ *$"),
            Self::Namespace => Some("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"),
            Self::Token => Some("^[a-z0-9.-]{1,32}$"),
            Self::Attribute => Some("^[a-z_][a-z0-9_]{0,63}$"),
            Self::Header | Self::RequestHeader => Some("^[a-z0-9-]{1,64}$"),
            Self::HeaderValue => Some("^[!-+--~]([ -+--~]{0,254}[!-+--~])?$"),
            Self::Env => Some("^[A-Z_][A-Z0-9_]{0,127}$"),
            Self::PeerSource => Some("^(connection|filter_state:[A-Za-z0-9._-]{1,128})$"),
            Self::Instance => Some("^[A-Za-z0-9_-]{1,128}$"),
            Self::Guard => None,
        }
    }

    /// The name of the form, for messages and the reference.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Task => "task",
            Self::Actor => "actor",
            Self::AnyActor => "actor or `*`",
            Self::TrustDomain => "trust domain",
            Self::SpiffeId | Self::WholeSpiffeId => "SPIFFE ID",
            Self::Duration | Self::Leeway => "duration",
            Self::Rate => "rate",
            Self::Method => "method",
            Self::Host => "host",
            Self::Path => "path",
            Self::Request => "request text",
            Self::Chain => "chain",
            Self::Namespace => "namespace",
            Self::Token => "upgrade",
            Self::Attribute => "attribute",
            Self::Guard => "CEL",
            Self::Header => "header for steps",
            Self::RequestHeader => "header",
            Self::HeaderValue => "header value",
            Self::Env => "environment variable",
            Self::PeerSource => "source",
            Self::Instance => "`txn`",
        }
    }
}

/// A SPIFFE ID, absolute or relative to `domain`. Without a domain, only its form is checked.
pub(crate) fn spiffe_id(text: &str, domain: Option<&TrustDomain>) -> Result<SpiffeId, SpiffeIdError> {
    SpiffeId::written(text, domain)
}

/// A number of events in a period of whole seconds: `100/1m`.
pub(crate) fn rate(text: &str) -> Option<Rate> {
    let (count, period) = text.split_once('/')?;
    let digits = count.bytes().all(|byte| byte.is_ascii_digit()) && !count.starts_with('0');
    let count = count.parse().ok().filter(|count| digits && (1..=bounds::MAX_STARTS).contains(count))?;
    let period = duration::parse(period).ok()?;
    (period.subsec_millis() == 0 && period <= bounds::MAX_RATE_PERIOD).then_some(Rate { count, period })
}

fn require(condition: bool, error: FormatError) -> Result<(), FormatError> {
    if condition { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_in_whole_seconds() {
        for (text, count, seconds) in [("100/1m", 100, 60), ("1/1s", 1, 1), ("1000000/24h", 1_000_000, 86_400)] {
            assert_eq!(rate(text), Some(Rate { count, period: std::time::Duration::from_secs(seconds) }), "{text}");
        }
        for text in [
            "",
            "/",
            "100",
            "100/",
            "/1m",
            "0/1m",
            "00/1m",
            "01/1m",
            "+1/1m",
            "-1/1m",
            "1.5/1m",
            " 1/1m",
            "1000001/1m",
            "1/0s",
            "1/1500ms",
            "1/1s500ms",
            "1/24h1s",
            "1/m",
            "1/1m/1m",
        ] {
            assert_eq!(rate(text), None, "{text}");
        }
    }
}
