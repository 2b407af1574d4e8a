//! Values in generations, from 1. One is in use: keys sign with it, gates set it as their interlock. All are accepted.

use std::collections::BTreeMap;

use crate::error::RenderError;
use crate::rotation::RotationStep;

#[derive(Debug, Clone)]
pub(super) struct Generations<T> {
    used: u32,
    all: BTreeMap<u32, T>,
}

impl<T> Generations<T> {
    /// One value, which is in use.
    pub(super) fn one(generation: u32, value: T) -> Self {
        Self { used: generation, all: BTreeMap::from([(generation, value)]) }
    }

    /// The values; `None` unless one of them is in use.
    pub(super) fn read(used: u32, all: BTreeMap<u32, T>) -> Option<Self> {
        all.contains_key(&used).then_some(Self { used, all })
    }

    /// Other values of the same generations.
    ///
    /// # Errors
    /// The error of the first value.
    pub(super) fn anew<E>(&self, value: impl Fn() -> Result<T, E>) -> Result<Self, E> {
        let all = self.all.keys().map(|generation| Ok((*generation, value()?))).collect::<Result<_, E>>()?;
        Ok(Self { used: self.used, all })
    }

    pub(super) fn used(&self) -> u32 {
        self.used
    }

    pub(super) fn newest(&self) -> u32 {
        self.all.keys().next_back().copied().unwrap_or(self.used)
    }

    /// From the oldest.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.all.iter().map(|(generation, value)| (*generation, value))
    }

    /// The generations, beginning with the one in use.
    pub(super) fn order(&self) -> Vec<u32> {
        let others = self.all.keys().copied().filter(|generation| *generation != self.used);
        std::iter::once(self.used).chain(others).collect()
    }

    /// The next step of a rotation.
    pub(super) fn next(&self) -> RotationStep {
        match self.all.len() {
            0 | 1 => RotationStep::Preload,
            _ if self.used == self.newest() => RotationStep::Retire,
            _ => RotationStep::Switch,
        }
    }

    /// Takes a step if it is the next one. A value that was added during a rotation waits for the next.
    ///
    /// # Errors
    /// There is no next value.
    pub(super) fn rotate(
        &mut self,
        step: RotationStep,
        value: impl FnOnce(u32) -> Result<T, RenderError>,
    ) -> Result<(), RenderError> {
        if step != self.next() {
            return Ok(());
        }
        match step {
            RotationStep::Preload => {
                let next = self.newest().saturating_add(1);
                self.all.insert(next, value(next)?);
            }
            RotationStep::Switch => self.used = self.newest(),
            RotationStep::Retire => self.all.retain(|generation, _| *generation == self.used),
        }
        Ok(())
    }
}
