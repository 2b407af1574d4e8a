//! Waiting for a condition, with a limit.

use std::time::{Duration, Instant};

/// Between two attempts.
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// Attempts until there is a result. Returns `None` once `limit` has passed; there is at least one attempt.
pub fn until<T>(limit: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let result = attempt();
        if result.is_some() || begun.elapsed() >= limit {
            return result;
        }
        std::thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_with_the_first_result_or_with_the_limit() {
        let mut attempts = 0;
        let third = until(Duration::from_secs(60), || {
            attempts += 1;
            (attempts == 3).then_some(attempts)
        });
        assert_eq!((third, attempts), (Some(3), 3));
        attempts = 0;
        let never: Option<()> = until(Duration::ZERO, || {
            attempts += 1;
            None
        });
        assert_eq!((never, attempts), (None, 1));
    }
}
