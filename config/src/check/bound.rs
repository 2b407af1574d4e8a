//! Tasks of several actors that one workload is to perform, where only some of their workloads are all of these actors: an
//! instance of any other one begins the first task, and is refused at the next.

use std::collections::BTreeMap;

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{ActorDraft, ConstraintDraft, Draft};
use crate::report::{Report, listed, quote};
use crate::sorted::SortedSet;
use crate::spiffe::SpiffeId;

/// Most workloads and actors that a message names.
const SHOWN: usize = 4;

/// Warns of a `bind` that only some workloads of its actors can keep; one that none can keep is an error.
pub(super) fn check(draft: &Draft, constraint: &ConstraintDraft, report: &mut Report) {
    if !PEOPLE || constraint.advisory {
        return;
    }
    let performers = constraint.tasks.iter().filter_map(|(task, _)| draft.task(*task)?.performer);
    let performers: SortedSet<usize> = performers.collect();
    // Of one actor, each workload performs all of its tasks.
    if performers.len() < 2 {
        return;
    }
    let actors: Vec<&ActorDraft> = performers.iter().filter_map(|actor| draft.actors.get(*actor)).collect();
    let mut roles: BTreeMap<&SpiffeId, usize> = BTreeMap::new();
    for (id, _) in actors.iter().flat_map(|actor| &actor.spiffe) {
        let count = roles.entry(id).or_default();
        *count = count.saturating_add(1);
    }
    let (able, unable): (Vec<&SpiffeId>, Vec<&SpiffeId>) =
        roles.keys().partition(|id| roles.get(*id) == Some(&actors.len()));
    let open = actors.iter().flat_map(|actor| &actor.open).map(|(open, _)| open.to_string());
    let unable: Vec<String> = unable.into_iter().map(ToString::to_string).chain(open).collect();
    if able.is_empty() || unable.is_empty() {
        return;
    }
    let names = listed(actors.iter().map(|actor| actor.name.as_str()), SHOWN, "and");
    let is_one = able.len() == 1;
    let able = listed(able.into_iter().map(SpiffeId::as_str), SHOWN, "and");
    let unable = listed(unable.iter().map(String::as_str), SHOWN, "or");
    let (only, are) = if is_one { ("only one workload", "is") } else { ("only some workloads", "are") };
    let message = words!("{only} can keep this `bind`: of {names}, {able} {are} all");
    let narrow = Diagnostic::new(Code::NarrowBind, constraint.span, message);
    let narrow = narrow.label(words!("where {unable} performs one of these tasks, the instance is refused at another"));
    let first = actors.first().map(|actor| quote(actor.name.as_str())).unwrap_or_default();
    report.push(
        narrow.help(words!(
            "give the tasks to one actor, such as {first}, or the same SPIFFE IDs to each of these actors"
        )),
    );
}
