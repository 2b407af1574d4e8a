//! Which task a request is, among all tasks that the workload performs, in all documents of the gate, and the exemptions.
//! Of several, it is the one whose requests lie within those of the others.

use std::sync::Arc;

use stepgate_config::gate::{ExemptPeers, GateConfig};
use stepgate_config::workflow::{RequestPattern, Task, Transition, Workflow};

use crate::denied::{Denied, deny, require};
use crate::header::header;
use crate::path::{segments, trimmed, within};
use crate::request::Request;

/// A task, with one of its patterns.
struct Candidate<'g> {
    workflow: &'g Workflow,
    task: &'g Arc<Task>,
    pattern: RequestPattern,
}

impl Candidate<'_> {
    fn is_named_as(&self, other: &Self) -> bool {
        self.workflow.name == other.workflow.name && self.task.name == other.task.name
    }
}

impl Request {
    /// Whether the gate exempts the request, for peers that pass the test: not where it may be a task, unless that task
    /// accepts more than the exemption does.
    pub(crate) fn is_exempt(&self, gate: &GateConfig, peers: impl Fn(&ExemptPeers) -> bool) -> bool {
        let tasks = self.candidates(gate);
        let mut exempting = gate.exempt.iter().filter(|one| peers(&one.peers) && self.is(&one.request));
        let readable = !matches!(self.reads_one_way_here(gate), Err(Denied("WRONG_REQUEST")));
        readable
            && self.upgrade().is_none()
            && exempting.any(|one| tasks.iter().all(|task| is_narrower(&one.request, &task.pattern, false)))
    }

    /// Whether no header that the gate names can be misread, and no literal character of a path is escaped: whatever the
    /// token says.
    pub(crate) fn reads_one_way_here(&self, gate: &GateConfig) -> Result<(), Denied> {
        let tasks = gate.workflows.iter().flat_map(|workflow| workflow.tasks.values());
        let patterns = tasks.flat_map(|task| &task.requests).chain(gate.exempt.iter().map(|one| &one.request));
        let mut headers = patterns.flat_map(|pattern| pattern.headers.iter());
        require(headers.all(|(name, _)| header(&self.headers, name).is_some()), "WRONG_REQUEST")?;
        let tasks = self.candidates(gate);
        let here = tasks.iter().map(|one| &one.pattern).filter(|one| self.may_have_host(one) || self.has_name(one));
        let exempt = gate.exempt.iter().map(|one| &one.request).filter(|one| self.may_be(one));
        require(!here.chain(exempt).any(|pattern| self.escapes(pattern)), "BAD_PATH")
    }

