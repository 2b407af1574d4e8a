//! The headers that are removed from a request or response.

use crate::baggage::{self, BAGGAGE};
use crate::denial::{Denial, ProxyError};
use crate::facts::{Header, same_variable};
use crate::gate::Gate;

/// The header that proves to the mesh's own policy that a gate has let a request through.
pub const INTERLOCK_HEADER: &str = "x-stepgate-permit";

/// The headers of a request or response, as a proxy lets them be changed.
pub trait HeaderMap {
    /// Removes every line of a header.
    ///
    /// # Errors
    /// Where the proxy refuses.
    fn remove(&mut self, name: &str) -> Result<(), ProxyError>;

    /// Sets a header to one value, whatever it was.
    ///
    /// # Errors
    /// Where the proxy refuses.
    fn set(&mut self, name: &str, value: &str) -> Result<(), ProxyError>;
}

/// The headers to remove from a map. Only headers that are present are named: each removal is a call to the proxy.
pub(crate) struct Edits {
    remove: Vec<String>,
    baggage: Option<String>,
}

impl Edits {
    pub(crate) fn none() -> Self {
        Self { remove: Vec::new(), baggage: None }
    }

    pub(crate) fn of(gate: &Gate, present: &[Header]) -> Self {
        let mut edits = Self { remove: Vec::new(), baggage: baggage::without_steps(present) };
        edits.remove_all(&[gate.config.header.as_str(), gate.start_header.as_str(), INTERLOCK_HEADER], present);
        edits
    }

    pub(crate) fn remove_all<'n, N: AsRef<str> + 'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n N> + Copy,
        present: &[Header],
    ) {
        self.remove_each(present, |name| names.into_iter().any(|own| same_variable(name, own.as_ref())));
    }

    pub(crate) fn remove_each(&mut self, present: &[Header], is_unwanted: impl Fn(&str) -> bool) {
        for (name, _) in present {
            if is_unwanted(name) && !self.remove.contains(name) {
                self.remove.push(name.clone());
            }
        }
    }

    /// Leaves a header as it is, or to the [`HeaderMap::set`] that follows, which removes all its lines.
    pub(crate) fn leave(&mut self, name: &str) {
        self.remove.retain(|other| other != name);
        if name == BAGGAGE {
            self.baggage = None;
        }
    }

    pub(crate) fn apply(&self, map: &mut impl HeaderMap) -> Result<(), Denial> {
        for name in &self.remove {
            map.remove(name)?;
        }
        match self.baggage.as_deref() {
            None => Ok(()),
            Some("") => Ok(map.remove(BAGGAGE)?),
            Some(kept) => Ok(map.set(BAGGAGE, kept)?),
        }
    }
}
