//! Progress on a terminal, and the answer.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often a line of progress is written anew.
const BEAT: Duration = Duration::from_millis(100);
/// Without a terminal there is a line for each of these only,
const MARKS: usize = 4;
/// and after so long without one.
const SILENCE: Duration = Duration::from_secs(10);

/// Says on the standard error how far the lab has come.
pub(super) struct Progress {
    terminal: bool,
    quiet: bool,
    last: Mutex<Option<Instant>>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), quiet: false, last: Mutex::new(None) }
    }

    /// Says nothing.
    pub(super) fn quiet() -> Self {
        Self { terminal: false, quiet: true, last: Mutex::new(None) }
    }

    /// A line that stays.
    pub(super) fn say(&self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    /// Some of several.
    pub(super) fn step(&self, what: &str, done: usize, of: usize) {
        let quarter = of.div_ceil(MARKS).max(1);
        let mark = done == of || done.is_multiple_of(quarter);
        if self.terminal {
            self.beat(&format!("{what}: {done} of {of}"), done == of);
        } else if self.due(mark) {
            self.write(&format!("{what}: {done} of {of}\n"));
        }
    }

    /// Whether there is to be a line: at a mark, or where nothing was said for long.
    fn due(&self, mark: bool) -> bool {
        let Ok(mut written) = self.last.lock() else { return mark };
        let due = mark || written.get_or_insert_with(Instant::now).elapsed() >= SILENCE;
        if due {
            *written = Some(Instant::now());
        }
        due
    }

    /// Some, of nobody knows how many.
    pub(super) fn count(&self, what: &str, done: usize) {
        if self.terminal {
            self.beat(&format!("{what}: {done}"), false);
        }
    }

    /// Clears the line.
    pub(super) fn done(&self) {
        if self.terminal {
            self.write("\r\x1b[K");
        }
    }

    fn beat(&self, text: &str, last: bool) {
        let Ok(mut written) = self.last.lock() else { return };
        if last || written.is_none_or(|at| at.elapsed() >= BEAT) {
            *written = Some(Instant::now());
            self.write(&format!("\r\x1b[K{text}"));
        }
    }

    fn write(&self, text: &str) {
        if self.quiet {
            return;
        }
        let mut err = std::io::stderr().lock();
        // That progress cannot be told is no reason to fail.
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}

/// Writes an answer.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
