//! The names of keys: their `kid`, environment variable and objects in Kubernetes.
//!
//! Two owners never have the same name, or one would use the other's key, or take its proxies down. A name is readable
//! unless it would be ambiguous: `.` and `_` become `-`, and a mark after the name says which of its separators was
//! what. A name that is too long, or has two separators side by side, is replaced by its digest.

use crate::bounds::MAX_ENV;
use crate::name::{ActorName, MAX_NAME, WorkflowName};

/// Longest name of an object in Kubernetes (a DNS subdomain), in bytes.
const MAX_OBJECT: usize = 253;
/// Longest DNS label (RFC 1123), in bytes.
const MAX_LABEL: usize = 63;
/// Longest `k` with a generation, and the separator before it.
const GENERATION: usize = ".k4294967295".len();
const VARIABLE: &str = "STEPGATE_KEY_";
/// Comes after a name, and before the kinds of its separators. Two parts of a name are never this far apart.
const MARK: &str = "---";

/// The owner of keys: one actor of a workflow, or all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyOwner {
    /// The workflow.
    pub workflow: WorkflowName,
    /// The actor; `None`: any actor of the workflow.
    pub actor: Option<ActorName>,
}

impl KeyOwner {
    /// The `kid` of a generation: `movie.k1`, `movie.vfx-1.k1`. A `kid` is revoked in every workflow, so it names its own.
    pub fn kid(&self, generation: u32) -> String {
        format!("{}.k{generation}", self.stem(".", MAX_NAME.saturating_sub(GENERATION)))
    }

    /// The environment variable: `STEPGATE_KEY_MOVIE__VFX_1`, and with a generation `STEPGATE_KEY_MOVIE_K1`.
    pub fn variable(&self, generation: Option<u32>) -> String {
        let stem = self.stem("--", MAX_ENV.saturating_sub(VARIABLE.len()).saturating_sub(GENERATION));
        let stem = stem.replace('-', "_").to_ascii_uppercase();
        let generation = generation.map(|number| format!("_K{number}")).unwrap_or_default();
        format!("{VARIABLE}{stem}{generation}")
    }

    /// An object of Kubernetes with this prefix: `stepgate.movie.vfx-1`.
    pub fn object(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.stem(".", MAX_OBJECT.saturating_sub(prefix.len())))
    }

    /// An object of Kubernetes with this prefix, whose name is a DNS label: `stepgate-movie--vfx-1`.
    pub fn label(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.stem("--", MAX_LABEL.saturating_sub(prefix.len())))
    }

    /// Letters, digits, hyphens and the separator; neither the first nor the last of it is a hyphen.
    fn stem(&self, separator: &str, max: usize) -> String {
        let names: Vec<&str> =
            [Some(self.workflow.as_str()), self.actor.as_ref().map(ActorName::as_str)].into_iter().flatten().collect();
        let readable: Option<Vec<String>> = names.iter().map(|name| readable(name)).collect();
        match readable.map(|parts| parts.join(separator)).filter(|stem| stem.len() <= max) {
            Some(stem) => stem,
            None => digest(&names),
        }
    }
}

/// `a-b` as it is, `a.b` as `a-b---d`. A last part such as `k1`, which looks like a generation, is marked, too.
fn readable(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split(['.', '_', '-']).collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let kinds: String = name
        .chars()
        .filter_map(|c| match c {
            '-' => Some('h'),
            '.' => Some('d'),
            '_' => Some('u'),
            _ => None,
        })
        .collect();
    let is_generation = |part: &&str| part.strip_prefix('k').is_some_and(|number| number.parse::<u32>().is_ok());
    let is_marked = kinds.contains(['d', 'u']) || parts.iter().skip(1).next_back().is_some_and(is_generation);
    let text = parts.join("-");
    Some(if is_marked { format!("{text}{MARK}{kinds}") } else { text })
}

/// `x---x` and half of a SHA-256: as no readable name begins.
fn digest(names: &[&str]) -> String {
    let hash = hmac_sha256::Hash::hash(names.join("/").as_bytes());
    let half: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("x{MARK}x{half}")
}
