//! Times of tasks and transitions: whether each transition can be taken, and whether each bound has an effect.
//!
//! A gate reads two clocks, its own and that of the gate before, which may differ by the leeway either way: a transition
//! with `after: 15m` certainly opens when 15 minutes and twice the leeway have passed. The leeway is the gate's. So a
//! gate's configuration is checked with its own one; of a document alone it is an error if the transition opens with no
//! leeway at all, and a warning if it does not with the default one.

use std::time::Duration;

use crate::PEOPLE;
use crate::bounds::MAX_JOINS;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Draft, TaskDraft, TransitionDraft};
use crate::duration::{self, whole_seconds, written};
use crate::report::{Report, quote};
use crate::schema::GATE;
use crate::workflow::JoinKind;

/// `leeway` is that of the gate; none for a document alone.
pub(super) fn check(draft: &Draft, leeway: Option<Duration>, report: &mut Report) {
    // At level `identity` there is no token to count from: these keys are advice there, or errors.
    if !draft.has_tokens() {
        return;
    }
    if PEOPLE {
        let own = draft.tasks.iter().filter(|task| task.sources.is_empty());
        own.for_each(|task| ttl(draft, task, report));
    }
    let timed = |transition: &&TransitionDraft| transition.after.or(transition.within).is_some();
    let Some(lives) = draft.transitions.iter().any(|transition| timed(&transition)).then(|| lives(draft)) else {
        return;
    };
    for transition in draft.transitions.iter().filter(timed) {
        if let Some(from) = draft.task(transition.from) {
            let longest = lives.get(transition.from).copied().flatten();
            bounds(transition, from, (longest, draft.ttl(from).min(draft.deadline)), leeway, report);
        }
    }
}

/// How long the tokens of each task live at most. What leaves a join ends with its evidence, so the tokens of a task to which
/// only joins lead live no longer than those of one of these. None where a duration has an error.
fn lives(draft: &Draft) -> Vec<Option<Duration>> {
    let own = |task: &TaskDraft| Some(draft.ttl(task)?.min(draft.deadline?));
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); draft.tasks.len()];
    for edge in draft.edges() {
        before.get_mut(edge.to).into_iter().for_each(|before| before.push(edge.from));
    }
    let is_join = |at: usize| {
        let is_all = draft.task(at).is_some_and(|task| task.join == JoinKind::All);
        is_all && before.get(at).is_some_and(|sources| sources.len() > 1)
    };
    let joins: Vec<&[usize]> = before
        .iter()
        .map(|sources| if sources.iter().all(|source| is_join(*source)) { sources.as_slice() } else { &[] })
        .collect();
    let mut lives: Vec<Option<Duration>> = draft.tasks.iter().map(own).collect();
    // A join may follow a join. Each pass is right for one more of them.
    for _ in 0..=MAX_JOINS {
        let evidence = |joins: &[usize]| joins.iter().filter_map(|join| lives.get(*join).copied().flatten()).max();
        let next = draft.tasks.iter().zip(&joins).map(|(task, joins)| {
            let own = own(task)?;
            // Of several tasks, the shortest-lived token.
            let shown = task.sources.iter().filter_map(|source| lives.get(*source).copied().flatten()).min();
            if let Some(shown) = shown {
                return Some(shown.min(own));
            }
            Some(evidence(joins).map_or(own, |evidence| evidence.min(own)))
        });
        let next: Vec<Option<Duration>> = next.collect();
        if next == lives {
            break;
        }
        lives = next;
    }
    lives
}

/// A token ends with its instance.
fn ttl(draft: &Draft, task: &TaskDraft, report: &mut Report) {
    let (Some((ttl, span)), Some(deadline)) = (task.ttl, draft.deadline) else { return };
    if ttl > deadline {
        let (ttl, deadline) = (written(ttl), written(deadline));
        let message = words!("no token lives {ttl}: each instance ends after {deadline}");
        let idle = Diagnostic::new(Code::NoEffect, span, message).label("longer than the `deadline`");
        report.push(idle.help(words!("write a longer `deadline` than {deadline}, or a shorter `ttl`")));
    }
}

