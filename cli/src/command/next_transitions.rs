//! The next transitions of an instance: who may call whom with which request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use stepgate_config::duration;
use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Assurance, RequestPattern, Split, Task, Transition, Workflow};
use stepgate_decision::{Denial, OpenTransition, UnixTime};

use super::time;

/// Most transitions in a list of the text output.
const MAX_LISTED: usize = 24;

/// One transition.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NextTransition {
    /// The task that it leaves; of several their names, with `+` between them.
    from: String,
    to: String,
    caller: String,
    performer: String,
    /// Which of several transitions from its task are meant to be taken: `all`, `one` (as advice), `any`; none: the document
    /// does not say.
    split: Option<&'static str>,
    #[serde(skip)]
    meaning: &'static str,
    /// The SPIFFE IDs of the performer that may be called.
    workloads: Vec<String>,
    /// Whether the performer has others, which may not.
    #[serde(skip)]
    is_one_of_several: bool,
    /// `POST /plates/{id}`; empty: any request.
    requests: Vec<String>,
    /// The guard.
    when: Option<String>,
    /// How long after the arrival it opens.
    after: Option<String>,
    /// How long after the arrival it is open.
    within: Option<String>,
    /// The first second in which it is open, if the step is known and that second is still to come.
    not_before: Option<String>,
    /// The last second in which it is open, if the step is known.
    not_after: Option<String>,
    /// Whether the step is known, so that these two say it all.
    #[serde(skip)]
    is_dated: bool,
}

/// The transitions from a task, alone or together with others.
pub(super) fn from(workflow: &Workflow, task: &Task) -> Vec<NextTransition> {
    workflow.leaving_with_others(task).map(|transition| NextTransition::of(transition, workflow.assurance)).collect()
}

/// The transitions that a step opens.
pub(super) fn opened(open: &[OpenTransition], assurance: Assurance) -> Vec<NextTransition> {
    let opened = |one: &OpenTransition| NextTransition {
        not_before: one.not_before.map(time::rfc3339),
        not_after: one.not_after.map(time::rfc3339),
        is_dated: true,
        ..NextTransition::to_workloads(&one.transition, &one.performers, assurance)
    };
    open.iter().map(opened).collect()
}

/// The transitions with which an instance may begin.
pub(super) fn initial(workflow: &Workflow) -> Vec<NextTransition> {
    let begins = |transition: &&Arc<Transition>| workflow.open && transition.from.initial && !transition.via;
    let initial = workflow.transitions.iter().filter(begins);
    initial.map(|transition| NextTransition::of(transition, workflow.assurance)).collect()
}

/// Why a step opens none. A judgement says `TOO_EARLY` only where the step has ended before the first one opens.
pub(super) fn none(denial: &Denial) -> String {
    let Denial::TooEarly { seconds } = denial else { return denial.to_string() };
    let opens = time::relative(UnixTime::from_seconds(*seconds), UnixTime::from_seconds(0));
    format!("the first would open {opens}, and this step ends before: nothing can follow it")
}

/// An indented line for each.
pub(super) fn lines(transitions: &[NextTransition]) -> String {
    let mut text: String = transitions.iter().take(MAX_LISTED).map(|transition| format!("  {transition}\n")).collect();
    let hidden = transitions.len().saturating_sub(MAX_LISTED);
    if hidden > 0 {
        text.push_str(&format!("  and {hidden} more\n"));
    }
    let mut several: BTreeMap<&str, Vec<&NextTransition>> = BTreeMap::new();
    transitions.iter().for_each(|one| several.entry(&one.from).or_default().push(one));
    for (task, ways) in several.iter().filter(|(_, ways)| ways.len() > 1) {
        let line = |way: &&NextTransition| {
            format!("  split of {task} ({}): {}\n", way.split.unwrap_or("not said, so any"), way.meaning)
        };
        text.extend(ways.first().map(line));
    }
    text
}

impl NextTransition {
    fn of(transition: &Transition, assurance: Assurance) -> Self {
        let performer = &transition.to.performer;
        let ids = performer.spiffe.iter().map(ToString::to_string);
        let workloads = ids.chain(performer.open.iter().map(ToString::to_string)).collect();
        Self { workloads, ..Self::to_workloads(transition, &performer.examples, assurance) }
    }

    fn to_workloads(transition: &Transition, workloads: &[SpiffeId], assurance: Assurance) -> Self {
        Self {
            split: transition.from.split.map(Split::as_str),
            meaning: transition.from.split.unwrap_or(Split::Any).meaning(assurance),
            is_one_of_several: workloads.len() < transition.to.performer.examples.len(),
            workloads: workloads.iter().map(ToString::to_string).collect(),
            from: transition.from.name.to_string(),
            to: transition.to.name.to_string(),
            caller: transition.caller.name.to_string(),
            performer: transition.to.performer.name.to_string(),
            requests: transition.to.requests.iter().map(request).collect(),
            when: transition.when.as_ref().map(|guard| guard.source().to_owned()),
            after: transition.after.map(duration::written),
            within: transition.within.map(duration::written),
            not_before: None,
            not_after: None,
            is_dated: false,
        }
    }

    /// The task to which it leads.
    pub(super) fn to(&self) -> &str {
        &self.to
    }
}

impl fmt::Display for NextTransition {
    /// `vfx-1 may call vfx-2: POST /plates/{id} (task plates)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests = if self.requests.is_empty() { "any request".into() } else { self.requests.join(" or ") };
        write!(f, "{} may call {}: {requests} (task {})", self.caller, self.performer, self.to)?;
        if self.from.contains('+') {
            write!(f, " with its tokens of {}", self.from.replace('+', " and "))?;
        }
        if self.is_one_of_several {
            write!(f, " at {} only", self.workloads.join(" or "))?;
        }
        let times = [
            ("not before", self.not_before.as_ref()),
            ("not after", self.not_after.as_ref()),
            // Without a step there is nothing to count from.
            ("after", self.after.as_ref().filter(|_| !self.is_dated)),
            ("within", self.within.as_ref().filter(|_| !self.is_dated)),
        ];
        for (word, time) in times {
            time.map_or(Ok(()), |time| write!(f, ", {word} {time}"))?;
        }
        match &self.when {
            Some(guard) => write!(f, " when {guard}"),
            None => Ok(()),
        }
    }
}

/// `GET|POST example.com/a/{id} at port 8080 with x-tool: refund`, with `any` for missing parts.
fn request(pattern: &RequestPattern) -> String {
    let methods: Vec<&str> = pattern.methods.iter().map(|method| method.as_str()).collect();
    let methods = if methods.is_empty() { "any method".into() } else { methods.join("|") };
    let path = pattern.path.as_ref().map_or_else(|| " (any path)".to_owned(), ToString::to_string);
    let port = pattern.port.map(|port| format!(" at port {port}")).unwrap_or_default();
    let headers = if pattern.headers.is_empty() { String::new() } else { format!(" {}", pattern.headers) };
    match &pattern.host {
        Some(host) => format!("{methods} {host}{path}{port}{headers}"),
        None => format!("{methods} {}{port}{headers}", path.trim_start()),
    }
}
