//! Rotation without a gap, in three steps. Between two of them all proxies must have taken up the last.

use super::{Interlocks, Key, Secrets, Source};
use crate::Wrong;
use stepgate_decision::keys::Algorithm;

/// A step of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Draws the next generation; everybody takes it, nobody uses it.
    Preload,
    /// The next generation is used; the one before is still taken.
    Switch,
    /// The generation before is gone.
    Retire,
}

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Steady,
    Preloaded,
    Switched,
}

impl Secrets {
    /// Takes a step.
    ///
    /// # Errors
    /// Another step is due; no randomness.
    pub fn rotate(&mut self, step: Step, source: &mut dyn Source) -> Result<(), Wrong> {
        let due = match self.stage() {
            Stage::Steady => Step::Preload,
            Stage::Preloaded => Step::Switch,
            Stage::Switched => Step::Retire,
        };
        if step != due {
            return Err(Wrong::new(format!("`{}` is not the next step of these secrets", step.name()))
                .help(format!("the next step is `--rotate {}`", due.name())));
        }
        match step {
            Step::Preload => self.preload(source),
            Step::Switch => {
                self.rings.values_mut().for_each(|keys| newest_signs(keys));
                self.interlocks.set = self.interlocks.newest();
                Ok(())
            }
            Step::Retire => {
                self.rings.values_mut().for_each(|keys| keys.retain(|key| key.signs));
                self.interlocks.retire();
                Ok(())
            }
        }
    }

    /// All rotate together, but for what was added in between: that waits for the next round.
    fn stage(&self) -> Stage {
        match self.interlocks.generations.len() {
            0 | 1 => Stage::Steady,
            _ if self.interlocks.set == self.interlocks.newest() => Stage::Switched,
            _ => Stage::Preloaded,
        }
    }

    fn preload(&mut self, source: &mut dyn Source) -> Result<(), Wrong> {
        for (name, keys) in &mut self.rings {
            let Some(last) = keys.last() else { continue };
            let algorithm = last.algorithm().ok_or_else(|| Wrong::new("a key has no algorithm"))?;
            let generation = last.generation.saturating_add(1);
            let drawn = Some(source.key(algorithm, &name.kid(generation))?);
            keys.push(Key { generation, signs: false, drawn });
        }
        let next = self.interlocks.newest().saturating_add(1);
        let mut workloads: Vec<_> = self.interlocks.secrets.keys().map(|(workload, _)| workload.clone()).collect();
        workloads.dedup();
        for workload in workloads {
            self.interlocks.secrets.insert((workload, next), source.secret()?);
        }
        self.interlocks.generations.insert(next);
        Ok(())
    }
}

impl Step {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Preload => "preload",
            Self::Switch => "switch",
            Self::Retire => "retire",
        }
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
        let alg = self.drawn.as_ref()?.private.get("alg")?.as_str()?;
        [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa].into_iter().find(|algorithm| algorithm.alg() == alg)
    }
}

fn newest_signs(keys: &mut [Key]) {
    let last = keys.last().map(|key| key.generation);
    keys.iter_mut().for_each(|key| key.signs = Some(key.generation) == last);
}
