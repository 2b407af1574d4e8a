//! Request patterns: methods, host, port, path and headers.

use super::{HeaderPatterns, Method, PathPattern};
use crate::PEOPLE;

/// One request pattern: all fields that are given must match; an empty or absent one matches any request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub struct RequestPattern {
    /// The methods; empty: any method.
    pub methods: Vec<Method>,
    /// The authority, lower case; without a port it matches any port.
    pub host: Option<String>,
    /// The workload's own port, 1 to 65,535, as the proxy knows it. Where the proxy does not, it matches nothing.
    pub port: Option<u16>,
    /// The pattern of the path.
    pub path: Option<PathPattern>,
    /// The rules for headers.
    pub headers: HeaderPatterns,
}

/// Segments of two paths that are compared in one step.
const SEGMENTS_OF_A_STEP: usize = 32;
/// Steps of a search for a request that matches two patterns.
const SEARCH: usize = 256;

/// The patterns of a task that lists none: any request.
static ANY: [RequestPattern; 1] =
    [RequestPattern { methods: Vec::new(), host: None, port: None, path: None, headers: HeaderPatterns::ANY }];

impl RequestPattern {
    /// The patterns that `requests` lists; an empty list accepts any request.
    pub fn listed(requests: &[Self]) -> &[Self] {
        if requests.is_empty() { &ANY } else { requests }
    }

    /// Of two patterns that a request matches: whether all that matches `other` by its method matches this one. The
    /// pattern that the other contains, and not the reverse, is the more specific. A list of methods is as good as a
    /// pattern for each of them, so two lists are alike; a pattern for any method contains both. Headers make no pattern
    /// more specific: one with rules for other headers contains nothing of this one.
    pub fn contains(&self, other: &Self) -> bool {
        let methods = self.methods.is_empty() || !other.methods.is_empty();
        let within = |host: &str, other: &str| host == other || host == without_port(other);
        methods
            && holds(&self.host, &other.host, |host, other| within(host, other))
            && holds(&self.port, &other.port, |port, other| port == other)
            && holds(&self.path, &other.path, PathPattern::contains)
            && self.headers == other.headers
    }

    /// How deep its path is. Of two patterns of which one contains the other, the narrower one is not less deep: where it is
    /// looked for, begin with the deepest.
    pub fn depth(&self) -> impl Ord + use<> {
        self.path.as_ref().map(PathPattern::depth)
    }

