//! The summary of a text without errors.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use stepgate_config::GateConfig;
use stepgate_config::workflow::{Assurance, Workflow};

use crate::command::names::listed;
use crate::command::output::{FAINT, GOOD, STRONG, count};

/// The name of a level.
pub(in crate::command) fn assurance(workflow: &Workflow) -> &'static str {
    match workflow.assurance {
        Assurance::Identity => "identity",
        Assurance::Signed => "signed",
    }
}

/// A document.
pub(super) fn of_workflow(file: &str, workflow: &Workflow) -> String {
    let mut text = format!("{GOOD}{file}{GOOD:#}: a workflow document\n");
    describe(&mut text, workflow);
    text.push('\n');
    text
}

/// A gate's configuration, with each of its workflows.
pub(super) fn of_gate(file: &str, gate: &GateConfig) -> String {
    let (keys, workflows) = (count(gate.keys.len(), "key"), count(gate.workflows.len(), "workflow"));
    let mut text = format!("{GOOD}{file}{GOOD:#}: a gate's configuration with {workflows} and {keys}\n");
    for workflow in &gate.workflows {
        describe(&mut text, workflow);
        let open = if workflow.open { "new instances begin in it" } else { "closed to new instances" };
        row(&mut text, "open", open);
    }
    text.push('\n');
    text
}

fn describe(text: &mut String, workflow: &Workflow) {
    let (name, revision) = (&workflow.name, workflow.revision);
    let _ = writeln!(text, "  {STRONG}{name}{STRONG:#} revision {revision}, assurance {}", assurance(workflow));
    row(text, "digest", workflow.digest.as_str());
    row(text, "actors", &format!("{}: {}", workflow.actors.len(), listed(workflow.actors.keys())));
    let initial = workflow.tasks.values().filter(|task| task.initial).map(|task| &task.name);
    row(text, "tasks", &format!("{}, instances begin at {}", workflow.tasks.len(), listed(initial)));
    let guarded = workflow.transitions.iter().filter(|transition| transition.when.is_some()).count();
    let guards = if guarded > 0 { format!(", {guarded} with a guard") } else { String::new() };
    row(text, "transitions", &format!("{}{guards}", workflow.transitions.len()));
    for join in workflow.joins.values() {
        let sources = listed(&join.sources);
        row(text, "join", &format!("`{}` waits for {sources}; they fork at `{}`", join.task, join.fork));
    }
    let bounded: BTreeSet<(&str, u32)> =
        workflow.tasks.values().filter_map(|task| Some((task.name.as_str(), task.max_visits?))).collect();
    for (task, bound) in bounded {
        row(text, "cycle", &format!("`{task}` is entered at most {}", count_times(bound)));
    }
}

fn row(text: &mut String, label: &str, value: &str) {
    let _ = writeln!(text, "    {FAINT}{label:<12}{FAINT:#}{value}");
}

fn count_times(number: u32) -> String {
    if number == 1 { "once".into() } else { format!("{number} times") }
}