fn bounds(
    transition: &TransitionDraft,
    from: &TaskDraft,
    (longest, own): (Option<Duration>, Option<Duration>),
    leeway: Option<Duration>,
    report: &mut Report,
) {
    let keys = [("after", transition.after), ("within", transition.within)];
    let given = keys.into_iter().find_map(|(key, value)| value.map(|(_, span)| (key, span)));
    let Some((key, span)) = given else { return };
    if from.initial {
        let message = words!("`{key}` has nothing to count from: instances begin in {}", quote(from.name.as_str()));
        let nothing =
            Diagnostic::new(Code::BadTime, span, message).label("a request that begins an instance shows no token");
        return report.push(nothing.help("put it on a transition that leaves a later task"));
    }
    let Some(longest) = longest else { return };
    let life = Life { task: from.name.as_str(), longest, own };
    if let Some((after, span)) = transition.after {
        opens(after, span, &life, leeway, report);
    }
    if let Some((within, span)) = transition.within {
        closes(within, span, transition.after, &life, report);
    }
}

/// How long a step at a task can be shown.
struct Life<'d> {
    task: &'d str,
    longest: Duration,
    /// The same, whatever leads to the task.
    own: Option<Duration>,
}

impl Life<'_> {
    /// Whose `ttl` is to be longer.
    fn bounded_by(&self) -> String {
        // Of several tasks each has its own.
        let task = words!("`{}`", self.task.replace('+', "` and `"));
        if self.own == Some(self.longest) {
            task
        } else {
            words!("the join before {task}, with whose evidence its tokens end,")
        }
    }
}

/// A transition must open while the token lives, by whichever clocks.
fn opens(after: Duration, span: Span, life: &Life<'_>, leeway: Option<Duration>, report: &mut Report) {
    let late = |leeway: Duration| {
        let apart = whole_seconds(leeway).saturating_mul(2);
        whole_seconds(after).saturating_add(apart) >= whole_seconds(life.longest)
    };
    let (code, leeway) = match leeway {
        Some(own) if late(own) => (Code::BadTime, own),
        Some(_) => return,
        None if late(Duration::ZERO) => (Code::BadTime, Duration::ZERO),
        None => match default_leeway().filter(|leeway| PEOPLE && late(*leeway)) {
            Some(leeway) => (Code::LongLeeway, leeway),
            None => return,
        },
    };
    let (task, ends) = (quote(life.task), written(life.longest));
    let message = if leeway.is_zero() {
        words!("this transition never opens: tokens of {task} end after {ends}")
    } else {
        let opens = written(after.saturating_add(leeway).saturating_add(leeway));
        let leeway = written(leeway);
        words!(
            "no caller can rely on this transition: clocks may differ by the leeway, {leeway}, so it may open only {opens} after the arrival, and tokens of {task} live {ends}"
        )
    };
    let label = "with twice the leeway, it is to be shorter than the token's life";
    let early = Diagnostic::new(code, span, message).label(label);
    report.push(early.help(words!("give {} a longer `ttl`, or write a shorter `after`", life.bounded_by())));
}

pub(super) fn default_leeway() -> Option<Duration> {
    GATE.default("leeway").and_then(|text| duration::parse(text).ok())
}

/// A bound past the token's end bounds nothing; one before it opens lets nothing through.
fn closes(within: Duration, span: Span, after: Option<(Duration, Span)>, life: &Life<'_>, report: &mut Report) {
    if within > life.longest {
        let (task, ends) = (quote(life.task), written(life.longest));
        let message = words!("`within` bounds nothing: tokens of {task} end after {ends}");
        let idle = Diagnostic::new(Code::BadTime, span, message).label("longer than the token's life");
        report.push(idle.help(words!("write a shorter `within`, or give {} a longer `ttl`", life.bounded_by())));
    }
    if let Some((after, other)) = after.filter(|(after, _)| within <= *after) {
        let message = words!("this transition closes after {}, and opens after {}", written(within), written(after));
        let never =
            Diagnostic::new(Code::BadTime, span, message).label("no later than it opens").also(other, "it opens here");
        report.push(never.help("both count from the arrival: write a longer `within`, or a shorter `after`"));
    }
}
