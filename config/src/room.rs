//! The room that one instance takes in a replay record.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::name::TaskName;
use crate::report::{Report, quote};
use crate::workflow::Workflow;

/// Entries of one instance at one gate that are not worth a warning: as many as one bucket of the record has.
const USUAL: u64 = 64;

/// Warns of the actor at whose gates one instance can have the most entries, if they are many: whoever holds its steps
/// can take the room of others. `most` is that of [`crate::entries::most`].
pub(crate) fn check(workflow: &Workflow, most: &BTreeMap<&TaskName, u64>, span: Span, report: &mut Report) {
    let mut at_gates: BTreeMap<&str, u64> = BTreeMap::new();
    for (task, requests) in most {
        let Some(performer) = workflow.tasks.get(*task).map(|task| &task.performer) else { continue };
        let sum = at_gates.entry(performer.name.as_str()).or_default();
        *sum = sum.saturating_add(requests.div_ceil(uses(workflow, task)));
    }
    let Some((actor, entries)) = at_gates.into_iter().max_by_key(|(_, entries)| *entries) else { return };
    if entries <= USUAL {
        return;
    }
    let entries =
        if entries == u64::MAX { "more entries than can be counted".to_owned() } else { words!("{entries} entries") };
    let message = words!("one instance can take {entries} of the replay record at a gate of {}", quote(actor));
    let room = Diagnostic::new(Code::RecordRoom, span, message);
    report.push(
        room.label("a record has room for about 165,000 entries of all instances; each lives for the `ttl`s of its task and of all before it, behind a join for the `deadline`")
            .help("bound the tasks on cycles more tightly (`max_visits`), or give the tasks a shorter `ttl`"),
    );
}

/// Requests that certainly share an entry: the uses of one transition.
fn uses(workflow: &Workflow, task: &TaskName) -> u64 {
    let leading = workflow.transitions.iter().filter(|transition| transition.to.name == *task);
    leading.map(|transition| u64::from(transition.uses)).min().unwrap_or(1).max(1)
}
