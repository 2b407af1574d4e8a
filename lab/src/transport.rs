//! How requests travel: through the sender's own Envoy, or directly to the gate for senders without one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::LabError;
use super::attempt::{Answer, Attempt, Sender};
use super::fixture::Fixture;
use super::time;
use stepgate_mesh::{CallError, Credential, Mesh, MeshError, Response};

/// Answers attempts.
pub(super) trait Gates: Sync {
    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    /// If there was none.
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError>;

    /// Lets so many seconds pass by the clocks of the lab and of all gates. False, if they cannot be set.
    ///
    /// # Errors
    /// If a clock was not set.
    fn pass(&self, _seconds: u64) -> Result<bool, LabError> {
        Ok(false)
    }
}

/// The gates of real Envoys.
pub(super) struct Transport<'a> {
    fixture: &'a Fixture,
    mesh: &'a Mesh,
    /// Whether the clocks of the Envoys can be set.
    shifts: bool,
    /// Certificates of the mesh's CA for workloads that are not actors.
    strangers: Mutex<BTreeMap<String, Credential>>,
}

impl<'a> Transport<'a> {
    pub(super) fn new(fixture: &'a Fixture, mesh: &'a Mesh, shifts: bool) -> Self {
        Self { fixture, mesh, shifts, strangers: Mutex::default() }
    }

    fn call(&self, attempt: &Attempt) -> Result<Response, MeshError> {
        let (to, request) = (attempt.to.name.as_str(), attempt.request());
        match &attempt.from {
            Sender::Workload(from) if attempt.port.is_none() && self.fixture.routes(attempt) => {
                self.mesh.call(&from.name, to, &request)
            }
            // No Envoy has a route for that name or port: the request goes to the gate itself, with the same certificate.
            Sender::Workload(from) => {
                let credential = self.mesh.credential(&from.name)?;
                self.mesh.call_directly(Some(credential), to, &request)
            }
            Sender::Stranger(id) => self.mesh.call_directly(Some(&self.stranger(id.as_str())?), to, &request),
            Sender::Anonymous => self.mesh.call_directly(None, to, &request),
        }
    }

    fn stranger(&self, id: &str) -> Result<Credential, MeshError> {
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = strangers.get(id) {
            return Ok(known.clone());
        }
        let issued = self.mesh.authority().issue(&[id])?;
        strangers.insert(id.to_owned(), issued.clone());
        Ok(issued)
    }
}

impl Gates for Transport<'_> {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        let response = match self.call(attempt) {
            // A connection that was kept open can be closed by the other side just then.
            Err(MeshError::Call(CallError::Http(_))) => self.call(attempt),
            other => other,
        };
        Ok(Answer::of(&response?))
    }

    fn pass(&self, seconds: u64) -> Result<bool, LabError> {
        if self.shifts {
            self.fixture.circumstances.pass(seconds);
            time::set(self.fixture, self.mesh)?;
        }
        Ok(self.shifts)
    }
}
