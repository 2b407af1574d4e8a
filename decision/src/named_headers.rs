//! The headers by which tasks and exemptions of a gate tell requests apart, as one request has them.

use stepgate_config::gate::GateConfig;
use stepgate_config::sorted::{SortedMap, SortedSet};
use stepgate_config::workflow::{HeaderPatterns, RequestPattern};

use crate::facts::{Facts, HeaderNames};
use crate::guard::{Fault, header_line};

/// These headers of one request.
pub(crate) enum NamedHeaders<'a> {
    /// Each has one line that is text, or none.
    Readable(SortedMap<&'a str, &'a str>),
    /// This one could be read in two ways: no pattern matches, whatever headers it names.
    Unreadable(&'a str, Fault),
}

impl<'a> NamedHeaders<'a> {
    /// Reads the headers of these names, which documents write as they are folded.
    pub(crate) fn of(facts: &'a Facts, names: &'a HeaderNames) -> Self {
        let mut read = SortedMap::new();
        // In most gates no pattern names a header.
        if names.is_empty() {
            return Self::Readable(read);
        }
        let present: SortedSet<&str> = facts.headers.iter().filter_map(|(name, _)| names.same_variable(name)).collect();
        for name in present {
            match header_line(facts, name) {
                Ok(value) => read.extend(value.map(|value| (name, value))),
                Err(fault) => return Self::Unreadable(name, fault),
            }
        }
        Self::Readable(read)
    }

    /// Whether the request has and lacks the headers as a pattern says.
    pub(crate) fn match_all(&self, patterns: &HeaderPatterns) -> bool {
        match self {
            Self::Readable(read) => patterns.matches(|name| read.get(name).copied()),
            Self::Unreadable(..) => false,
        }
    }
}

/// The headers that tasks and exemptions of a gate name.
pub(crate) fn names(config: &GateConfig) -> SortedSet<String> {
    let tasks = config.workflows.iter().flat_map(|workflow| workflow.tasks.values());
    let exempt = config.exempt.iter().map(|exemption| &exemption.request);
    let patterns = tasks.flat_map(|task| &task.requests).chain(exempt).chain(&config.egress);
    let names = |pattern: &RequestPattern| pattern.headers.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    patterns.flat_map(names).collect()
}
