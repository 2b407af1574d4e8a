//! Why a text does not have its form.

use thiserror::Error;

use crate::bounds::MAX_HEADER_VALUE;
use crate::code::Code;
use crate::duration::{self, DurationError};
use crate::name::NameError;
use crate::spiffe::SpiffeIdError;
use crate::workflow::{MethodError, PathPatternError};

/// Why a text does not have its form. The message says what such a text looks like.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum FormatError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    SpiffeId(#[from] SpiffeIdError),
    #[error(transparent)]
    Duration(#[from] DurationError),
    #[error("a leeway is at most 5 minutes: gates accept expired tokens for that long")]
    Leeway,
    #[error(
        "a rate is a number of 1 to 1,000,000 and a period of whole seconds, at most a day: `100/1m`, `20000/1h30m`"
    )]
    Rate,
    #[error(transparent)]
    Method(#[from] MethodError),
    #[error("a host is lower case, with or without a port: `api.example` or `api.example:8080`")]
    Host,
    #[error(transparent)]
    Path(#[from] PathPatternError),
    #[error(
        "a request text is a path, or methods and a path: `/healthz`, `POST /shots/{{id}}`, `GET,HEAD /shots/{{id}}`"
    )]
    Request,
    #[error("a chain is tasks with `->` between them: `brief -> shots -> plates`")]
    Chain,
    #[error("a namespace is 1 to 63 of `[a-z0-9-]`, with a letter or digit at both ends")]
    Namespace,
    #[error("an upgrade is a lower-case token, such as `websocket`")]
    Upgrade,
    #[error("`peer.id`, `peer.actor` and `peer.attributes` already have a meaning in guards: use another name")]
    AttributeTaken,
    #[error(
        "an attribute is an identifier of CEL: 1 to 64 of `[a-z0-9_]`, not beginning with a digit, not a reserved word"
    )]
    Attribute,
    #[error("a header name is 1 to 64 of `[a-z0-9-]`")]
    Header,
    #[error("this header has another purpose: use one that only gates read and write, such as `x-workflow-step`")]
    HeaderTaken,
    #[error("proxies or gates write, change or remove this header: requests cannot be told apart by it")]
    HeaderOfProxies,
    #[error(
        "a header value is `absent`, or 1 to {MAX_HEADER_VALUE} visible ASCII characters without `,`, with spaces only \
         between them"
    )]
    HeaderValue,
    #[error("an environment variable is 1 to 128 of `[A-Z0-9_]`, not beginning with a digit")]
    Env,
    #[error("the source is `connection` or `filter_state:KEY`")]
    PeerSource,
    #[error("an instance's `txn` is 1 to 128 of `[A-Za-z0-9_-]`")]
    Instance,
}

impl FormatError {
    /// What to write instead of `text`, where that is plain.
    pub(super) fn help(&self, text: &str) -> Option<String> {
        let is_duration = matches!(self, Self::Duration(DurationError::Form));
        is_duration.then(|| duration::meant(text)).flatten().map(|meant| words!("write `{meant}`"))
    }

    /// The code of the diagnostic.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Name(_) | Self::Namespace | Self::AttributeTaken | Self::Attribute => Code::BadName,
            Self::SpiffeId(_) => Code::BadSpiffeId,
            Self::Duration(_) | Self::Leeway => Code::BadDuration,
            Self::Method(_) | Self::Host | Self::Path(_) | Self::Request | Self::HeaderValue => Code::BadRequest,
            Self::Chain | Self::Upgrade | Self::PeerSource | Self::Instance | Self::Rate => Code::BadValue,
            Self::Header | Self::HeaderTaken | Self::HeaderOfProxies => Code::BadHeader,
            Self::Env => Code::BadEnv,
        }
    }
}
