//! Small documents, given or random.

/// A `split`; `One` is written as advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    All,
    One,
    Any,
}

/// A document: task 0 is the initial one.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) tasks: usize,
    pub(crate) edges: Vec<(usize, usize)>,
    pub(crate) joins: Vec<bool>,
    pub(crate) splits: Vec<Option<Split>>,
    /// The bound of each task, where it lies on a cycle.
    pub(crate) visits: Vec<u32>,
}

/// A generator of numbers (splitmix64).
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

impl Document {
    pub(crate) fn of(tasks: usize, edges: Vec<(usize, usize)>) -> Self {
        Self { tasks, edges, joins: vec![false; tasks], splits: vec![None; tasks], visits: vec![1; tasks] }
    }

    pub(crate) fn random(random: &mut Random) -> Self {
        let tasks = 4 + random.below(4);
        let mut edges = vec![(0, 1)];
        for to in 2..tasks {
            edges.push((1 + random.below(to - 1), to));
        }
        for _ in 0..random.below(5) {
            let from = 1 + random.below(tasks - 2);
            edges.push((from, from + 1 + random.below(tasks - from - 1)));
        }
        if random.below(3) == 0 {
            edges.push((1 + random.below(tasks - 1), 1 + random.below(tasks - 1)));
        }
        edges.sort_unstable();
        edges.dedup();
        let mut document = Self::of(tasks, edges);
        for task in 1..tasks {
            let entering = document.edges.iter().filter(|(_, to)| *to == task).count();
            document.joins[task] = entering > 1 && document.leaving(task).next().is_some() && random.below(3) > 0;
            document.visits[task] = 1 + random.below(2) as u32;
        }
        for task in 0..tasks {
            document.splits[task] =
                [None, Some(Split::All), Some(Split::All), Some(Split::One), Some(Split::Any)][random.below(5)];
        }
        document
    }

    pub(crate) fn leaving(&self, task: usize) -> impl Iterator<Item = usize> {
        self.edges.iter().filter(move |(from, _)| *from == task).map(|(_, to)| *to)
    }

    /// The tasks that paths from here enter without entering `without`.
    pub(crate) fn reached(&self, from: usize, without: Option<usize>) -> Vec<bool> {
        let (mut found, mut open) = (vec![false; self.tasks], vec![from]);
        while let Some(at) = open.pop() {
            for to in self.leaving(at).filter(|to| Some(*to) != without) {
                if !std::mem::replace(&mut found[to], true) {
                    open.push(to);
                }
            }
        }
        found
    }

    pub(crate) fn on_cycle(&self, task: usize) -> bool {
        self.reached(task, None)[task]
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::from(
            "workflow: w\nrevision: 1\ntrust_domain: t\nactors: {a: {spiffe: [x/a]}, b: {spiffe: [x/b]}}\ntasks:\n  t0: {actor: a, initial: true}\n",
        );
        for task in 1..self.tasks {
            let join = if self.joins[task] { "join: all, " } else { "" };
            let visits =
                if self.on_cycle(task) { format!("max_visits: {}, ", self.visits[task]) } else { String::new() };
            let split = match self.splits[task].filter(|_| self.leaving(task).count() > 1) {
                None => "",
                Some(Split::All) => "split: all, ",
                Some(Split::One) => "split: {value: one, advisory: true}, ",
                Some(Split::Any) => "split: any, ",
            };
            text.push_str(&format!("  t{task}: {{actor: b, {join}{visits}{split}requests: [{{path: /t{task}}}]}}\n"));
        }
        text.push_str("transitions:\n");
        for (from, to) in &self.edges {
            text.push_str(&format!("  - {{from: t{from}, to: t{to}}}\n"));
        }
        text
    }
}
