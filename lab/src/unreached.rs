//! What no instance reached, and why: in the reference's words where it refused a hop.

use std::collections::BTreeSet;
use std::fmt;

use stepgate_config::name::TaskName;
use stepgate_config::workflow::{Transition, Workflow};

use super::walk::{MAX_HOPS, Walk};

/// Most transitions, and most tasks, that are listed.
const SHOWN: usize = 12;

/// The transitions that no instance took, and the tasks that none entered.
pub(super) struct Unreached {
    pub(super) transitions: Vec<(String, BTreeSet<Why>)>,
    pub(super) tasks: Vec<(TaskName, BTreeSet<Why>)>,
}

/// Why a transition was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// The document refuses it, with this code.
    Denied(&'static str),
    /// The document allows it, and a gate refused it.
    Wrong,
    /// An instance was cut before it.
    Cut,
    /// No instance could go on from its task.
    Behind,
}

impl Unreached {
    pub(super) fn of(workflow: &Workflow, walks: &[Walk]) -> Self {
        let missing: Vec<(&Transition, BTreeSet<Why>)> =
            workflow.transitions.iter().filter_map(|one| Some((one.as_ref(), why(one, walks)?))).collect();
        let tasks = workflow.tasks.values().filter(|task| !task.initial).filter_map(|task| {
            let leading = workflow.transitions.iter().filter(|t| t.to.name == task.name).count();
            let here: Vec<_> = missing.iter().filter(|(t, _)| t.to.name == task.name).collect();
            let why = here.iter().flat_map(|(_, why)| why).copied().collect();
            (here.len() == leading).then(|| (task.name.clone(), why))
        });
        let tasks = tasks.collect();
        Self { transitions: missing.into_iter().map(|(one, why)| (one.to_string(), why)).collect(), tasks }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.transitions.is_empty() && self.tasks.is_empty()
    }
}

/// Why no instance took the transition; none, if one did.
fn why(transition: &Transition, walks: &[Walk]) -> Option<BTreeSet<Why>> {
    let name = transition.to_string();
    let hops = walks.iter().flat_map(|walk| &walk.hops).filter(|hop| hop.transition.to_string() == name);
    let mut why = BTreeSet::new();
    for hop in hops {
        match hop.expected.code() {
            None if hop.answer.reached => return None,
            None => why.insert(Why::Wrong),
            Some(code) => why.insert(Why::Denied(code)),
        };
    }
    let unfinished = walks.iter().flat_map(|walk| &walk.unfinished).filter(|(one, _)| one.to_string() == name);
    why.extend(unfinished.map(|(_, code)| Why::Denied(code)));
    if why.is_empty() {
        why.insert(if walks.iter().any(|walk| walk.cut) { Why::Cut } else { Why::Behind });
    }
    Some(why)
}

impl Why {
    /// One word: the code of a denial, or one in lower case.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Denied(code) => code,
            Self::Wrong => "wrong",
            Self::Cut => "cut",
            Self::Behind => "behind",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(code) => f.write_str(code),
            Self::Wrong => f.write_str("refused by a gate"),
            Self::Cut => write!(f, "cut after {MAX_HOPS} hops"),
            Self::Behind => f.write_str("no instance came that far"),
        }
    }
}

impl Unreached {
    /// A line for each, up to a bound.
    pub(super) fn lines(&self) -> Vec<String> {
        let transitions = self.transitions.iter().map(|(name, why)| (name.as_str(), why));
        let tasks = self.tasks.iter().map(|(name, why)| (name.as_str(), why));
        let mut lines = listed("transition", transitions);
        lines.extend(listed("task", tasks));
        lines
    }
}

fn listed<'a>(kind: &str, all: impl Iterator<Item = (&'a str, &'a BTreeSet<Why>)>) -> Vec<String> {
    let said = |(name, why): (&str, &BTreeSet<Why>)| {
        let why: Vec<String> = why.iter().map(ToString::to_string).collect();
        if why.is_empty() { format!("{kind} `{name}`") } else { format!("{kind} `{name}` ({})", why.join(", ")) }
    };
    let mut all: Vec<String> = all.map(said).collect();
    let hidden = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    if hidden > 0 {
        all.push(format!("and {hidden} more {kind}s"));
    }
    all
}
