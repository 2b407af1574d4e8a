//! The scenario: the facts of a request as a proxy would have gathered them.

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{ExampleRequest, GRPC_HEADERS, Task, Transition, Workflow, is_grpc};
use stepgate_decision::step::shows_step;
use stepgate_decision::token::TokenType;
use stepgate_decision::{Facts, Header, Randomness, UnixTime, request_headers};

use super::arguments::{Args, Request};
use super::instance::{HeldStep, Instance};
use crate::command::error::CommandError;
use crate::command::example_step::ExampleStep;
use crate::command::history::History;
use crate::command::input::Input;
use crate::command::names;

/// The instance of the step of `--at`.
const INSTANCE: &str = "explained";
/// The argument for a connection without a peer.
const NO_PEER: &str = "none";

/// A request to a gate.
pub(super) struct Scenario<'a> {
    pub(super) workflow: &'a Arc<Workflow>,
    pub(super) peer: Option<String>,
    pub(super) own: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// Further headers, without those that carry a step.
    pub(super) further: Vec<(String, String)>,
    pub(super) step: PresentedStep,
    pub(super) now: UnixTime,
    headers: Vec<Header>,
}

/// The step in the request.
pub(super) enum PresentedStep {
    None,
    /// That of `--step` or of a header.
    Raw,
    /// The step of `--at`, or one that an earlier request left.
    Held(HeldStep),
}

/// The parts of a call of `explain` that all its requests share.
pub(super) struct Call<'a> {
    pub(super) args: &'a Args,
    pub(super) input: &'a Input,
    pub(super) workflow: &'a Arc<Workflow>,
}

/// Whether the request brings a step of its own, which only the keys of its mesh can verify.
pub(super) fn brings_step(request: &Request, input: &Input) -> bool {
    request.step.is_some() || request.headers.iter().any(|header| has_step(header, input))
}

fn has_step((name, value): &(String, String), input: &Input) -> bool {
    let headers = vec![(name.clone(), value.clone().into_bytes())];
    let facts = Facts::received(None, "", headers, UnixTime::from_seconds(0), Randomness::default());
    shows_step(&facts, &input.config.header, input.config.carrier)
}

impl<'a> Scenario<'a> {
    /// The first request of a call, or with `is_first` false one that goes on with what the instance holds.
    pub(super) fn of(
        call: &Call<'a>,
        request: &Request,
        instance: &mut Instance,
        now: UnixTime,
        is_first: bool,
    ) -> Result<Self, CommandError> {
        let Call { args, input, workflow } = call;
        let to = request.to.as_deref().map(|to| names::task(workflow, to, "--to")).transpose()?;
        let at = request.at.as_deref().map(|at| names::task_or_several(workflow, at, "--at")).transpose()?;
        let given = request.peer.as_deref().map(|given| match given {
            NO_PEER => Ok(None),
            given => names::identity(workflow, given, "--peer").map(Some),
        });
        let given = given.transpose()?;
        let brings = brings_step(request, input);
        if brings && at.is_some() {
            return Err(CommandError::usage("--at: the request has a step in its headers already"));
        }
        if let (true, Some(at)) = (is_first, at) {
            let peer = given.clone().unwrap_or_else(|| caller(workflow, Some(at), to));
            begin_at(args, workflow, instance, at, (peer.as_deref(), now))?;
        }
        let starts = caller(workflow, None, to).filter(|_| at.is_none() && !brings);
        let peer = given.as_ref().and_then(Option::as_deref);
        let held = if brings { None } else { held(instance, workflow, (at, to), (peer, starts.is_some())) };
        if let (Some(at), None) = (at, held) {
            return Err(CommandError::usage(format!("--at: no request before it has reached `{}`", at.name)));
        }
        let holder = held.filter(|_| to.is_some()).map(|held| held.holder.clone());
        let peer = match given.or_else(|| holder.or(starts).map(Some)) {
            Some(peer) => peer,
            None => return Err(no_peer(workflow, to.filter(|_| !brings))),
        };
        let own = own(request, to, input, workflow)?;
        let ExampleRequest { method, path, host, port, headers: named } = filled_in(request, to);
        let host = host.unwrap_or_else(|| first_host(workflow, to, &own));
        let is_given = |name: &str| request.headers.iter().any(|(given, _)| given == name);
        let mut further = request.headers.clone();
        further.extend(named.into_iter().filter(|(name, _)| !is_given(name)));
        if to.is_some() && is_grpc(&method, &path) {
            let missing = GRPC_HEADERS.iter().filter(|(name, _)| !further.iter().any(|(given, _)| given == name));
            let missing: Vec<_> = missing.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            further.extend(missing);
        }
        let value = request.step.clone().or_else(|| held.map(HeldStep::value));
        let shown = value.map(|value| input.step_header(&value));
        let lines = further.iter().chain(&shown).map(|(name, value)| (name.as_str(), value.as_str()));
        let headers = request_headers(&method, &path, &host, lines);
        further.retain(|header| !has_step(header, input));
        let step = match held {
            Some(step) => PresentedStep::Held(step.clone()),
            None if brings => PresentedStep::Raw,
            None => PresentedStep::None,
        };
        Ok(Self { workflow, peer, own, method, path, host, port, further, step, now, headers })
    }

    pub(super) fn facts(&self, random: Randomness) -> Facts {
        let received = Facts::received(self.peer.as_deref(), &self.own, self.headers.clone(), self.now, random);
        Facts { port: self.port, ..received }
    }
}

