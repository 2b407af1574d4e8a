//! The kinds of findings, each with its remedy. The codes are interface: scripts read them.

use serde::Serialize;
use strum::{EnumMessage as _, VariantNames as _};

/// What can be wrong with a gate. The message of each is its remedy.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    strum::Display,
    strum::EnumMessage,
    strum::EnumString,
    strum::VariantNames,
)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(
    serialize_all = "SCREAMING_SNAKE_CASE",
    parse_err_ty = UnknownKind,
    parse_err_fn = unknown
)]
pub enum Kind {
    /// The proxy did not respond.
    #[strum(message = "check that the proxy runs and that its admin interface can be reached (`kubectl port-forward`)")]
    NoAnswer,
    /// The proxy does not serve.
    #[strum(message = "wait until it serves, or read in its log why it does not")]
    NotLive,
    /// No proxy of a workload was checked.
    #[strum(
        message = "name its admin interface with `--admin`; a workload without a proxy has no gate for its requests"
    )]
    NotChecked,
    /// istiod has sent a configuration that the proxy has not acknowledged.
    #[strum(
        message = "check again in a moment; if it stays so, look for a NACK in the logs of istiod and of the proxy"
    )]
    NotSynced,
    /// The proxy refused a listener.
    #[strum(message = "correct what the message names; until then the proxy uses an older listener, or none")]
    ListenerRefused,
    /// The proxy has no inbound listener for HTTP.
    #[strum(
        message = "check that the pod has a sidecar and that the port is not excluded; a bootstrap needs `traffic_direction: INBOUND`"
    )]
    NoListener,
    /// A filter chain has no gate.
    #[strum(
        message = "make the WasmPlugin select this workload (`selector`, namespace, `match.mode: SERVER`), or add the filter to the bootstrap"
    )]
    NoGate,
    /// An outbound filter chain has no gate.
    #[strum(
        message = "make the WasmPlugin of the outbound gate select this workload (`match.mode: CLIENT`), or add the filter to each outbound listener of the bootstrap"
    )]
    NoOutboundGate,
    /// What an outbound gate lets go may arrive at any address.
    #[strum(
        message = "give the cluster addresses of its own: a ServiceEntry with a `resolution` other than `NONE`, a Service with a cluster IP, no `loadBalancer: {simple: PASSTHROUGH}`; for an actor, mutual TLS with its SPIFFE IDs will do, too (`stepgate render istio --outbound`)"
    )]
    AnyAddress,
    /// A receiver is known by its name only.
    #[strum(
        message = "give the caller a DestinationRule with `tls: {mode: ISTIO_MUTUAL, subjectAltNames: [...]}` for this host (`stepgate render istio --outbound` writes it)"
    )]
    NotPinned,
    /// A port leads to the application unread.
    #[strum(
        message = "declare the port as HTTP in its Service (`appProtocol: http`); if it serves no HTTP, nothing of a workflow may be behind it: then `--except NOT_HTTP`"
    )]
    NotHttp,
    /// A filter or a route after the gate may change the request.
    #[strum(
        message = "move the filter before the gate (WasmPlugin: an earlier `phase`, or a higher `priority`), or remove it; the application must get what the gate has checked"
    )]
    ChangedAfterGate,
    /// The router takes orders from headers that the gate does not remove.
    #[strum(
        message = "remove `header_prefix` from the bootstrap: gates remove the router's headers under the name `x-envoy-…` only"
    )]
    HeaderPrefix,
    /// The caller chooses the port on which the gate relies.
    #[strum(
        message = "remove the listener filter `proxy_protocol`, or every `port` from the gate's tasks and exemptions"
    )]
    CallersPort,
    /// Gates of one proxy have different replay records.
    #[strum(
        message = "give the Wasm filters one `vm_id`, or none: what one gate has used up, the other accepts once more"
    )]
    SeveralRecords,
    /// No interlock refuses requests that passed no gate.
    #[strum(
        message = "set `interlock` and apply a policy that refuses requests without it (`stepgate render istio` writes both); until then requests pass in the moments without a gate"
    )]
    NoInterlock,
    /// The module could not be fetched.
    #[strum(
        message = "check that the registry responds and that `url` and `sha256` of the WasmPlugin name an image in it; until then everything is denied"
    )]
    NotFetched,
    /// Requests pass where the module cannot run.
    #[strum(
        message = "set `failStrategy: FAIL_CLOSE` or `FAIL_RELOAD` (Envoy: `failure_policy: FAIL_CLOSED` or `FAIL_RELOAD`)"
    )]
    FailsOpen,
    /// The gate has no usable configuration.
    #[strum(message = "read the error in the proxy's log; `stepgate check` finds it before it is applied")]
    NoConfig,
    /// The gate does not have the workflow.
    #[strum(message = "add the workflow to the `pluginConfig` that reaches this workload")]
    NoWorkflow,
    /// The gate has another revision only.
    #[strum(
        message = "apply the configuration with this revision; keep the old one until its last deadline has passed"
    )]
    OtherRevision,
    /// The gate has the revision with another content.
    #[strum(message = "apply the same document everywhere; a changed document requires a new `revision`")]
    OtherDigest,
    /// The gate observes where it should enforce, or the reverse.
    #[strum(message = "set `mode` as intended, once the denials that are only observed are understood")]
    OtherMode,
    /// Instances begin in another revision.
    #[strum(
        message = "set `open: true` in the revision in which instances should begin, and `open: false` in the others"
    )]
    OtherOpen,
    /// The gate has a workflow that is not expected.
    #[strum(message = "remove it from the `pluginConfig`, or give its document to this command, too")]
    SurplusWorkflow,
    /// The gate has a revision that is not expected.
    #[strum(
        message = "remove it once its last deadline has passed; while it finishes its instances, give its document to this command, too"
    )]
    SurplusRevision,
    /// The gate has a revision of a lower level.
    #[strum(message = "remove the revision: whoever cannot pass the higher level may pass by it")]
    LowerLevel,
    /// The gate exempts requests that are not expected to be exempt.
    #[strum(
        message = "remove the exemption from `exempt`, or give the gate's configuration that has it to this command"
    )]
    SurplusExemption,
    /// A setting of the gate differs.
    #[strum(message = "apply the same setting at every gate, and to the file that this command reads")]
    OtherSetting,
    /// The gate does not revoke something.
    #[strum(message = "add it to `revoked` in the `pluginConfig` that reaches this workload")]
    NotRevoked,
    /// The filter does not use the configuration that the proxy has.
    #[strum(message = "read the filter's messages in the proxy's log; restart the proxy if it stays so")]
    NotInForce,
    /// The gate lacks a key that its configuration names.
    #[strum(
        message = "put the Secret into the environment of the proxy's container, list the variable under `vmConfig.env`, and restart the pod"
    )]
    KeyNotHeld,
    /// The gate's configuration does not name a key.
    #[strum(message = "add the key to the `pluginConfig` that reaches this workload, before any gate signs with it")]
    KeyUnknown,
    /// The gate has a key that is not expected.
    #[strum(
        message = "remove the key: its holder can sign steps; during a rotation, give the gate's configuration to this command, or `--except SURPLUS_KEY`"
    )]
    SurplusKey,
    /// The gate has no key to sign with.
    #[strum(message = "give this gate a key with `use: sign` (`stepgate keygen`)")]
    NoSigningKey,
    /// A caller need not present a certificate.
    #[strum(message = "set PeerAuthentication to STRICT (Envoy: `require_client_certificate: true`)")]
    NoMtls,
    /// The module has another version.
    #[strum(message = "let `url` and `sha256` of the WasmPlugin name one module everywhere")]
    OtherVersion,
    /// Requests reached an application without passing a gate.
    #[strum(
        message = "check that the interlock's policy is applied; requests from before the gate was applied count until the proxy restarts"
    )]
    Unfiltered,
    /// The proxy repeats requests to actors.
    #[strum(
        message = "turn retries off (`retries: {attempts: 0}` in the VirtualService's route, or `defaultHttpRetryPolicy: {attempts: 0}` in the mesh configuration): a step is used once, and a repeated start is one more instance"
    )]
    Retries,
    /// A gateway or waypoint is an agentgateway.
    #[strum(
        message = "give the Gateway a class with Envoy (`istio`, `istio-waypoint`): agentgateway applies no WasmPlugin and no AuthorizationPolicy; if no request to an actor passes it, `--except AGENTGATEWAY`"
    )]
    Agentgateway,
}

/// A text that is not the code of a [`Kind`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of finding; docs/doctor.md lists them")]
pub struct UnknownKind(String);

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
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
        Self { kind, message: message.into(), remedy: kind.get_message().unwrap_or_default() }
    }
}

impl Kind {
    /// The codes of all kinds.
    pub const CODES: &'static [&'static str] = Self::VARIANTS;
}

fn unknown(code: &str) -> UnknownKind {
    UnknownKind(code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_they_are_written() {
        for code in Kind::CODES {
            let kind: Kind = code.parse().unwrap();
            assert_eq!(serde_json::to_value(kind).unwrap(), *code);
            assert_eq!(kind.to_string(), *code);
            assert!(kind.get_message().is_some(), "{kind} has no remedy");
        }
        assert_eq!("no_mtls".parse::<Kind>(), Err(UnknownKind("no_mtls".into())));
    }

    #[test]
    fn every_kind_is_documented() {
        let page = include_str!("../../docs/doctor.md");
        for kind in Kind::CODES {
            assert!(page.contains(&format!("`{kind}`")), "{kind}");
        }
    }
}
