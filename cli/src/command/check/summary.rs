//! The summary of a text without errors.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use schemars::JsonSchema;
use serde::Serialize;
use stepgate_config::soundness::{Completes, Soundness};
use stepgate_config::workflow::{Join, Mode, Split, Task, Workflow};
use stepgate_config::{Checked, duration, entries};

use super::accepts::{Accepts, GuardSummary, Identities};
use super::calls::Calls;
use super::level::LevelSummary;
use super::times::Times;
use super::who::{ConstraintSummary, Further, Workload};
use crate::command::names::listed;
use crate::command::output::{FAINT, GOOD, STRONG, count};

/// Most tasks of one workflow that are named with how often they may be entered.
const SHOWN: usize = 8;
/// Most rows of what a reader has to compare line by line.
const READ: usize = 100;

/// A document or a gate's configuration without errors.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Contents {
    kind: Kind,
    /// The number of keys of a gate.
    keys: Option<usize>,
    /// The workflow of a document, or those of a gate.
    workflows: Vec<Summary>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Workflow,
    Gate,
}

/// A workflow.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Summary {
    name: String,
    revision: u32,
    digest: String,
    assurance: &'static str,
    /// The lowest level that decides it exactly.
    level: LevelSummary,
    /// Whether new instances begin in it.
    open: bool,
    /// What its gate does with requests that it denies: `enforce` or `observe`. None: this is not in a gate.
    mode: Option<&'static str>,
    /// The trust domain of relative SPIFFE IDs, and its other names, which a gate's configuration gives.
    trust_domain: String,
    trust_domain_aliases: Vec<String>,
    actors: Vec<String>,
    /// The SPIFFE IDs of each.
    identities: Vec<Identities>,
    /// The workloads that are several actors.
    workloads: Vec<Workload>,
    /// The workloads of open segments, and of other trust domains.
    further: Vec<Further>,
    /// The constraints that gates enforce.
    constraints: Vec<ConstraintSummary>,
    /// Those that are only advice, which no gate enforces.
    advice: Vec<ConstraintSummary>,
    /// Who sends requests to whom.
    calls: Vec<Calls>,
    tasks: Vec<String>,
    /// The tasks in which instances begin.
    initial: Vec<String>,
    transitions: usize,
    /// How many of them have a guard.
    guarded: usize,
    /// The requests that each task is.
    accepts: Vec<Accepts>,
    guards: Vec<GuardSummary>,
    /// How long an instance lives.
    deadline: String,
    /// The tasks that several transitions leave.
    splits: Vec<SplitSummary>,
    joins: Vec<JoinSummary>,
    /// How long tokens live: those of a task without a time of its own, and those of each other task.
    task_ttl: String,
    ttl: BTreeMap<String, String>,
    /// The transitions that are open for a time only.
    times: Vec<Times>,
    /// How often one instance may enter each task at most; of a task, none: more often than can be counted. None: the
    /// level counts nothing.
    at_most: Option<BTreeMap<String, Option<u64>>>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SplitSummary {
    task: String,
    /// `all`, `one` (as advice) or `any`; none: the document does not say.
    split: Option<&'static str>,
    to: Vec<String>,
    #[serde(skip)]
    meaning: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct JoinSummary {
    task: String,
    sources: Vec<String>,
    fork: String,
    /// The tasks that need the evidence of all sources.
    then: Vec<String>,
    /// Whether it completes in every run that reaches it: `always`, `may` or `unknown`. None: the level enforces no join.
    completes: Option<&'static str>,
}

impl Contents {
    pub(super) fn of(checked: &Checked, markings: &mut usize) -> Self {
        match checked {
            Checked::Workflow(workflow) => {
                Self { kind: Kind::Workflow, keys: None, workflows: vec![Summary::of(workflow, None, markings)] }
            }
            Checked::Gate(gate) => Self {
                kind: Kind::Gate,
                keys: Some(gate.keys.len()),
                workflows: gate
                    .workflows
                    .iter()
                    .map(|workflow| Summary::of(workflow, Some(gate.mode_of(workflow)), markings))
                    .collect(),
            },
        }
    }

    /// The contents of this file as text.
    pub(super) fn text(&self, file: &str) -> String {
        let kind = self.keys.map_or_else(
            || "a workflow document".to_owned(),
            |keys| {
                let workflows = count(self.workflows.len(), "workflow");
                format!("a gate's configuration with {workflows} and {}", count(keys, "key"))
            },
        );
        let mut text = format!("{GOOD}{file}{GOOD:#}: {kind}\n");
        for workflow in &self.workflows {
            workflow.describe(&mut text);
            if self.kind == Kind::Gate {
                let open = if workflow.open { "new instances begin in it" } else { "closed to new instances" };
                row(&mut text, "open", open);
                match workflow.mode {
                    Some("observe") => {
                        row(&mut text, "mode", "observe: denials are logged and counted, and NO REQUEST IS REJECTED")
                    }
                    mode => row(&mut text, "mode", mode.unwrap_or_default()),
                }
            }
        }
        text.push('\n');
        text
    }
}

impl Summary {
    fn of(workflow: &Workflow, mode: Option<Mode>, markings: &mut usize) -> Self {
        let names = |all: &mut dyn Iterator<Item = &dyn ToString>| all.map(ToString::to_string).collect::<Vec<_>>();
        let sound = Soundness::of(workflow, markings);
        let initial = workflow.tasks.values().filter(|task| task.initial);
        // At level `identity` times are advice.
        let timed = workflow.assurance.has_tokens();
        let counted = |(task, count): (&stepgate_config::name::TaskName, u64)| {
            (task.to_string(), Some(count).filter(|count| *count != u64::MAX))
        };
        Self {
            name: workflow.name.to_string(),
            revision: workflow.revision,
            digest: workflow.digest.as_str().to_owned(),
            assurance: workflow.assurance.as_str(),
            level: LevelSummary::of(workflow),
            open: workflow.open,
            mode: mode.map(Mode::as_str),
            trust_domain: workflow.trust_domain.to_string(),
            trust_domain_aliases: workflow.domain.aliases().map(ToString::to_string).collect(),
            workloads: Workload::all(workflow),
            identities: Identities::all(workflow),
            accepts: Accepts::all(workflow),
            guards: GuardSummary::all(workflow),
            deadline: duration::written(workflow.deadline),
            further: Further::all(workflow),
            constraints: workflow.constraints.iter().map(|one| ConstraintSummary::of(workflow, one)).collect(),
            advice: workflow.advice.iter().map(ConstraintSummary::advice).collect(),
            calls: Calls::all(workflow),
            actors: names(&mut workflow.actors.keys().map(|name| name as &dyn ToString)),
            tasks: names(&mut workflow.tasks.keys().map(|name| name as &dyn ToString)),
            initial: initial.map(|task| task.name.to_string()).collect(),
            transitions: workflow.transitions.len(),
            guarded: workflow.transitions.iter().filter(|transition| transition.when.is_some()).count(),
            splits: workflow.tasks.values().filter_map(|task| SplitSummary::of(workflow, task)).collect(),
            joins: workflow.joins.values().map(|join| JoinSummary::of(workflow, join, sound.as_ref())).collect(),
            task_ttl: duration::written(workflow.task_ttl),
            ttl: workflow
                .tasks
                .values()
                .filter(|task| timed && task.ttl != workflow.task_ttl)
                .map(|task| (task.name.to_string(), duration::written(task.ttl)))
                .collect(),
            times: workflow
                .transitions
                .iter()
                .filter(|_| timed)
                .filter_map(|transition| Times::of(workflow, transition))
                .collect(),
            at_most: entries::most(workflow).map(|most| most.into_iter().map(counted).collect()),
        }
    }

    fn describe(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "  {STRONG}{}{STRONG:#} revision {}, assurance {}",
            self.name, self.revision, self.assurance
        );
        row(text, "digest", &self.digest);
        row(text, "actors", &format!("{}: {}", self.actors.len(), listed(&self.actors)));
        rows_up_to(READ, text, "spiffe", &self.identities);
        rows(text, "roles", &self.workloads);
        rows(text, "workloads", &self.further);
        if !self.trust_domain_aliases.is_empty() {
            let aliases = listed(&self.trust_domain_aliases);
            row(text, "aliases", &format!("{aliases}: other names of the trust domain `{}`", self.trust_domain));
        }
        row(text, "tasks", &format!("{}, instances begin at {}", self.tasks.len(), listed(&self.initial)));
        let guards = if self.guarded > 0 { format!(", {} with a guard", self.guarded) } else { String::new() };
        row(text, "transitions", &format!("{}{guards}", self.transitions));
        rows_up_to(READ, text, "request", &self.accepts);
        rows_up_to(READ, text, "guard", &self.guards);
        rows(text, "calls", &self.calls);
        for split in self.splits.iter().take(SHOWN) {
            row(text, "split", &split.to_string());
        }
        if let more @ 1.. = self.splits.len().saturating_sub(SHOWN) {
            row(text, "split", &format!("{} with several ways out", stepgate_config::more(more, "task")));
        }
        // `identity` has only joins that are advice.
        let advice = if self.at_most.is_none() { "; as advice" } else { "" };
        for join in &self.joins {
            row(text, "join", &format!("{join}{advice}"));
        }
        // `identity` enforces no times.
        if self.at_most.is_some() {
            row(text, "life", &self.life());
        }
        self.times.iter().for_each(|times| row(text, "time", &times.to_string()));
        rows(text, "constraint", &self.constraints);
        rows(text, "advice", &self.advice);
        row(text, "at most", &self.at_most());
        row(text, "level", &self.level.to_string());
        rows(text, "because", &self.level.reasons());
    }

    /// How long tokens live.
    fn life(&self) -> String {
        let mut lives: Vec<String> =
            self.ttl.iter().take(SHOWN).map(|(task, ttl)| format!("tokens of `{task}` {ttl}")).collect();
        let hidden = self.ttl.len().saturating_sub(SHOWN);
        if hidden > 0 {
            lives.push(format!("those of {} other times", stepgate_config::more(hidden, "task")));
        }
        let others = if lives.is_empty() { "tokens" } else { "all others" };
        lives.push(format!("{others} {}", self.task_ttl));
        format!("an instance {}, {}", self.deadline, lives.join(", "))
    }

    /// What one instance may do at most.
    fn at_most(&self) -> String {
        let Some(most) = &self.at_most else {
            return "any task any number of times, at any time: level `identity` counts nothing, and enforces no times"
                .to_owned();
        };
        let often: Vec<String> = most
            .iter()
            .filter_map(|(task, count)| match count {
                None => Some(format!("`{task}` more often than can be counted")),
                Some(0 | 1) => None,
                Some(count) => Some(format!("`{task}` {count} times")),
            })
            .collect();
        match often.split_at_checked(SHOWN) {
            _ if often.is_empty() => "each task once in one instance".to_owned(),
            Some((shown, more @ [_, ..])) => {
                format!("in one instance {}, and {} more tasks more than once", shown.join(", "), more.len())
            }
            _ => format!("in one instance {}, each other task once", often.join(", ")),
        }
    }
}

