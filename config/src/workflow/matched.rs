//! How many patterns one request may match, at most: the time of a decision grows with their square.

use super::path_pattern::End;
use super::segment::Segment;
use super::{HeaderPattern, RequestPattern, without_port};
use crate::sorted::{SortedMap, SortedSet};

/// Segments of a path that are looked at: of paths that begin alike for so long, one request may match all.
const MAX_SEGMENTS: usize = 64;

/// At least as many as any one request matches of these patterns, where patterns that match the same count once. Looks at each
/// part of a pattern once.
pub(crate) fn most_matched<'p>(patterns: impl Iterator<Item = &'p RequestPattern>) -> usize {
    let distinct: SortedSet<RequestPattern> = patterns
        .map(|pattern| {
            let methods = pattern.methods.first().cloned().into_iter().collect();
            RequestPattern { methods, ..pattern.normal() }
        })
        .collect();
    of_one(distinct.iter().collect(), host, |group| along(group, 0))
}

fn host(pattern: &RequestPattern) -> Option<&str> {
    pattern.host.as_deref().map(without_port)
}

/// The largest group of one text, and the group without.
fn of_one<'p>(
    patterns: Vec<&'p RequestPattern>,
    text: impl Fn(&'p RequestPattern) -> Option<&'p str>,
    most: impl Fn(Vec<&'p RequestPattern>) -> usize,
) -> usize {
    let mut groups: SortedMap<Option<&str>, Vec<&'p RequestPattern>> = SortedMap::new();
    patterns.into_iter().for_each(|pattern| groups.entry(text(pattern)).or_default().push(pattern));
    let (mut free, mut largest) = (0, 0);
    for (text, group) in groups {
        let most = most(group);
        match text {
            None => free = most,
            Some(_) => largest = most.max(largest),
        }
    }
    free.saturating_add(largest)
}

/// Of patterns that are alike before this segment.
fn along(patterns: Vec<&RequestPattern>, at: usize) -> usize {
    if patterns.len() < 2 || at == MAX_SEGMENTS {
        return patterns.len();
    }
    let (mut tails, mut ended, mut longer) = (Vec::new(), Vec::new(), Vec::new());
    for pattern in patterns {
        match pattern.path.as_ref().map(|path| (path.segments.len() > at, path.end)) {
            Some((true, _)) => longer.push(pattern),
            Some((false, End::Here | End::Slash)) => ended.push(pattern),
            Some((false, End::Tail)) | None => tails.push(pattern),
        }
    }
    let goes_on = of_one(longer, |pattern| literal(pattern, at), |group| along(group, at.saturating_add(1)));
    by_headers(tails, 0).saturating_add(by_headers(ended, 0).max(goes_on))
}

fn literal(pattern: &RequestPattern, at: usize) -> Option<&str> {
    match pattern.path.as_ref()?.segments.get(at)? {
        Segment::Literal(literal) => Some(literal),
        Segment::Variable { .. } => None,
    }
}

/// Of patterns whose first rules for headers are the same. Two rules for one header exclude each other.
fn by_headers(patterns: Vec<&RequestPattern>, at: usize) -> usize {
    let mut names: SortedMap<&str, SortedMap<&HeaderPattern, Vec<&RequestPattern>>> = SortedMap::new();
    let mut others: usize = 0;
    for pattern in patterns {
        match pattern.headers.iter().nth(at) {
            Some((name, rule)) => names.entry(name).or_default().entry(rule).or_default().push(pattern),
            None => others = others.saturating_add(1),
        }
    }
    let most = |rules: SortedMap<&HeaderPattern, Vec<&RequestPattern>>| {
        rules.into_values().map(|group| by_headers(group, at.saturating_add(1))).max().unwrap_or_default()
    };
    names.into_values().map(most).fold(others, usize::saturating_add)
}
