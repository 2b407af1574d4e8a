//! The same attempts, put to the gates of an existing mesh, which the lab did not start.
//!
//! There, other proxies may refuse a connection before any gate sees a request, or rewrite a path. Still nothing that the
//! document denies may reach an application; the findings say who refused it.

mod deployed;
mod findings;

use std::collections::BTreeMap;

use super::attempt::{Answer, Attempt, Sender};
use super::fixture::Fixture;
use super::plan::Plan;
use super::progress::Progress;
use super::transport::Gates;
use super::{LabError, runner, walk};
use stepgate_mesh::{Request, Response};

pub use deployed::Deployed;
pub use findings::{Findings, Tried};

/// The mesh that has the gates.
pub trait ExistingMesh: Sync {
    /// Makes a call, and waits for the answer. Several threads call it at once.
    ///
    /// # Errors
    /// If there was neither an answer nor a refusal.
    fn call(&self, call: &Call<'_>) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>>;
}

/// A call that is to be made.
#[derive(Debug)]
pub struct Call<'a> {
    /// Who calls.
    pub from: Caller<'a>,
    /// The workload that is called: its actor's name; where the actor has several SPIFFE IDs, with `.1`, `.2`, … after it
    /// in the order of the document.
    pub to: &'a str,
    /// The request, with `host` among its headers.
    pub request: Request,
}

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller<'a> {
    /// As the application of this workload, through its own proxy.
    Workload(&'a str),
    /// With a certificate of the mesh's authority for this SPIFFE ID, directly to the gate.
    Certificate(&'a str),
    /// Without a certificate, directly to the gate.
    Anonymous,
}

/// The result of a call.
#[derive(Debug)]
pub enum Reply {
    /// An answer, from the application or any proxy.
    Answered(Response),
    /// The connection was refused.
    Refused,
}

/// Puts whole instances and the plan of `stepgate lab` to these gates, by the name of their actor. All must have one
/// workflow, enforce it, and exempt [`super::EXEMPT_PATH`] by GET. The seed decides which attempts are made where there
/// are more than 50,000.
///
/// # Errors
/// If nothing could be tried.
pub fn put_to(mesh: &dyn ExistingMesh, gates: &BTreeMap<String, Deployed>, seed: u64) -> Result<Findings, LabError> {
    let fixture = deployed::fixture(gates)?;
    let plan = Plan::of(&fixture, seed);
    let remote = Remote { fixture: &fixture, mesh };
    let walks = walk::all(&fixture, &remote)?;
    let cases = runner::all(&plan, &plan.chosen(), &remote, &Progress::quiet())?;
    Ok(Findings::of(&plan, &walks, &cases))
}

struct Remote<'a> {
    fixture: &'a Fixture,
    mesh: &'a dyn ExistingMesh,
}

impl Gates for Remote<'_> {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        let from = match &attempt.from {
            Sender::Workload(from) if self.fixture.routes(attempt) => Caller::Workload(&from.name),
            // No proxy has a route for that name.
            Sender::Workload(from) => Caller::Certificate(from.id.as_str()),
            Sender::Stranger(id) => Caller::Certificate(id.as_str()),
            Sender::Anonymous => Caller::Anonymous,
        };
        let call = Call { from, to: &attempt.to.name, request: attempt.request() };
        match self.mesh.call(&call).map_err(LabError::ExistingMesh)? {
            Reply::Refused => Ok(Answer { before_the_gate: true, ..Answer::default() }),
            Reply::Answered(response) => {
                let answer = Answer::of(&response);
                Ok(Answer { before_the_gate: !answer.reached && answer.code.is_none(), ..answer })
            }
        }
    }
}
