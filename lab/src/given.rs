//! The same attempts, put to gates that the lab did not start: those of a mesh that is there already.
//!
//! Others stand in the way there: what refuses a connection before any gate sees a request, and what writes a
//! path anew. Nothing that the document denies may reach an application all the same; whoever refused it, is told.

mod deployed;
mod findings;

use std::collections::BTreeMap;

use super::attempt::{Answer, Attempt, Sender};
use super::plan::Plan;
use super::setting::Setting;
use super::style::Progress;
use super::wire::Gates;
use super::{LabError, journey, trial};
use stepgate_mesh::{Request, Response};

pub use deployed::Given;
pub use findings::{Findings, Tried};

/// Where the gates stand.
pub trait Site: Sync {
    /// Makes a call, and waits for the answer. It is asked for by several threads at once.
    ///
    /// # Errors
    /// In words, where there was neither an answer nor a refusal.
    fn call(&self, call: &Call<'_>) -> Result<Reply, String>;
}

/// A call that is to be made.
#[derive(Debug)]
pub struct Call<'a> {
    /// As whom.
    pub from: Caller<'a>,
    /// The workload that is called: its actor's name; where the actor has several SPIFFE IDs, with `.1`, `.2`, … after it
    /// in the order of the document.
    pub to: &'a str,
    /// What is sent, `host` among its headers.
    pub request: Request,
}

/// As whom a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller<'a> {
    /// As the application of this workload, through its own proxy.
    Workload(&'a str),
    /// With a certificate of the mesh's authority for this SPIFFE ID, straight to the gate.
    Certificate(&'a str),
    /// Without a certificate, straight to the gate.
    Nobody,
}

/// What came of a call.
#[derive(Debug)]
pub enum Reply {
    /// An answer, of whomever.
    Answered(Response),
    /// The connection was refused.
    Refused,
}

/// Puts whole instances and the plan of `stepgate lab` to these gates, by the name of their actor. All must have one
/// workflow, enforce it, and exempt [`super::EXEMPT_PATH`] by GET. The seed decides which attempts are made where there
/// are more than 50,000.
///
/// # Errors
/// Where nothing could be tried.
pub fn put_to(site: &dyn Site, gates: &BTreeMap<String, Given>, seed: u64) -> Result<Findings, LabError> {
    let setting = deployed::setting(gates)?;
    let plan = Plan::of(&setting, seed);
    let (chosen, progress) = (plan.chosen(), Progress::quiet());
    let wire = Abroad { setting: &setting, site };
    let journeys = journey::all(&setting, &wire, &progress)?;
    let trials = trial::all(&plan, &chosen, &wire, &progress)?;
    Ok(Findings::of(&plan, &journeys, &trials))
}

struct Abroad<'a> {
    setting: &'a Setting,
    site: &'a dyn Site,
}

impl Gates for Abroad<'_> {
    fn answer(&self, attempt: &Attempt) -> Result<Answer, LabError> {
        let from = match &attempt.from {
            Sender::Member(from) if self.setting.routes(attempt) => Caller::Workload(&from.name),
            // No proxy knows a way by that name.
            Sender::Member(from) => Caller::Certificate(from.id.as_str()),
            Sender::Stranger(id) => Caller::Certificate(id),
            Sender::Nobody => Caller::Nobody,
        };
        let call = Call { from, to: &attempt.to.name, request: attempt.request() };
        match self.site.call(&call).map_err(LabError::Site)? {
            Reply::Refused => Ok(Answer { before_the_gate: true, ..Answer::default() }),
            Reply::Answered(response) => {
                let answer = Answer::of(&response);
                Ok(Answer { before_the_gate: !answer.reached && answer.code.is_none(), ..answer })
            }
        }
    }
}
