//! Whole instances by clocks that differ, as those of machines do: the clock of each gate on the way is ahead of that of
//! the one before it, or behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::LabError;
use super::attempt::{Answer, Attempt};
use super::fixture::Fixture;
use super::transport::{Gates, Transport};
use super::walk::{self, Walk};
use stepgate_mesh::Mesh;

/// Gates whose clocks are set before each request.
struct Skewed<'a> {
    gates: &'a Transport<'a>,
    mesh: &'a Mesh,
    /// Half of the difference, in nanoseconds.
    half: i64,
    ahead: AtomicBool,
}

impl Gates for Skewed<'_> {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        let ahead = self.ahead.fetch_not(Ordering::Relaxed);
        self.mesh.set_clock(&attempt.to.name, if ahead { self.half } else { self.half.saturating_neg() })?;
        self.gates.answer(attempt)
    }
}

/// The instances with the first gate ahead and the second behind, and so on; and the other way round. In the end all
/// clocks are right again.
pub(super) fn walks(
    fixture: &Fixture,
    gates: &Transport<'_>,
    mesh: &Mesh,
    by: Duration,
) -> Result<Vec<Walk>, LabError> {
    let half = i64::try_from(by.as_nanos().checked_div(2).unwrap_or_default()).unwrap_or(i64::MAX);
    let mut walks = Vec::new();
    for first_ahead in [true, false] {
        let skewed = Skewed { gates, mesh, half, ahead: AtomicBool::new(first_ahead) };
        walks.extend(walk::all(fixture, &skewed)?);
    }
    for workload in fixture.workloads.all() {
        mesh.set_clock(&workload.name, 0)?;
    }
    Ok(walks)
}
