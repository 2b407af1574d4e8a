//! Whether a request that went on has reached anybody behind the gate, as Envoy knows it.
//!
//! The answer decides whether a use of a transition is given back, so it is "not delivered" only where Envoy says so:
//! whatever cannot be read, and whatever is not listed here, counts as delivered. Nothing that an application answers
//! is read: the properties are Envoy's own (envoy.org, "Attributes"; checked against 1.36.4 and 1.40.0 by
//! `tests/conformance/tests/delivery`).

use std::net::SocketAddr;

use crate::host::Host;

/// Response flags of Envoy that say why no connection was made (`StreamInfo::CoreResponseFlag`, one bit each): UH, no
/// healthy host; UF, the connection failed; UO, a circuit breaker; NR, no route.
const NOT_CONNECTED: i64 = 1 << 1 | 1 << 5 | 1 << 7 | 1 << 8;

/// URX: an attempt failed, and its route or its request allows no other. It says nothing of how far the attempt came.
const NOT_REPEATED: i64 = 1 << 15;

/// The beginnings of Envoy's `response_code_details` for filters that refuse a request as soon as they see its headers,
/// and send them nowhere. Not here: filters that ask another service (ext_authz, ext_proc), that wait for the body
/// (buffer limits, firewalls), or whose details are up to their configuration (Lua, Wasm).
const REFUSED_BEFORE_THE_ROUTER: [&[u8]; 3] =
    [b"rbac_access_denied_matched_policy[", b"jwt_authn_access_denied{", b"cluster_not_found"];

/// What Envoy knows of a request, once its response begins or its stream has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The response is that of the application.
    Answered,
    /// Nobody behind the gate got a byte of it.
    Undelivered,
    /// Anything else: somebody may have got a part of it.
    Unknown,
}

impl Delivery {
    /// To be asked in the callbacks of the response and of the log. Before a response there is no answer to it.
    pub(crate) fn of(host: &dyn Host) -> Self {
        let details = host.property(&["response", "code_details"]);
        let Some(attempts) = number(host, &["upstream", "request_attempt_count"]) else { return Self::Unknown };
        // Other filters may write the details that they like, but make no attempt.
        if attempts > 0 && details.as_deref() == Some(b"via_upstream") {
            return Self::Answered;
        }
        match Self::is_undelivered(host, attempts, details.as_deref()) {
            Some(true) => Self::Undelivered,
            Some(false) | None => Self::Unknown,
        }
    }

    /// None where Envoy does not say.
    fn is_undelivered(host: &dyn Host, attempts: i64, details: Option<&[u8]>) -> Option<bool> {
        // Envoy sets the address when a connection is ready for the request, and never removes it.
        let connected = host.read_property(&["upstream", "local_address"]).ok()?.is_some();
        // The flags tell only of the last attempt. An earlier one may have reached the application.
        if connected || attempts > 1 {
            return Some(false);
        }
        // A connection to a Unix socket has no local address.
        let is_ip = |at: &[u8]| std::str::from_utf8(at).is_ok_and(|at| at.parse::<SocketAddr>().is_ok());
        if !host.read_property(&["upstream", "address"]).ok()?.is_none_or(|at| is_ip(&at)) {
            return None;
        }
        // With a flag of another kind, the attempt came further: a circuit breaker may have refused only its repetition.
        let flags = number(host, &["response", "flags"])?;
        if flags & NOT_CONNECTED != 0 && flags & !(NOT_CONNECTED | NOT_REPEATED) == 0 {
            return Some(true);
        }
        let refused = |beginning: &&[u8]| details.is_some_and(|details| details.starts_with(beginning));
        Some(attempts == 0 && REFUSED_BEFORE_THE_ROUTER.iter().any(refused))
    }
}

/// A number of 64 bits, as the ABI passes one.
fn number(host: &dyn Host, path: &[&str]) -> Option<i64> {
    host.property(path)?.try_into().ok().map(i64::from_le_bytes).filter(|number| *number >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fake::Fake;

    /// Attempts, whether a connection was ready, flags, details.
    type Facts<'f> = (Option<i64>, bool, Option<i64>, Option<&'f str>);

    const UF: i64 = 0x20;
    const URX: i64 = 0x8000;
    const RBAC: &str = "rbac_access_denied_matched_policy[none]";

    fn of((attempts, connected, flags, details): Facts<'_>) -> Delivery {
        let proxy = Fake::default();
        let mut properties = proxy.properties.borrow_mut();
        let mut set =
            |name: &str, value: Option<Vec<u8>>| properties.extend(value.map(|value| (name.to_owned(), value)));
        set("upstream.request_attempt_count", attempts.map(|n| n.to_le_bytes().to_vec()));
        set("upstream.local_address", connected.then(|| b"127.0.0.1:4711".to_vec()));
        set("response.flags", flags.map(|n| n.to_le_bytes().to_vec()));
        set("response.code_details", details.map(Into::into));
        drop(properties);
        Delivery::of(&proxy)
    }

    #[test]
    fn a_request_is_undelivered_only_where_every_fact_says_so() {
        for flag in [0x2, UF, 0x80, 0x100, UF | 0x2, UF | URX] {
            for attempts in [0, 1] {
                assert_eq!(of((Some(attempts), false, Some(flag), None)), Delivery::Undelivered, "{attempts} {flag:x}");
            }
        }
        assert_eq!(of((Some(0), false, Some(0), Some(RBAC))), Delivery::Undelivered);

        for facts in [
            // A second attempt, a connection that was ready, no flag, a flag of another kind.
            (Some(2), false, Some(UF), None),
            (Some(1), true, Some(UF), None),
            (Some(1), false, Some(0), None),
            (Some(1), false, Some(0x10), None),
            (Some(1), false, Some(URX), None),
            (Some(2), false, Some(UF | URX), None),
            (Some(1), true, Some(UF | URX), None),
            // A circuit breaker refused a retry, after an attempt that was cut off (UC).
            (Some(1), false, Some(0x80 | 0x40), None),
            (Some(1), false, Some(UF | 0x1), None),
            // The details that another filter wrote.
            (Some(0), false, Some(0), Some("via_upstream")),
            (None, false, Some(0), Some("via_upstream")),
            // A refusal after the router has begun, or by another filter.
            (Some(1), false, Some(0), Some(RBAC)),
            (Some(0), true, Some(0), Some(RBAC)),
            (Some(0), false, Some(0), Some("request_payload_too_large")),
            (Some(0), false, Some(0), Some("ext_authz_denied")),
            (Some(0), false, Some(0), Some("lua_response")),
            (Some(0), false, Some(0), Some("")),
            (Some(0), false, Some(0), None),
            // Facts that are absent or no numbers.
            (None, false, Some(UF), Some(RBAC)),
            (Some(1), false, None, Some(RBAC)),
            (Some(-1), false, Some(UF), None),
            (Some(0), false, Some(i64::MIN | UF), None),
        ] {
            assert_eq!(of(facts), Delivery::Unknown, "{facts:?}");
        }
        assert_eq!(of((Some(1), true, Some(0), Some("via_upstream"))), Delivery::Answered);
        assert_eq!(of((Some(2), true, Some(0), Some("via_upstream"))), Delivery::Answered);
    }

    #[test]
    fn a_property_that_cannot_be_read_is_not_absent() {
        let proxy = Fake::default();
        proxy.broken.borrow_mut().push("property");
        assert_eq!(Delivery::of(&proxy), Delivery::Unknown);
    }
}
