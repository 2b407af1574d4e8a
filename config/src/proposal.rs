//! Parts of a document as a message proposes them: what to write in the place of what it marks. All that the document says
//! beside the error is kept.

use crate::PEOPLE;
use crate::document::{ActorDraft, Draft, TransitionDraft};
use crate::duration;
use crate::open_id::OpenId;
use crate::sorted::SortedMap;
use crate::spiffe::SpiffeId;
use crate::workflow::Attribute;

/// A name or a SPIFFE ID as a scalar, in quotes only where needed.
#[cfg(feature = "people")]
pub(crate) fn scalar(text: &str) -> String {
    if crate::syntax::is_plain(text) && !text.contains('{') { text.to_owned() } else { words!("\"{text}\"") }
}

#[cfg(not(feature = "people"))]
pub(crate) fn scalar(_: &str) -> String {
    String::new()
}

/// A guard as a scalar.
pub(crate) fn guard(source: &str) -> String {
    if source.contains(['\'', '\n', '\r']) { serde_json::Value::from(source).to_string() } else { words!("'{source}'") }
}

/// How a document writes the beginning of a transition: `a`, or `[a, b]`.
pub(crate) fn from(draft: &Draft, transition: &TransitionDraft) -> String {
    let names: Vec<String> = draft.sources(transition).into_iter().map(|task| scalar(draft.task_name(task))).collect();
    if let [one] = names.as_slice() { one.clone() } else { words!("[{}]", names.join(", ")) }
}

/// A transition between these tasks, which this actor in `via` calls.
pub(crate) fn arrow(from: &str, to: &str, via: Option<&str>) -> String {
    item(from, to, via, &[])
}

/// A transition between these tasks, with the uses, times and guard of another.
pub(crate) fn transition(like: &TransitionDraft, (from, to): (&str, &str), via: Option<&str>) -> String {
    guarded(like, (from, to), via, like.when.as_ref().map(|when| when.source().to_owned()))
}

/// The same with this guard.
pub(crate) fn guarded(
    like: &TransitionDraft,
    (from, to): (&str, &str),
    via: Option<&str>,
    when: Option<String>,
) -> String {
    let uses = (like.uses != 1).then(|| words!("uses: {}", like.uses));
    let time =
        |key: &str, time: Option<std::time::Duration>| time.map(|time| words!("{key}: {}", duration::written(time)));
    let after = time("after", like.after.map(|(after, _)| after));
    let within = time("within", like.within.map(|(within, _)| within));
    let when = when.map(|when| words!("when: {}", guard(&when)));
    item(from, to, via, &[uses, after, within, when])
}

fn item(from: &str, to: &str, via: Option<&str>, keys: &[Option<String>]) -> String {
    let via = via.map(|via| words!("via: {}", scalar(via)));
    let keys: String = [&via].into_iter().chain(keys).flatten().map(|key| words!(", {key}")).collect();
    let is_arrow = keys.is_empty() && !from.contains(['[', '"']) && !scalar(to).contains('"');
    if is_arrow { words!("{from} -> {to}") } else { words!("{{from: {from}, to: {}{keys}}}", scalar(to)) }
}

/// A SPIFFE ID of an actor, with the attributes that it has of its own.
pub(crate) fn id(actor: &ActorDraft, id: &SpiffeId) -> String {
    with_attributes(&scalar(id.as_str()), actor.own.get(id))
}

/// The same of an ID with an open segment, which is written as this text.
pub(crate) fn open(actor: &ActorDraft, open: &OpenId, text: &str) -> String {
    with_attributes(&scalar(text), actor.own_open.get(open))
}

/// An open segment behind the namespace of another, and a segment of its own.
pub(crate) fn own_segment(open: &OpenId, own: &str) -> String {
    let open = open.to_string();
    let namespace: Vec<&str> = open.split('/').take(5).filter(|segment| !segment.contains('{')).collect();
    words!("{}/{own}/{{pod}}", namespace.join("/"))
}

fn with_attributes(id: &str, own: Option<&SortedMap<String, Attribute>>) -> String {
    match own {
        Some(own) => words!("{{id: {id}, attributes: {}}}", attributes(own)),
        None => id.to_owned(),
    }
}

/// An actor with these IDs, and with the attributes and hosts of another.
pub(crate) fn actor(like: &ActorDraft, ids: &[String]) -> String {
    let attributes = (!like.attributes.is_empty()).then(|| words!(", attributes: {}", attributes(&like.attributes)));
    let hosts = (!like.hosts.is_empty()).then(|| {
        let hosts: Vec<String> = like.hosts.iter().map(|host| words!("\"{host}\"")).collect();
        words!(", hosts: [{}]", hosts.join(", "))
    });
    words!("{{spiffe: [{}]{}{}}}", ids.join(", "), attributes.unwrap_or_default(), hosts.unwrap_or_default())
}

fn attributes(all: &SortedMap<String, Attribute>) -> String {
    let value = |value: &Attribute| match value {
        Attribute::Bool(value) => value.to_string(),
        Attribute::Int(value) => value.to_string(),
        // Always with a point, never with an exponent.
        Attribute::Float(value) if value.fract() == 0.0 => words!("{value:.1}"),
        Attribute::Float(value) => value.to_string(),
        Attribute::Text(value) => serde_json::Value::from(value.as_str()).to_string(),
    };
    let all: Vec<String> = all.iter().map(|(name, of)| words!("{}: {}", scalar(name), value(of))).collect();
    words!("{{{}}}", all.join(", "))
}

/// A name for a new actor or task, which no other has.
pub(crate) fn fresh(base: &str, is_known: impl Fn(&str) -> bool) -> String {
    let base: String = base.chars().take(LONGEST).collect();
    let numbered = (2..=u32::MAX).map(|number| words!("{base}-{number}"));
    let mut names = std::iter::once(base.clone()).chain(numbered);
    names.find(|name| !PEOPLE || !is_known(name)).unwrap_or_default()
}

/// Most bytes of a name before its number.
const LONGEST: usize = 52;
