//! Whether each request is one task only: of two tasks whose `requests` a request matches, it is the one whose pattern
//! lies within the other's.

use super::roles::Roles;
use crate::PEOPLE;
use crate::bounds::MAX_OVERLAPS;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::document::{Draft, TaskDraft, TransitionDraft};
use crate::report::{Report, listed, quote};
use crate::sorted::{SortedMap, SortedSet};
use crate::workflow::{Method, RequestPattern};

/// Most headers that one message names.
const MAX_NAMED: usize = 8;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    if PEOPLE {
        any_request(draft, report);
    }
    let roles = Roles::of(draft);
    crossing(draft, &roles, report);
    same(draft, &roles, report);
}

fn any_request(draft: &Draft, report: &mut Report) {
    let mut reached = vec![false; draft.tasks.len()];
    for transition in &draft.transitions {
        if let Some(reached) = reached.get_mut(transition.to) {
            *reached = true;
        }
    }
    for (task, reached) in draft.tasks.iter().zip(reached) {
        let label = match task.requests_span {
            None => "it has no `requests`",
            // A pattern with errors has been reported.
            Some(_) if report.errors() == 0 && task.requests.contains(&RequestPattern::default()) => {
                "one of its `requests` has no keys"
            }
            Some(_) => continue,
        };
        if reached {
            let message = words!("any request matches task {}", quote(task.name.as_str()));
            report.push(
                Diagnostic::new(Code::AnyRequest, task.span, message)
                    .label(label)
                    .help("restrict them, such as by `requests: POST /…`"),
            );
        }
    }
}

/// A pattern, with the literal segments with which its path begins.
type Pattern<'d> = (Vec<&'d str>, RequestPattern);

/// Steps that the memory for a pattern of one workload counts for.
const KEPT: usize = 4;

