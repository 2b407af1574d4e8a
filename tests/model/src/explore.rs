//! One exploration, and its report.

use std::fmt;
use std::time::{Duration, Instant};

use stateright::{Checker, CheckerBuilder, HasDiscoveries, Model};
use stepgate_decision::switch::Check;

use crate::model::{COMPLETE, FORBIDDEN, Gated, REFUSED};
use crate::semantics::Rule;
use crate::shape::{Bounds, Shape};

/// Threads of an exploration: the cores of a small machine.
const THREADS: usize = 2;

/// A way to a fault.
#[derive(Debug)]
pub struct Attack {
    /// The property that does not hold.
    pub property: &'static str,
    /// What went wrong.
    pub fault: String,
    /// What happened, in words.
    pub steps: Vec<String>,
}

/// The result of an exploration.
#[derive(Debug)]
pub struct Explored {
    name: &'static str,
    bounds: Bounds,
    /// Different states.
    pub states: usize,
    /// States that were reached, each as often as it was.
    pub reached: usize,
    depth: usize,
    time: Duration,
    /// Whether there was nothing left to explore.
    pub finished: bool,
    /// Whether some run reached every end.
    pub complete: bool,
    /// Faults.
    pub attacks: Vec<Attack>,
}

/// Explores a shape, to the end or to the first fault.
pub fn explore(shape: &Shape, off: &[Check]) -> Explored {
    run(shape, Gated::of(shape, off, None).checker().threads(THREADS))
}

/// The shortest way to break this rule without these checks, and the exploration that found it.
pub fn seek(shape: &Shape, off: &[Check], rule: Rule) -> Explored {
    let mut depth = 2;
    loop {
        let explored = run(shape, Gated::of(shape, off, Some(rule)).checker().target_max_depth(depth));
        // A state as deep as this was reached, and not looked at.
        if !explored.attacks.is_empty() || explored.depth < depth {
            return explored;
        }
        depth += 1;
    }
}

fn run(shape: &Shape, checker: CheckerBuilder<Gated>) -> Explored {
    let begin = Instant::now();
    let checker = checker.finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let discoveries = checker.discoveries();
    let attacks = [FORBIDDEN, REFUSED].into_iter().filter_map(|property| {
        let path = discoveries.get(property)?.clone();
        let fault = path.last_state().fault().unwrap().to_string();
        let steps = path.into_actions().iter().map(|action| checker.model().tell(action)).collect();
        Some(Attack { property, fault, steps })
    });
    let attacks: Vec<Attack> = attacks.collect();
    Explored {
        name: shape.name,
        bounds: shape.bounds,
        states: checker.unique_state_count(),
        reached: checker.state_count(),
        depth: checker.max_depth(),
        time: begin.elapsed(),
        finished: attacks.is_empty() && checker.is_done(),
        complete: discoveries.contains_key(COMPLETE),
        attacks,
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bounds { replicas, instances, time, clocks, restarts, undelivered } = self.bounds;
        let end = if self.finished { "all of them" } else { "CUT OFF" };
        write!(
            f,
            "{:16} {:8} states ({} reached, {} deep, {end}) in {:.1} s; replicas {replicas}, instances {instances}, time {time}, \
             clocks apart {}, restarts {restarts}, undelivered {undelivered}",
            self.name,
            self.states,
            self.reached,
            self.depth,
            self.time.as_secs_f64(),
            if clocks { "yes" } else { "no" },
        )
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fault, self.steps.join("; "))
    }
}