/// The step that the request presents: the latest one with which its peer may go on to that task. Else the request begins
/// an instance, if it can, or presents the latest step that the peer has, or the latest of all.
fn held<'i>(
    instance: &'i Instance,
    workflow: &Workflow,
    (at, to): (Option<&Arc<Task>>, Option<&Arc<Task>>),
    (peer, may_start): (Option<&str>, bool),
) -> Option<&'i HeldStep> {
    let at = at.map(AsRef::as_ref);
    let leads = instance.held(at, peer).find(|step| to.is_none_or(|to| step.leads_to(workflow, to)));
    let others = || instance.held(at, peer).next().or_else(|| instance.held(at, None).next());
    leads.or_else(|| others().filter(|_| !may_start))
}

/// The request's parts as given, else those of the task.
fn filled_in(request: &Request, to: Option<&Arc<Task>>) -> ExampleRequest {
    let (method, path) = ("GET".to_owned(), "/".to_owned());
    let any = ExampleRequest { method, path, host: None, port: None, headers: Vec::new() };
    let example = to.map_or(any, |to| to.example());
    ExampleRequest {
        method: request.method.clone().unwrap_or(example.method),
        path: request.path.clone().unwrap_or(example.path),
        host: request.host.clone().or(example.host),
        port: request.port.or(example.port),
        headers: example.headers,
    }
}

/// A workload that may call this task: from there, or to begin an instance.
fn caller(workflow: &Workflow, at: Option<&Arc<Task>>, to: Option<&Arc<Task>>) -> Option<String> {
    let leaves = |t: &Transition| match at {
        Some(at) => t.from.name == at.name || t.sources.iter().any(|source| source.name == at.name),
        None => t.from.initial && !t.via,
    };
    let mut transitions = workflow.transitions.iter().filter(|t| leaves(t));
    let found = transitions.find(|t| to.is_some_and(|to| to.name == t.to.name))?;
    found.caller.examples.first().map(ToString::to_string)
}

fn no_peer(workflow: &Workflow, to: Option<&Arc<Task>>) -> CommandError {
    let (why, before) = match to {
        None => ("the actor or SPIFFE ID that calls".to_owned(), ""),
        Some(to) => (format!("no instance begins with `{}`", to.name), "give --at with the task before, or --peer; "),
    };
    CommandError::usage(format!("`--peer` is required: {why}"))
        .help(format!("{before}the actors are {}", names::listed(workflow.actors.keys())))
}

/// The workload that is called. `self` in a configuration takes precedence over a certificate, so `--self` must agree.
fn own(request: &Request, to: Option<&Arc<Task>>, input: &Input, workflow: &Workflow) -> Result<String, CommandError> {
    // The ID of a gate is that of its certificate: unlike a peer, it is always a workload's.
    let given = request.own.as_deref().map(|given| names::spiffe_id(workflow, given, "--self")).transpose()?;
    let given = given.map(|given| given.to_string());
    match (given, &input.config.own) {
        (Some(given), Some(own)) if given != own.as_str() => Err(CommandError::usage(format!(
            "--self: the configuration has `self: {own}`, which takes precedence over the gate's certificate"
        ))
        .help("omit --self")),
        (_, Some(own)) => Ok(own.to_string()),
        (Some(given), None) => Ok(given),
        (None, None) => to.and_then(|to| to.performer.examples.first()).map(ToString::to_string).ok_or_else(|| {
            CommandError::usage("`--self` is required: the actor or SPIFFE ID that is called")
                .help(format!("the actors are {}", names::listed(workflow.actors.keys())))
        }),
    }
}

/// Begins with the step of `--at`. Its holder is the peer, if a gate could have issued it to that; else the performer of
/// the task.
fn begin_at(
    args: &Args,
    workflow: &Workflow,
    instance: &mut Instance,
    task: &Task,
    (peer, issued): (Option<&str>, UnixTime),
) -> Result<(), CommandError> {
    let receives = |id: &SpiffeId| workflow.roles(id).any(|actor| workflow.needs_receipt(task, actor));
    let several = workflow.transitions.iter().find(|t| t.from.name == task.name).map(|t| t.sources());
    let performs = |id: &SpiffeId| match several {
        Some(tasks) => tasks.iter().all(|task| task.performer.includes(id)),
        None => task.performer.includes(id),
    };
    let could_hold = |id: &SpiffeId| performs(id) || receives(id);
    let holder = match &args.holder {
        Some(given) => Some(names::spiffe_id(workflow, given, "--holder")?),
        None => peer
            .and_then(|peer| SpiffeId::try_from(peer.as_bytes()).ok())
            .filter(could_hold)
            .or_else(|| task.performer.examples.first().cloned()),
    };
    let holder = holder.ok_or_else(|| CommandError::usage(format!("--at: no workload performs `{}`", task.name)))?;
    // A workload that is both the performer and the caller holds both.
    let receipt = receives(&holder).then_some(TokenType::Receipt);
    let arrival = (receipt.is_none() || performs(&holder)).then_some(TokenType::Arrival);
    for token_type in receipt.into_iter().chain(arrival) {
        let history = History::of(workflow, task, &args.performed)?;
        instance.assumed = Some(history.unknown.clone());
        let holder = holder.clone();
        let example = ExampleStep { workflow, task, holder, token_type, instance: INSTANCE, issued, history };
        let values = example.values(instance.keys())?;
        instance.keep(example.holder.as_str(), values.iter().map(String::as_str));
    }
    Ok(())
}

fn first_host(workflow: &Workflow, to: Option<&Arc<Task>>, own: &str) -> String {
    let actors = names::actors_of(workflow, own);
    let performer = actors.iter().find(|actor| to.is_some_and(|to| to.performer.name == actor.name));
    performer.or(actors.first()).map_or_else(
        || "localhost".into(),
        |actor| actor.hosts.first().cloned().unwrap_or_else(|| actor.name.to_string()),
    )
}
