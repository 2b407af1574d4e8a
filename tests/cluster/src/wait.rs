//! Waiting: for a condition, with a deadline.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Between two looks.
const POLL: Duration = Duration::from_millis(50);

/// Looks until there is something, or the time is over. A look that fails is not yet an error: the last one
/// says why it took too long.
///
/// # Errors
/// When the time is over.
pub fn until<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    loop {
        let seen = look();
        if let Ok(Some(found)) = seen {
            return Ok(found);
        }
        if begun.elapsed() > limit {
            let late = Error::new(format!("{what}: not within {} s", limit.as_secs()));
            return Err(match seen {
                Ok(_) => late,
                Err(error) => error.while_doing(late),
            });
        }
        std::thread::sleep(POLL);
    }
}
