//! Shapes of workflows: chains, forks that are joined again, and loops, nested and in sequence, so that a join is often
//! the next fork. Sometimes an edge is added at random, which `check` may reject.

use std::collections::BTreeSet;

use super::document::{Constraint, Document, Edge, Task, together};
use super::rng::Rng;

/// How deep forks are nested.
const MAX_NESTING: usize = 2;
/// Most tasks: a walk through more of them would not reach the end.
const MAX_TASKS: usize = 16;

/// A random document. `check` may reject it.
pub fn document(rng: &mut Rng) -> Document {
    let mut generator = Generator { rng, document: Document::default(), orchestrated: false };
    generator.orchestrated = generator.rng.chance(25);
    generator.run();
    generator.document
}

struct Generator<'r> {
    rng: &'r mut Rng,
    document: Document,
    /// The actor `a0` carries everything.
    orchestrated: bool,
}

impl Generator<'_> {
    fn run(&mut self) {
        self.document.task_ttl = 3600;
        self.document.deadline = if self.rng.chance(30) { 900 } else { 86_400 };
        self.actors();
        let first = self.task(true, false);
        let last = self.series(&first, 0);
        let end = self.task(false, false);
        self.edge(&last, &end);
        if self.rng.chance(20) {
            let other = self.task(true, false);
            let to = self.any();
            self.edge(&other, &to);
        }
        if self.rng.chance(12) {
            let (from, to) = (self.any(), self.any());
            self.edge(&from, &to);
        }
        self.bound_loops();
        if self.rng.chance(40) {
            self.constraint();
        }
    }

    fn actors(&mut self) {
        let several = self.rng.below(3).saturating_add(2);
        for n in 0..several {
            let mut ids = vec![Document::id(&format!("a{n}"))];
            // Not the first, which carries all transitions of an orchestrated workflow.
            if n > 0 && self.rng.chance(40) {
                ids.push(Document::id(&format!("a{n}-b")));
            }
            // A workload that is another actor, too.
            if n > 0 && self.rng.chance(25) {
                ids.push(Document::id(&format!("a{}", self.rng.below(n))));
            }
            self.document.actors.insert(format!("a{n}"), ids);
        }
    }

    /// Some steps in sequence, from `from`. Returns the last.
    fn series(&mut self, from: &str, nesting: usize) -> String {
        let mut at = from.to_owned();
        let mut passed: Vec<String> = Vec::new();
        let steps = self.rng.below(3).saturating_add(1);
        for _ in 0..steps {
            let full = self.document.tasks.len() >= MAX_TASKS;
            // A join that is the next fork: rounds were once confused there.
            let after_join = self.document.tasks.get(&at).is_some_and(|task| task.join);
            at = if !full && nesting < MAX_NESTING && self.rng.chance(if after_join { 90 } else { 60 }) {
                self.fork(&at, nesting)
            } else {
                self.next(&at)
            };
            if let Some(back) = self.rng.pick(&passed).filter(|_| self.rng.chance(25)) {
                self.edge(&at, &back);
            }
            passed.push(at.clone());
        }
        at
    }

    fn next(&mut self, at: &str) -> String {
        let next = self.task(false, false);
        self.edge(at, &next);
        next
    }

    /// Branches from `from`, joined again. Returns the join.
    fn fork(&mut self, from: &str, nesting: usize) -> String {
        let branches = self.rng.below(2).saturating_add(2);
        let ends: Vec<String> = (0..branches)
            .map(|_| {
                let entry = self.next(from);
                if self.rng.chance(30) { self.series(&entry, nesting.saturating_add(1)) } else { entry }
            })
            .collect();
        if self.rng.chance(40) {
            return self.together(ends);
        }
        let all = self.rng.chance(85);
        let join = self.task(false, all);
        for end in ends {
            self.edge(&end, &join);
        }
        join
    }

    /// Branches that one caller brings together: one workload performs the end of each, or carries all requests.
    fn together(&mut self, ends: Vec<String>) -> String {
        let mut of_one: Vec<String> = Vec::new();
        let fit = |(name, ids): &(&String, &Vec<String>)| {
            if self.orchestrated { *name != "a0" } else { ids.len() == 1 }
        };
        let fit: Vec<String> = self.document.actors.iter().filter(fit).map(|(name, _)| name.clone()).collect();
        let actor = self.rng.pick(&fit).unwrap_or_default();
        for end in ends {
            let ends_in_join = self.document.tasks.get(&end).is_some_and(|task| task.join);
            let end = if ends_in_join && self.rng.chance(90) { self.next(&end) } else { end };
            if let Some(task) = self.document.tasks.get_mut(&end).filter(|_| self.rng.chance(95)) {
                task.actor.clone_from(&actor);
            }
            of_one.push(end);
        }
        let via = self.orchestrated.then(|| "a0".to_owned());
        let to = self.task(false, false);
        self.several(&of_one, &to, via.clone());
        if self.rng.chance(25) {
            let other = self.task(false, false);
            self.several(&of_one, &other, via.clone());
        }
        if self.rng.chance(25) {
            let part = self.rng.pick(&of_one).unwrap_or_default();
            self.edge(&part, &to);
        }
        if of_one.len() > 2 && self.rng.chance(40) {
            let to = if self.rng.chance(50) { self.task(false, false) } else { to.clone() };
            of_one.pop();
            self.several(&of_one, &to, via);
        }
        to
    }

    /// A transition from several tasks.
    fn several(&mut self, tasks: &[String], to: &str, via: Option<String>) {
        let from = together(tasks.iter().map(String::as_str));
        self.document.edges.push(Edge { from, to: to.to_owned(), via, uses: 1, after: None, within: None });
    }

    fn task(&mut self, initial: bool, join: bool) -> String {
        let name = format!("t{}", self.document.tasks.len());
        let fit: Vec<String> = self
            .document
            .actors
            .iter()
            // One workload must hold all evidence of a join.
            .filter(|(name, ids)| (!join || ids.len() == 1) && (!initial || !self.orchestrated || *name == "a0"))
            .map(|(name, _)| name.clone())
            .collect();
        let actor = self.rng.pick(&fit).unwrap_or_default();
        let method = self.rng.pick(&["POST", "POST", "POST", "PUT", "GET"]).unwrap_or("POST").to_owned();
        // Some are within others.
        let path = match self.rng.below(100) {
            0..15 => format!("/{name}/{{id}}"),
            15..30 => format!("/all/{name}"),
            30..34 => "/all/{id}".to_owned(),
            34..36 => "/**".to_owned(),
            36..38 => "/all/{id}:go".to_owned(),
            38..40 => "/all/x{id}".to_owned(),
            40..44 => format!("/{name}/"),
            44..48 => format!("/é/{{id}}.{name}"),
            48..56 => "/tool".to_owned(),
            _ => format!("/{name}"),
        };
        let port = self.rng.chance(8).then_some(8080);
        let absent = if self.rng.chance(20) { "absent" } else { name.as_str() };
        let tool = (path == "/tool").then(|| absent.to_owned());
        let task = Task { actor, initial, join, max_visits: None, method, path, port, tool, ttl: None };
        self.document.tasks.insert(name.clone(), task);
        name
    }

    fn any(&mut self) -> String {
        let names: Vec<String> = self.document.tasks.keys().cloned().collect();
        self.rng.pick(&names).unwrap_or_default()
    }

    fn edge(&mut self, from: &str, to: &str) {
        let leaves = self.document.tasks.get(from);
        let own = leaves.is_some_and(|task| task.actor == "a0");
        // If it is the performer anyway, to name it changes nothing.
        let carries = self.orchestrated && (!own || leaves.is_some_and(|task| !task.initial) && self.rng.chance(40));
        let via = carries.then(|| "a0".to_owned());
        let edge = Edge { from: from.to_owned(), to: to.to_owned(), via, uses: 1, after: None, within: None };
        if !self.document.edges.contains(&edge) {
            self.document.edges.push(edge);
        }
    }

    fn bound_loops(&mut self) {
        let names: Vec<String> = self.document.tasks.keys().cloned().collect();
        for name in names {
            let bound = u32::try_from(self.rng.below(3)).unwrap_or_default().saturating_add(1);
            if self.after(&name).contains(&name)
                && let Some(task) = self.document.tasks.get_mut(&name)
            {
                task.max_visits = Some(bound);
            }
        }
    }

    fn after(&self, name: &str) -> BTreeSet<String> {
        let (mut found, mut open) = (BTreeSet::new(), vec![name.to_owned()]);
        while let Some(at) = open.pop() {
            for edge in self.document.from(&at) {
                if found.insert(edge.to.clone()) {
                    open.push(edge.to);
                }
            }
        }
        found
    }

    /// Two tasks of an actor with two SPIFFE IDs; one task leads to the other.
    fn constraint(&mut self) {
        let twofold = |task: &str| self.document.performers(task).len() > 1;
        let mut pairs: Vec<[String; 2]> = Vec::new();
        for name in self.document.tasks.keys().filter(|name| twofold(name)) {
            let actor = self.document.tasks.get(name).map(|task| &task.actor);
            for other in self.after(name) {
                if other != *name && self.document.tasks.get(&other).map(|task| &task.actor) == actor {
                    pairs.push([name.clone(), other]);
                }
            }
        }
        if let Some(pair) = self.rng.pick(&pairs) {
            let separate = self.rng.chance(60);
            self.document.constraints.push(Constraint { separate, tasks: pair.to_vec() });
        }
    }
}
