//! What may be wrong with a gate, and what to do about it. The codes are interface: scripts read them.

use serde::Serialize;

/// The kinds of gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// The proxy did not answer.
    NoAnswer,
    /// The proxy does not serve.
    NotLive,
    /// No proxy of a workload was asked.
    NotAsked,
    /// istiod has sent what the proxy has not taken.
    NotSynced,
    /// The proxy refused a listener.
    ListenerRefused,
    /// The proxy has no listener that looks inwards and carries requests.
    NoListener,
    /// A way in has no gate.
    NoGate,
    /// The module could not be fetched.
    NotFetched,
    /// Where the module cannot run, requests go on.
    FailsOpen,
    /// The gate has no usable configuration.
    NoConfig,
    /// The gate does not have the workflow.
    NoWorkflow,
    /// The gate has another revision only.
    OtherRevision,
    /// The gate has the revision with another content.
    OtherDigest,
    /// The gate lets through what it would refuse.
    OtherMode,
    /// The filter does not go by the configuration that the proxy has.
    NotInForce,
    /// The gate lacks a key that its configuration names.
    KeyNotHeld,
    /// The gate's configuration does not name a key.
    KeyUnknown,
    /// The gate has no key to sign with.
    NoSigningKey,
    /// A caller need not show a certificate.
    NoMtls,
    /// The module has another version.
    OtherVersion,
    /// Requests reached an application that no gate let through.
    Unfiltered,
}

/// One gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Its kind.
    pub gap: Kind,
    /// What is so.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

impl Gap {
    pub(super) fn new(gap: Kind, what: impl Into<String>) -> Self {
        Self { gap, what: what.into(), remedy: gap.remedy() }
    }
}

impl Kind {
    /// As scripts read it.
    pub fn code(self) -> String {
        serde_json::to_value(self).ok().and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default()
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::NoAnswer => {
                "see that the proxy runs and that its admin interface is reached (`kubectl port-forward`)"
            }
            Self::NotLive => "wait until it serves, or look into its log for why it does not",
            Self::NotAsked => "name its admin interface with `--admin`; if it has no proxy, its requests have no gate",
            Self::NotSynced => {
                "wait a moment and ask again; if it stays so, look into istiod's log and the proxy's for a NACK"
            }
            Self::ListenerRefused => "mend what it says; until then the proxy goes by an older listener, or by none",
            Self::NoListener => {
                "see that the pod has a sidecar and the port is not excluded; a bootstrap needs `traffic_direction: INBOUND`"
            }
            Self::NoGate => {
                "let the WasmPlugin select this workload (`selector`, namespace, `match.mode: SERVER`), or add the filter to the bootstrap"
            }
            Self::NotFetched => {
                "see that the registry answers and that `url` and `sha256` of the WasmPlugin name an image that is there; all is denied until then"
            }
            Self::FailsOpen => {
                "set `failStrategy: FAIL_CLOSE` or `FAIL_RELOAD` (Envoy: `failure_policy: FAIL_CLOSED` or `FAIL_RELOAD`)"
            }
            Self::NoConfig => "the proxy's log says what is wrong; `stepgate check` says the same before it is applied",
            Self::NoWorkflow => "add the workflow to the `pluginConfig` that reaches this workload",
            Self::OtherRevision => {
                "apply the configuration with this revision; keep the old one until its last deadline has passed"
            }
            Self::OtherDigest => "apply the same document everywhere; a changed document wants a new `revision`",
            Self::OtherMode => "set `mode` as it is meant, once the denials that are only observed are understood",
            Self::NotInForce => "look into the proxy's log for what the filter said; restart the proxy if it stays so",
            Self::KeyNotHeld => {
                "put the Secret into the proxy container's environment, list the variable under `vmConfig.env`, and restart the pod"
            }
            Self::KeyUnknown => {
                "add the key to the `pluginConfig` that reaches this workload, before any gate signs with it"
            }
            Self::NoSigningKey => "give this gate a key with `use: sign` (`stepgate keygen`)",
            Self::NoMtls => "set PeerAuthentication to STRICT (Envoy: `require_client_certificate: true`)",
            Self::OtherVersion => "let `url` and `sha256` of the WasmPlugin name one module everywhere",
            Self::Unfiltered => {
                "see that the interlock's policy is there; requests from before the gate was applied count until the proxy restarts"
            }
        }
    }
}
