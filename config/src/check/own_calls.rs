//! Transitions that perhaps lack `via`: their source was called by another actor by `via`, and without it the performer of
//! the source leads on by itself, where the other one perhaps calls one task after the other.

use crate::PEOPLE;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TransitionDraft};
use crate::report::{Report, quote};

/// Warns of each. A `via` that names the performer says that it is meant; anywhere else it says nothing.
pub(super) fn check(draft: &Draft, report: &mut Report) {
    if !PEOPLE {
        return;
    }
    let leaders = leaders(draft);
    for transition in &draft.transitions {
        match (doubt(draft, &leaders, transition), transition.via_performer) {
            (Some(doubt), None) => report.push(doubt),
            (None, Some(span)) => {
                let performed = quote(draft.task_name(transition.from));
                let message = words!("`via` has no effect: this actor performs {performed}");
                report.push(Diagnostic::new(Code::NoEffect, span, message).label("remove it"));
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

/// Of each task the actor that calls it by `via`; none where there is none, or not only one.
fn leaders(draft: &Draft) -> Vec<Option<usize>> {
    let mut callers: Vec<Option<Option<usize>>> = vec![None; draft.tasks.len()];
    for transition in &draft.transitions {
        let via = transition.via.map(|(actor, _)| actor);
        if let Some(known) = callers.get_mut(transition.to) {
            *known = Some(known.map_or(via, |known| known.filter(|known| Some(*known) == via)));
        }
    }
    callers.into_iter().map(Option::flatten).collect()
}

fn doubt(draft: &Draft, leaders: &[Option<usize>], transition: &TransitionDraft) -> Option<Diagnostic> {
    let (from, to) = (draft.task(transition.from)?, draft.task(transition.to)?);
    let caller = from.performer?;
    if transition.via.is_some() || !from.sources.is_empty() {
        return None;
    }
    let leader = leaders.get(transition.from).copied().flatten()?;
    // An answer to the actor that leads is not another actor's lead.
    if leader == caller || to.performer == Some(leader) {
        return None;
    }
    let [leader, name] = [leader, caller].map(|actor| draft.actor_name(actor));
    let [from, to] = [from, to].map(|task| quote(task.name.as_str()));
    let message = words!("{} calls {to} itself, though {} has called {from} by `via`", quote(name), quote(leader));
    let sent = Diagnostic::new(Code::NoVia, transition.span, message);
    let sent = sent.label("without `via`, the performer of the first task sends this request");
    Some(sent.help(words!(
        "if {} makes this call, too, write `via: {leader}`; if {} makes it, say so with `via: {name}`",
        quote(leader),
        quote(name)
    )))
}
