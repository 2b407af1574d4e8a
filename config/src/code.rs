//! The kinds of diagnostics, each with a stable number.

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
    ($($(#[doc = $doc:literal])+ $name:ident = $severity:ident $text:literal,)+) => {
        /// The kind of a diagnostic. Numbers are stable: a number is never reused for another kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// `E014`, `W001`, `N001`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Its meaning, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii_start(),)+ }
            }

            /// The severity, which is the same for all diagnostics of a code.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    /// The input is empty, too large, not UTF-8, or has a NUL.
    Unreadable = Error "E001",
    /// It is not YAML 1.2 or JSON. A gate takes JSON only: in Envoy's bootstrap, write a `google.protobuf.Struct`.
    Syntax = Error "E002",
    /// A key appears twice in one mapping.
    DuplicateKey = Error "E003",
    /// YAML that this language does not have: aliases, anchors, tags, merge keys, several documents, keys that are not strings.
    Unsupported = Error "E004",
    /// More items, or deeper nesting, than a bound allows.
    TooMany = Error "E005",
    /// A key that the language does not have.
    UnknownKey = Error "E006",
    /// A required key is missing.
    MissingKey = Error "E007",
    /// A list instead of a mapping, a number instead of a string, and the like.
    WrongKind = Error "E008",
    /// A value that is not allowed here.
    BadValue = Error "E009",
    /// Not a name.
    BadName = Error "E010",
    /// Not a SPIFFE ID, or not a trust domain.
    BadSpiffeId = Error "E011",
    /// Not a duration, or a duration out of bounds.
    BadDuration = Error "E012",
    /// Not a method, host or path pattern.
    BadRequest = Error "E013",
    /// No task has this name.
    UnknownTask = Error "E014",
    /// No actor has this name.
    UnknownActor = Error "E015",
    /// The same item twice.
    Duplicate = Error "E016",
    /// A part of the language that the gates of this release do not enforce yet.
    NotYet = Error "E017",
    /// A key that the level does not enforce, and that is not marked as advisory.
    NotEnforced = Error "E018",
    /// A key marked as advisory that cannot be advisory.
    NotAdvisory = Error "E019",
    /// No instance can begin.
    NoInitial = Error "E020",
    /// A cycle without a bound.
    Unbounded = Error "E021",
    /// A `via` whose actor cannot have a receipt to show.
    BadVia = Error "E022",
    /// A request that could be either of two tasks.
    Ambiguous = Error "E023",
    /// A join that guards nothing, never completes, or has no fork.
    BadJoin = Error "E024",
    /// A constraint that cannot be satisfied, cannot be enforced, or has no relation.
    BadConstraint = Error "E025",
    /// A guard that is not CEL.
    GuardSyntax = Error "E026",
    /// A guard that reads an unknown name.
    GuardName = Error "E027",
    /// A guard that calls an unknown function, or calls one wrongly.
    GuardFunction = Error "E028",
    /// A guard past a bound.
    GuardBound = Error "E029",
    /// A guard that is not a condition, or has a wrong type, time zone or pattern.
    GuardValue = Error "E030",
    /// A header name that cannot carry a step.
    BadHeader = Error "E031",
    /// Not the name of an environment variable.
    BadEnv = Error "E032",
    /// A key that cannot be used.
    BadKey = Error "E033",
    /// A `signed` workflow without a signing key.
    NoSigningKey = Error "E034",
    /// An exemption without a path, or exemptions that together let every request through.
    ExemptsAll = Error "E035",
    /// A workflow whose tokens could be larger than a gate accepts.
    TokenTooLarge = Error "E036",
    /// One workflow at level `identity` and at a higher level.
    MixedLevels = Error "E037",
    /// A task that any request matches.
    AnyRequest = Warning "W001",
    /// A key that has no effect where it is.
    NoEffect = Warning "W002",
    /// A task that no instance reaches.
    Unreachable = Warning "W003",
    /// An actor without a task or transition.
    Idle = Warning "W004",
    /// A key or revocation for a workflow or key that is not configured here.
    Absent = Warning "W005",
    /// A secret that signs for more actors than it should: of several trust domains, or of those that have keys of their own.
    SharedKey = Warning "W006",
    /// Exemptions that together cover every path.
    ExemptsPaths = Warning "W007",
    /// A gate without workflows.
    NoWorkflows = Warning "W008",
    /// A configuration larger than a cluster stores.
    Large = Warning "W009",
    /// A join whose tokens may belong to different workloads, so that no request can show all of them.
    ScatteredJoin = Warning "W010",
    /// An exemption that also matches requests of a task.
    ExemptsTask = Warning "W011",
    /// A workflow of which one instance can take much of a replay record's room.
    RecordRoom = Warning "W012",
    /// How often one instance may enter tasks.
    Visits = Note "N001",
    /// There are more diagnostics than are shown.
    More = Note "N002",
    /// Ways out of one task that read like a choice, and of which one instance may take several.
    Choices = Note "N003",
}

impl Code {
    /// Whether it may only follow from an error elsewhere: a task behind a mistyped transition is unreachable, too.
    pub(crate) fn may_be_a_consequence(self) -> bool {
        matches!(self, Self::Unreachable | Self::Idle | Self::Visits | Self::Choices)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