    /// What decides which patterns it contains, and which contain it. Of a pattern in [`RequestPattern::normal`] form, so
    /// that equal values are of patterns that contain the same.
    pub fn breadth(&self) -> impl Ord + use<'_> {
        (self.methods.is_empty(), &self.host, self.port, &self.path, &self.headers)
    }

    /// An example of a request that matches one and may match the other, such as `GET /files/public/raw`; none where there
    /// is no such request. A HEAD also counts where only GET is listed ([`Method::fit`]), and a path as
    /// [`PathPattern::may_match`] says. The text is for people: without the feature it is empty.
    pub fn common(&self, other: &Self) -> Option<String> {
        if self.headers.exclude(&other.headers) || self.paths_are_apart(other) {
            return None;
        }
        let method = match (self.methods.first(), other.methods.first()) {
            (None, None) => "GET",
            (Some(method), None) | (None, Some(method)) => method.as_str(),
            (Some(_), Some(_)) => {
                let both = |method: &&Method| {
                    [self, other].iter().all(|one| Method::fit(&one.methods, method.as_str()).is_some())
                };
                self.methods.iter().chain(&other.methods).find(both)?.as_str()
            }
        };
        let host = match (&self.host, &other.host) {
            (Some(a), Some(b)) if a == b || a == without_port(b) => Some(b),
            (Some(a), Some(b)) if without_port(a) == b => Some(a),
            (Some(_), Some(_)) => return None,
            (one, another) => one.as_ref().or(another.as_ref()),
        };
        let port = match (self.port, other.port) {
            (Some(a), Some(b)) if a != b => return None,
            (one, another) => one.or(another),
        };
        let path = match (&self.path, &other.path) {
            (Some(a), Some(b)) => a.common(b)?,
            (Some(only), None) | (None, Some(only)) => only.common(only)?,
            (None, None) => "/".to_owned(),
        };
        let host = host.map(|host| words!(" to the host {host}")).unwrap_or_default();
        let port = port.map(|port| words!(" at port {port}")).unwrap_or_default();
        let headers = if PEOPLE { self.headers.with(&other.headers) } else { HeaderPatterns::ANY };
        let headers = if headers.is_empty() { String::new() } else { words!(" {headers}") };
        Some(words!("{method} {path}{host}{port}{headers}"))
    }

    /// Whether no path may match both, as far as it can be seen without a search.
    pub(crate) fn paths_are_apart(&self, other: &Self) -> bool {
        let (Some(path), Some(others)) = (&self.path, &other.path) else { return false };
        !path.may_overlap(others)
    }

    /// Whether a comparison of the two has to search for a request that matches both.
    fn is_searched(&self, other: &Self) -> bool {
        match (&self.path, &other.path) {
            (Some(path), Some(others)) => path.may_overlap(others) && !path.contains(others) && !others.contains(path),
            (_, None) | (None, _) => false,
        }
    }

    /// Steps that a comparison with the other takes: one where it ends soon, as nearly all do, and more for long paths and for
    /// a search. A million take less than a second.
    pub(crate) fn steps(&self, other: &Self) -> usize {
        let segments = [self, other].into_iter().filter_map(|one| one.path.as_ref()).map(PathPattern::len).max();
        let long = segments.unwrap_or_default().checked_div(SEGMENTS_OF_A_STEP).unwrap_or_default();
        let search = if self.is_searched(other) { SEARCH } else { 0 };
        long.saturating_add(search).saturating_add(1)
    }

    /// An example of a request that matches one and may match the other, if neither is the more specific. Two paths that
    /// differ in a `/` at their end are two requests.
    pub fn crossing(&self, other: &Self) -> Option<String> {
        let apart = match (&self.path, &other.path) {
            (Some(path), Some(others)) => path.differs_in_slash(others),
            (_, None) | (None, _) => false,
        };
        let (around, within) = (self.contains(other), other.contains(self));
        if around != within || (around && apart) { None } else { self.common(other) }
    }

    /// Whether some request matches both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.common(other).is_some()
    }

    /// The same pattern for any host and any headers. A caller chooses these, so in exemptions they separate nothing.
    #[must_use]
    pub fn of_any_host(&self) -> Self {
        Self { host: None, headers: HeaderPatterns::ANY, ..self.clone() }
    }

    /// The same pattern for any port of the workload.
    #[must_use]
    pub fn of_any_port(&self) -> Self {
        Self { port: None, ..self.clone() }
    }

    /// The same pattern for any port of its host. Many an application ignores the port that the caller names there.
    #[must_use]
    pub fn of_any_host_port(&self) -> Self {
        Self { host: self.host.as_deref().map(|host| without_port(host).to_owned()), ..self.clone() }
    }

    /// The same pattern with the path in one spelling, so that equal paths are those that match the same requests.
    #[must_use]
    pub fn normal(&self) -> Self {
        Self { path: self.path.as_ref().map(PathPattern::normal), ..self.clone() }
    }

    /// The literal segments with which every path that matches begins.
    pub fn prefix(&self) -> impl Iterator<Item = &str> {
        self.path.iter().flat_map(PathPattern::prefix)
    }
}

/// Whether a part of a pattern accepts all that the same part of another accepts; an absent part accepts anything.
fn holds<T>(wide: &Option<T>, narrow: &Option<T>, contains: impl Fn(&T, &T) -> bool) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => contains(wide, narrow),
    }
}

/// A host without its port, if it has one.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}
