//! The lexical rules of the strings that have no type of their own.

use crate::bounds::{MAX_ENV, MAX_HEADER_VALUE};

/// The fields of `peer` that are not attributes.
const PEER_FIELDS: [&str; 3] = ["id", "actor", "attributes"];

/// The reserved words of CEL (langdef, "Syntax"), which could not be written as `peer.NAME`.
const RESERVED: &str = "\
    as break const continue else false for function if import in let loop namespace null package return true var \
    void while";

/// Headers that a proxy or a gate writes, changes or removes (RFC 9110, section 7.6.1): a gate would decide by a value that the
/// caller did not send, or that the application does not get.
const CHANGED: &str = "\
    b3 baggage connection expect forwarded host keep-alive proxy-authenticate proxy-authorization proxy-connection te \
    traceparent tracestate trailer transfer-encoding upgrade via x-client-trace-id x-ot-span-context x-real-ip \
    x-request-id x-workflow-step x-workflow-step-start";

/// The prefixes of more such headers.
const CHANGED_PREFIXES: [&str; 5] = ["grpc-", "x-b3-", "x-envoy-", "x-forwarded-", "x-stepgate-"];

/// Headers from which an application takes another method, path or host than that of the request. A gate removes most of them.
const OBEYED: &str = "\
    script-name x-host x-http-host-override x-http-method x-http-method-override x-method-override x-original-host \
    x-original-path x-original-uri x-original-url x-rewrite-url x-script-name";

/// Headers that have another meaning for servers, or are secret. A step in one of them would be interpreted as something else.
const OTHER_HEADERS: &str = "\
    accept authorization cache-control content-encoding content-length content-type cookie date origin set-cookie user-agent";

/// Of these headers, those that applications route by.
const ROUTED_BY: &str = "accept cache-control content-encoding content-type origin user-agent";

/// The header of steps of a gate that does not say which.
const STEPS: &str = "x-workflow-step";

/// Whether `text` is one of the words of a list.
fn is_listed(words: &str, text: &str) -> bool {
    words.split(' ').any(|word| word == text)
}

/// Whether `text` has 1 to `most` bytes, all of them allowed.
fn all_of(text: &str, most: usize, allowed: impl Fn(u8) -> bool) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(allowed)
}

/// `host` or `host:port` (RFC 9110, section 7.2), lower case.
pub(super) fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    all_of(name, 253, |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
        && port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse().is_ok_and(|n: u16| n > 0))
}

pub(crate) fn is_namespace(text: &str) -> bool {
    all_of(text, 63, |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.starts_with('-')
        && !text.ends_with('-')
}

pub(super) fn is_token(text: &str) -> bool {
    all_of(text, 32, |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
}

/// Whether `text` is a field of `peer` in guards that is not an attribute.
pub(super) fn is_peer_field(text: &str) -> bool {
    PEER_FIELDS.contains(&text)
}

pub(super) fn is_attribute(text: &str) -> bool {
    all_of(text, 64, |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !is_listed(RESERVED, text)
}

pub(super) fn is_header(text: &str) -> bool {
    all_of(text, 64, |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Whether steps cannot be in this header.
pub(super) fn has_other_purpose(header: &str) -> bool {
    header != STEPS && (!reaches_both(header) || is_listed(OTHER_HEADERS, header) || header.starts_with("sec-"))
}

/// Whether requests can be told apart by this header.
pub(super) fn may_tell_requests_apart(header: &str) -> bool {
    reaches_both(header) && (is_listed(ROUTED_BY, header) || !has_other_purpose(header))
}

/// Whether the caller's line of this header reaches the gate and the application unchanged.
pub(crate) fn reaches_both(header: &str) -> bool {
    let prefixed = CHANGED_PREFIXES.iter().any(|prefix| header.starts_with(prefix));
    !prefixed && !is_listed(CHANGED, header) && !is_listed(OBEYED, header)
}

/// One line of a header (RFC 9110, section 5.5) that no proxy has made of several: they are joined by commas.
pub(super) fn is_header_value(text: &str) -> bool {
    all_of(text, MAX_HEADER_VALUE, |b| matches!(b, b' '..=b'~') && b != b',') && text.trim_ascii() == text
}

pub(super) fn is_env(text: &str) -> bool {
    all_of(text, MAX_ENV, |b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

pub(super) fn is_peer_source(text: &str) -> bool {
    let is_key = |key: &str| all_of(key, 128, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    text == "connection" || text.strip_prefix("filter_state:").is_some_and(is_key)
}

pub(super) fn is_instance(text: &str) -> bool {
    all_of(text, 128, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}
