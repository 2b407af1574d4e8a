//! Why nothing is rendered, and what to do about it.

use stepgate_config::Diagnostic;
use stepgate_config::workflow::MixedLevels;

use crate::jwk::GenerateError;

/// Why documents, options and secrets do not fit together. [`RenderError::help`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Two documents of one name and revision.
    #[error("revision {revision} of the workflow `{workflow}` is in two documents")]
    DuplicateRevision {
        /// The name of both.
        workflow: String,
        /// The revision of both.
        revision: u32,
    },
    /// Revisions of one workflow at levels that cannot be used together.
    #[error(transparent)]
    MixedLevels(#[from] MixedLevels),
    /// No actor is a workload of this mesh.
    #[error("no actor of the documents is a workload of this mesh")]
    NoWorkload,
    /// A namespace without a workload.
    #[error("--namespace: the documents have no workload in `{namespace}`")]
    EmptyNamespace {
        /// The namespace.
        namespace: String,
        /// The namespaces with workloads.
        others: Vec<String>,
    },
    /// An ingress gateway that performs a task.
    #[error("--entry: `{entry}` performs `{task}`, which others call: a gateway has no gate before it")]
    EntryIsCalled {
        /// The actor.
        entry: String,
        /// The task.
        task: String,
    },
    /// An ingress gateway through which no request may come in.
    #[error("--entry: `{0}` begins no instance: no transition from an initial task is its own")]
    EntryBeginsNothing(String),
    /// An ingress gateway that is not an actor.
    #[error("--entry: no document has an actor `{0}`")]
    UnknownEntry(String),
    /// Labels for an actor that is not an entry.
    #[error("--entry-labels: `{0}` is not an entry")]
    LabelsWithoutEntry(String),
    /// A peer that is not an actor.
    #[error("--peer: no document has an actor `{0}`")]
    UnknownPeer(String),
    /// An actor without a host, to which a gateway cannot route.
    #[error("--entry: the actor `{0}`, which the gateway calls, has no host")]
    NoHost(String),
    /// A revision that no document has.
    #[error("--open: no document is `{0}`")]
    UnknownRevision(String),
    /// One plugin for several workloads, where each needs its own.
    #[error("with a key for each actor, every workload needs a configuration of its own")]
    SharedPlugin,
    /// A workload for which the inventory has no identity.
    #[error("`{0}` has no SPIFFE ID")]
    NoIdentity(String),
    /// Settings that are not a mapping.
    #[error("the gate's settings are not a mapping")]
    SettingsNotMapping,
    /// A setting that is rendered.
    #[error("the gate's settings have `{0}`, which this command writes")]
    ReservedSetting(String),
    /// A list for outbound gates, and no such gate.
    #[error("the gate's settings have `egress`, and no gate decides on requests that leave")]
    EgressWithoutOutbound,
    /// A receiver that an outbound gate could not find.
    #[error("`{caller}` calls `{actor}`, which has no `hosts` with a dot: its outbound gate would deny the request")]
    NoHosts {
        /// The receiver.
        actor: String,
        /// The workload that calls it.
        caller: String,
    },
    /// A document of level `once`, which needs gates on both sides.
    #[error("`{0}` has level `once`, at which the gate of each caller decides first, and no outbound gate is written")]
    OnceWithoutOutbound(String),
    /// A gateway that calls where only requests of outbound gates are let in.
    #[error("`{0}` has level `once`, and an entry runs no gate that could begin an instance")]
    OnceWithEntry(String),
    /// Outbound gates where the proxies of the callers run none.
    #[error(
        "in ambient mode no outbound gate is possible: the ztunnel sends a workload's requests, and runs no filter"
    )]
    OutboundInAmbient,
    /// A configuration that a gate would refuse.
    #[error("a gate would refuse this configuration: {0}")]
    Configuration(String),
    /// A Secret without a key for a workflow.
    #[error("the Secret of `{workload}` has no key for the workflow `{workflow}`")]
    NoKey {
        /// The workflow.
        workflow: String,
        /// The workload.
        workload: String,
    },
    /// A workload without a Secret.
    #[error("the secrets have nothing for the workload `{0}`")]
    NoSecret(String),
    /// One configuration for two workloads with other generations of interlocks.
    #[error("`{one}` and `{other}` share a plugin, and are at different steps of a rotation")]
    RotationApart {
        /// A workload.
        one: String,
        /// Another one.
        other: String,
    },
    /// New keys that would leave out a workload with keys of the workflow.
    #[error("the Secret of `{workload}` has keys of `{workflow}`, too, and its gate would refuse the new ones")]
    KeyElsewhere {
        /// The workflow.
        workflow: String,
        /// The workload.
        workload: String,
    },
    /// Keys of both kinds: one for all actors, and one for each.
    #[error("the keys of `{workflow}` are of another kind than {algorithm}")]
    MixedKeys {
        /// The workflow.
        workflow: String,
        /// The algorithm that was asked for.
        algorithm: &'static str,
    },
    /// Another step of the rotation is next.
    #[error("`{step}` is not the next step of the rotation{of}")]
    RotationOrder {
        /// ` of` the workload, if there are several.
        of: String,
        /// The step that was asked for.
        step: &'static str,
        /// The next step.
        next: &'static str,
    },
    /// A private key without its algorithm.
    #[error("a key has no algorithm")]
    NoAlgorithm,
    /// A file that `stepgate secrets` did not write.
    #[error("this is not a file of `stepgate secrets`: {0}")]
    NotSecrets(&'static str),
    /// A file that `stepgate at-rest` did not write.
    #[error("this is not a file of `stepgate at-rest`")]
    NotAtRest,
    /// An actor without a workload of this mesh.
    #[error("--actor: `{0}` is not an actor of the documents with a workload here")]
    UnknownActor(String),
    /// A key that gates would refuse.
    #[error("gates would refuse the generated key: {0}")]
    UnusableKey(String),
    /// A key could not be generated.
    #[error(transparent)]
    Jwk(#[from] GenerateError),
    /// A manifest could not be written as YAML.
    #[error("cannot write YAML: {0}")]
    Yaml(String),
}

impl RenderError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::DuplicateRevision { .. } => "give the changed document a new revision",
            Self::MixedLevels(_) => MixedLevels::HELP,
            Self::NoWorkload => {
                "actors have SPIFFE IDs such as `ns/NAMESPACE/sa/ACCOUNT`, in the document's trust domain or in --trust-domain"
            }
            Self::EmptyNamespace { others, .. } => {
                return Some(format!("they have workloads in {}", others.join(", ")));
            }
            Self::EntryIsCalled { .. } | Self::EntryBeginsNothing(_) => {
                "make the gateway an actor of its own, with initial tasks only"
            }
            Self::NoHost(actor) => {
                return Some(format!("add `hosts: [NAME.NAMESPACE.svc.cluster.local]` to `{actor}`"));
            }
            Self::NoHosts { actor, .. } => {
                return Some(format!("add `hosts: [NAME.NAMESPACE.svc.cluster.local]` to `{actor}`"));
            }
            Self::OnceWithoutOutbound(_) => "add --outbound, or use level `signed`",
            Self::OnceWithEntry(_) => {
                "let the entry call an actor of the mesh that begins instances, or use level `signed`"
            }
            Self::EgressWithoutOutbound => "add --outbound, or remove `egress`",
            Self::OutboundInAmbient => "use sidecars, or leave out --outbound",
            Self::LabelsWithoutEntry(actor) => return Some(format!("make it one: --entry {actor}=HOST")),
            Self::UnknownRevision(_) => "it is WORKFLOW/REVISION",
            Self::SharedPlugin => "--attach workload",
            Self::ReservedSetting(_) => {
                "`mode` comes from the stages, keys and interlock from --secrets, workflows from the documents"
            }
            Self::NoKey { .. } | Self::NoSecret(_) => "generate it: stepgate secrets … --add",
            Self::RotationApart { .. } => {
                "rotate the documents of both to the same step, and from then on together; or --attach workload"
            }
            Self::KeyElsewhere { .. } => {
                "give its document and --namespace, too; if it is no longer in the workflow, --remove it first"
            }
            Self::MixedKeys { .. } => {
                "--alg must name the algorithm of the existing keys; for another one, generate all keys again: --force, \
                 after --remove if the documents do not mention all of them"
            }
            Self::RotationOrder { next, .. } => return Some(format!("the next step is `--rotate {next}`")),
            Self::UnknownEntry(_)
            | Self::UnknownPeer(_)
            | Self::NoIdentity(_)
            | Self::SettingsNotMapping
            | Self::Configuration(_)
            | Self::NoAlgorithm
            | Self::NotSecrets(_)
            | Self::NotAtRest
            | Self::UnknownActor(_)
            | Self::UnusableKey(_)
            | Self::Jwk(_)
            | Self::Yaml(_) => return None,
        };
        Some(text.to_owned())
    }

    /// The first error among these.
    pub(crate) fn configuration(found: &[Diagnostic]) -> Self {
        let first = found.iter().find(|diagnostic| diagnostic.is_error());
        Self::Configuration(first.map_or_else(String::new, |diagnostic| diagnostic.message.clone()))
    }
}
