//! `stepgate explain`: the verdict on a request and its reason, from the decision that gates make.

mod arguments;
mod explanation;
mod scenario;
mod text;

use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Verdict, inbound};

use super::answer::Answer;
use super::error::CommandError;
use super::input::Input;
use super::output;
pub(super) use arguments::Args;
use explanation::Explanation;
use scenario::Scenario;
use stepgate_render::jwk;

pub(super) fn run(args: &Args) -> Result<Answer, CommandError> {
    let input = Input::read(&args.file)?;
    let scenario = Scenario::of(args, &input)?;
    let explanation = Explanation::of(&scenario, decide(args, &scenario)?);
    output::print_as(args.json, &explanation, || text::render(&input.name, &scenario, &explanation))?;
    Ok(Answer::of(explanation.passes()))
}

fn decide(args: &Args, scenario: &Scenario<'_>) -> Result<Verdict, CommandError> {
    let mut store = MemoryStore::default();
    let mut once = || {
        Ok::<_, CommandError>(inbound(Some(&scenario.gate), &scenario.facts(jwk::random()?), &RustCrypto, &mut store))
    };
    let first = once()?;
    // A request that is denied the first time leaves nothing in the replay record.
    if args.taken && matches!(first, Verdict::Permitted(_)) { once() } else { Ok(first) }
}
