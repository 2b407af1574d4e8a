//! The request patterns of one actor's tasks, or of the exemptions, by how their paths begin: a request is compared only
//! with those that may match it.

use stepgate_config::sorted::SortedMap;
use stepgate_config::workflow::RequestPattern;

use crate::named_headers::NamedHeaders;
use crate::request::{Fit, HostFit, Request};

/// Patterns, each with its owner.
pub(crate) struct Index<T> {
    /// By the literal segments with which the path begins, joined by `/`.
    by_prefix: SortedMap<String, Vec<Entry<T>>>,
    /// The length of the longest of these keys, in bytes.
    longest: usize,
}

/// A pattern and its owner.
pub(crate) struct Entry<T> {
    pub(crate) pattern: RequestPattern,
    /// The same for any host and headers, where it names some.
    other_of_any_host: Option<Box<RequestPattern>>,
    pub(crate) owner: T,
}

/// A pattern that a request matches, and how.
pub(crate) struct Match<'i, T> {
    pub(crate) entry: &'i Entry<T>,
    pub(crate) fit: Fit,
    /// The pattern without the port of its host, where the request's host has another.
    of_any_port: Option<RequestPattern>,
}

impl<T> Index<T> {
    pub(crate) fn of<'p>(patterns: impl IntoIterator<Item = (&'p RequestPattern, T)>) -> Self {
        Self::with(patterns, RequestPattern::normal)
    }

    /// The same, of the patterns for any port of the workload.
    pub(crate) fn of_any_port<'p>(patterns: impl IntoIterator<Item = (&'p RequestPattern, T)>) -> Self {
        Self::with(patterns, |pattern| pattern.of_any_port().normal())
    }

    fn with<'p>(
        patterns: impl IntoIterator<Item = (&'p RequestPattern, T)>,
        as_kept: fn(&RequestPattern) -> RequestPattern,
    ) -> Self {
        let mut by_prefix: SortedMap<String, Vec<Entry<T>>> = SortedMap::new();
        for (pattern, owner) in patterns {
            let prefix = pattern.prefix().collect::<Vec<_>>().join("/");
            let pattern = as_kept(pattern);
            let of_any_host = Some(pattern.of_any_host()).filter(|of_any_host| *of_any_host != pattern);
            let entries = by_prefix.entry(prefix).or_default();
            // Most have one entry, and there may be thousands.
            if entries.is_empty() {
                entries.reserve_exact(1);
            }
            entries.push(Entry { other_of_any_host: of_any_host.map(Box::new), pattern, owner });
        }
        let longest = by_prefix.keys().map(String::len).max().unwrap_or_default();
        Self { by_prefix, longest }
    }

    /// Adds all patterns that the request matches, whatever its host and headers.
    pub(crate) fn find<'i>(&'i self, request: &Request<'_>, headers: &NamedHeaders<'_>, found: &mut Vec<Match<'i, T>>) {
        let path = request.decoded_path();
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        let prefixes = ends.take_while(|end| *end <= self.longest).filter_map(|end| path.get(..end));
        let none = Some("").filter(|_| !path.is_empty());
        for prefix in none.into_iter().chain(prefixes) {
            let entries = self.by_prefix.get(prefix).into_iter().flatten();
            found.extend(entries.filter_map(|entry| Match::of(entry, request, headers)));
        }
    }
}

impl<'i, T> Match<'i, T> {
    fn of(entry: &'i Entry<T>, request: &Request<'_>, headers: &NamedHeaders<'_>) -> Option<Self> {
        let fit = request.fit(&entry.pattern, headers)?;
        let of_any_port = (fit.host == HostFit::OtherPort).then(|| entry.pattern.of_any_host_port());
        Some(Self { entry, fit, of_any_port })
    }

    pub(crate) fn pattern(&self) -> &RequestPattern {
        self.of_any_port.as_ref().unwrap_or(&self.entry.pattern)
    }

    /// Whether this pattern is more specific than another that the same request matches.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        other.pattern().contains(self.pattern()) && !self.pattern().contains(other.pattern())
    }
}

impl<T> Entry<T> {
    /// The pattern for any host and headers, to compare tasks with exemptions: the caller chooses these.
    fn of_any_host(&self) -> &RequestPattern {
        self.other_of_any_host.as_deref().unwrap_or(&self.pattern)
    }

    /// Whether this pattern is more specific than another that the same request matches, whatever hosts and headers they
    /// name.
    pub(crate) fn is_within_on_any_host<U>(&self, other: &Entry<U>) -> bool {
        let (own, theirs) = (self.of_any_host(), other.of_any_host());
        theirs.contains(own) && !own.contains(theirs)
    }
}
