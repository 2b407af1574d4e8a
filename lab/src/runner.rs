//! Makes the attempts of a plan: sends them, and compares each answer with what it should be.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::LabError;
use super::attack::Label;
use super::attempt::{Answer, Attempt};
use super::expected::Expected;
use super::fixture::Fixture;
use super::plan::{Case, Plan};
use super::progress::Progress;
use super::transport::Gates;

/// The code of a guard that is false.
const GUARD: &str = "GUARD";
/// How many attempts are made at once.
const AT_ONCE: usize = 4;

/// An attempt that was made: its requests in order. The last is the one after which it is named.
pub(super) struct CaseResult {
    /// Its place in the plan.
    pub(super) number: usize,
    pub(super) label: &'static Label,
    /// The task whose step was shown, or the transition.
    pub(super) subject: Option<String>,
    /// The requests that lead up to it.
    pub(super) before: Vec<Outcome>,
    pub(super) last: Outcome,
    /// Why it tried nothing: the code with which an honest request would be refused there as well.
    pub(super) untried: Option<&'static str>,
}

/// A request, the answer that it should have, and the answer that it has.
pub(super) struct Outcome {
    pub(super) attempt: Attempt,
    pub(super) expected: Expected,
    pub(super) answer: Answer,
    /// Whether it reached the application under another path than it was sent with. Then the path that arrived counts.
    pub(super) rewritten: bool,
}

impl CaseResult {
    /// Whether each answer is what the document says.
    pub(super) fn right(&self) -> bool {
        self.outcomes().all(Outcome::right)
    }

    /// Whether what was tried was stopped: the request, or on an exempt one its step.
    pub(super) fn stopped(&self) -> bool {
        let exempt = self.last.expected == Expected::Exempt && self.last.answer.step.is_none();
        self.untried.is_none() && (!self.last.answer.reached || exempt)
    }

    pub(super) fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.before.iter().chain([&self.last])
    }
}

impl Outcome {
    pub(super) fn right(&self) -> bool {
        // Other proxies have no code of ours, and must not refuse an honest request.
        if self.answer.before_the_gate {
            return matches!(self.expected, Expected::Deny(_));
        }
        self.expected.is(&self.answer, &self.attempt)
    }
}

/// Makes the chosen attempts of the plan. The tokens of each are made only when its turn comes: those of all would be
/// too many.
pub(super) fn all(
    plan: &Plan<'_>,
    chosen: &[usize],
    gates: &dyn Gates,
    progress: &Progress,
) -> Result<Vec<CaseResult>, LabError> {
    let (of, done) = (chosen.len(), AtomicUsize::new(0));
    let run = |number: &usize| {
        let result = plan.case(*number).map(|case| make(plan.fixture(), gates, *number, &case))?.transpose();
        progress.step("attempts", done.fetch_add(1, Ordering::Relaxed).saturating_add(1), of);
        result
    };
    let results: Vec<Result<Vec<CaseResult>, LabError>> = thread::scope(|scope| {
        let share = of.div_ceil(AT_ONCE).max(1);
        let workers: Vec<_> =
            chosen.chunks(share).map(|share| scope.spawn(|| share.iter().filter_map(run).collect())).collect();
        let gone = || Err(LabError::Worker);
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| gone())).collect()
    });
    let mut made = Vec::with_capacity(of);
    for result in results {
        made.extend(result?);
    }
    Ok(made)
}

/// Makes one attempt. Nothing, if it has no requests.
pub(super) fn make(
    fixture: &Fixture,
    gates: &dyn Gates,
    number: usize,
    case: &Case<'_>,
) -> Result<Option<CaseResult>, LabError> {
    let (mut reader, mut before) = (fixture.reader.fresh(), Vec::new());
    for attempt in case.requests(fixture)? {
        let answer = gates.answer(&attempt)?;
        let rewritten = rewritten(fixture, &attempt, &answer);
        let expected = Expected::from(&fixture.decide(&mut reader, rewritten.as_ref().unwrap_or(&attempt)));
        before.push(Outcome { attempt, expected, answer, rewritten: rewritten.is_some() });
    }
    let Some(mut last) = before.pop() else { return Ok(None) };
    let untried = untried(fixture, case, &last.expected)?;
    for outcome in before.iter_mut().chain([&mut last]).filter(|outcome| outcome.right()) {
        // Tens of thousands of tokens would be too many to keep; those of a wrong answer show how to repeat it.
        outcome.attempt.steps.clear();
        outcome.attempt.steps.shrink_to_fit();
    }
    Ok(Some(CaseResult { number, label: case.label(), subject: case.subject(), before, last, untried }))
}

/// Why the attempt tries nothing, if the document refuses it only as it would refuse an honest request there.
fn untried(fixture: &Fixture, case: &Case<'_>, expected: &Expected) -> Result<Option<&'static str>, LabError> {
    let refused = match (expected.code(), case.honest(fixture)?) {
        (None, _) => None,
        (Some(_), Some(honest)) => {
            fixture.decide(&mut fixture.reader.fresh(), &honest).err().map(|denied| denied.code())
        }
        // In the matrix, a guard is the last thing that is asked: all else about the request is right.
        (Some(_), None) => Some(GUARD),
    };
    Ok(refused.filter(|code| expected.code() == Some(code)))
}

/// What the application saw, if that is another request than the one sent: a proxy of a mesh may rewrite a path before
/// its gate sees it. The application acts on what it saw, so that is what counts.
fn rewritten(fixture: &Fixture, attempt: &Attempt, answer: &Answer) -> Option<Attempt> {
    let seen = answer.path.as_ref().filter(|path| fixture.existing && **path != attempt.target())?;
    let (path, query) = seen.split_once('?').unwrap_or((seen, ""));
    Some(Attempt { path: path.to_owned(), query: query.to_owned(), ..attempt.clone() })
}
