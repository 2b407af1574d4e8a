//! Who calls whom: without `via` the performer of a task sends the next request, which an author may not have meant.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use stepgate_config::name::ActorName;
use stepgate_config::workflow::Workflow;

use crate::command::names::listed;

/// An actor, and the actors to which it sends requests.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Calls {
    caller: String,
    /// The others that it calls.
    called: Vec<String>,
    /// The transitions with which it calls itself.
    itself: Vec<String>,
}

impl Calls {
    /// Those of each actor that sends requests, in the order of the document.
    pub(super) fn all(workflow: &Workflow) -> Vec<Self> {
        let (mut all, mut places): (Vec<Self>, BTreeMap<&ActorName, usize>) = Default::default();
        for transition in &workflow.transitions {
            let (caller, called) = (&transition.caller.name, &transition.to.performer.name);
            let place = *places.entry(caller).or_insert_with(|| {
                all.push(Self { caller: caller.to_string(), called: Vec::new(), itself: Vec::new() });
                all.len().saturating_sub(1)
            });
            let Some(calls) = all.get_mut(place) else { continue };
            if called == caller {
                calls.itself.push(transition.to_string());
            } else if !calls.called.iter().any(|known| known == called.as_str()) {
                calls.called.push(called.to_string());
            }
        }
        all
    }
}

impl fmt::Display for Calls {
    /// `` `owner` calls `vfx-1` and `vfx-2`, and itself (`master -> release`) ``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` calls ", self.caller)?;
        match (self.called.as_slice(), self.itself.as_slice()) {
            (called, []) => f.write_str(&listed(called)),
            ([], itself) => write!(f, "itself ({})", listed(itself)),
            (called, itself) => write!(f, "{}, and itself ({})", listed(called), listed(itself)),
        }
    }
}
