//! The kinds of things that can be wrong, each with a number that stays.

use std::fmt;

/// How severe a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input is rejected.
    Error,
    /// The input is accepted, but it is probably not what its author means.
    Warning,
    /// Information about an accepted input.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $severity:ident $text:literal,)+) => {
        /// What is wrong, by kind. Numbers are stable: one is never used again for something else.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// `E014`, `W001`, `N001`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// How bad it is: a code has one severity.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    /// The input is empty, too large, not UTF-8, or has a NUL.
    Unreadable = Error "E001",
    /// It is not YAML 1.2 (or JSON).
    Syntax = Error "E002",
    /// A key stands twice in one mapping.
    DuplicateKey = Error "E003",
    /// YAML that this language leaves out: aliases, anchors, tags, merge keys, several documents, keys that are no text.
    Unsupported = Error "E004",
    /// More of something, or something deeper, than a bound allows.
    TooMany = Error "E005",
    /// A key that is none.
    UnknownKey = Error "E006",
    /// A key that must be there.
    MissingKey = Error "E007",
    /// A list where a mapping is wanted, a number where a text is, and the like.
    WrongKind = Error "E008",
    /// A value that is none of those possible here.
    BadValue = Error "E009",
    /// Not a name.
    BadName = Error "E010",
    /// Not a SPIFFE ID, or not a trust domain.
    BadSpiffeId = Error "E011",
    /// Not a duration, or one out of bounds.
    BadDuration = Error "E012",
    /// Not a method, host or path pattern.
    BadRequest = Error "E013",
    /// No task has this name.
    UnknownTask = Error "E014",
    /// No actor has this name.
    UnknownActor = Error "E015",
    /// The same thing twice where once is meant.
    Duplicate = Error "E016",
    /// Part of the language that the gates of this release cannot keep yet.
    NotYet = Error "E017",
    /// A key that the level does not enforce, and that is not marked as advisory.
    NotEnforced = Error "E018",
    /// A key marked as advisory that cannot be.
    NotAdvisory = Error "E019",
    /// No instance can begin.
    NoInitial = Error "E020",
    /// A cycle that nothing bounds.
    Unbounded = Error "E021",
    /// A `via` that nobody could follow.
    BadVia = Error "E022",
    /// Two tasks that one request could be.
    Ambiguous = Error "E023",
    /// A join that has nothing to guard, or no fork.
    BadJoin = Error "E024",
    /// A constraint that cannot hold, or that says nothing.
    BadConstraint = Error "E025",
    /// A guard that is not CEL.
    GuardSyntax = Error "E026",
    /// A guard that reads what there is not.
    GuardName = Error "E027",
    /// A guard that calls what there is not.
    GuardFunction = Error "E028",
    /// A guard past a bound.
    GuardBound = Error "E029",
    /// A guard that cannot be a condition: not a bool, no such zone, no such pattern.
    GuardValue = Error "E030",
    /// A header name that a step cannot travel in.
    BadHeader = Error "E031",
    /// Not the name of an environment variable.
    BadEnv = Error "E032",
    /// A key that cannot be used.
    BadKey = Error "E033",
    /// A `signed` workflow for which no key signs.
    NoSigningKey = Error "E034",
    /// An exemption that would let everything through.
    ExemptsAll = Error "E035",
    /// A workflow whose tokens no gate would take.
    TokenTooLarge = Error "E036",
    /// A task that any request is.
    AnyRequest = Warning "W001",
    /// A key that changes nothing where it stands.
    NoEffect = Warning "W002",
    /// A task that no instance reaches.
    Unreachable = Warning "W003",
    /// An actor who does nothing.
    Idle = Warning "W004",
    /// A key or revocation for something that is not configured here.
    Absent = Warning "W005",
    /// A key that several trust domains would share.
    SharedKey = Warning "W006",
    /// An exemption for every path.
    ExemptsPaths = Warning "W007",
    /// A gate without workflows.
    NoWorkflows = Warning "W008",
    /// A configuration larger than a cluster stores.
    Large = Warning "W009",
    /// A join whose evidence may be held by workloads that cannot put it together.
    ScatteredJoin = Warning "W010",
    /// An exemption that is a request of a task, too.
    ExemptsTask = Warning "W011",
    /// How often loops may be entered.
    Visits = Note "N001",
    /// More was found than is shown.
    More = Note "N002",
}

impl Code {
    /// Whether it may be no more than the echo of an error elsewhere: what a slip has cut off is not reached.
    pub(crate) fn may_be_a_consequence(self) -> bool {
        matches!(self, Self::Unreachable | Self::Idle | Self::Visits)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
