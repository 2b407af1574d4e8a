//! `stepgate explain`: the verdicts on requests and their reasons, from the decision that gates make.

mod arguments;
mod explanation;
mod instance;
mod scenario;
mod text;

use std::iter;

use stepgate_config::gate::Direction;
use stepgate_config::workflow::Assurance;
use stepgate_decision::{Code, Randomness, Verdict};
use stepgate_render::jwk;

use super::answer::Answer;
use super::error::CommandError;
use super::input::Input;
use super::{output, time};
pub(super) use arguments::Args;
pub(super) use explanation::Explanation;
use instance::Instance;
use scenario::{Call, PresentedStep, Scenario, brings_step};

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let input = Input::read(&args.file)?;
    if input.config.direction == Direction::Outbound {
        let of_receivers = "`explain` answers for the gates of receivers, and this one is outbound";
        return Err(
            CommandError::usage(of_receivers).help("give the configuration of the receiver's gate, or the document")
        );
    }
    let call = Call { args, input: &input, workflow: input.workflow(args.workflow.as_deref())? };
    if call.workflow.assurance == Assurance::Once {
        let unknown = format!("`explain` does not know level `once` yet, which `{}` has", call.workflow.name);
        return Err(CommandError::usage(unknown)
            .help("at `once` the gate of the caller decides first, and receivers take its departures: docs/gate.md"));
    }
    let further = args.further();
    let requests = || iter::once(&args.request).chain(&further);
    let brings = requests().any(|request| brings_step(request, &input));
    let mut instance = Instance::new(input.config.clone(), brings && !input.is_document)?;
    let mut now = time::now();
    let mut explained = Vec::new();
    for (number, request) in requests().enumerate() {
        now = request.time.unwrap_or(now);
        let scenario = Scenario::of(&call, request, &mut instance, now, number == 0)?;
        let explanation = explain(&call, &scenario, &mut instance)?;
        explained.push((scenario, explanation));
    }
    let answer = answer(explained.iter().map(|(_, explanation)| explanation));
    if args.json {
        let mut all = explained.into_iter().map(|(_, explanation)| explanation);
        let mut first = all.next();
        if let Some(first) = &mut first {
            first.then = all.collect();
        }
        output::print_json(&first)?;
    } else {
        output::print(&text::render(&input.name, &explained))?;
    }
    Ok(answer)
}

/// The verdict on one request. A permit leaves its steps to the next one.
fn explain(call: &Call<'_>, scenario: &Scenario<'_>, instance: &mut Instance) -> Result<Explanation, CommandError> {
    let mut decide = || Ok::<_, CommandError>(instance.decide(&scenario.own, &scenario.facts(jwk::random()?)));
    let mut verdict = decide()?;
    // A request that is denied the first time leaves nothing in the replay record.
    if call.args.taken && matches!(verdict, Verdict::Permitted(_)) {
        verdict = decide()?;
    }
    if let Verdict::Denied(denied) | Verdict::Observed(denied, _) = &verdict
        && call.input.is_document
        && matches!(scenario.step, PresentedStep::Raw)
        && matches!(denied.code(), Code::UnknownKey | Code::BadSignature)
    {
        return Err(call.input.keyless());
    }
    let next = match &verdict {
        Verdict::Permitted(permit) => {
            let (reply, taken) = (permit.reply(), permit.audit().transition.clone().unwrap_or_default());
            let steps = iter::once(permit.step()).chain(reply.start()).chain(reply.receipt());
            let kept = instance.keep(&scenario.own, steps);
            Some(instance.next(&kept, call.input, scenario.now, &taken))
        }
        // The step may open transitions to other requests.
        Verdict::Observed(..) | Verdict::Denied(_) if !matches!(scenario.step, PresentedStep::None) => {
            Some(instance.judge(&scenario.facts(Randomness::default())))
        }
        Verdict::Exempt(_) | Verdict::Observed(..) | Verdict::Denied(_) => None,
    };
    Ok(Explanation::of(scenario, instance, &verdict, next))
}

/// A denial of one request is the answer; else a permit that was given in part.
fn answer<'e>(mut all: impl Iterator<Item = &'e Explanation> + Clone) -> Answer {
    if all.clone().any(|explanation| !explanation.passes()) {
        Answer::No
    } else if all.any(|explanation| !explanation.assumed.is_empty()) {
        Answer::InPart
    } else {
        Answer::Yes
    }
}
