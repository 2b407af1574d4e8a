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
    ($(#[doc = $title:literal] $(#[doc = $doc:literal])* $name:ident = $severity:ident $text:literal,)+) => {
        /// The kind of a diagnostic. Numbers are stable: a number is never reused for another kind.
        ///
        /// The documentation of each is what `stepgate check --explain` prints and docs/diagnostics.md shows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title] $(#[doc = $doc])* $name,)+
        }

        impl Code {
            /// Every code: errors, warnings, notes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// `E014`, `W001`, `N001`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The severity, which is the same for all diagnostics of a code.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What is wrong, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => const { $title.trim_ascii() },)+ }
            }

            /// How it comes about and is corrected, by lines.
            fn documentation(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($doc,)*],)+ }
            }
        }
    };
}

codes! {
    /// The input is empty, too large, not UTF-8, or has a NUL
    ///
    /// Nothing of it is read. A file has at most 8 MiB. Save it as UTF-8 without a NUL; a file of UTF-16, as some editors
    /// write it, is not UTF-8.
    Unreadable = Error "E001",
    /// The input is not YAML 1.2 (or JSON)
    ///
    /// The place is where the parser stopped; the mistake may be on a line before it. Common causes are a tab in the
    /// indentation, and a text without quotes that has a `:`, `#` or `*` or, inside `{…}`, a `,`, `[`, `]`, `{` or `}`, as
    /// guards and paths have: write `path: "/a/{id}"`. A gate takes JSON only, which Istio makes of `pluginConfig`: in a
    /// bootstrap of Envoy, write JSON.
    Syntax = Error "E002",
    /// A key appears twice in one mapping
    ///
    /// Readers of YAML take the first or the last, so two programs could read two workflows. Remove one.
    DuplicateKey = Error "E003",
    /// YAML that this language does not have
    ///
    /// These are aliases, anchors, tags, merge keys, several documents in one file, and keys that are not strings. Each
    /// value is written in one place, where it belongs, so that a reader sees what a gate sees. Write the value out. Of
    /// Kubernetes manifests, `stepgate check` reads all documents of a file.
    Unsupported = Error "E004",
    /// More items, or deeper nesting, than a bound allows
    ///
    /// All work on an input is bounded. The message names the bound. Split a large workflow into several, or give each gate
    /// only the workflows in which its actors take part.
    TooMany = Error "E005",
    /// A key that the language does not have
    ///
    /// Gates reject it, too: a mistyped rule must not be a missing one. The message suggests a similar key or lists all.
    UnknownKey = Error "E006",
    /// A required key is missing
    ///
    /// The message says which one, and what it means.
    MissingKey = Error "E007",
    /// A value of the wrong type
    ///
    /// Such as a list where a mapping is expected, or a number where a string is: put a string of digits in quotes.
    WrongKind = Error "E008",
    /// A value that is not allowed here
    ///
    /// It is not one of the possible values, out of range, or a scalar that YAML 1.1 and YAML 1.2 read differently, such as
    /// `no` or `0644`.
    BadValue = Error "E009",
    /// A text that is not a name
    ///
    /// Names of workflows, actors, tasks and keys have a fixed alphabet, so that no two of them look alike. The message
    /// has the rule.
    BadName = Error "E010",
    /// A text that is not a SPIFFE ID or a trust domain
    ///
    /// A SPIFFE ID is `spiffe://TRUST-DOMAIN/PATH`; in a document the path alone is enough, as in `ns/shop/sa/payment`.
    BadSpiffeId = Error "E011",
    /// A text that is not a duration, or a duration out of bounds
    ///
    /// Durations are written as in Istio: `250ms`, `30s`, `1h30m`. There are no days or weeks: a week is `168h`.
    BadDuration = Error "E012",
    /// A method, host or path pattern that no request can match
    ///
    /// A path begins with `/`; a segment is a text, or `{name}` for any one, and `**` at the end is any rest. The message
    /// says what is wrong with this one.
    BadRequest = Error "E013",
    /// A name that no task has
    ///
    /// A transition or a constraint names a task that is not under `tasks`. The message suggests a similar name.
    UnknownTask = Error "E014",
    /// A name that no actor has
    ///
    /// A task, a `via` or a key names an actor that is not under `actors`. The message suggests a similar name.
    UnknownActor = Error "E015",
    /// The same item twice
    ///
    /// Such as a SPIFFE ID that one actor has twice, an open segment that covers an ID of another actor, a transition between the same two tasks, or a revision that is there twice.
    /// Remove one, or combine the two.
    Duplicate = Error "E016",
    /// A part of the language that the gates of this release do not enforce yet
    ///
    /// A document with it would promise more than its gates do, so it is an error. Remove it, or use the level that the
    /// message names.
    NotYet = Error "E017",
    /// A key that the level does not enforce
    ///
    /// A reader would take it for a rule. Use a level that enforces it; or remove it, or mark it as advice for people, which no
    /// gate enforces: `{value: 24h, advisory: true}`.
    NotEnforced = Error "E018",
    /// A key marked as advisory that is enforced
    ///
    /// The level of this workflow enforces the key, so that it is a rule and not advice. Remove `advisory: true`.
    NotAdvisory = Error "E019",
    /// No instance can begin
    ///
    /// An instance begins in a task with `initial: true`, and no task has it.
    NoInitial = Error "E020",
    /// A cycle without a bound
    ///
    /// A token would never stop an instance that goes round. Give each task on the cycle a `max_visits`.
    Unbounded = Error "E021",
    /// A `via` whose actor cannot have a receipt to show
    ///
    /// The actor in `via` calls with the receipt of the call before, so it must have made that call. It cannot call from an
    /// initial task that another actor performs. Give that actor a task of its own, which the actor before it calls: each of
    /// its requests then shows a token, and none begins without the initial task.
    BadVia = Error "E022",
    /// A request that could be either of two tasks
    ///
    /// A gate could not tell which transition it is, and would deny it with `AMBIGUOUS`. Give the tasks different methods,
    /// paths or ports. That also holds for the tasks of all actors that one workload is, and for the first requests of two
    /// workflows.
    Ambiguous = Error "E023",
    /// A join that cannot wait for its branches
    ///
    /// A task with `join: all` waits for every task before it, and a transition with a list at `from` for every task in it.
    /// That requires a fork: one task on every path to all of them. No branch may end before the join, and no path may lead
    /// back to the join past the fork. One workload sends the request of a list, so these tasks have one performer, or `via`
    /// names who called them all, with exactly one SPIFFE ID; none of them is initial, has `join: all`, or `split: one` and
    /// another way out.
    BadJoin = Error "E024",
    /// A constraint that cannot be satisfied or enforced
    ///
    /// `separate` requires that the tasks can have different performers, `bind` that they can have the same one. Of two
    /// tasks, one must come before the other on every path, or on a branch of a join that does: tokens name performers of
    /// earlier tasks only. Where the actors share no SPIFFE ID, `separate` holds without it, and so does `bind` where they
    /// have only one, the same.
    BadConstraint = Error "E025",
    /// A guard that is not CEL
    ///
    /// The place is where the parser of the Common Expression Language stopped. Compare with `==`, combine with `&&` and
    /// `||`, and put texts in quotes.
    GuardSyntax = Error "E026",
    /// A guard that reads an unknown name
    ///
    /// Guards read `now`, `request`, `peer`, `task` and `instance`, and of `peer` the attributes that the actors have.
    GuardName = Error "E027",
    /// A guard that calls an unknown function, or calls one wrongly
    ///
    /// The message lists the functions, or says which arguments this one takes. Guards have no loops.
    GuardFunction = Error "E028",
    /// A guard past a bound
    ///
    /// A gate evaluates guards on every request, so their size, nesting and cost are bounded. Use a shorter guard or a
    /// smaller pattern.
    GuardBound = Error "E029",
    /// A guard that is not a condition, or has a value that cannot be used
    ///
    /// Such as a comparison of a number with a text, an unknown time zone, or a pattern that is no regular expression. Such
    /// a guard would deny every request.
    GuardValue = Error "E030",
    /// A header name that cannot carry a step
    ///
    /// It is no name of a header (RFC 9110, section 5.1), or it is one that proxies and applications already use.
    BadHeader = Error "E031",
    /// A text that is not the name of an environment variable
    ///
    /// A name has letters, digits and `_`, and does not begin with a digit.
    BadEnv = Error "E032",
    /// A key that cannot be used
    ///
    /// A key has either `env` or `jwk`, and the JWK must be a public one that a gate accepts: P-256 or Ed25519, with a point
    /// on its curve.
    BadKey = Error "E033",
    /// A `signed` workflow without a signing key
    ///
    /// The gate could mint no token for it. Add a key with `use: sign`; `stepgate keygen` generates one.
    NoSigningKey = Error "E034",
    /// Exemptions that together let every request through
    ///
    /// Nothing would be decided any more. Name the paths that are exempt, and exempt no more than the requests that belong
    /// to no workflow.
    ExemptsAll = Error "E035",
    /// A workflow whose tokens could be larger than a gate accepts
    ///
    /// Tokens grow with tasks on cycles, tasks under constraints and joins. Use fewer of them, or shorter names.
    TokenTooLarge = Error "E036",
    /// One workflow at level `identity` and at a higher level
    ///
    /// A plain step proves nothing, so a caller could always take the weaker revision. To move to a higher level, give the
    /// workflow another name, or replace its revisions at once while the gates only observe.
    MixedLevels = Error "E037",
    /// A file that cannot be read
    ///
    /// It does not exist, or it is a folder without a document, or its permissions forbid reading it. `stepgate check` exits
    /// with 3.
    NotRead = Error "E038",
    /// A variable with two secrets
    ///
    /// A variable has one value. Two keys in it would be one key under two names, and a key that is also the interlock would
    /// be sent to the application. Give each its own variable.
    SharedVariable = Error "E039",
    /// An exemption without a path
    ///
    /// The caller chooses the host, so it separates nothing. Add a `path`, such as `/healthz`.
    ExemptsHost = Error "E040",
    /// Two of which only one may be chosen
    ///
    /// One key signs for an actor, the others verify; one revision of a workflow is open for new instances. Choose one.
    OneOnly = Error "E041",
    /// A time that no instance can keep, or that bounds nothing
    ///
    /// `after` and `within` count from the arrival at the task that the transition leaves. A start shows no token to count
    /// from. A transition must open while that task's tokens live, also by clocks that differ by the leeway: with twice the
    /// leeway, `after` is shorter than the `ttl`. It may not close before it opens, nor after the tokens have ended.
    BadTime = Error "E046",
    /// A join that no run completes
    ///
    /// However an instance runs as the document says, some token that the join waits for never comes: a `split: one` takes
    /// only one of the branches, or a `max_visits` ends one of them. Write `split: all` at the fork, or let the branches
    /// meet in a task without `join`. The message has the shortest such run. `stepgate check` finds this; a gate takes the
    /// document, and denies what leaves the join with `JOIN_INCOMPLETE`. docs/semantics.md defines runs.
    NeverComplete = Error "E047",
    /// Level `once` cannot decide this
    ///
    /// At `once` the gate of the replica that holds a step decides on all that leaves it, and no gate asks another. Here
    /// several gates would each let through what only one of them may: the ways out of a choice have different callers, a
    /// transition with several uses lies on a cycle, or a join can have two tokens of the source whose name sorts first, at
    /// two replicas. Level `ledger` is for that, which no release has yet.
    NeedsLedger = Error "E048",
    /// A task that any request matches
    ///
    /// Whatever its callers send is this task. Restrict it with `requests`.
    AnyRequest = Warning "W001",
    /// A key that has no effect where it is
    ///
    /// A reader may take it for a rule. Remove it.
    NoEffect = Warning "W002",
    /// A task that no instance reaches
    ///
    /// No path leads to it from an initial task. Add the missing transition, or remove the task.
    Unreachable = Warning "W003",
    /// An actor without a task or transition
    ///
    /// It may do nothing in this workflow. Remove it, or give it a task.
    Idle = Warning "W004",
    /// A key of a workflow that is not here
    ///
    /// The gate never uses it. Correct the name, or remove the key if its workflow has gone.
    Absent = Warning "W005",
    /// A secret that signs for actors of several trust domains
    ///
    /// A workload that reads it in one domain can sign for the actors of all. Give each actor an ES256 or EdDSA key.
    SharedKey = Warning "W006",
    /// Exemptions that together cover every path
    ///
    /// Of the requests to this gate, only those of its tasks need a step. Name the paths that are exempt.
    ExemptsPaths = Warning "W007",
    /// A gate without workflows
    ///
    /// It denies every request that is not exempt.
    NoWorkflows = Warning "W008",
    /// A configuration larger than a cluster stores
    ///
    /// A cluster stores objects of up to 1.5 MiB. Give each gate only the workflows in which its actors take part.
    Large = Warning "W009",
    /// A join whose tokens may belong to different workloads
    ///
    /// The request that leaves a join shows all tokens, and a token belongs to one workload. Route all calls of the join to
    /// one SPIFFE ID, or give the task to an actor with only one.
    ScatteredJoin = Warning "W010",
    /// An exemption that also matches requests of a task
    ///
    /// A narrower exemption takes these requests away from the task; a wider one leaves them to it. Let the two have
    /// different paths.
    ExemptsTask = Warning "W011",
    /// A workflow of which one instance can take much of a replay record's room
    ///
    /// A full record denies with `CAPACITY`. Bound the cycles lower, or shorten `task_ttl` and `ttl`.
    RecordRoom = Warning "W012",
    /// A `mode: observe` that a stricter mode overrides
    ///
    /// A gate has the strictest of its modes. To observe one workflow only, set `mode: observe` for the gate and
    /// `mode: enforce` for its other workflows.
    Overridden = Warning "W013",
    /// An initial task that nothing leaves
    ///
    /// An instance that begins with it cannot continue. Add a transition from it, or remove it.
    DeadEnd = Warning "W014",
    /// A revocation of something that is not here
    ///
    /// It revokes nothing, and a mistyped name revokes nothing in an emergency. Correct the name.
    RevokesNothing = Warning "W015",
    /// A secret for every actor beside keys for single ones
    ///
    /// A workload that reads it can still sign for all of them. Once no token of it is in use, remove it, or add its `kid` to
    /// `revoked.kids`.
    ForgottenKey = Warning "W016",
    /// An open segment of a SPIFFE ID that is not within a namespace
    ///
    /// Workloads of any namespace match, and whoever may create one in some namespace is this actor. Begin the ID with
    /// `ns/NAMESPACE/`, and open a later segment.
    WideOpen = Warning "W025",
    /// A transition on which callers cannot rely with the default leeway
    ///
    /// By clocks that differ by the leeway it opens so late that the tokens with which it is taken may have ended: where the
    /// clocks agree, it can be taken. A gate's configuration is checked with its own `leeway` (E046): a smaller one may accept
    /// it. Give the task a longer `ttl`.
    LongLeeway = Warning "W019",
    /// A task that several transitions leave, and that does not say which of them are taken
    ///
    /// A gate lets each of them in, so an instance may be refused and paid. Say which is meant: `split: all` (in parallel),
    /// `split: any` (each may be taken or not), or `split: {value: one, advisory: true}` (a choice, which gates below level
    /// `once` do not enforce). The message has what one instance may do at most.
    UnsaidSplit = Warning "W020",
    /// A join that one actor calls from each of its sources
    ///
    /// A join counts calls: each task before it is left by a call of its own. If one service has all the results and should call
    /// once, write one transition that leaves all these tasks, `from: [a, b]`, and remove the `join`.
    OneCaller = Warning "W021",
    /// A join that some choice leaves incomplete
    ///
    /// A `split` before the join may take only some of the branches that the join waits for. The tokens that arrived are
    /// then never used, and nothing leaves the join. Write `split: all` if all branches are always taken. The message has the
    /// shortest such run. docs/semantics.md defines runs.
    MayNotComplete = Warning "W022",
    /// A transition that no run takes
    ///
    /// Each path to it has already entered its task as often as `max_visits` allows, so gates deny it with `TOO_MANY_VISITS`.
    /// Raise `max_visits`, or remove the transition. docs/semantics.md defines runs.
    DeadTransition = Warning "W023",
    /// A workflow with more runs than `check` explores
    ///
    /// It is UNKNOWN whether its joins complete and whether each transition can be taken: `check` exits with 4. Say
    /// `split: all` where all branches are taken, lower `max_visits`, or divide the workflow. docs/semantics.md defines runs.
    Unexplored = Warning "W024",
    /// A transition that goes round a join
    ///
    /// A join guards only the transitions that leave it. This one leads from one of its branches, or from before its fork, to
    /// a task behind it, which is so entered without the evidence of the other branches. Remove it. If there is meant to be
    /// a way without the join, let it lead to a task of its own (two tasks may have the same `requests`, if no step leads to
    /// both), or say `split: any` or `{value: one, advisory: true}` at the task before the fork where the two ways part.
    Bypass = Warning "W026",
    /// A join whose evidence may end before it is complete
    ///
    /// Each branch that comes to a join leaves evidence that lives as long as the `ttl` of the join's task, and what leaves the
    /// join needs all of it at once. Here a task on a branch may take longer, so an instance can be stuck although each
    /// performer keeps its time. Gates then deny with `EXPIRED`. Give the join a `ttl` of its own, which says how far apart its
    /// branches may come.
    EarlyEvidence = Warning "W027",
    /// A task that each of several parallel branches enters
    ///
    /// A `split: all` takes all branches, and this task has no `join`: each branch enters it by itself, and all that follows
    /// happens once for each. Write `join: all` if it needs all branches, or `join: any` if each is to enter it.
    Merge = Warning "W028",
    /// An initial task behind another one
    ///
    /// Its actor may begin an instance here, without any task before it: no token of these is asked for. Remove
    /// `initial: true`; or, if that actor may also begin, give it an initial task of its own.
    BeginsBehind = Warning "W029",
    /// An actor that an outbound gate cannot reach
    ///
    /// An outbound gate knows receivers by their `hosts`. A request to an actor without any is denied with `EGRESS`. Write the
    /// names under which the actor is called.
    NoHosts = Warning "W030",
    /// A task that any path matches
    ///
    /// An entry of its `requests` has other keys, and no `path`: any path of the workload is this task, for the callers that may
    /// take the step. Add a `path`, or say `path: /**`.
    AnyPath = Warning "W031",
    /// A `bind` that only some workloads can keep
    ///
    /// One workload must perform all of these tasks, so it must be each of their actors. Instances in which another workload
    /// performs the first of them are refused at the next. Give the tasks to one actor, or the actors the same SPIFFE IDs.
    NarrowBind = Warning "W032",
    /// A transition that perhaps lacks `via`
    ///
    /// Without `via` the performer of the first task sends the request. Here another actor has called that task by `via`, and
    /// perhaps calls the next one, too. Name the actor that sends the request in `via`; if the performer sends it, name the
    /// performer there, which changes nothing and says that it is meant.
    NoVia = Warning "W033",
    /// A gate that only observes
    ///
    /// With `mode: observe` it logs and counts what it denies, and rejects none of it: that is a step of an installation, and no
    /// protection. Of its workflows, it enforces those that have `mode: enforce` of their own.
    Observes = Warning "W034",
    /// A parallel branch that no join waits for
    ///
    /// A `split: all` takes all branches, and others of them meet in a join, which does not wait for this one: what follows the
    /// join may happen without it. Add the transition to the join; or say `join: any` at its first task, if the branch is to go on
    /// by itself.
    Unjoined = Warning "W035",
    /// A guard that is the same on every request
    ///
    /// Either it lets nothing through, such as one that reads an attribute which the caller does not have, or compares the path
    /// with one that the task has not: the transition is then never taken. Or it is never false, such as `a != "x" || a != "y"`,
    /// and excludes nothing. The attributes of each workload of the caller, and the `requests` of the task, are taken into account.
    ConstantGuard = Warning "W036",
    /// A request that is probably mistyped
    ///
    /// It is valid, and gates read it as it is written: `:id` is a text, and not the variable `{id}`; a method that is none of
    /// HTTP's, but like one of them; a header with the value `*` or `Absent`.
    Mistyped = Warning "W037",
    /// A time that is shorter than the leeway
    ///
    /// Gates give the leeway to each bound, since clocks may differ by it: what is to last 5 seconds lasts 35 with the default
    /// leeway of 30 seconds. Write a longer time, or a smaller `leeway` in the gate's configuration.
    Outweighed = Warning "W038",
    /// A transition that opens after the end of the instance
    ///
    /// The `after` of the transitions on the way to it add up to the `deadline` or more, so no instance takes it.
    Late = Warning "W039",
    /// An order of texts that look like numbers
    ///
    /// `<` and `>` compare texts character by character, so that "9" is more than "10". Convert with `int` or `double`.
    TextOrder = Warning "W040",
    /// A gate for a workload of no actor
    ///
    /// No actor of its workflows has the SPIFFE ID at `self`. The gate then denies every request that is not exempt.
    Stranger = Warning "W041",
    /// How often one instance may enter tasks
    ///
    /// Forks and cycles multiply. This is the most that the gates let one instance do, not what it usually does.
    Visits = Note "N001",
    /// There are more diagnostics than are shown
    ///
    /// Correct those that are shown, and check again.
    More = Note "N002",
    /// Ways out of one task that read like a choice, and of which one instance may take several
    ///
    /// The task says `split: any`, or `one` as advice. At level `signed` a choice does not exclude: an instance may be refused
    /// and paid. Let only one transition lead to an effect, or let the application that acts check which way was taken.
    Choices = Note "N003",
    /// A task at which an instance can be left standing
    ///
    /// A transition leaves it, and yet nothing can follow: each next task has been entered as often as `max_visits` allows. If
    /// the instance may end there, nothing is wrong; else raise `max_visits`. The message has the shortest such run.
    LeftStanding = Note "N004",
    /// A constraint that holds by the SPIFFE IDs of the actors
    ///
    /// `separate` between actors that share no SPIFFE ID, or `bind` of the tasks of one workload, holds on whichever branches
    /// the tasks are. It says what an author must keep: give an ID to another actor, and `check` says whether it still holds.
    HoldsByIds = Note "N005",
    /// A constraint that is only advice
    ///
    /// With `advisory: true` no gate compares the performers, not even those of tasks that lie on one path. Write such a pair
    /// as a constraint of its own, which gates keep.
    OnlyAdvice = Note "N006",
    /// A join whose round is begun again where work is sent back
    ///
    /// A transition leads from a branch back to the fork of the join, or to a task from which all paths lead there. What has
    /// arrived at the join before counts for nothing, and each branch is needed once more. But for such ways the join always
    /// completes. docs/semantics.md defines runs.
    SentBack = Note "N007",
    /// A guard that each workload of its caller passes
    ///
    /// By the attributes of these workloads, and the `requests` of the task, it is never false in this revision. If it is to tell
    /// workloads apart, give them different attributes.
    PassesAll = Note "N008",
    /// A pattern that matches a part of a text
    ///
    /// `matches` searches, so `x.matches("[0-9]+")` is true for `a1b`. Write `^` and `$` for the whole text.
    MatchesPart = Note "N009",
}

impl Code {
    /// How it comes about, and how to correct it: Markdown.
    pub fn explanation(self) -> String {
        let lines: Vec<&str> = self.documentation().iter().map(|line| line.trim()).collect();
        lines.join("\n").trim().to_owned()
    }

    /// Whether the text at its place is a name or a rule of the document, and never a part of a key.
    pub(crate) fn may_be_quoted(self) -> bool {
        const QUOTED: [Code; 14] = [
            Code::BadDuration,
            Code::BadName,
            Code::BadRequest,
            Code::BadSpiffeId,
            Code::Duplicate,
            Code::DuplicateKey,
            Code::GuardBound,
            Code::GuardFunction,
            Code::GuardName,
            Code::GuardSyntax,
            Code::GuardValue,
            Code::UnknownActor,
            Code::UnknownKey,
            Code::UnknownTask,
        ];
        QUOTED.contains(&self)
    }

    /// Whether it may only follow from an error elsewhere: a task behind a mistyped transition is unreachable, too.
    pub(crate) fn may_be_a_consequence(self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::DeadEnd
                | Self::Idle
                | Self::Visits
                | Self::Choices
                | Self::LeftStanding
                | Self::HoldsByIds
                | Self::ConstantGuard
                | Self::PassesAll
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
