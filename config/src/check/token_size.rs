//! Whether the tokens of a workflow are small enough for gates.

use std::collections::BTreeSet;

use super::analysis::Analysis;
use crate::bounds::MAX_TOKEN;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{ActorDraft, Draft};
use crate::report::Report;
use crate::workflow::Assurance;

/// The parts of every token: names of claims, times, the instance, the digest, punctuation.
const CLAIMS: usize = 600;
/// A `jti` in quotes, with a comma.
const JTI: usize = 25;
/// The JOSE header with the longest `kid`, the signature, and two dots.
const ENVELOPE: usize = 260;

/// Compares the largest token that an instance could have, on the worst path through the document, with the bound.
pub(super) fn check(draft: &Draft, analysis: &Analysis, report: &mut Report) {
    if draft.assurance == Some(Assurance::Identity) {
        return;
    }
    let worst = worst(draft, analysis);
    if worst > MAX_TOKEN {
        let message = format!("tokens of this workflow may have {worst} bytes");
        let large = Diagnostic::new(Code::TokenTooLarge, draft.span, message);
        report.push(large.label(format!("gates accept at most {MAX_TOKEN}")).help(
            "tokens grow with tasks on cycles, with tasks under constraints and the SPIFFE IDs of their actors, and with joins: use fewer of them, or shorter names",
        ));
    }
}

/// The lengths of an actor's SPIFFE IDs.
fn ids(actor: &ActorDraft) -> impl Iterator<Item = usize> + '_ {
    actor.spiffe.iter().map(|(id, _)| id.as_str().len())
}

fn worst(draft: &Draft, analysis: &Analysis) -> usize {
    let name = |task: usize| draft.task_name(task).len();
    let longest = draft.actors.iter().flat_map(ids).max().unwrap_or_default();
    let visits =
        (0..draft.tasks.len()).filter(|task| analysis.on_cycle(*task)).map(|task| name(task).saturating_add(12));
    let constrained: BTreeSet<usize> = draft
        .constraints
        .iter()
        .filter(|constraint| !constraint.advisory)
        .flat_map(|constraint| constraint.tasks.iter().map(|(task, _)| *task))
        .collect();
    let performers = constrained.into_iter().map(|task| {
        let performer = draft.task(task).and_then(|task| task.performer).and_then(|actor| draft.actors.get(actor));
        let all = performer.map(|actor| ids(actor).fold(0, |sum: usize, id| sum.saturating_add(id).saturating_add(3)));
        name(task).saturating_add(6).saturating_add(all.unwrap_or_default())
    });
    let forks = analysis.joins.iter().map(|join| name(join.task).saturating_add(6).saturating_add(JTI));
    let parents = analysis.joins.iter().map(|join| join.sources.len()).max().unwrap_or(1).saturating_mul(JTI);
    let names = (0..draft.tasks.len()).map(name).max().unwrap_or_default().saturating_mul(2);
    let parts = visits.chain(performers).chain(forks).chain([CLAIMS, longest.saturating_mul(2), parents, names]);
    let claims = parts.fold(0, usize::saturating_add);
    // base64url encodes three bytes as four characters.
    claims.saturating_mul(4).div_ceil(3).saturating_add(ENVELOPE)
}
