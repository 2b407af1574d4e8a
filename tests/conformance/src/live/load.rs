//! Requests during a change, each checked against the configurations that may have been in force.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stepgate_mesh::until;

use super::Answer;

/// How long a caller may wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two rounds of a caller: the change needs the processor too.
const BREATH: Duration = Duration::from_millis(5);

/// One request that was sent.
#[derive(Debug)]
pub struct Sent {
    /// The kind of request.
    pub kind: usize,
    /// The time before it was sent.
    pub begun: Instant,
    /// The time after its answer.
    pub ended: Instant,
    /// Its answer.
    pub answer: Answer,
}

/// The load while it runs.
#[derive(Debug)]
pub struct Load {
    answered: Vec<AtomicU64>,
    over: AtomicBool,
}

impl Load {
    /// Waits until each kind of request has been sent and answered this many times from now on.
    ///
    /// # Errors
    /// If it takes too long.
    pub fn answers(&self, more: u64) -> Result<(), String> {
        // Requests that are under way were sent before now.
        let more = more.saturating_add(u64::try_from(self.answered.len()).unwrap_or(u64::MAX));
        let before: Vec<u64> = self.counts();
        let enough = |now: &[u64]| now.iter().zip(&before).all(|(now, before)| *now >= before.saturating_add(more));
        until(PATIENCE, || enough(&self.counts()).then_some(()))
            .ok_or_else(|| format!("answers stopped: {before:?}, then {:?}", self.counts()))
    }

    fn counts(&self) -> Vec<u64> {
        self.answered.iter().map(|count| count.load(Ordering::SeqCst)).collect()
    }
}

/// Ends the load, even if the work panics.
struct Over<'l>(&'l Load);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
    }
}

/// Lets this many callers send requests of all kinds in turn while `work` runs, and returns every request.
/// `send` gets the caller, the kind, and a number that no other request has.
///
/// # Errors
/// The error of `work`, or that a caller panicked.
pub fn under_load(
    callers: usize,
    kinds: usize,
    send: impl Fn(usize, usize, u64) -> Answer + Sync,
    work: impl FnOnce(&Load) -> Result<(), String>,
) -> Result<Vec<Sent>, String> {
    let load = Load { answered: (0..kinds).map(|_| AtomicU64::new(0)).collect(), over: AtomicBool::new(false) };
    let number = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let call = |caller| {
            let (load, number, send) = (&load, &number, &send);
            move || {
                let mut sent = Vec::new();
                while !load.over.load(Ordering::SeqCst) {
                    for (kind, answered) in load.answered.iter().enumerate() {
                        let begun = Instant::now();
                        let answer = send(caller, kind, number.fetch_add(1, Ordering::SeqCst));
                        sent.push(Sent { kind, begun, ended: Instant::now(), answer });
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    std::thread::sleep(BREATH);
                }
                sent
            }
        };
        let callers: Vec<_> = (0..callers).map(|caller| scope.spawn(call(caller))).collect();
        let worked = {
            let _over = Over(&load);
            work(&load)
        };
        let mut all = Vec::new();
        for caller in callers {
            all.extend(caller.join().map_err(|_| "a caller panicked")?);
        }
        worked.map(|()| all)
    })
}

/// When each of several configurations may have been in force.
#[derive(Debug)]
pub struct Times {
    /// The configurations and when each came into force, in this order.
    begun: Vec<(usize, Instant)>,
    /// When the one before was certainly gone.
    settled: Vec<Instant>,
}

impl Times {
    /// With the first in force now.
    pub fn begin(first: usize) -> Self {
        Self { begun: vec![(first, Instant::now())], settled: vec![Instant::now()] }
    }

    /// Another comes into force while `change` runs.
    ///
    /// # Errors
    /// The error of `change`.
    pub fn change(&mut self, to: usize, change: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        let begun = Instant::now();
        change()?;
        self.begun.push((to, begun));
        self.settled.push(Instant::now());
        Ok(())
    }

    /// The configurations that may have decided a request.
    pub fn in_force(&self, request: &Sent) -> Vec<usize> {
        let ends = self.settled.iter().skip(1).map(Some).chain([None]);
        let overlaps = |(begun, end): (Instant, Option<&Instant>)| {
            begun <= request.ended && end.is_none_or(|end| request.begun <= *end)
        };
        let all = self.begun.iter().zip(ends);
        all.filter(|((_, begun), end)| overlaps((*begun, *end))).map(|((which, _), _)| *which).collect()
    }
}
