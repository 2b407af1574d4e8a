//! One instance from its start, by the native decision: each request is that of a case, and shows the tokens that came of the
//! requests before it, in place of the case's own.

use std::collections::{BTreeMap, BTreeSet};

use stepgate_config::duration;
use stepgate_config::workflow::Workflow;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Gate, UnixTime};
use stepgate_tests::case::{Case, GivenStep};
use stepgate_tests::corpus::{Corpus, Whole};
use stepgate_tests::native;
use stepgate_tests::prepared::Prepared;
use stepgate_tests::process::Process;

/// Tuesday, 2026-11-24, 10:00 UTC: guards on the time are true then.
const BEGIN: u64 = 1_795_514_400;

/// The tokens of an instance: the newest of each type, task and, at a join, source.
type Tokens = BTreeMap<(&'static str, String, Option<String>), String>;

struct Instance<'a> {
    corpus: &'a Corpus,
    process: &'a Process,
    workflow: &'a Workflow,
    gate: Gate,
    store: MemoryStore,
    tokens: Tokens,
    now: UnixTime,
    requests: u8,
}

/// Walks, and returns the transitions taken.
pub(crate) fn walk(corpus: &Corpus, process: &Process, parts: &[String]) -> Result<BTreeSet<String>, String> {
    let config = corpus.gates[&process.name].config.clone().ok_or("the document has errors")?;
    let workflow = config.workflows[0].clone();
    let (gate, _) = Gate::new(config, &|name| corpus.environment.get(name)).map_err(|errors| format!("{errors:?}"))?;
    let now = UnixTime::from_seconds(BEGIN);
    let (store, tokens) = (MemoryStore::default(), Tokens::new());
    let mut instance = Instance { corpus, process, workflow: &workflow, gate, store, tokens, now, requests: 0 };
    let mut taken = BTreeSet::new();
    for part in parts {
        if let Some(wait) = part.strip_prefix('+') {
            let wait = duration::parse(wait).map_err(|error| format!("`{part}`: {error}"))?;
            instance.now = UnixTime::from_seconds(instance.now.seconds() + wait.as_secs());
            continue;
        }
        let tasks: Vec<&str> = part.split(" -> ").collect();
        for pair in tasks.windows(2) {
            instance.hop(pair[0], pair[1]).map_err(|why| format!("{} -> {}: {why}", pair[0], pair[1]))?;
            taken.insert(format!("{} -> {}", pair[0], pair[1]));
        }
    }
    Ok(taken)
}

impl Instance<'_> {
    fn hop(&mut self, from: &str, to: &str) -> Result<(), String> {
        let case = self.case(from, to).ok_or("no case permits it")?;
        let lines: Vec<String> = match case.given.lines {
            // A plain step.
            Some(_) => vec![self.held("arrival", from, None)?],
            None => case.given.steps.iter().map(|step| self.shown(step)).collect::<Result<_, _>>()?,
        };
        let mut case = case.clone();
        case.given.steps.clear();
        case.given.lines = (!lines.is_empty()).then(|| vec![lines.join(",")]);
        let name = self.process.name.clone();
        let when = case.when.or(&self.process.when);
        let whole = Whole { chapter: name.clone(), gate: name, case, when, envoys: false };
        let request = Prepared::of(self.corpus, &whole, self.now, "")?;
        self.requests += 1;
        let outcome = native::decide(Some(&self.gate), &request, (self.now, self.requests), &mut self.store);
        let Some(seen) = outcome.seen else { return Err(format!("denied: {:?}", outcome.denied)) };
        let (_, step) = seen.into_iter().find(|(name, _)| name == "x-workflow-step").ok_or("no step")?;
        let source = self.workflow.joins.contains_key(to).then(|| from.to_owned());
        self.tokens.insert(("arrival", to.to_owned(), source.clone()), step);
        outcome.receipt.map(|receipt| self.tokens.insert(("receipt", to.to_owned(), source), receipt));
        outcome.start.map(|start| self.tokens.insert(("arrival", from.to_owned(), None), start));
        Ok(())
    }

    /// The case that permits this transition, from one task or from several as `a+b`: once there is a start token, the one that
    /// shows it.
    fn case(&self, from: &str, to: &str) -> Option<&Case> {
        let initial = self.workflow.tasks.get(from).is_some_and(|task| task.initial);
        let begins = initial && self.held("arrival", from, None).is_err();
        let plain = format!("{}/{}/{from}", self.workflow.name, self.workflow.revision);
        self.process.cases.iter().find(|case| {
            let given = &case.given;
            let tasks: BTreeSet<&str> = given.steps.iter().map(|step| step.task.as_str()).collect();
            let shown = tasks == from.split('+').collect() || given.lines.iter().flatten().any(|line| *line == plain);
            let calls = case.when.or(&self.process.when).peer.is_some_and(|peer| self.begins(&peer, from));
            let nothing = given.steps.is_empty() && given.lines.is_none() && calls;
            case.then.permit.as_deref() == Some(to) && if begins { nothing } else { shown }
        })
    }

    /// Whether this peer, an actor or a URI, may begin instances at the task.
    fn begins(&self, peer: &str, from: &str) -> bool {
        let performer = self.workflow.tasks.get(from).map(|task| task.performer.name.as_str());
        peer.contains("://") || Some(peer) == performer
    }

    fn shown(&self, step: &GivenStep) -> Result<String, String> {
        let kind = if step.token_type.as_deref() == Some("receipt") { "receipt" } else { "arrival" };
        self.held(kind, &step.task, step.from.as_deref())
    }

    fn held(&self, kind: &'static str, task: &str, from: Option<&str>) -> Result<String, String> {
        let token = self.tokens.get(&(kind, task.to_owned(), from.map(str::to_owned)));
        token.cloned().ok_or_else(|| format!("no {kind} of {task} is held"))
    }
}
