//! How many of each thing one input may have. More is an error; nothing is cut off silently.

use std::time::Duration;

/// Workflows in one configuration; each revision counts.
pub const MAX_WORKFLOWS: usize = 64;
/// Tasks of one document.
pub const MAX_TASKS: usize = 4_096;
/// Transitions of one document.
pub const MAX_TRANSITIONS: usize = 65_536;
/// Actors of one document.
pub const MAX_ACTORS: usize = 1_024;
/// SPIFFE IDs of one actor.
pub const MAX_SPIFFE_IDS: usize = 64;
/// Aliases of one trust domain.
pub const MAX_ALIASES: usize = 8;
/// Attributes of one actor.
pub const MAX_ATTRIBUTES: usize = 64;
/// Longest string as an attribute, in bytes.
pub const MAX_ATTRIBUTE: usize = 256;
/// Longest name of an environment variable, in bytes.
pub const MAX_ENV: usize = 128;
/// Hosts of one actor.
pub const MAX_HOSTS: usize = 64;
/// Request patterns of one task.
pub const MAX_REQUESTS: usize = 64;
/// Request patterns of tasks that one request may match, in all documents of a gate: the time of a decision grows with their
/// square.
pub const MAX_MATCHED: usize = 512;
/// Methods of one request pattern.
pub const MAX_METHODS: usize = 32;
/// Headers that one request pattern names.
pub const MAX_REQUEST_HEADERS: usize = 8;
/// Longest value of such a header, in bytes.
pub const MAX_HEADER_VALUE: usize = 256;
/// Highest TCP port.
pub const MAX_PORT: i64 = u16::MAX as i64;
/// Upgrades of one task.
pub const MAX_UPGRADES: usize = 8;
/// Constraints of one document.
pub const MAX_CONSTRAINTS: usize = 1_024;
/// Tasks with `join: all`, and lists of tasks that transitions leave together, in one document.
pub const MAX_JOINS: usize = 256;
/// Incoming transitions of one join, or tasks in one list, and so the tokens that one request may show.
pub const MAX_SOURCES: usize = 64;
/// Largest token that a gate mints and accepts, in bytes.
pub const MAX_TOKEN: usize = 8_192;
/// Largest value of a baggage member that a gate mints and accepts, in bytes (W3C Baggage, section 3.3.2, asks for 8,192
/// in all).
pub const MAX_BAGGAGE_MEMBER: usize = 4_096;
/// Longest sum of all steps of one request that a gate accepts, in bytes.
pub const MAX_STEPS: usize = 65_536;
/// Most bytes of tokens that a document may require of one request. Envoy accepts 60 KiB of headers by default, which is
/// less than [`MAX_STEPS`]; 4 KiB are left for all other headers.
pub const MAX_EVIDENCE: usize = 57_344;
/// Pairs of a task and a join whose fork the task's tokens carry, in one document. They add to the size
/// of tokens and to the memory that a document uses.
pub const MAX_CARRIED: usize = 65_536;
/// Steps to compare request patterns in one document, or in the exemptions of one gate. Nearly all pairs of patterns take one.
pub const MAX_OVERLAPS: usize = 2_000_000;
/// Conflicts between the starts of different workflows that are reported.
pub const MAX_CONTESTED: usize = 64;
/// Highest revision. Revisions are ordered, so dates such as 20261101 fit.
pub const MAX_REVISION: i64 = u32::MAX as i64;
/// Highest `uses`.
pub const MAX_USES: i64 = 65_536;
/// Highest `max_visits`.
pub const MAX_VISITS: i64 = 65_536;
/// All distinct guards of one input together, in bytes: parsing takes some microseconds for each byte.
pub const MAX_GUARD_TEXT: usize = 128 << 10;
/// Markings that are explored for one input, to find what its joins and cycles allow.
pub const MAX_MARKINGS: usize = 1_000_000;

/// Exemptions of one gate.
pub const MAX_EXEMPTIONS: usize = 256;
/// Peers of one exemption.
pub const MAX_PEERS: usize = 256;
/// Keys of one gate.
pub const MAX_KEYS: usize = 1_024;
/// Interlock secrets of one gate.
pub const MAX_INTERLOCKS: usize = 8;
/// Entries in each list of revocations.
pub const MAX_REVOKED: usize = 4_096;
/// Longest leeway.
pub const MAX_LEEWAY: Duration = Duration::from_secs(300);
/// Most starts that a rate may allow.
pub const MAX_STARTS: u32 = 1_000_000;
/// Longest period of a rate.
pub const MAX_RATE_PERIOD: Duration = Duration::from_secs(24 * 3600);
/// Largest configuration as JSON, in bytes, that a cluster stores with room to spare: etcd stores up to 1.5 MiB.
pub const MAX_STORED: usize = 1 << 20;
