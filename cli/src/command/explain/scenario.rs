//! The scenario: a gate, and the facts of a request as a proxy would have gathered them.

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Task, Workflow};
use stepgate_decision::step;
use stepgate_decision::token::TokenType;
use stepgate_decision::{Facts, Gate, Header, Randomness, UnixTime, request_headers};

use super::arguments::Args;
use crate::command::error::CommandError;
use crate::command::example_step::ExampleStep;
use crate::command::input::Input;
use crate::command::{gate_keys, names, time};
use stepgate_render::EphemeralGate;

/// The instance of the step of `--at`.
const INSTANCE: &str = "explained";
/// The argument for a connection without a peer.
const NO_PEER: &str = "none";

/// A gate and a request to it.
pub(super) struct Scenario<'a> {
    pub(super) gate: Gate,
    pub(super) workflow: &'a Arc<Workflow>,
    pub(super) peer: Option<String>,
    pub(super) own: String,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// Further headers, without the step.
    pub(super) further: &'a [(String, String)],
    pub(super) step: PresentedStep<'a>,
    pub(super) now: UnixTime,
    headers: Vec<Header>,
}

/// The step in the request.
pub(super) enum PresentedStep<'a> {
    None,
    /// The value of `--step`.
    Raw,
    /// The step of `--at`.
    Example(ExampleStep<'a>),
}

impl<'a> Scenario<'a> {
    pub(super) fn of(args: &'a Args, input: &'a Input) -> Result<Self, CommandError> {
        let workflow = input.workflow(args.workflow.as_deref())?;
        let now = args.time.unwrap_or_else(time::now);
        let peer = match args.peer.as_str() {
            NO_PEER => None,
            given => Some(names::identity(workflow, given, "--peer")?),
        };
        let own = own(args, input, workflow)?;
        let step = match &args.at {
            Some(at) => PresentedStep::Example(example(
                args,
                workflow,
                names::task(workflow, at, "--at")?,
                peer.as_deref(),
                now,
            )?),
            None if args.step.is_some() => PresentedStep::Raw,
            None => PresentedStep::None,
        };
        let (gate, values) = match (&step, &args.step) {
            (PresentedStep::Raw, Some(_)) if !input.is_document => (gate_keys::gate(input.config.clone())?, Vec::new()),
            _ => {
                let EphemeralGate { gate, keys } =
                    EphemeralGate::new(input.config.clone()).map_err(CommandError::failed)?;
                let values =
                    if let PresentedStep::Example(example) = &step { example.values(&keys)? } else { Vec::new() };
                (gate, values)
            }
        };
        let host = args.host.clone().unwrap_or_else(|| first_host(workflow, &own));
        let (step_header, carrier) = (&input.config.header, input.config.carrier);
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let minted = step::step_header(carrier, step_header, &values);
        let more = args.headers.iter().chain(&minted).map(|(name, value)| (name.as_str(), value.as_str()));
        let raw = args.step.iter().map(|raw| (step_header.as_str(), raw.as_str()));
        let headers = request_headers(&args.method, &args.path, &host, more.chain(raw));
        Ok(Self {
            gate,
            workflow,
            peer,
            own,
            method: &args.method,
            path: &args.path,
            host,
            port: args.port,
            further: &args.headers,
            step,
            now,
            headers,
        })
    }

    pub(super) fn facts(&self, random: Randomness) -> Facts {
        let received = Facts::received(self.peer.as_deref(), &self.own, self.headers.clone(), self.now, random);
        Facts { port: self.port, ..received }
    }
}

/// The workload that is called. `self` in a configuration takes precedence over a certificate, so `--self` must agree.
fn own(args: &Args, input: &Input, workflow: &Workflow) -> Result<String, CommandError> {
    let given = args.own.as_deref().map(|given| names::identity(workflow, given, "--self")).transpose()?;
    match (given, &input.config.own) {
        (Some(given), Some(own)) if given != own.as_str() => Err(CommandError::usage(format!(
            "--self: the configuration has `self: {own}`, which takes precedence over the gate's certificate"
        ))
        .help("omit --self")),
        (_, Some(own)) => Ok(own.to_string()),
        (Some(given), None) => Ok(given),
        (None, None) => Err(CommandError::usage("`--self` is required: the actor or SPIFFE ID that is called")
            .help(format!("the actors are {}", names::listed(workflow.actors.keys())))),
    }
}

/// The step of `--at`. Its holder is the peer, if a gate could have issued it to that; else the performer of the task.
fn example<'a>(
    args: &Args,
    workflow: &'a Workflow,
    task: &'a Arc<Task>,
    peer: Option<&str>,
    issued: UnixTime,
) -> Result<ExampleStep<'a>, CommandError> {
    let could_hold = |id: &SpiffeId| task.performer.includes(id) || workflow.needs_receipt(task, id);
    let holder = match &args.holder {
        Some(given) => Some(names::spiffe_id(workflow, given, "--holder")?),
        None => peer
            .and_then(|peer| SpiffeId::try_from(peer.as_bytes()).ok())
            .filter(could_hold)
            .or_else(|| task.performer.spiffe.first().cloned()),
    };
    let holder = holder.ok_or_else(|| CommandError::usage(format!("--at: no workload performs `{}`", task.name)))?;
    let receives = !task.performer.includes(&holder) && workflow.needs_receipt(task, &holder);
    let token_type = if receives { TokenType::Receipt } else { TokenType::Arrival };
    Ok(ExampleStep { workflow, task, holder, token_type, instance: INSTANCE, issued })
}

fn first_host(workflow: &Workflow, own: &str) -> String {
    let actor = names::actor_of(workflow, own);
    actor.map_or_else(
        || "localhost".into(),
        |actor| actor.hosts.first().cloned().unwrap_or_else(|| actor.name.to_string()),
    )
}
