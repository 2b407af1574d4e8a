//! Waiting for a condition, with a limit.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::running;

/// Looks until there is something. A look that fails is not yet an error: the last one says why the condition was
/// late. No time is spent on a condition that cannot come true: if a daemon of the test cluster has ended, that is the
/// error, with the end of its log.
///
/// # Errors
/// [`Error::Late`] after `limit`; [`Error::Ended`] in an [`Error::Log`].
pub fn until<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let mut last = None;
    let found = stepgate_mesh::until(limit, || match look() {
        Ok(Some(found)) => Some(Ok(found)),
        other => {
            last = other.err();
            running::ended().map(Err)
        }
    });
    found.unwrap_or_else(|| Err(Error::Late { what: what.to_owned(), limit, last: last.map(Box::new) }))
}

/// Until all definitions of resources are established. `kubectl wait` fails at one that has no status yet.
///
/// # Errors
/// As [`until`], after a minute.
pub fn until_established(kubectl: impl Fn(&[&str]) -> Result<String>) -> Result<()> {
    let wait = ["wait", "--for=condition=established", "--timeout=60s", "crd", "--all"];
    until(Duration::from_secs(60), "the definitions of resources", || kubectl(&wait).map(Some)).map(drop)
}
