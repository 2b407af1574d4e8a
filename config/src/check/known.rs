//! What a document says of the requests of a transition: its workloads' attributes, and the methods, paths, hosts and headers
//! of the task.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::document::{ActorDraft, Draft, TaskDraft};
use crate::guard::{Entry, Known, Leaf, Possible, Scalar, Variable};
use crate::open_id::OpenId;
use crate::sorted::SortedMap;
use crate::spiffe::SpiffeId;
use crate::workflow::{Attribute, HeaderPattern, Method, PathPattern, RequestPattern, without_port};

/// The requests of one workload, or of all those of an open segment, with which a task is entered.
pub(super) struct Request<'d> {
    draft: &'d Draft,
    caller: &'d ActorDraft,
    to: &'d TaskDraft,
    /// None: any of an open segment.
    peer: Option<&'d SpiffeId>,
    own: Option<&'d SortedMap<String, Attribute>>,
    /// The attributes that were asked for, and that the workload does not have.
    pub(super) missing: RefCell<BTreeSet<String>>,
}

impl<'d> Request<'d> {
    /// Those of each workload of the caller.
    pub(super) fn all(draft: &'d Draft, caller: usize, to: &'d TaskDraft) -> impl Iterator<Item = Self> {
        let actor = draft.actors.get(caller);
        let with = move |caller, peer, own| Self { draft, caller, to, peer, own, missing: RefCell::default() };
        let listed = move |caller: &'d ActorDraft| {
            caller.spiffe.iter().map(move |(id, _)| with(caller, Some(id), caller.own.get(id)))
        };
        let open = move |caller: &'d ActorDraft| {
            caller.open.iter().map(move |(open, _): &(OpenId, _)| with(caller, None, caller.own_open.get(open)))
        };
        actor.into_iter().flat_map(listed).chain(actor.into_iter().flat_map(open))
    }

    fn attribute(&self, name: &str) -> Possible {
        let own = self.own.and_then(|own| own.get(name)).or_else(|| self.caller.attributes.get(name));
        if own.is_none() {
            self.missing.borrow_mut().insert(name.to_owned());
        }
        own.map(|value| match value {
            Attribute::Bool(value) => Scalar::Bool(*value),
            Attribute::Int(value) => Scalar::Int(*value),
            Attribute::Float(value) => Scalar::Double(*value),
            Attribute::Text(value) => text(value),
        })
    }

    /// What each pattern of the task has; none where one has none.
    fn each<T>(&self, of: impl Fn(&'d RequestPattern) -> Option<T>) -> Option<Vec<T>> {
        let all = self.to.requests.iter().map(of).collect::<Option<Vec<T>>>();
        all.filter(|all| !all.is_empty())
    }
}

impl Known for Request<'_> {
    fn values(&self, leaf: Leaf<'_>) -> Option<Vec<Possible>> {
        let texts = |all: Vec<&str>| all.into_iter().map(|value| Some(text(value))).collect();
        let named = |name: &str| Some(vec![Some(text(name))]);
        match leaf {
            Leaf::Variable(Variable::PeerId) => named(self.peer?.as_str()),
            Leaf::Variable(Variable::PeerActor) => named(self.caller.name.as_str()),
            Leaf::Variable(Variable::TaskName) => named(self.to.name.as_str()),
            Leaf::Variable(Variable::TaskActor) => named(self.draft.actor_name(self.to.performer?)),
            Leaf::Variable(Variable::InstanceRevision) => Some(vec![Some(Scalar::Int(self.draft.revision?.into()))]),
            Leaf::Variable(Variable::Method) => {
                let methods = self.each(|one| (!one.methods.is_empty()).then_some(&one.methods))?;
                Some(texts(methods.into_iter().flatten().map(Method::as_str).collect()))
            }
            Leaf::Variable(Variable::Host) => self.each(|one| one.host.as_deref().map(without_port)).map(texts),
            Leaf::Variable(Variable::Path) => {
                let paths = self.each(|one| literal(one.path.as_ref()?))?;
                Some(paths.into_iter().map(|path| Some(text(&path))).collect())
            }
            Leaf::Variable(Variable::Now | Variable::InstanceId) | Leaf::Entry(Entry::Parameter, _) => None,
            Leaf::Entry(Entry::Attribute, name) => Some(vec![self.attribute(name)]),
            Leaf::Entry(Entry::Header, name) => {
                let rules = self.each(|one| one.headers.iter().find(|(header, _)| *header == name))?;
                Some(rules.into_iter().map(|(_, rule): (_, &HeaderPattern)| rule.value().map(text)).collect())
            }
        }
    }

    fn may_be(&self, leaf: Leaf<'_>, text: &str) -> bool {
        let Leaf::Variable(Variable::Path) = leaf else { return true };
        let matches = |path: &PathPattern| text.strip_prefix('/').is_some_and(|rest| path.matches(rest.split('/')));
        RequestPattern::listed(&self.to.requests).iter().any(|one| one.path.as_ref().is_none_or(matches))
    }

    fn begins(&self, leaf: Leaf<'_>, text: &str) -> Option<bool> {
        let Leaf::Variable(Variable::Path) = leaf else { return None };
        let all = self.each(|one| begins(one.path.as_ref()?, text))?;
        let first = *all.first()?;
        all.iter().all(|other| *other == first).then_some(first)
    }
}

fn text(value: &str) -> Scalar<'static> {
    Scalar::Text(Cow::Owned(value.to_owned()))
}

/// The only path that matches.
fn literal(path: &PathPattern) -> Option<String> {
    let text = path.to_string();
    (!text.contains(['{', '*'])).then_some(text)
}

/// Whether all paths that match begin with a text; none where some do.
fn begins(path: &PathPattern, text: &str) -> Option<bool> {
    if let Some(path) = literal(path) {
        return Some(path.starts_with(text));
    }
    let prefix: String = path.prefix().flat_map(|segment| ["/", segment]).collect::<String>() + "/";
    if prefix.starts_with(text) {
        return Some(true);
    }
    (!text.starts_with(&prefix)).then_some(false)
}
