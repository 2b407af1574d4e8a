//! What a step token says. Size depends on the workflow, never on how long an instance has run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use ct_codecs::{Base64UrlSafeNoPadding, Encoder};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use stepgate_config::workflow::{Task, Workflow};

use super::object::object;
use crate::replay_record::fingerprint;
use crate::time::UnixTime;

/// The format of the claims. A gate takes its own and the one before.
pub const TOKEN_VERSION: u32 = 1;
/// The `jti` of a start: it follows from who began what by whom, so that a gate that may issue starts cannot
/// choose it.
pub(crate) fn start_name(workflow: &str, txn: &str, issuer: &str, holder: &str) -> String {
    let bytes = fingerprint(&["start", workflow, txn, issuer, holder]);
    Base64UrlSafeNoPadding::encode_to_string(bytes).unwrap_or_default()
}

/// Most parents that a token may name: the most incoming transitions of one join.
pub const MAX_PARENTS: usize = 64;

/// The three kinds of step token, by `typ` (RFC 8725, section 3.11: each is taken only where it belongs).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenType {
    /// For the performer of a task: what it has received, and so may hand on.
    Arrival,
    /// From an outbound gate, for exactly one hop.
    Departure,
    /// For a caller: the performer it called has done its task.
    Receipt,
}

impl TokenType {
    /// The `typ` header parameter (RFC 7515, section 4.1.9).
    pub fn typ(self) -> &'static str {
        match self {
            Self::Arrival => "wfa+jwt",
            Self::Departure => "wfd+jwt",
            Self::Receipt => "wfr+jwt",
        }
    }

    /// The type that a `typ` names, letter for letter.
    pub fn from_typ(typ: &str) -> Option<Self> {
        [Self::Arrival, Self::Departure, Self::Receipt].into_iter().find(|t| t.typ() == typ)
    }
}

/// How often each task on a cycle was entered on this line of descent.
pub type Visits = BTreeMap<String, u32>;
/// Which SPIFFE IDs performed each task under a constraint.
pub type Performers = BTreeMap<String, BTreeSet<String>>;
/// The round of each join ahead: the `jti` that its fork's arrival had.
pub type Forks = BTreeMap<String, String>;

/// Where an instance stands: the `wf` claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepClaim {
    /// The format's version.
    pub v: u32,
    /// The workflow's name.
    pub name: String,
    /// Its revision.
    pub rev: u32,
    /// The digest of the whole document.
    pub digest: String,
    /// The task reached (departure: the task left).
    pub task: String,
    /// At a join: the task from which this arrival came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl StepClaim {
    /// The claim of a gate that stands by this document.
    pub(crate) fn of(workflow: &Workflow, task: &Task, from: Option<&str>) -> Self {
        Self {
            v: TOKEN_VERSION,
            name: workflow.name.to_string(),
            rev: workflow.revision,
            digest: workflow.digest.to_string(),
            task: task.name.to_string(),
            from: from.map(str::to_owned),
        }
    }
}

/// The claims of a step token. Names as in RFC 7519 and OAuth Transaction Tokens where they mean the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// SPIFFE ID of the gate's workload.
    pub iss: String,
    /// The SPIFFE ID that may present it.
    pub sub: String,
    /// The actor who may receive it (departure only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// The instance.
    pub txn: String,
    /// The arrival that this token stands for.
    pub jti: String,
    /// When it was issued.
    pub iat: UnixTime,
    /// When it ends; never after `dl`.
    pub exp: UnixTime,
    /// The instance's deadline.
    pub dl: UnixTime,
    /// The `jti` of its parents; none: a start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// Where the instance stands.
    #[serde(deserialize_with = "object")]
    pub wf: StepClaim,
    /// Visits of tasks on cycles.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique")]
    pub visits: Visits,
    /// Performers of tasks under constraints.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique")]
    pub performers: Performers,
    /// Rounds of the joins ahead.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique")]
    pub fork: Forks,
    /// The minting replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep: Option<String>,
    /// The one task that a departure leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Reads a map and refuses a member that stands twice: two readers could take either (RFC 8259, section 4).
fn unique<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Unique<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Unique<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, value)) = access.next_entry::<String, V>()? {
                if map.insert(key, value).is_some() {
                    return Err(A::Error::custom("a member stands twice"));
                }
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(Unique(PhantomData))
}
