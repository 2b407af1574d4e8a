//! `stepgate explain`: facts in, verdict and reason out, by the decision that the gates themselves make.

mod account;
mod arguments;
mod people;
mod scene;

use stepgate_decision::keys::RustCrypto;
use stepgate_decision::replay_record::MemoryStore;
use stepgate_decision::{Verdict, inbound};

use super::failure::{Answer, Failure};
use super::output;
use account::Account;
pub(super) use arguments::Args;
use scene::Scene;
use stepgate_render::jwk;

pub(super) fn run(args: &Args) -> Result<Answer, Failure> {
    let subject = super::subject::Subject::read(&args.file)?;
    let scene = Scene::of(args, &subject)?;
    let account = Account::of(&scene, decide(args, &scene)?);
    if args.json {
        output::say_json(&account)?;
    } else {
        output::say(&people::tell(&subject.name, &scene, &account))?;
    }
    Ok(Answer::of(account.goes_on()))
}

fn decide(args: &Args, scene: &Scene<'_>) -> Result<Verdict, Failure> {
    let mut store = MemoryStore::default();
    let mut once =
        || Ok::<_, Failure>(inbound(Some(&scene.gate), &scene.facts(jwk::random()?), &RustCrypto, &mut store));
    let first = once()?;
    // What does not go through the first time was never taken.
    if args.taken && matches!(first, Verdict::Permitted(_)) { once() } else { Ok(first) }
}
