//! The rotation of secrets in three steps, without an interruption.

use stepgate_decision::keys::Algorithm;

use super::{Interlocks, Key, Secrets};
use crate::error::RenderError;
use crate::jwk;
use crate::rotation::RotationStep;

impl Secrets {
    /// Takes a step.
    ///
    /// # Errors
    /// Another step is next; the system has no randomness.
    pub fn rotate(&mut self, step: RotationStep) -> Result<(), RenderError> {
        step.require(self.next_step())?;
        match step {
            RotationStep::Preload => self.preload(),
            RotationStep::Switch => {
                self.rings.values_mut().for_each(|keys| newest_signs(keys));
                self.interlocks.set = self.interlocks.newest();
                Ok(())
            }
            RotationStep::Retire => {
                self.rings.values_mut().for_each(|keys| keys.retain(|key| key.signs));
                self.interlocks.retire();
                Ok(())
            }
        }
    }

    /// All keys rotate together. Keys that were added in between wait for the next rotation.
    fn next_step(&self) -> RotationStep {
        match self.interlocks.generations.len() {
            0 | 1 => RotationStep::Preload,
            _ if self.interlocks.set == self.interlocks.newest() => RotationStep::Retire,
            _ => RotationStep::Switch,
        }
    }

    fn preload(&mut self) -> Result<(), RenderError> {
        for (name, keys) in &mut self.rings {
            let Some(last) = keys.last() else { continue };
            let algorithm = last.algorithm().ok_or(RenderError::NoAlgorithm)?;
            let generation = last.generation.saturating_add(1);
            let jwks = Some(jwk::generate(algorithm, &name.kid(generation))?);
            keys.push(Key { generation, signs: false, jwks });
        }
        let next = self.interlocks.newest().saturating_add(1);
        let mut workloads: Vec<_> = self.interlocks.secrets.keys().map(|(workload, _)| workload.clone()).collect();
        workloads.dedup();
        for workload in workloads {
            self.interlocks.secrets.insert((workload, next), jwk::random_text()?);
        }
        self.interlocks.generations.insert(next);
        Ok(())
    }
}

impl Interlocks {
    fn newest(&self) -> u32 {
        self.generations.last().copied().unwrap_or(1)
    }

    fn retire(&mut self) {
        let set = self.set;
        self.generations.retain(|generation| *generation == set);
        self.secrets.retain(|(_, generation), _| *generation == set);
    }
}

impl Key {
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        let alg = self.jwks.as_ref()?.private.get("alg")?.as_str()?;
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.alg() == alg)
    }
}

fn newest_signs(keys: &mut [Key]) {
    let last = keys.last().map(|key| key.generation);
    keys.iter_mut().for_each(|key| key.signs = Some(key.generation) == last);
}