/// Reports tasks of one workload with patterns of which neither contains the other, and that one request matches.
fn crossing(draft: &Draft, roles: &Roles, report: &mut Report) {
    let mut patterns: SortedMap<Pattern<'_>, Vec<(usize, usize)>> = SortedMap::new();
    for task in draft.transitions.iter().map(|transition| transition.to).collect::<SortedSet<_>>() {
        let Some((of, performer)) = draft.task(task).and_then(|of| Some((of, of.performer?))) else { continue };
        for pattern in RequestPattern::listed(&of.requests) {
            patterns.entry((pattern.prefix().collect(), pattern.normal())).or_default().push((task, performer));
        }
    }
    let mut left = MAX_OVERLAPS;
    // The patterns of each workload's tasks, in their order, and the tasks of each.
    let mut workloads: SortedMap<usize, Vec<(&Pattern<'_>, Vec<usize>)>> = SortedMap::new();
    for (pattern, tasks) in &patterns {
        for (task, performer) in tasks {
            let sets = roles.sets(*performer);
            let Some(remaining) = left.checked_sub(sets.len().saturating_mul(KEPT)) else {
                return too_many(draft, &[*task], report);
            };
            left = remaining;
            for set in sets {
                let kept = workloads.entry(*set).or_default();
                match kept.last_mut() {
                    // A task may list a pattern twice.
                    Some((last, tasks)) if std::ptr::eq(*last, pattern) => {
                        if tasks.last() != Some(task) {
                            tasks.push(*task);
                        }
                    }
                    _ => kept.push((pattern, vec![*task])),
                }
            }
        }
    }
    let mut reported = SortedSet::new();
    for patterns in workloads.values() {
        let mut rest = patterns.as_slice();
        while let [((prefix, one), tasks), others @ ..] = rest {
            rest = others;
            // A path that matches two patterns begins with the prefixes of both: the longer one sorts behind the other.
            for ((_, other), theirs) in others.iter().take_while(|((longer, _), _)| longer.starts_with(prefix)) {
                let mut pairs = tasks.iter().flat_map(|task| theirs.iter().map(move |other| (*task, *other)));
                let pair = pairs.find(|(task, another)| task != another);
                let steps = if pair.is_some() { one.steps(other) } else { 1 };
                let Some(remaining) = left.checked_sub(steps) else { return too_many(draft, tasks, report) };
                left = remaining;
                let Some((task, another)) = pair else { continue };
                // Of most pairs, which no path matches.
                if one.paths_are_apart(other) {
                    continue;
                }
                if one.contains(other) || other.contains(one) || reported.contains(&(task, another)) {
                    continue;
                }
                if let Some(example) = one.common(other).filter(|_| reported.insert((task, another))) {
                    let headers = one.headers.named_once(&other.headers).collect();
                    crosses(draft, (task.min(another), task.max(another)), (&example, headers), report);
                }
            }
        }
    }
}

fn too_many(draft: &Draft, tasks: &[usize], report: &mut Report) {
    let Some(task) = tasks.first().and_then(|task| draft.task(*task)) else { return };
    let message = "too many `requests` of one workload to compare";
    let label = words!("at most {MAX_OVERLAPS} steps to compare pairs of them in one document");
    report.push(Diagnostic::new(Code::TooMany, task.requests_span.unwrap_or(task.span), message).label(label));
}

/// `headers` are those for which only one of the two has a rule.
fn crosses(draft: &Draft, (one, other): (usize, usize), (example, headers): (&str, Vec<&str>), report: &mut Report) {
    let (Some(first), Some(second)) = (draft.task(one), draft.task(other)) else { return };
    let span = |task: &TaskDraft| task.requests_span.unwrap_or(task.span);
    let (name, another) = (quote(first.name.as_str()), quote(second.name.as_str()));
    let message = words!("one request could be both {name} and {another}: `{example}`");
    let help = match headers.first() {
        Some(header) => words!(
            "say in the `requests` of both which value {} has, or that it has none: `headers: {{{header}: absent}}`",
            listed(headers.iter().copied(), MAX_NAMED, "and")
        ),
        None => {
            "change their `requests` so that no request matches both, also where an application ignores a `/` at the end, or so \
                 that all that matches the one matches the \
                 other, too: the narrower one then takes precedence"
                .to_owned()
        }
    };
    report.push(
        Diagnostic::new(Code::Ambiguous, span(second), message)
            .label("matches the request, and so does the other task")
            .also(span(first), "the other task")
            .help(help),
    );
}

/// Reports tasks that one step leads to, and that list the same requests.
fn same(draft: &Draft, roles: &Roles, report: &mut Report) {
    // The transitions among which one gate chooses, for requests from one task and one caller; where tokens tell a receipt
    // from an arrival, by one of these.
    let mut candidates: SortedMap<(usize, usize, usize, bool), Vec<Candidate<'_>>> = SortedMap::new();
    // And for requests without a token: all transitions with which one workload may begin an instance.
    let mut starts: SortedMap<(usize, usize), Vec<Candidate<'_>>> = SortedMap::new();
    let mut left = MAX_OVERLAPS;
    for transition in &draft.transitions {
        let to = draft.task(transition.to);
        let (Some(to), Some(performer)) = (to, to.and_then(|task| task.performer)) else { continue };
        let caller = draft.caller(transition);
        let initiator = draft.task(transition.from).filter(|from| from.initial).and_then(|from| from.performer);
        let by_receipt = transition.via.is_some() && draft.has_tokens();
        for called in roles.sets(performer) {
            let callers = caller.map(|caller| roles.sets(caller)).unwrap_or_default();
            let initiators = initiator.map(|initiator| roles.sets(initiator)).unwrap_or_default();
            let pairs = callers.len().saturating_add(initiators.len());
            let Some(remaining) = left.checked_sub(pairs) else { return too_many(draft, &[transition.to], report) };
            left = remaining;
            for caller in callers {
                let key = (transition.from, *called, *caller, by_receipt);
                candidates.entry(key).or_default().push((transition, to));
            }
            for initiator in initiators {
                starts.entry((*initiator, *called)).or_default().push((transition, to));
            }
        }
    }
    let mut numbers: SortedMap<RequestPattern, usize> = SortedMap::new();
    // Of each pattern, whatever its methods.
    let mut number = |pattern: &RequestPattern| {
        let next = numbers.len();
        *numbers.entry(RequestPattern { methods: Vec::new(), ..pattern.normal() }).or_insert(next)
    };
    let numbered: Vec<Vec<usize>> = draft
        .tasks
        .iter()
        .map(|task| RequestPattern::listed(&task.requests).iter().map(&mut number).collect())
        .collect();
    let mut reported = SortedSet::new();
    for group in candidates.values().chain(starts.values()) {
        let mut known: SortedMap<(usize, Option<&Method>), Candidate<'_>> = SortedMap::new();
        for candidate in group {
            let patterns = RequestPattern::listed(&candidate.1.requests);
            let numbered = numbered.get(candidate.0.to).into_iter().flatten();
            let one_by_one = patterns.iter().zip(numbered).flat_map(|(pattern, number)| {
                let any = pattern.methods.is_empty().then_some(None);
                any.into_iter().chain(pattern.methods.iter().map(Some)).map(|method| (*number, method))
            });
            for key in one_by_one {
                let Some(remaining) = left.checked_sub(1) else {
                    return too_many(draft, &[candidate.0.to], report);
                };
                left = remaining;
                let first = *known.entry(key).or_insert(*candidate);
                // One task may list a pattern twice.
                let (one, other) = (first.0.to_span, candidate.0.to_span);
                if one != other && reported.insert((one, other)) {
                    ambiguous(draft, first, *candidate, report);
                }
            }
        }
    }
}

/// A transition, and the task to which it leads.
type Candidate<'c> = (&'c TransitionDraft, &'c TaskDraft);

fn ambiguous(draft: &Draft, first: Candidate<'_>, other: Candidate<'_>, report: &mut Report) {
    let from = quote(draft.task_name(first.0.from));
    let actors: SortedSet<usize> = [first.1.performer, other.1.performer].into_iter().flatten().collect();
    let actor = match actors.len() {
        2 => words!("a workload that is {}", listed(actors.iter().map(|actor| draft.actor_name(*actor)), 2, "and")),
        _ => listed(actors.iter().map(|actor| draft.actor_name(*actor)), 2, "and"),
    };
    let mut pairs = RequestPattern::listed(&first.1.requests)
        .iter()
        .flat_map(|one| RequestPattern::listed(&other.1.requests).iter().map(move |another| (one, another)));
    let example = pairs.find_map(|(one, another)| one.common(another).filter(|_| PEOPLE)).unwrap_or_default();
    let (message, help) = if first.0.from == other.0.from {
        let (one, two) = (quote(first.1.name.as_str()), quote(other.1.name.as_str()));
        let message = words!("from {from}, one request to {actor} could match both {one} and {two}: `{example}`");
        (message, "change their `requests` so that no request matches both")
    } else {
        let also = quote(draft.task_name(other.0.from));
        let message = words!("one request to {actor} could begin an instance at {from} or at {also}: `{example}`");
        (message, "give the tasks that they lead to different `requests`, or make only one of them initial")
    };
    report.push(
        Diagnostic::new(Code::Ambiguous, other.0.to_span, message)
            .label("the gate could not decide between the two")
            .also(first.0.to_span, "the other task")
            .help(help),
    );
}
