//! The time of the mesh: that of the lab.

use stepgate_config::workflow::Workflow;
use stepgate_mesh::Mesh;

use super::LabError;
use super::fixture::Fixture;

/// Whether some transition opens only after a time, so that an instance waits for it.
pub(super) fn waits(workflow: &Workflow) -> bool {
    workflow.transitions.iter().any(|transition| transition.after.is_some())
}

/// Sets all clocks to the lab's time. An Envoy that does not read its time from there is an error.
pub(super) fn set(fixture: &Fixture, mesh: &Mesh) -> Result<(), LabError> {
    let ahead = fixture.circumstances.nanoseconds();
    fixture.workloads.all().try_for_each(|workload| Ok(mesh.set_clock(&workload.name, ahead)?))
}
