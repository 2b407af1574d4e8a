//! Progress on the standard error: a bar on a terminal, else a line now and then.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Without a terminal, a line for each of these parts,
const PARTS: usize = 4;
/// and after so long without one.
const SILENCE: Duration = Duration::from_secs(10);

/// Shows how far the lab has come.
pub(super) struct Progress {
    /// Hidden where there is no terminal.
    bar: ProgressBar,
    /// Without a terminal: when the last line was written.
    last_line: Option<Mutex<Instant>>,
}

impl Progress {
    pub(super) fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden(), last_line: Some(Mutex::new(Instant::now())) };
        }
        let style = ProgressStyle::with_template("{msg} {wide_bar}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: ProgressBar::new(0).with_style(style), last_line: None }
    }

    /// Shows nothing.
    pub(super) fn quiet() -> Self {
        Self { bar: ProgressBar::hidden(), last_line: None }
    }

    /// A line that stays.
    pub(super) fn say(&self, text: &str) {
        match &self.last_line {
            Some(_) => line(text),
            None => self.bar.println(text),
        }
    }

    /// Some of several.
    pub(super) fn step(&self, what: &str, done: usize, of: usize) {
        let text = format!("{what}: {done} of {of}");
        if let Some(last) = &self.last_line {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            let part = done == of || done.is_multiple_of(of.div_ceil(PARTS).max(1));
            if part || last.elapsed() >= SILENCE {
                *last = Instant::now();
                line(&text);
            }
        }
        self.bar.set_length(u64::try_from(of).unwrap_or_default());
        self.bar.set_position(u64::try_from(done).unwrap_or_default());
        self.bar.set_message(text);
    }

    /// Removes the bar.
    pub(super) fn done(&self) {
        self.bar.finish_and_clear();
    }
}

fn line(text: &str) {
    // A closed standard error is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{text}");
}
