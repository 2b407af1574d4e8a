//! The findings of an exploration as diagnostics.

use super::verdict::{Completes, Incomplete, Soundness};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::name::TaskName;
use crate::report::{Report, listed, quote};
use crate::workflow::{Transition, Workflow};

/// Most tasks that a message names.
const NAMED: usize = 8;

/// Reports what the runs of a workflow show; `place` finds a task in the document, `whole` is the place for what concerns all.
pub(crate) fn report(
    workflow: &Workflow,
    whole: Span,
    place: impl Fn(&TaskName) -> Span,
    markings: &mut usize,
    report: &mut Report,
) {
    let Some(found) = Soundness::of(workflow, markings) else { return };
    for (join, completes) in &found.joins {
        let (name, place) = (quote(join.as_str()), place(join));
        match completes {
            Completes::Always | Completes::Unknown => {}
            Completes::Never(run) => {
                let (arrived, missing) = run.sides();
                let message = words!(
                    "no run completes the join {name}: one that reaches it from {arrived} never reaches it from {missing}"
                );
                let never = Diagnostic::new(Code::NeverComplete, place, message).label(run.run.label());
                let enough = if join.is_of_several() { "leave one of these tasks alone" } else { "remove `join: all`" };
                report.push(
                    never.help(words!(
                        "write `split: all` where the branches part, or {enough} if one of them is enough"
                    )),
                );
            }
            Completes::May(_) if found.sent_back.contains_key(join) => {
                let back = found.sent_back.get(join).map(Vec::as_slice).unwrap_or_default();
                let fork = workflow.joins.get(*join).map(|join| quote(join.fork.as_str())).unwrap_or_default();
                report.push(sent_back((&name, &fork), back, place));
            }
            Completes::May(run) => {
                let (arrived, missing) = run.sides();
                let message = words!(
                    "the join {name} may stay incomplete: a run can reach it from {arrived} and never from {missing}"
                );
                let may = Diagnostic::new(Code::MayNotComplete, place, message).label(run.run.label());
                let fork = workflow.joins.get(*join).map(|join| quote(join.fork.as_str())).unwrap_or_default();
                report.push(may.help(words!(
                    "nothing leaves {name} before; if all its branches are always taken, write `split: all` at {fork} and \
                     wherever else they part"
                )));
            }
        }
    }
    for (transition, run) in &found.dead {
        let (from, to) = (quote(transition.from.name.as_str()), quote(transition.to.name.as_str()));
        let dead = Diagnostic::new(Code::DeadTransition, transition.place, words!("no run takes `{transition}`"));
        let dead = dead.label(words!("each run to {from} has already entered {to} `max_visits` times"));
        report.push(dead.help(words!("raise `max_visits` of {to}, or remove the transition; {}", run.label())));
    }
    for (task, run) in &found.standing {
        let message = words!("an instance can be left standing at {}", quote(task.as_str()));
        let standing = Diagnostic::new(Code::LeftStanding, place(task), message);
        report.push(standing.label(words!("{}; then each next task has been entered `max_visits` times", run.label())));
    }
    let unknown = found.joins.iter().filter(|(_, completes)| **completes == Completes::Unknown);
    let joins = listed(unknown.map(|(join, _)| join.as_str()), NAMED, "and");
    let transitions: Vec<String> = found.unknown.iter().map(ToString::to_string).collect();
    let transitions = listed(transitions.iter().map(String::as_str), NAMED, "and");
    let unknown = match (joins.is_empty(), transitions.is_empty()) {
        (true, true) => return,
        (false, true) => words!("whether {joins} always completes"),
        (true, false) => words!("whether a run takes {transitions}"),
        (false, false) => words!("whether {joins} always completes, and whether a run takes {transitions}"),
    };
    let message = words!("UNKNOWN {unknown}: the workflow has too many runs");
    let unexplored = Diagnostic::new(Code::Unexplored, whole, message);
    let unexplored = unexplored.label("at most a million markings are explored");
    report.push(
        unexplored.help("say `split: all` where all branches are taken, lower `max_visits`, or divide the workflow"),
    );
}

/// A join that only ways back to its fork leave incomplete.
fn sent_back((join, fork): (&str, &str), back: &[&Transition], place: Span) -> Diagnostic {
    let back: Vec<String> = back.iter().map(ToString::to_string).collect();
    let several = back.len() > 1;
    let (back, lead) = (listed(back.iter().map(String::as_str), NAMED, "and"), if several { "lead" } else { "leads" });
    let message =
        words!("{back} {lead} back to {fork}: the arrivals at the join {join} in that round are then of no use");
    let note = Diagnostic::new(Code::SentBack, place, message);
    note.label(words!("another round begins at {fork}, and all its branches are needed again"))
}

impl Incomplete<'_> {
    fn sides(&self) -> (String, String) {
        let named = |tasks: &[&TaskName]| listed(tasks.iter().map(|task| task.as_str()), NAMED, "and");
        (named(&self.arrived), named(&self.missing))
    }
}
