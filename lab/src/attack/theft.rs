//! A good step, presented by another than its holder.

use std::sync::Arc;

use stepgate_config::spiffe::SpiffeId;

use super::{Attack, Stopped, attack};
use crate::LabError;
use crate::attack_context::{AttackContext, Requests};
use crate::attempt::{Attempt, Sender};
use crate::workloads::Workload;

pub(super) const ALL: &[Attack] = &[
    attack(
        "stolen by another actor",
        "Another actor shows the caller's step.",
        Stopped::Always,
        |context| thief(context).is_some(),
        |context| by(context, thief(context).map(|thief| Sender::Workload(Arc::clone(thief)))),
    ),
    attack(
        "stolen by the same actor's other workload",
        "A workload of the same actor, under another SPIFFE ID, shows the caller's step.",
        Stopped::Signed,
        |context| sibling(context).is_some(),
        |context| by(context, sibling(context).map(|sibling| Sender::Workload(Arc::clone(sibling)))),
    ),
    attack(
        "stolen by a neighbour",
        "A workload of the mesh that is not an actor shows the caller's step.",
        Stopped::Always,
        |_| true,
        |context| by(context, Some(neighbour(context)?)),
    ),
    attack(
        "stolen from another trust domain",
        "A workload whose certificate names a trust domain that no actor has shows the caller's step.",
        Stopped::Always,
        |_| true,
        |context| by(context, Some(stranger("elsewhere.invalid", "stranger")?)),
    ),
    attack(
        "stolen by somebody without mTLS",
        "A client without a certificate shows the caller's step.",
        Stopped::Always,
        |_| true,
        |context| by(context, Some(Sender::Anonymous)),
    ),
    attack(
        "a forged client certificate header",
        "A neighbour names the caller in `x-forwarded-client-cert`.",
        Stopped::Always,
        |_| true,
        |context| {
            let mut requests = by(context, Some(neighbour(context)?))?;
            for one in &mut requests {
                let value = format!("URI={}", context.from.id);
                one.headers.push(("x-forwarded-client-cert".into(), value));
            }
            Ok(requests)
        },
    ),
    attack(
        "begun by a neighbour",
        "A workload of the mesh that is not an actor begins an instance.",
        Stopped::Always,
        |context| context.begins(),
        |context| begun_by(context, neighbour(context)?),
    ),
    attack(
        "begun by somebody without mTLS",
        "A client without a certificate begins an instance.",
        Stopped::Always,
        |context| context.begins(),
        |context| begun_by(context, Sender::Anonymous),
    ),
];

fn by(context: &AttackContext<'_>, thief: Option<Sender>) -> Requests {
    let Some(from) = thief else { return Ok(Vec::new()) };
    let mut stolen = context.honest()?;
    stolen.from = from;
    Ok(vec![stolen])
}

fn begun_by(context: &AttackContext<'_>, from: Sender) -> Requests {
    Ok(vec![Attempt { from, ..context.request() }])
}

/// Another actor, which carries no transition from there to the receiver.
fn thief<'a>(context: &AttackContext<'a>) -> Option<&'a Arc<Workload>> {
    let may = |other: &Workload| {
        context.workflow().transitions.iter().any(|t| {
            t.from.name == context.transition.from.name
                && t.to.performer.includes(&context.to.id)
                && t.caller.includes(&other.id)
        })
    };
    context.fixture.workloads.firsts().find(|other| !may(other))
}

fn sibling<'a>(context: &AttackContext<'a>) -> Option<&'a Arc<Workload>> {
    context.fixture.workloads.of_actor(&context.from.actor).iter().find(|other| other.id != context.from.id)
}

fn neighbour(context: &AttackContext<'_>) -> Result<Sender, LabError> {
    stranger(context.workflow().trust_domain.as_str(), "neighbour")
}

fn stranger(domain: &str, name: &str) -> Result<Sender, LabError> {
    let id = format!("spiffe://{domain}/ns/stepgate-lab/sa/{name}");
    Ok(Sender::Stranger(SpiffeId::try_from(id.as_bytes())?))
}
