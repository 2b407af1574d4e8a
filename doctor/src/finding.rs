//! The kinds of findings, each with its remedy. The codes are interface: scripts read them.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// What can be wrong with a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The proxy did not respond.
    NoAnswer,
    /// The proxy does not serve.
    NotLive,
    /// No proxy of a workload was checked.
    NotChecked,
    /// istiod has sent a configuration that the proxy has not acknowledged.
    NotSynced,
    /// The proxy refused a listener.
    ListenerRefused,
    /// The proxy has no inbound listener for HTTP.
    NoListener,
    /// A filter chain has no gate.
    NoGate,
    /// The module could not be fetched.
    NotFetched,
    /// Requests pass where the module cannot run.
    FailsOpen,
    /// The gate has no usable configuration.
    NoConfig,
    /// The gate does not have the workflow.
    NoWorkflow,
    /// The gate has another revision only.
    OtherRevision,
    /// The gate has the revision with another content.
    OtherDigest,
    /// The gate observes where it should enforce, or the reverse.
    OtherMode,
    /// The filter does not use the configuration that the proxy has.
    NotInForce,
    /// The gate lacks a key that its configuration names.
    KeyNotHeld,
    /// The gate's configuration does not name a key.
    KeyUnknown,
    /// The gate has no key to sign with.
    NoSigningKey,
    /// A caller need not present a certificate.
    NoMtls,
    /// The module has another version.
    OtherVersion,
    /// Requests reached an application without passing a gate.
    Unfiltered,
}

/// A text that is not the code of a [`Kind`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of finding; docs/doctor.md lists them")]
pub struct UnknownKind(String);

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its kind.
    pub kind: Kind,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Finding {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: kind.remedy() }
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::NoAnswer,
        Self::NotLive,
        Self::NotChecked,
        Self::NotSynced,
        Self::ListenerRefused,
        Self::NoListener,
        Self::NoGate,
        Self::NotFetched,
        Self::FailsOpen,
        Self::NoConfig,
        Self::NoWorkflow,
        Self::OtherRevision,
        Self::OtherDigest,
        Self::OtherMode,
        Self::NotInForce,
        Self::KeyNotHeld,
        Self::KeyUnknown,
        Self::NoSigningKey,
        Self::NoMtls,
        Self::OtherVersion,
        Self::Unfiltered,
    ];

    /// The code that scripts read.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoAnswer => "NO_ANSWER",
            Self::NotLive => "NOT_LIVE",
            Self::NotChecked => "NOT_CHECKED",
            Self::NotSynced => "NOT_SYNCED",
            Self::ListenerRefused => "LISTENER_REFUSED",
            Self::NoListener => "NO_LISTENER",
            Self::NoGate => "NO_GATE",
            Self::NotFetched => "NOT_FETCHED",
            Self::FailsOpen => "FAILS_OPEN",
            Self::NoConfig => "NO_CONFIG",
            Self::NoWorkflow => "NO_WORKFLOW",
            Self::OtherRevision => "OTHER_REVISION",
            Self::OtherDigest => "OTHER_DIGEST",
            Self::OtherMode => "OTHER_MODE",
            Self::NotInForce => "NOT_IN_FORCE",
            Self::KeyNotHeld => "KEY_NOT_HELD",
            Self::KeyUnknown => "KEY_UNKNOWN",
            Self::NoSigningKey => "NO_SIGNING_KEY",
            Self::NoMtls => "NO_MTLS",
            Self::OtherVersion => "OTHER_VERSION",
            Self::Unfiltered => "UNFILTERED",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::NoAnswer => {
                "check that the proxy runs and that its admin interface can be reached (`kubectl port-forward`)"
            }
            Self::NotLive => "wait until it serves, or read in its log why it does not",
            Self::NotChecked => {
                "name its admin interface with `--admin`; a workload without a proxy has no gate for its requests"
            }
            Self::NotSynced => {
                "check again in a moment; if it stays so, look for a NACK in the logs of istiod and of the proxy"
            }
            Self::ListenerRefused => {
                "correct what the message names; until then the proxy uses an older listener, or none"
            }
            Self::NoListener => {
                "check that the pod has a sidecar and that the port is not excluded; a bootstrap needs `traffic_direction: INBOUND`"
            }
            Self::NoGate => {
                "make the WasmPlugin select this workload (`selector`, namespace, `match.mode: SERVER`), or add the filter to the bootstrap"
            }
            Self::NotFetched => {
                "check that the registry responds and that `url` and `sha256` of the WasmPlugin name an image in it; until then everything is denied"
            }
            Self::FailsOpen => {
                "set `failStrategy: FAIL_CLOSE` or `FAIL_RELOAD` (Envoy: `failure_policy: FAIL_CLOSED` or `FAIL_RELOAD`)"
            }
            Self::NoConfig => "read the error in the proxy's log; `stepgate check` finds it before it is applied",
            Self::NoWorkflow => "add the workflow to the `pluginConfig` that reaches this workload",
            Self::OtherRevision => {
                "apply the configuration with this revision; keep the old one until its last deadline has passed"
            }
            Self::OtherDigest => "apply the same document everywhere; a changed document requires a new `revision`",
            Self::OtherMode => "set `mode` as intended, once the denials that are only observed are understood",
            Self::NotInForce => "read the filter's messages in the proxy's log; restart the proxy if it stays so",
            Self::KeyNotHeld => {
                "put the Secret into the environment of the proxy's container, list the variable under `vmConfig.env`, and restart the pod"
            }
            Self::KeyUnknown => {
                "add the key to the `pluginConfig` that reaches this workload, before any gate signs with it"
            }
            Self::NoSigningKey => "give this gate a key with `use: sign` (`stepgate keygen`)",
            Self::NoMtls => "set PeerAuthentication to STRICT (Envoy: `require_client_certificate: true`)",
            Self::OtherVersion => "let `url` and `sha256` of the WasmPlugin name one module everywhere",
            Self::Unfiltered => {
                "check that the interlock's policy is applied; requests from before the gate was applied count until the proxy restarts"
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(code: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.code() == code).ok_or_else(|| UnknownKind(code.to_owned()))
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_they_are_written() {
        for kind in Kind::ALL {
            assert_eq!(kind.code().parse(), Ok(kind));
        }
        assert_eq!("no_mtls".parse::<Kind>(), Err(UnknownKind("no_mtls".into())));
    }

    #[test]
    fn every_kind_is_documented() {
        let page = include_str!("../../docs/doctor.md");
        for kind in Kind::ALL {
            assert!(page.contains(&format!("`{kind}`")), "{kind}");
        }
    }
}
