//! A workflow to explore, and how far.

/// Seconds of a unit of time, and the leeway: clocks are right or ahead by one unit, so any two differ by at most that.
pub const UNIT: u64 = 30;
/// The first second.
pub const BEGIN: u64 = 1_800_000_000;

/// A workflow to explore, and how far. What its document says is written a second time beside it where the model needs it:
/// nothing here is derived by the code under test.
#[derive(Debug, Clone)]
pub struct Shape {
    /// For people.
    pub name: &'static str,
    /// The document, or several, as a gate's configuration has them under `workflows`.
    pub documents: &'static str,
    /// Each join, with its fork: the nearest task through which every path to it leads.
    pub forks: &'static [(&'static str, &'static str)],
    /// The actor of which the adversary has the gate, and so the key. Each actor has a key of its own then.
    pub rogue: Option<&'static str>,
    /// At most so many starts by each peer at each replica.
    pub starts: Option<u8>,
    /// Bounds.
    pub bounds: Bounds,
}

/// How far a shape is explored.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Replicas of each gate.
    pub replicas: u8,
    /// Instances that begin.
    pub instances: u8,
    /// Units of time that pass.
    pub time: u8,
    /// Whether clocks differ: each is right or ahead by the leeway, in every combination.
    pub clocks: bool,
    /// Restarts of a replica, which empty its record.
    pub restarts: u8,
    /// Requests that are permitted and reach nobody, so that the use is given back.
    pub undelivered: u8,
}

impl Bounds {
    /// One replica of each gate, one instance, time stands still, nothing fails.
    pub const LEAST: Self = Self { replicas: 1, instances: 1, time: 0, clocks: false, restarts: 0, undelivered: 0 };
}
