//! Whole instances by clocks that differ, as those of machines do: the clock of each gate on the way is ahead of that of
//! the one before it, or behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stepgate_config::duration::whole_seconds;

use super::LabError;
use super::attempt::{Answer, Attempt};
use super::fixture::Fixture;
use super::time;
use super::transport::{Gates, Transport};
use super::walk::{self, Walk};
use stepgate_mesh::Mesh;

/// Gates whose clocks are set before each request.
struct Skewed<'a> {
    fixture: &'a Fixture,
    gates: &'a Transport<'a>,
    mesh: &'a Mesh,
    /// The difference.
    by: Duration,
    ahead: AtomicBool,
}

impl Gates for Skewed<'_> {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        let ahead = self.ahead.fetch_not(Ordering::Relaxed);
        let half = i64::try_from(self.by.as_nanos().checked_div(2).unwrap_or_default()).unwrap_or(i64::MAX);
        let shift = if ahead { half } else { half.saturating_neg() };
        let base = self.fixture.circumstances.nanoseconds();
        self.mesh.set_clock(&attempt.to.name, base.saturating_add(shift))?;
        self.gates.answer(attempt)
    }

    /// And so many more by which the clock of the next gate is behind that of the one before.
    fn pass(&self, seconds: u64) -> Result<bool, LabError> {
        self.gates.pass(seconds.saturating_add(whole_seconds(self.by)))
    }
}

/// The instances with the first gate ahead and the second behind, and so on; and the other way round. In the end all
/// clocks are equal again.
pub(super) fn walks(
    fixture: &Fixture,
    gates: &Transport<'_>,
    mesh: &Mesh,
    by: Duration,
) -> Result<Vec<Walk>, LabError> {
    let mut walks = Vec::new();
    for first_ahead in [true, false] {
        let skewed = Skewed { fixture, gates, mesh, by, ahead: AtomicBool::new(first_ahead) };
        walks.extend(walk::all(fixture, &skewed)?);
    }
    time::set(fixture, mesh)?;
    Ok(walks)
}
