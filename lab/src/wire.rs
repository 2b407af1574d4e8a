//! Requests on their way: through the sender's own Envoy, or straight at the gate for those who have none.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::LabError;
use super::attempt::{Answer, Attempt, Sender};
use super::setting::Setting;
use stepgate_mesh::{CallError, Credential, Mesh, MeshError, Response};

/// What answers attempts.
pub(super) trait Gates: Sync {
    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    /// Where there was none.
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError>;
}

/// The gates of real Envoys.
pub(super) struct Wire<'a> {
    setting: &'a Setting,
    mesh: &'a Mesh,
    /// Certificates of the mesh's CA for those who are no actors.
    strangers: Mutex<BTreeMap<String, Credential>>,
}

impl<'a> Wire<'a> {
    pub(super) fn new(setting: &'a Setting, mesh: &'a Mesh) -> Self {
        Self { setting, mesh, strangers: Mutex::default() }
    }

    fn call(&self, attempt: &Attempt) -> Result<Response, MeshError> {
        let (to, request) = (attempt.to.name.as_str(), attempt.request());
        match &attempt.from {
            Sender::Member(from) if self.setting.routes(attempt) => self.mesh.call(&from.name, to, &request),
            // No Envoy knows a way by that name: the request goes to the gate itself, with the same certificate.
            Sender::Member(from) => {
                let credential = self.mesh.credential(&from.name)?;
                self.mesh.call_directly(Some(credential), to, &request)
            }
            Sender::Stranger(id) => self.mesh.call_directly(Some(&self.stranger(id)?), to, &request),
            Sender::Nobody => self.mesh.call_directly(None, to, &request),
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

impl Gates for Wire<'_> {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        let response = match self.call(attempt) {
            // A connection that was kept open can be closed by the other side just then.
            Err(MeshError::Call(CallError::Http(_))) => self.call(attempt),
            other => other,
        };
        Ok(Answer::of(&response?))
    }
}
