//! Why a request was refused.

use std::fmt;

use stepgate_config::name::TaskName;
use stepgate_config::spiffe::{SpiffeId, SpiffeIdError};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)+) => {
        /// The stable name of a reason: part of the interface (see `docs/denials.md`). The list is
        /// closed; a caller learns no more than this.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// Every code that this release can give, in the order in which the decision looks.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as it stands in responses, logs and counters.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

codes! {
    /// The gate has no usable configuration.
    NoConfig = "NO_CONFIG";
    /// The connection has no mTLS or no peer certificate with a URI.
    NoPeer = "NO_PEER";
    /// The peer's URI is no SPIFFE ID, or of a trust domain that no workflow here knows.
    BadPeer = "BAD_PEER";
    /// The peer is no actor of any workflow here.
    Outsider = "OUTSIDER";
    /// A CONNECT or protocol upgrade that the task does not declare.
    Upgrade = "UPGRADE";
    /// Two readers could take the path differently.
    BadPath = "BAD_PATH";
    /// No step, and the peer may begin nothing.
    NoStep = "NO_STEP";
    /// No step; the peer may begin instances, but not with this actor.
    NotInitial = "NOT_INITIAL";
    /// The step is malformed, too long, empty, double, mixed, or a list outside a join.
    BadStep = "BAD_STEP";
    /// No key of that workflow has this `kid`.
    UnknownKey = "UNKNOWN_KEY";
    /// The signature is not that key's, or the algorithm is another.
    BadSignature = "BAD_SIGNATURE";
    /// A token of a type that has no place here.
    WrongType = "WRONG_TYPE";
    /// Past its `exp`.
    Expired = "EXPIRED";
    /// Issued in the future.
    NotYet = "NOT_YET";
    /// No such workflow here, or another document of that name and revision.
    UnknownWorkflow = "UNKNOWN_WORKFLOW";
    /// This revision is no longer configured.
    RevisionRetired = "REVISION_RETIRED";
    /// The instance, the key or the workflow was revoked.
    Revoked = "REVOKED";
    /// The issuer may not speak for that step.
    WrongIssuer = "WRONG_ISSUER";
    /// The step belongs to another workload than the one that presented it.
    WrongHolder = "WRONG_HOLDER";
    /// No transition leads from the step to a task of this actor.
    NoTransition = "NO_TRANSITION";
    /// A transition leads here, but not with this request.
    WrongRequest = "WRONG_REQUEST";
    /// More than one transition would do.
    Ambiguous = "AMBIGUOUS";
    /// The instance's deadline has passed.
    Deadline = "DEADLINE";
    /// The task was entered as often as it may be.
    TooManyVisits = "TOO_MANY_VISITS";
    /// A separation or binding of duty would be broken.
    Constraint = "CONSTRAINT";
    /// The evidence of a join is not complete, not of one round, or double.
    JoinIncomplete = "JOIN_INCOMPLETE";
    /// The guard is false, or failed.
    Guard = "GUARD";
    /// The transition was taken already.
    AlreadyTaken = "ALREADY_TAKEN";
    /// The record has no room.
    Capacity = "CAPACITY";
    /// The gate is on an outbound listener, for which this release has no gate.
    Egress = "EGRESS";
    /// The gate could not do its work.
    Internal = "INTERNAL";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a request was refused, with what the owner (never the caller) is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// [`Code::NoConfig`]: what is missing.
    NoConfig(&'static str),
    /// [`Code::NoPeer`].
    NoPeer,
    /// [`Code::BadPeer`]: not a SPIFFE ID.
    PeerMalformed(SpiffeIdError),
    /// [`Code::BadPeer`]: a trust domain that no workflow here knows.
    PeerForeign(SpiffeId),
    /// [`Code::Outsider`].
    Outsider,
    /// [`Code::Upgrade`]: what was asked for.
    Upgrade(String),
    /// [`Code::BadPath`]: what is ambiguous about it.
    BadPath(&'static str),
    /// [`Code::NoStep`].
    NoStep,
    /// [`Code::NotInitial`].
    NotInitial,
    /// [`Code::BadStep`]: what is wrong with it.
    BadStep(&'static str),
    /// [`Code::UnknownKey`].
    UnknownKey,
    /// [`Code::BadSignature`].
    BadSignature,
    /// [`Code::WrongType`]: what was expected.
    WrongType(&'static str),
    /// [`Code::Expired`].
    Expired,
    /// [`Code::NotYet`].
    NotYet,
    /// [`Code::UnknownWorkflow`]: by name.
    UnknownWorkflow,
    /// [`Code::UnknownWorkflow`]: same name and revision, another document.
    OtherDocument,
    /// [`Code::RevisionRetired`].
    RevisionRetired,
    /// [`Code::Revoked`]: what was.
    Revoked(&'static str),
    /// [`Code::WrongIssuer`].
    WrongIssuer,
    /// [`Code::WrongHolder`].
    WrongHolder,
    /// [`Code::NoTransition`]: where the peer could have gone from there.
    NoTransition {
        /// The tasks that the peer may reach from its step.
        expected: Vec<TaskName>,
    },
    /// [`Code::WrongRequest`]: the tasks here that another request would reach.
    WrongRequest {
        /// The tasks of this actor.
        expected: Vec<TaskName>,
    },
    /// [`Code::Ambiguous`].
    Ambiguous,
    /// [`Code::Deadline`].
    Deadline,
    /// [`Code::TooManyVisits`]: the bound.
    TooManyVisits {
        /// How often the task may be entered.
        bound: u32,
    },
    /// [`Code::Constraint`]: between which tasks.
    Constraint {
        /// Both tasks.
        tasks: [TaskName; 2],
    },
    /// [`Code::JoinIncomplete`]: what is wrong with the evidence.
    JoinIncomplete {
        /// In words.
        why: &'static str,
        /// From which tasks evidence is wanted.
        expected: Vec<TaskName>,
    },
    /// [`Code::Guard`]: it was false, or how it failed.
    Guard {
        /// The error, where there was one.
        error: Option<String>,
    },
    /// [`Code::AlreadyTaken`].
    AlreadyTaken,
    /// [`Code::Capacity`].
    Capacity,
    /// [`Code::Egress`].
    Egress,
    /// [`Code::Internal`]: what failed.
    Internal(&'static str),
}

impl Denial {
    /// The code that the caller is given.
    pub fn code(&self) -> Code {
        match self {
            Self::NoConfig(_) => Code::NoConfig,
            Self::NoPeer => Code::NoPeer,
            Self::PeerMalformed(_) | Self::PeerForeign(_) => Code::BadPeer,
            Self::Outsider => Code::Outsider,
            Self::Upgrade(_) => Code::Upgrade,
            Self::BadPath(_) => Code::BadPath,
            Self::NoStep => Code::NoStep,
            Self::NotInitial => Code::NotInitial,
            Self::BadStep(_) => Code::BadStep,
            Self::UnknownKey => Code::UnknownKey,
            Self::BadSignature => Code::BadSignature,
            Self::WrongType(_) => Code::WrongType,
            Self::Expired => Code::Expired,
            Self::NotYet => Code::NotYet,
            Self::UnknownWorkflow | Self::OtherDocument => Code::UnknownWorkflow,
            Self::RevisionRetired => Code::RevisionRetired,
            Self::Revoked(_) => Code::Revoked,
            Self::WrongIssuer => Code::WrongIssuer,
            Self::WrongHolder => Code::WrongHolder,
            Self::NoTransition { .. } => Code::NoTransition,
            Self::WrongRequest { .. } => Code::WrongRequest,
            Self::Ambiguous => Code::Ambiguous,
            Self::Deadline => Code::Deadline,
            Self::TooManyVisits { .. } => Code::TooManyVisits,
            Self::Constraint { .. } => Code::Constraint,
            Self::JoinIncomplete { .. } => Code::JoinIncomplete,
            Self::Guard { .. } => Code::Guard,
            Self::AlreadyTaken => Code::AlreadyTaken,
            Self::Capacity => Code::Capacity,
            Self::Egress => Code::Egress,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// The tasks that would have been right, where that can be said.
    pub fn expected(&self) -> &[TaskName] {
        if let Self::NoTransition { expected }
        | Self::WrongRequest { expected }
        | Self::JoinIncomplete { expected, .. } = self
        {
            return expected;
        }
        &[]
    }
}

impl fmt::Display for Denial {
    /// One sentence for the owner's log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConfig(what) => write!(f, "the gate has no usable configuration: {what}"),
            Self::NoPeer => write!(f, "the connection shows no peer certificate with a URI"),
            Self::PeerMalformed(why) => write!(f, "the peer's URI is no SPIFFE ID: {why}"),
            Self::PeerForeign(id) => write!(f, "no workflow here knows the trust domain of `{id}`"),
            Self::Outsider => write!(f, "the peer is no actor of any workflow here"),
            Self::Upgrade(what) => write!(f, "the task does not declare the upgrade `{}`", what.escape_default()),
            Self::BadPath(why) => write!(f, "the path could be read in two ways: {why}"),
            Self::NoStep => write!(f, "the request has no step, and the peer may begin nothing"),
            Self::NotInitial => write!(f, "the request has no step, and the peer may not begin here"),
            Self::BadStep(why) => write!(f, "the step is malformed: {why}"),
            Self::UnknownKey => write!(f, "no key of that workflow has this `kid`"),
            Self::BadSignature => write!(f, "the signature is not that key's"),
            Self::WrongType(expected) => write!(f, "the step is of the wrong type: {expected}"),
            Self::Expired => write!(f, "the step has expired"),
            Self::NotYet => write!(f, "the step was issued in the future"),
            Self::UnknownWorkflow => write!(f, "no workflow of that name is configured here"),
            Self::OtherDocument => write!(f, "that name and revision stand for another document here"),
            Self::RevisionRetired => write!(f, "that revision is no longer configured here"),
            Self::Revoked(what) => write!(f, "the {what} was revoked"),
            Self::WrongIssuer => write!(f, "the issuer may not speak for that step"),
            Self::WrongHolder => write!(f, "the step belongs to another workload"),
            Self::NoTransition { .. } => write!(f, "no transition leads from that step to this actor"),
            Self::WrongRequest { .. } => write!(f, "the transition does not accept this request"),
            Self::Ambiguous => write!(f, "more than one transition would do"),
            Self::Deadline => write!(f, "the instance's deadline has passed"),
            Self::TooManyVisits { bound } => write!(f, "the task may be entered {bound} times"),
            Self::Constraint { tasks: [a, b] } => write!(f, "the constraint between `{a}` and `{b}` would be broken"),
            Self::JoinIncomplete { why, .. } => write!(f, "the join's evidence is incomplete: {why}"),
            Self::Guard { error: None } => write!(f, "the guard is false"),
            Self::Guard { error: Some(error) } => write!(f, "the guard failed: {error}"),
            Self::AlreadyTaken => write!(f, "the transition was taken already"),
            Self::Capacity => write!(f, "the record of taken transitions has no room"),
            Self::Egress => write!(f, "this release has no outbound gate: let the plugin match inbound traffic only"),
            Self::Internal(what) => write!(f, "the gate could not do its work: {what}"),
        }
    }
}