    /// Which of these transitions of the workflow leads to the task that the request is: at most one.
    pub(crate) fn which<'t>(
        &self,
        gate: &GateConfig,
        workflow: &Workflow,
        transitions: &'t [Arc<Transition>],
    ) -> Result<&'t Arc<Transition>, Denied> {
        let all = self.candidates(gate);
        // Whatever port a host has, an application may look at its name only. Such a task hides others, and is not meant.
        let by_name = all.iter().filter(|one| !self.may_have_host(&one.pattern) && self.has_name(&one.pattern));
        let by_name = by_name.map(|one| {
            let host = one.pattern.host.as_deref().and_then(|host| host.split(':').next()).map(str::to_owned);
            let mut pattern = one.pattern.clone();
            pattern.host = host;
            Candidate { workflow: one.workflow, task: one.task, pattern }
        });
        let by_name: Vec<Candidate<'_>> = by_name.collect();
        let meant = || all.iter().filter(|one| self.may_have_host(&one.pattern));
        let here: Vec<&Candidate<'_>> = meant().chain(&by_name).collect();
        let is_hidden = |one: &Candidate<'_>| {
            // Not by what the same task lies within, by another pattern or in another revision, if it is this request.
            let hides = |other: &RequestPattern, hosts| {
                let again = |same: &Candidate<'_>| {
                    same.is_named_as(one) && self.is(&same.pattern) && is_narrower(&same.pattern, other, hosts)
                };
                is_narrower(other, &one.pattern, hosts) && !all.iter().any(again)
            };
            let mut exempt = gate.exempt.iter().filter(|exemption| self.may_be(&exemption.request));
            here.iter().any(|other| !other.is_named_as(one) && hides(&other.pattern, true))
                || exempt.any(|exempt| hides(&exempt.request, false))
        };
        let open: Vec<&Candidate<'_>> = meant().filter(|one| !is_hidden(one)).collect();
        // One of another port may be what an application runs, too, and so may one that others hide.
        let cross = |one: &Candidate<'_>, other: &Candidate<'_>| {
            let lies = |own: &Candidate<'_>| {
                let leaves = lies_within(&own.pattern, &other.pattern, true);
                let apart = exclude_each_other(&own.pattern, &other.pattern);
                own.is_named_as(one) && self.is(&own.pattern) && (leaves || apart)
            };
            !one.is_named_as(other) && !all.iter().any(lies)
        };
        let own =
            |one: &Candidate<'_>| (&one.workflow.name, one.workflow.revision) == (&workflow.name, workflow.revision);
        let is = |task: &Task| open.iter().any(|one| own(one) && one.task.name == task.name && self.is(&one.pattern));
        let mut found = transitions.iter().filter(|transition| is(&transition.to));
        let first = found.next().ok_or(Denied("WRONG_REQUEST"))?;
        let mut exact = open.iter().filter(|one| self.is(&one.pattern));
        require(!exact.any(|one| here.iter().any(|other| cross(one, other))), "AMBIGUOUS")?;
        if found.next().is_some() { deny("AMBIGUOUS") } else { Ok(first) }
    }

    /// The tasks of the workload to which a transition leads and that the request may be.
    fn candidates<'g>(&self, gate: &'g GateConfig) -> Vec<Candidate<'g>> {
        let mut found = Vec::new();
        for workflow in &gate.workflows {
            for task in workflow.tasks.values().filter(|task| task.performer.includes(&self.gate)) {
                if !workflow.transitions.iter().any(|transition| transition.to.name == task.name) {
                    continue;
                }
                let any = [RequestPattern::default()];
                let patterns = if task.requests.is_empty() { &any[..] } else { &task.requests };
                let matching = patterns.iter().filter(|pattern| self.may_be(pattern));
                found.extend(matching.map(|pattern| Candidate { workflow, task, pattern: pattern.clone() }));
            }
        }
        found
    }
}

/// Whether one pattern accepts less than another; `hosts`: whether a host and headers make a difference.
fn is_narrower(one: &RequestPattern, other: &RequestPattern, hosts: bool) -> bool {
    lies_within(one, other, hosts) && !lies_within(other, one, hosts)
}

/// Whether one pattern accepts nothing that the other does not, for a method that both accept.
fn lies_within(one: &RequestPattern, other: &RequestPattern, hosts: bool) -> bool {
    let host = match (&one.host, &other.host) {
        _ if !hosts => true,
        (_, None) => true,
        (None, Some(_)) => false,
        // Without a port, any port.
        (Some(one), Some(other)) => one == other || one.rsplit_once(':').is_some_and(|(name, _)| name == other),
    };
    let path = match (&one.path, &other.path) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(one), Some(other)) => {
            let (one, other) = (one.to_string(), other.to_string());
            within(trimmed(&segments(&one)), trimmed(&segments(&other)))
        }
    };
    let method = other.methods.is_empty() || !one.methods.is_empty();
    let headers = !hosts || one.headers.iter().eq(other.headers.iter());
    method && host && path && headers && (other.port.is_none() || one.port == other.port)
}

/// Whether two patterns have different rules for one header, so that no request is of both.
fn exclude_each_other(one: &RequestPattern, other: &RequestPattern) -> bool {
    let mut rules = one.headers.iter().flat_map(|rule| other.headers.iter().map(move |theirs| (rule, theirs)));
    rules.any(|((name, rule), (other, theirs))| name == other && rule != theirs)
}
