//! The order of entries: their numbers, sorted by their keys.

use std::cmp::Ordering;

/// Most numbers of one run. Only the numbers behind a new one move, so this bounds the cost of each.
const RUN: usize = 512;

/// Numbers of entries in the order of their keys, in runs.
#[derive(Clone)]
pub(super) struct Order {
    first: Vec<usize>,
    later: Vec<Vec<usize>>,
}

/// A place in an order: a run, and a place in it.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    run: usize,
    at: usize,
}

impl Order {
    pub(super) const NONE: Self = Self { first: Vec::new(), later: Vec::new() };

    fn run(&self, run: usize) -> Option<&Vec<usize>> {
        run.checked_sub(1).map_or(Some(&self.first), |later| self.later.get(later))
    }

    /// The number of the entry with a key; where there is none, its place. `compare` compares the key of an entry with it.
    ///
    /// # Errors
    /// The place.
    pub(super) fn search(&self, compare: &mut dyn FnMut(usize) -> Ordering) -> Result<usize, Place> {
        let run = self.later.partition_point(|run| run.first().is_some_and(|number| compare(*number).is_le()));
        let numbers = self.run(run).map(Vec::as_slice).unwrap_or_default();
        match numbers.binary_search_by(|number| compare(*number)) {
            Ok(at) => numbers.get(at).copied().ok_or(Place { run, at }),
            Err(at) => Err(Place { run, at }),
        }
    }

    /// Adds the number of a new entry at a place that [`Order::search`] gave since the last change.
    pub(super) fn insert(&mut self, Place { run, at }: Place, number: usize) {
        let numbers = match run.checked_sub(1).and_then(|later| self.later.get_mut(later)) {
            Some(numbers) => numbers,
            None => &mut self.first,
        };
        numbers.insert(at.min(numbers.len()), number);
        if numbers.len() > RUN {
            let rest = numbers.split_off(RUN / 2);
            self.later.insert(run.min(self.later.len()), rest);
        }
    }

    /// The next number, from the start; `place` is moved behind it.
    pub(super) fn next(&self, place: &mut Place) -> Option<usize> {
        loop {
            let numbers = self.run(place.run)?;
            if let Some(number) = numbers.get(place.at) {
                place.at = place.at.saturating_add(1);
                return Some(*number);
            }
            *place = Place { run: place.run.saturating_add(1), at: 0 };
        }
    }
}
