//! The facts of the request in question, as a proxy would have gathered them.

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;
use stepgate_config::workflow::{Task, Workflow};
use stepgate_decision::step;
use stepgate_decision::token::TokenType;
use stepgate_decision::{Facts, Gate, Header, Randomness, UnixTime, request_headers};

use super::Args;
use crate::command::failure::Failure;
use crate::command::held::Held;
use crate::command::stand_in::{self, Staged};
use crate::command::subject::Subject;
use crate::command::{names, time};

/// The instance to which a step of `--at` belongs.
const INSTANCE: &str = "explained";
/// The peer that there is not.
const NOBODY: &str = "none";

/// A gate and a request that has come to it.
pub(super) struct Scene<'a> {
    pub(super) gate: Gate,
    pub(super) workflow: &'a Arc<Workflow>,
    pub(super) peer: Option<String>,
    pub(super) own: String,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) host: String,
    /// Further headers, the step's not among them.
    pub(super) further: &'a [(String, String)],
    pub(super) step: Shown<'a>,
    pub(super) now: UnixTime,
    headers: Vec<Header>,
}

/// The step that the request shows.
pub(super) enum Shown<'a> {
    /// None.
    Nothing,
    /// A value as it was given.
    Raw,
    /// A rightful one.
    Rightful(Held<'a>),
}

impl<'a> Scene<'a> {
    pub(super) fn of(args: &'a Args, subject: &'a Subject) -> Result<Self, Failure> {
        let workflow = subject.workflow(args.workflow.as_deref())?;
        let now = args.time.unwrap_or_else(time::now);
        let peer = match args.peer.as_str() {
            NOBODY => None,
            given => Some(names::identity(workflow, given, "--peer")?),
        };
        let own = own(args, subject, workflow)?;
        let step = match &args.at {
            Some(at) => {
                Shown::Rightful(held(args, workflow, names::task(workflow, at, "--at")?, peer.as_deref(), now)?)
            }
            None if args.step.is_some() => Shown::Raw,
            None => Shown::Nothing,
        };
        let (gate, values) = match (&step, &args.step) {
            (Shown::Raw, Some(_)) if !subject.is_document => {
                (stand_in::with_real_keys(subject.config.clone())?, Vec::new())
            }
            _ => {
                let Staged { gate, keys } = stand_in::stage(subject.config.clone())?;
                let values = if let Shown::Rightful(held) = &step { held.values(&keys)? } else { Vec::new() };
                (gate, values)
            }
        };
        let host = args.host.clone().unwrap_or_else(|| first_host(workflow, &own));
        let (step_header, carrier) = (&subject.config.header, subject.config.carrier);
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
            further: &args.headers,
            step,
            now,
            headers,
        })
    }

    pub(super) fn facts(&self, random: Randomness) -> Facts {
        Facts::received(self.peer.as_deref(), &self.own, self.headers.clone(), self.now, random)
    }
}

/// Who is called. A configuration that says so is believed before a certificate, so nothing else can be asked.
fn own(args: &Args, subject: &Subject, workflow: &Workflow) -> Result<String, Failure> {
    let given = args.own.as_deref().map(|given| names::identity(workflow, given, "--self")).transpose()?;
    match (given, &subject.config.own) {
        (Some(given), Some(own)) if given != own.as_str() => Err(Failure::usage(format!(
            "--self: the configuration says `self: {own}`, which the gate takes before its certificate"
        ))
        .help("leave --self out")),
        (_, Some(own)) => Ok(own.to_string()),
        (Some(given), None) => Ok(given),
        (None, None) => {
            let actors: Vec<&str> = workflow.actors.keys().map(|name| name.as_str()).collect();
            Err(Failure::usage("--self is wanted: who is called?")
                .help(format!("the actors are {}", names::listed(&actors))))
        }
    }
}

/// The step of `--at`. Its holder is the peer, if a gate could ever have given it such a step; else it
/// is who performs the task, and the peer has come by it otherwise.
fn held<'a>(
    args: &Args,
    workflow: &'a Workflow,
    task: &'a Arc<Task>,
    peer: Option<&str>,
    issued: UnixTime,
) -> Result<Held<'a>, Failure> {
    let parse = |text: &str| SpiffeId::try_from(text.as_bytes());
    let could_hold = |id: &SpiffeId| task.performer.includes(id) || workflow.needs_receipt(task, id);
    let holder = match &args.holder {
        Some(given) => {
            let given = names::identity(workflow, given, "--holder")?;
            Some(parse(&given).map_err(|why| Failure::usage(format!("--holder: not a SPIFFE ID: {why}")))?)
        }
        None => {
            peer.and_then(|peer| parse(peer).ok()).filter(could_hold).or_else(|| task.performer.spiffe.first().cloned())
        }
    };
    let holder = holder.ok_or_else(|| Failure::usage(format!("--at: nobody performs `{}`", task.name)))?;
    let receives = !task.performer.includes(&holder) && workflow.needs_receipt(task, &holder);
    let token_type = if receives { TokenType::Receipt } else { TokenType::Arrival };
    Ok(Held { workflow, task, holder, token_type, instance: INSTANCE, issued })
}

fn first_host(workflow: &Workflow, own: &str) -> String {
    let actor = names::actor_of(workflow, own);
    actor.map_or_else(
        || "localhost".into(),
        |actor| actor.hosts.first().cloned().unwrap_or_else(|| actor.name.to_string()),
    )
}
