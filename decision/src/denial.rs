//! Why a request is refused.

use std::fmt;

use stepgate_config::name::TaskName;
use stepgate_config::spiffe::{SpiffeId, SpiffeIdError};

use crate::guard::{Fault, GuardFailure};
use crate::path::PathError;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal;)+) => {
        /// The stable name of a reason: part of the interface (see `docs/denials.md`). The list is
        /// closed; a caller learns nothing else.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// Every code that this release can give, in the order in which the decision looks.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as in responses, logs and metrics.
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
    /// The peer's URI is not a SPIFFE ID, or is of a trust domain that no workflow here knows.
    BadPeer = "BAD_PEER";
    /// The peer is not an actor in any workflow of this gate.
    Outsider = "OUTSIDER";
    /// A CONNECT or protocol upgrade that the task does not declare.
    Upgrade = "UPGRADE";
    /// Two readers could take the path differently.
    BadPath = "BAD_PATH";
    /// No step, and the peer may not begin an instance.
    NoStep = "NO_STEP";
    /// No step; the peer may begin instances, but not with this actor.
    NotInitial = "NOT_INITIAL";
    /// The step is malformed, too long, empty, repeated, mixed, or a list outside a join.
    BadStep = "BAD_STEP";
    /// No key of that workflow has this `kid`.
    UnknownKey = "UNKNOWN_KEY";
    /// The signature is not that key's, or the algorithm is not.
    BadSignature = "BAD_SIGNATURE";
    /// A token of a type that is not accepted here.
    WrongType = "WRONG_TYPE";
    /// Past its `exp`.
    Expired = "EXPIRED";
    /// Issued in the future.
    NotYet = "NOT_YET";
    /// No such workflow here, or another document of that name and revision.
    UnknownWorkflow = "UNKNOWN_WORKFLOW";
    /// This revision is no longer configured, or is closed and would begin an instance.
    RevisionRetired = "REVISION_RETIRED";
    /// The instance, the key or the workflow was revoked.
    Revoked = "REVOKED";
    /// The issuer may not issue that step.
    WrongIssuer = "WRONG_ISSUER";
    /// The step belongs to another workload than the one that presented it.
    WrongHolder = "WRONG_HOLDER";
    /// At level `once`: the step leads to another actor.
    WrongAudience = "WRONG_AUDIENCE";
    /// No transition leads from the step to a task of this actor.
    NoTransition = "NO_TRANSITION";
    /// A transition leads here, but not with this request.
    WrongRequest = "WRONG_REQUEST";
    /// More than one transition accepts the request.
    Ambiguous = "AMBIGUOUS";
    /// At level `once`: the step came to another replica of the workload, which must take it on.
    Replica = "REPLICA";
    /// The instance's deadline has passed.
    Deadline = "DEADLINE";
    /// The task was entered as often as it may be.
    TooManyVisits = "TOO_MANY_VISITS";
    /// A separation or binding of duty would be broken.
    Constraint = "CONSTRAINT";
    /// The evidence of a join is not complete, not of one round, or repeated.
    JoinIncomplete = "JOIN_INCOMPLETE";
    /// The transition is not open yet.
    TooEarly = "TOO_EARLY";
    /// The transition is no longer open.
    TooLate = "TOO_LATE";
    /// The guard is false, or failed.
    Guard = "GUARD";
    /// The peer has begun as many instances as it may for now.
    TooManyStarts = "TOO_MANY_STARTS";
    /// The transition was taken already.
    AlreadyTaken = "ALREADY_TAKEN";
    /// At level `once`: another transition of the choice was taken.
    SplitTaken = "SPLIT_TAKEN";
    /// The replay record has no room.
    Capacity = "CAPACITY";
    /// The request of the application leads out of the workflow.
    Egress = "EGRESS";
    /// The gate could not do its work.
    Internal = "INTERNAL";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a request was refused. The message is one sentence for the owner's log; the caller gets only the code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denial {
    /// [`Code::NoConfig`]: the missing part.
    #[error("the gate has no usable configuration: {0}")]
    NoConfig(&'static str),
    /// [`Code::NoPeer`].
    #[error("the connection has no peer certificate with a URI")]
    NoPeer,
    /// [`Code::BadPeer`]: not a SPIFFE ID.
    #[error("the peer's URI is not a SPIFFE ID: {0}")]
    PeerMalformed(SpiffeIdError),
    /// [`Code::BadPeer`]: a trust domain of no workflow here.
    #[error("no workflow here knows the trust domain of `{0}`")]
    PeerForeign(SpiffeId),
    /// [`Code::Outsider`].
    #[error("the peer is not an actor in any workflow of this gate")]
    Outsider,
    /// [`Code::Upgrade`]: in words.
    #[error("the task does not declare the upgrade: {0}")]
    Upgrade(&'static str),
    /// [`Code::BadPath`].
    #[error("the path could be read in two ways: {0}")]
    BadPath(PathError),
    /// [`Code::NoStep`].
    #[error("the request has no step, and the peer may not begin an instance")]
    NoStep,
    /// [`Code::NotInitial`].
    #[error("the request has no step, and the peer may not begin here")]
    NotInitial,
    /// [`Code::BadStep`]: in words.
    #[error("the step is malformed: {0}")]
    BadStep(&'static str),
    /// [`Code::UnknownKey`].
    #[error("no key of that workflow has this `kid`")]
    UnknownKey,
    /// [`Code::BadSignature`].
    #[error("the signature is not that key's")]
    BadSignature,
    /// [`Code::WrongType`]: in words.
    #[error("the step is of the wrong type: {0}")]
    WrongType(&'static str),
    /// [`Code::Expired`]: a token at this task. Of several that a request shows, the first.
    #[error("{}", expired(.task, .from.as_ref()))]
    Expired {
        /// The task reached.
        task: TaskName,
        /// At a join, the task from which this arrival came.
        from: Option<TaskName>,
    },
    /// [`Code::NotYet`].
    #[error("the step was issued in the future")]
    NotYet,
    /// [`Code::UnknownWorkflow`]: by name.
    #[error("no workflow of that name is configured here")]
    UnknownWorkflow,
    /// [`Code::UnknownWorkflow`]: same name and revision, another document.
    #[error("this gate has another document with that name and revision")]
    OtherDocument,
    /// [`Code::RevisionRetired`].
    #[error("that revision is no longer configured here")]
    RevisionRetired,
    /// [`Code::RevisionRetired`]: at level `identity`, a step at an initial task of a closed revision.
    #[error("that revision is closed: no instance begins in it")]
    RevisionClosed,
    /// [`Code::Revoked`]: the instance, the key or the workflow.
    #[error("the {0} was revoked")]
    Revoked(&'static str),
    /// [`Code::WrongIssuer`].
    #[error("the issuer may not issue that step")]
    WrongIssuer,
    /// [`Code::WrongHolder`].
    #[error("the step belongs to another workload")]
    WrongHolder,
    /// [`Code::WrongAudience`].
    #[error("the step leads to another actor")]
    WrongAudience,
    /// [`Code::NoTransition`].
    #[error("no transition leads from that step to this actor")]
    NoTransition {
        /// The tasks that the peer may reach from its step.
        expected: Vec<TaskName>,
    },
    /// [`Code::WrongRequest`].
    #[error("{}", wrong_request(.is.as_deref()))]
    WrongRequest {
        /// The tasks of this actor that another request would reach.
        expected: Vec<TaskName>,
        /// The task that the request is, if it is one, and its workflow: another owner's document may have it.
        is: Option<String>,
    },
    /// [`Code::WrongRequest`]: a header by which tasks are told apart could be read in two ways.
    #[error("the header `{name}`, by which tasks are told apart, {fault}")]
    UnreadableHeader {
        /// Its name.
        name: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// [`Code::Ambiguous`]: tasks that the request is, with their workflows.
    #[error("more than one task accepts this request: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// [`Code::Replica`].
    #[error(
        "the step came to another replica of this workload, or to this one before it was restarted: only the replica that received it can take it on"
    )]
    Replica,
    /// [`Code::Deadline`].
    #[error("the instance's deadline has passed")]
    Deadline,
    /// [`Code::TooManyVisits`].
    #[error("the task may be entered {bound} times")]
    TooManyVisits {
        /// How often the task may be entered.
        bound: u32,
    },
    /// [`Code::Constraint`].
    #[error("the constraint between `{}` and `{}` would be broken", .tasks[0], .tasks[1])]
    Constraint {
        /// Both tasks.
        tasks: [TaskName; 2],
    },
    /// [`Code::JoinIncomplete`].
    #[error("the join's evidence is incomplete: {why}")]
    JoinIncomplete {
        /// In words.
        why: &'static str,
        /// The tasks whose evidence is required.
        expected: Vec<TaskName>,
    },
    /// [`Code::TooEarly`]
    #[error("the transition opens in {seconds} s")]
    TooEarly {
        /// How many seconds before it opens.
        seconds: u64,
    },
    /// [`Code::TooLate`]
    #[error("the transition was open until {seconds} s ago")]
    TooLate {
        /// How many seconds after the last one in which it was open.
        seconds: u64,
    },
    /// [`Code::Guard`]: it was false.
    #[error("the guard is false")]
    GuardFalse,
    /// [`Code::Guard`]: which part of it failed.
    #[error("the guard failed: {0}")]
    GuardFailed(GuardFailure),
    /// [`Code::TooManyStarts`].
    #[error("the peer has begun as many instances as it may for now")]
    TooManyStarts,
    /// [`Code::AlreadyTaken`].
    #[error("the transition was taken already")]
    AlreadyTaken,
    /// [`Code::SplitTaken`].
    #[error("another transition of this choice was taken")]
    SplitTaken,
    /// [`Code::Capacity`].
    #[error("the replay record has no room")]
    Capacity,
    /// [`Code::Egress`]: why.
    #[error("the request must not leave: {0}")]
    Egress(&'static str),
    /// [`Code::Internal`]: the failure.
    #[error("the gate could not do its work: {0}")]
    Internal(&'static str),
}

fn expired(task: &TaskName, from: Option<&TaskName>) -> String {
    match from {
        Some(from) => format!("the step at `{task}` from `{from}` has expired"),
        None => format!("the step at `{task}` has expired"),
    }
}

fn wrong_request(is: Option<&str>) -> String {
    match is {
        Some(task) => format!("the request is the task {task}, to which no transition leads from that step"),
        None => "the transition does not accept this request".to_owned(),
    }
}

/// Why the proxy did not do what the decision asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProxyError(pub &'static str);

impl From<ProxyError> for Denial {
    fn from(ProxyError(why): ProxyError) -> Self {
        Self::Internal(why)
    }
}

impl Denial {
    /// A path that reaches a task's literal segment through an escape.
    pub(crate) fn escaped_literal() -> Self {
        Self::BadPath(crate::path::ESCAPED_LITERAL)
    }

    /// The code that the caller gets.
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
            Self::Expired { .. } => Code::Expired,
            Self::NotYet => Code::NotYet,
            Self::UnknownWorkflow | Self::OtherDocument => Code::UnknownWorkflow,
            Self::RevisionRetired | Self::RevisionClosed => Code::RevisionRetired,
            Self::Revoked(_) => Code::Revoked,
            Self::WrongIssuer => Code::WrongIssuer,
            Self::WrongHolder => Code::WrongHolder,
            Self::WrongAudience => Code::WrongAudience,
            Self::NoTransition { .. } => Code::NoTransition,
            Self::WrongRequest { .. } | Self::UnreadableHeader { .. } => Code::WrongRequest,
            Self::Ambiguous(_) => Code::Ambiguous,
            Self::Replica => Code::Replica,
            Self::Deadline => Code::Deadline,
            Self::TooManyVisits { .. } => Code::TooManyVisits,
            Self::Constraint { .. } => Code::Constraint,
            Self::JoinIncomplete { .. } => Code::JoinIncomplete,
            Self::TooEarly { .. } => Code::TooEarly,
            Self::TooLate { .. } => Code::TooLate,
            Self::GuardFalse | Self::GuardFailed(_) => Code::Guard,
            Self::TooManyStarts => Code::TooManyStarts,
            Self::AlreadyTaken => Code::AlreadyTaken,
            Self::SplitTaken => Code::SplitTaken,
            Self::Capacity => Code::Capacity,
            Self::Egress(_) => Code::Egress,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// The tasks that would have been accepted, for the denials that know them.
    pub fn expected(&self) -> &[TaskName] {
        if let Self::NoTransition { expected }
        | Self::WrongRequest { expected, .. }
        | Self::JoinIncomplete { expected, .. } = self
        {
            return expected;
        }
        &[]
    }
}
