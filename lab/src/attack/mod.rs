//! The attacks: each has a name, a sentence, a condition under which it applies, and the requests that it sends. Each
//! request is honest in everything but one thing, so that this one thing decides.

mod bound;
mod changed;
mod claim;
mod definition;
mod document;
mod duty;
mod exempt;
mod header;
mod join;
mod kind;
mod lie;
mod list;
mod nothing;
mod order;
mod path;
mod query;
mod replay;
mod request;
mod signature;
mod spliced;
mod theft;
mod time;
mod truncated;

pub(super) use definition::{Attack, Label, Stopped, attack};

/// The attacks of which there is one for each header of a task, or for each parameter of a guard.
pub(super) fn on_parts() -> impl Iterator<Item = &'static Attack> {
    header::ALL.iter().chain(query::ALL)
}

/// All attacks, in the order in which they are listed.
pub(super) fn all() -> impl Iterator<Item = &'static Attack> {
    [
        nothing::ALL,
        order::ALL,
        claim::ALL,
        theft::ALL,
        signature::ALL,
        changed::ALL,
        truncated::ALL,
        spliced::ALL,
        kind::ALL,
        time::ALL,
        document::ALL,
        list::ALL,
        join::ALL,
        bound::ALL,
        duty::ALL,
        replay::ALL,
        request::ALL,
        header::ALL,
        query::ALL,
        path::ALL,
        exempt::ALL,
        lie::ALL,
    ]
    .into_iter()
    .flatten()
}