impl SplitSummary {
    fn of(workflow: &Workflow, task: &Task) -> Option<Self> {
        let to: Vec<String> =
            workflow.leaving_with_others(task).map(|transition| transition.to.name.to_string()).collect();
        let meaning = task.split.unwrap_or(Split::Any).meaning(workflow.assurance);
        (to.len() > 1).then(|| Self { task: task.name.to_string(), split: task.split.map(Split::as_str), to, meaning })
    }
}

impl fmt::Display for SplitSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.split.unwrap_or("not said, so `any`");
        write!(f, "`{}` to {} ({said}): {}", self.task, listed(&self.to), self.meaning)
    }
}

impl JoinSummary {
    fn of(workflow: &Workflow, join: &Join, sound: Option<&Soundness<'_>>) -> Self {
        let sources = join.sources.iter().map(ToString::to_string).collect();
        let leaving = workflow.transitions.iter().filter(|transition| transition.from.name == join.task);
        let then = leaving.map(|transition| transition.to.name.to_string()).collect();
        let completes = sound.and_then(|sound| sound.joins.get(&join.task)).map(Completes::as_str);
        Self { task: join.task.to_string(), sources, fork: join.fork.to_string(), then, completes }
    }
}

impl fmt::Display for JoinSummary {
    /// `` `master` is called once from each of `hdr` and `sound`; what leaves it (`release`) needs both; they fork at `shots` ``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, sources, fork, then, completes } = self;
        let all = if sources.len() == 2 { "both" } else { "all of these calls" };
        let (from, leaving) = (listed(sources), listed(then));
        if task.contains('+') {
            let need = if then.len() == 1 { "needs" } else { "need" };
            write!(f, "{leaving} {need} one request with the tokens of {from}; they fork at `{fork}`")?;
        } else {
            write!(
                f,
                "`{task}` is called once from each of {from}; what leaves it ({leaving}) needs {all}; they fork at `{fork}`"
            )?;
        }
        match *completes {
            Some("always") | None => Ok(()),
            Some("may") => write!(f, "; some runs leave it incomplete"),
            Some(_) => write!(f, "; UNKNOWN whether it always completes"),
        }
    }
}

/// A row for each, up to a bound.
fn rows(text: &mut String, label: &str, all: &[impl fmt::Display]) {
    rows_up_to(SHOWN, text, label, all);
}

fn rows_up_to(shown: usize, text: &mut String, label: &str, all: &[impl fmt::Display]) {
    all.iter().take(shown).for_each(|one| row(text, label, &one.to_string()));
    if let more @ 1.. = all.len().saturating_sub(shown) {
        row(text, label, &format!("{more} more"));
    }
}

fn row(text: &mut String, label: &str, value: &str) {
    let _ = writeln!(text, "    {FAINT}{label:<12}{FAINT:#}{value}");
}
